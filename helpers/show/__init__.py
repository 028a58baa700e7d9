"""How things are shown: tables."""
