"""From tensors to what a page shows: pictures, figures, tables, plots, films."""
