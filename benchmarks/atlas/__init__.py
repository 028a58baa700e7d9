"""What an atlas costs."""
