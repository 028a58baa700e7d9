"""Many classes: planned, drawn by many workers, stored, looked up (chapter 9)."""
