# On a fresh machine with Python 3.11 or newer and make: `make demo` shows the product, `make test` proves it.
# Each target does its own set-up, in .venv, from the hash-pinned requirements.lock.

PYTHONS := $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11
BIN := .venv/bin
READY := .venv/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
INSTALL := $(PIP) install --no-deps --no-build-isolation

.PHONY: help demo test prove mutants lint style architecture types bench lock clean

help:
	@echo 'make demo    the whole loop on sandbox trackers, in under a minute'
	@echo 'make test    the test suite (ARGS="-k name" chooses)'
	@echo 'make prove   the long proof: 20,000 simulated stories, tampering and kills (ARGS="--minutes 30")'
	@echo 'make mutants mutation testing of the engine; hours for all of it (ARGS="plan --sample 150 --seed 1")'
	@echo 'make lint    style, types and architecture'
	@echo 'make bench   benchmarks: ratios against the libraries alone'
	@echo 'make lock    resolve the dependencies of pyproject.toml again'
	@echo 'make clean   remove everything that can be made again'

demo: $(READY)
	@$(BIN)/poam demo $(ARGS)

# A worker per core, but no more than four: the suite is short and machines are shared.
test: $(READY)
	$(BIN)/python -m pytest -n auto --maxprocesses 4 $(ARGS)

# Hours of simulated trackers, people, faults and crashes; every failure prints the command that tells it again.
prove: $(READY)
	$(BIN)/python -m tests.simulation.prove $(ARGS)

# Every small mistake somebody could make in the engine, one at a time: which of them does no test notice?
mutants: $(READY)
	$(BIN)/python -m tests.mutants.run $(ARGS)

bench: $(READY)
	@set -e; for script in tests/bench/bench_*.py; do $(BIN)/python $$script; done

lint: style architecture types

style: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

architecture: $(READY)
	$(BIN)/lint-imports --no-cache

# mypy does not see through an editable installation, so it reads an installed copy: what users get.
types: $(READY)
	rm -rf .types build
	$(INSTALL) --target .types .
	rm -rf build
	MYPYPATH=.types $(BIN)/mypy -p poam.sync -p poam.mapping -p poam.connectors

# The lock names no index: everybody's own pip configuration says where packages come from, the hashes say which.
lock: $(READY)
	$(PIP) install uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --all-extras $(ARGS) \
		--custom-compile-command 'make lock' pyproject.toml -o requirements.lock

clean:
	rm -rf .venv .types .*_cache .hypothesis build dist demo-output *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is written last, so that an interrupted set-up is done again.
$(READY): requirements.lock pyproject.toml
	@for python in $(PYTHONS); do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			test -x $(BIN)/python || $$python -m venv .venv; exit; \
		fi; \
	done; echo 'poam-sync needs Python 3.11 or newer: make PYTHON=/path/to/python ...' >&2; exit 1
	@echo 'Installing what requirements.lock lists into .venv (under a minute, once) ...'
	@$(PIP) install --require-hashes -r requirements.lock
	@$(INSTALL) --editable .
	@touch $@
