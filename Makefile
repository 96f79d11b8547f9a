# Two commands for everybody: `make site` and `make test`. Both set everything up themselves, on Python 3.11 or later with pip.
# Versions are pinned with hashes in requirements.lock; `make lock` makes it anew from pyproject.toml.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup site test lint lock clean

help:             ## show what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; $(PYTHON) is $$($(PYTHON) --version). Name another one: make PYTHON=python3.12 …"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(READY)   ## set up only

site: $(READY)    ## update a copy of the data, render and build the website
	$(BIN)/mi-index demo

test: $(READY)    ## run every test
	$(BIN)/python -m pytest

lint: $(READY)    ## style, types and data
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mi-index check
	$(BIN)/mi-index fmt --check
	$(BIN)/mi-index render --check

lock:             ## resolve the versions anew (needs uv)
	uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url \
		--python-version 3.11 --no-header --upgrade -o requirements.lock

clean:            ## remove what was built
	rm -rf build $(VENV)
