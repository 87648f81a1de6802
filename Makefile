# Each target creates what it needs on a bare machine, in a virtual environment in .venv: the demo the using side alone,
# everything else both worlds.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
USING := $(VENV)/.using
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test coverage lowest newest check lint types contract format catalogue results site package sbom clean

help:  ## Say what there is.
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(USING): pyproject.toml src/blemish/__init__.py
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "blemish needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[serve]"
	touch $@

$(READY): $(USING)
	$(BIN)/python -m pip install --quiet --editable ".[train,dev]"
	touch $@

demo: $(USING)  ## Draw images, show what the bundled detector finds in them, and open that page.
	$(BIN)/blemish demo --open

# One worker per core and one thread per worker; the tests of a file share what it has trained. One test alone, or the
# quick ones: make test ARGS="tests/images -k exif", make test ARGS='-m "not slow"'.
test: $(READY)  ## Run the tests.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile $(ARGS)

# The learning side: what the contract of the two worlds in pyproject.toml keeps from the rest. All else is the using side.
LEARNING := src/blemish/methods/*,src/blemish/training/*,src/blemish/benchmarking/*,src/blemish/reproduction/*

coverage: $(READY)  ## Run the tests and say which lines none of them runs; fails below the thresholds.
	rm -f .coverage .coverage.*
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile --cov --cov-report= $(ARGS)
	$(BIN)/coverage report --include "$(LEARNING)" --fail-under=85
	$(BIN)/coverage report --omit "$(LEARNING)" --fail-under=92

# The using side with other versions than those of .venv, each in an environment beside it: the lowest that
# pyproject.toml admits, or the newest on another Python: make newest PYTHON=python3.13.
lowest: RESOLUTION := lowest-direct
newest: RESOLUTION := highest

lowest:  ## Run the quick tests of the using side with the lowest versions that pyproject.toml admits.
	$(call against,$(VENV)-lowest)

newest:  ## The same with the newest versions, on the Python that PYTHON names.
	$(call against,$(VENV)-newest-$(notdir $(PYTHON)))

define against
	$(PYTHON) -m venv --clear $(1)
	$(1)/bin/python -m pip install --quiet uv
	$(1)/bin/uv pip install --quiet --python $(1)/bin/python --resolution $(RESOLUTION) --editable ".[dev]"
	OMP_NUM_THREADS=1 $(1)/bin/python -m pytest --numprocesses auto --dist loadfile -m "not slow and not train" $(ARGS)
endef

lint: $(READY)  ## Look for mistakes and for style.
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(READY)  ## Check the types.
	$(BIN)/mypy

contract: $(READY)  ## Check who may import whom.
	$(BIN)/lint-imports

check: lint types contract test  ## Everything that CI checks.

format: $(READY)  ## Put the code into shape.
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

catalogue: $(READY)  ## Write the list of methods anew, after a method or recipe was changed.
	$(BIN)/python -m blemish.training.catalogue

# RERUN="kim-2020 …", or RERUN=all, measures these first (resumable), where their data are below BLEMISH_DATA.
results: $(READY)  ## Write every table of measured figures anew, from benchmarks/results.
	$(if $(RERUN),$(BIN)/python benchmarks/rerun_results.py $(RERUN))
	$(BIN)/python benchmarks/write_results.py

site: $(READY)  ## Build the manual: build/site/docs/index.html, readable without a network.
	$(BIN)/python -m sphinx -q -W -b html -c docs/site . build/site

package:  ## Build wheel and sdist into dist, and try each in an empty environment.
	PYTHON=$(PYTHON) .ci/package

# What an installation without extras brings along, from an environment that holds nothing else.
sbom:  ## List everything that an installation brings along: build/sbom.json.
	rm -rf build/sbom && mkdir -p build
	$(PYTHON) -m venv build/sbom/installed && $(PYTHON) -m venv build/sbom/lister
	build/sbom/installed/bin/python -m pip install --quiet .
	build/sbom/installed/bin/python -c 'import blemish; print(f"version = \"{blemish.__version__}\"")' >build/sbom/version
	sed -e '/^dynamic = /{r build/sbom/version' -e 'd}' pyproject.toml >build/sbom/pyproject.toml
	build/sbom/installed/bin/python -m pip uninstall --quiet --yes setuptools pip
	build/sbom/lister/bin/python -m pip install --quiet "cyclonedx-bom>=5"
	build/sbom/lister/bin/cyclonedx-py environment --pyproject build/sbom/pyproject.toml --output-reproducible --output-file build/sbom.json build/sbom/installed

clean:  ## Remove what the targets above made.
	rm -rf $(VENV) $(VENV)-lowest $(VENV)-newest-* .coverage .coverage.* build dist demo docs/drawn .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
