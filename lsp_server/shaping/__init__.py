"""What to keep of a model's output."""
