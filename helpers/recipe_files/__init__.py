"""A recipe as a file: what may stand in it, reading it, drawing it."""
