"""What watches a run: its progress, its checkpoint, its randomness."""
