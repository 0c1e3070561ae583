"""Model families, token budgets and the layout of a prompt."""
