"""Networks: what they look like from outside, where their weights come from."""
