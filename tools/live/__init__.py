"""What the page *Climb* runs in a reader's browser: networks as graphs that know their gradient, and their runtime."""
