# Needs git, make and Python 3.11 or newer; everything else is installed into .venv from requirements.lock.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
export DAGSTER_DISABLE_TELEMETRY := 1
CLUSTER_STAMP := $(VENV)/cluster-installed
LOCK := requirements.lock
# What the tests on a cluster need beside it.
CLUSTER_LOCK := requirements-cluster.lock
# Names of what is locked; no --upgrade, so that a lock file that fits stays as it is.
COMPILE = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --no-strip-extras \
	--python-version 3.11 $(1)

.DEFAULT_GOAL := help
.PHONY: help install atlas demo ui test test-system screenshots lint types defs lock lock-check clean

help:  ## say what the targets do
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# A partial .venv of an interrupted installation is not trusted: it is made again.
$(STAMP): $(LOCK)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is too old: Python 3.11 or newer is needed (make PYTHON=python3.12 …)" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(CLUSTER_STAMP): $(STAMP) $(CLUSTER_LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(CLUSTER_LOCK)
	@touch $@

install: $(STAMP)  ## make .venv from requirements.lock

atlas: $(STAMP)  ## make the maps from the embedded snapshot (build/)
	$(BIN)/atlas build

demo: $(STAMP)  ## make maps of a synthetic world by the code of live mode (build/synthetic)
	$(BIN)/python -m tests.standins.world --build

ui: $(STAMP)  ## open the pipeline in the browser
	$(BIN)/atlas ui

test: $(STAMP)  ## all tests but those that need a browser
	$(BIN)/pytest -n auto -m "not system"

test-system: $(CLUSTER_STAMP)  ## tests that need Chromium, Postgres, the real server, and Java for a cluster
	$(BIN)/pytest -m system

screenshots: $(STAMP)  ## take the pictures of the UI in docs/images anew
	ATLAS_SCREENSHOTS=$(CURDIR)/docs/images $(BIN)/pytest -q tests/system/test_operation_in_the_browser.py

lint: $(STAMP)  ## style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)  ## static types
	$(BIN)/mypy

defs: $(STAMP)  ## load the Dagster definitions
	$(BIN)/dg check defs

lock: $(STAMP)  ## write the lock files anew after pyproject.toml changed (UPGRADE=1 takes newer releases)
	$(call COMPILE,pyproject.toml --group dev) $(if $(UPGRADE),--upgrade) --output-file $(LOCK)
	$(call COMPILE,--group cluster) $(if $(UPGRADE),--upgrade) --output-file $(CLUSTER_LOCK)

lock-check: $(STAMP)  ## check that the lock files fit pyproject.toml
	@cp $(LOCK) $(CLUSTER_LOCK) $(VENV)/
	$(call COMPILE,pyproject.toml --group dev) --output-file $(VENV)/$(LOCK) > /dev/null
	$(call COMPILE,--group cluster) --output-file $(VENV)/$(CLUSTER_LOCK) > /dev/null
	@diff -u $(LOCK) $(VENV)/$(LOCK) && diff -u $(CLUSTER_LOCK) $(VENV)/$(CLUSTER_LOCK) || \
		{ echo "the lock files do not fit pyproject.toml: run 'make lock'" >&2; exit 1; }

clean:  ## remove what was built, but not .venv, stores or Dagster's history
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find assets maps pipelines tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
