"""Our own text store: edits, lines, positions in every encoding."""
