"""What measures: this book's recipes and engine against the bare network and against other libraries."""
