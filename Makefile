# Everything runs in a virtual environment in .venv, with the exact versions of constraints.txt.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup demo test test-all check format schemas bench clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Python 3.11 or later is needed; name it with: make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt torch==2.13.0
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[engine,aws,serve,postgres,encryption,plot,dev]'
	@touch $@

demo: $(STAMP)
	@$(BIN)/python examples/movies/demo.py

test: $(STAMP)
	$(BIN)/pytest -m 'not slow' -n 2

test-all: $(STAMP)
	$(BIN)/pytest -n 2

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pzdecl.manifests.schemas --check schemas
	$(BIN)/python -m pzdecl.views.schemas --check schemas
	$(BIN)/python -m pzdecl.manifests.reference --check docs/reference/fields.md
	$(BIN)/python -m pzdecl.cli.reference --check docs/reference/commands.md
	$(BIN)/python -m pzdecl.engine.http.operations --check docs/reference/operations.md

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schemas: $(STAMP)
	$(BIN)/python -m pzdecl.manifests.schemas schemas
	$(BIN)/python -m pzdecl.views.schemas schemas
	$(BIN)/python -m pzdecl.manifests.codes docs/reference/errors.md
	$(BIN)/python -m pzdecl.manifests.reference docs/reference/fields.md
	$(BIN)/python -m pzdecl.cli.reference docs/reference/commands.md
	$(BIN)/python -m pzdecl.engine.http.operations docs/reference/operations.md

bench: $(STAMP)
	$(BIN)/python -m tests.bench

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .bench
