"""Deep Dream: octaves, tiles, films, posters (chapters 4 and 6)."""
