"""What everything else stands on: files, images, names, randomness, settings."""
