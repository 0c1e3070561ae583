"""Settings, their layers, and what each source of settings may decide."""
