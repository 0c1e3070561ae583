"""What the model is shown beside the text around the cursor: an index, sources, and a choice."""
