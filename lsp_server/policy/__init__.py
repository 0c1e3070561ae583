"""What may be read and what may be sent; the only maker of a clean prompt."""
