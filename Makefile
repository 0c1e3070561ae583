# Everything runs in .venv, which the first target that needs it makes. Python >= 3.11, pip and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python

.PHONY: demo test-local-only test check format bench editors-deps clean

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[embedded]' --group dev --group editors
	touch $@

# A real session on a sample file with the embedded model; fetches the model on first use (about 480 MB).
demo: $(VENV)/.installed
	$(BIN)/codestral-lsp model pull qwen2.5-coder-0.5b
	$(BIN)/codestral-lsp demo

# Style, types, import contracts, and every test: unit, property, protocol, faults, engine, editors.
test: check editors-deps
	$(BIN)/codestral-lsp model pull qwen2.5-coder-0.5b || echo "The model could not be fetched: tests that need it are skipped."
	$(PY) -m pytest

check: $(VENV)/.installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Emacs with Eglot, where this is Debian and we may install; its tests are skipped by name elsewhere.
editors-deps: $(VENV)/.installed
	@$(PY) tests/editors/install.py

# What is for local backends only stays here: 10,000 random sequences of failures, settings and edits (3 minutes).
test-local-only: $(VENV)/.installed
	CODESTRAL_LSP_SEQUENCES=10000 $(BIN)/pytest -q tests/property/test_local_only_properties.py

# The figures of the docs, each against its bar; on a machine with nothing else to do.
bench: $(VENV)/.installed
	$(PY) -m benchmarks --check

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
