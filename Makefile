# What people and CI type. `make help` lists it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Not needed to run, but to install this folder: pinned in the locks too, so that nothing unlocked is ever fetched.
BUILD := 'hatchling>=1.27' 'editables>=0.5'
UV := build/lock/bin/uv
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)

.DEFAULT_GOAL := help
.PHONY: help demo run check test lint docs lock bench clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(VENV)/.ready ## the whole line, offline, on the small newsroom that ships with the program
	$(BIN)/roxham demo

run: $(VENV)/.ready ## the service, with the configuration in config/
	$(BIN)/roxham run

check: $(VENV)/.ready ## validate the configuration in config/
	$(BIN)/roxham check

lint: $(VENV)/.ready-dev ## format, style and types
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

test: lint ## lint, then every test with a coverage report
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist worksteal --cov --cov-report=term-missing

docs: $(VENV)/.ready ## write the two pages of docs/ that are made from the code
	$(BIN)/python -m docs.reference

bench: $(VENV)/.ready-dev ## the measurements in benchmarks/
	$(BIN)/python -m benchmarks

lock: $(UV) ## write both locks anew; `make lock UPGRADE=1` takes the newest versions
	printf '%s\n' $(BUILD) | $(COMPILE) pyproject.toml - --output-file requirements.lock
	printf '%s\n' $(BUILD) | $(COMPILE) --group dev --extra explore --constraints requirements.lock pyproject.toml - --output-file requirements-dev.lock

clean: ## remove what was built; var/ with your archive stays
	rm -rf $(VENV) build dist .coverage .coverage.* htmlcov .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find monitor spiders docs tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Roxham needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# A stamp is older than the locks when they change, and the environment is then brought up to date.
$(VENV)/.ready: $(BIN)/python requirements.lock pyproject.toml
	$(INSTALL) --only-binary :all: --require-hashes --requirement requirements.lock
	$(INSTALL) --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.lock
	$(INSTALL) --only-binary :all: --require-hashes --requirement requirements-dev.lock
	touch $@

$(UV):
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
