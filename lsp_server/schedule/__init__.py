"""When to ask: debounce, supersede, cache."""
