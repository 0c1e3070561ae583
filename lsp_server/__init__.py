"""A language server that completes code in any editor, from local or hosted fill-in-the-middle models."""

__version__ = "0.1.0"
