"""Code actions: from a selection to a safe edit."""
