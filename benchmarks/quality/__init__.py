"""Recipes and other libraries, judged."""
