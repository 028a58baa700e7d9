"""The loop against the bare network."""
