"""Fake editor, fake backends and a manual clock, for our tests and for others."""
