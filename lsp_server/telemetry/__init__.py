"""What happened to the last requests."""
