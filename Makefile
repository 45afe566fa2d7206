# Two commands on a fresh machine: `make train` and `make test`. Both set up .venv first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
export PIP_CONSTRAINT := constraints.txt

.PHONY: train test lint install oracle clean

train: $(VENV)/installed
	$(BIN)/glassnet train

test: $(VENV)/tests-installed
	$(BIN)/python -m pytest

# Style, types and the direction of imports.
lint: $(VENV)/dev-installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict -p glassnet
	$(BIN)/lint-imports

# PyTorch and scikit-learn, which some tests ask for a second opinion (large).
oracle: $(VENV)/tests-installed
	$(PIP) install --quiet --editable '.[oracle,digits]'

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

install: $(VENV)/installed

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "glassnet needs Python 3.11 or newer: make PYTHON=python3.12 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/installed: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "installing what glassnet needs into $(VENV)"
	@$(PIP) install --quiet --editable .
	@touch $@

$(VENV)/tests-installed: $(VENV)/installed
	@echo "installing what its tests need"
	@$(PIP) install --quiet --editable '.[test]'
	@touch $@

$(VENV)/dev-installed: $(VENV)/tests-installed
	$(PIP) install --quiet --editable '.[dev]'
	@touch $@
