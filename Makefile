# The README's two commands: `make demo` and `make test`. Each makes .venv when there is none and installs into it what
# it needs, in the versions of constraints.txt; a second run starts at once.

# Any interpreter from 3.11 to 3.13 will do: the first found, or `make demo PYTHON=/path/to/python`.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)

BIN := .venv/bin
INSTALL := $(BIN)/python -m pip --disable-pip-version-check install -c constraints.txt
QUESTION := 为什么这个还没发货？

# A file's tests stay with one worker. Two threads of PyTorch that share a busy core wait for each other, so each process
# has one. Hundreds of programs are started: each would compile our modules again where this variable forbids to keep
# what was compiled.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --dist loadfile
WORKERS ?= 2
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check lint fmt constraints sbom clean
.DELETE_ON_ERROR:

demo: .venv/base
	$(BIN)/kantu ask examples/order.png $(QUESTION)

# Files that hold long tests come first (tests/conftest.py).
test: lint
	$(PYTEST) -n $(WORKERS) --no-loadscope-reorder -rs

# While working: what starts no program and takes no long time, on every core.
check: lint
	$(PYTEST) -n auto -m "not whole"

# First what needs no code to run; each stops the next.
lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: .venv/test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

constraints: .venv/bin/python
	$(BIN)/python scripts/lock.py
	$(BIN)/python scripts/lock_hashes.py

# What is installed, as CycloneDX in out/sbom.json; then what is known to be wrong with what goes into the container.
sbom: .venv/test .venv/audit/done
	mkdir -p out
	.venv/audit/bin/cyclonedx-py environment --pyproject pyproject.toml --output-format JSON --output-file out/sbom.json $(BIN)/python
	.venv/audit/bin/python scripts/audit.py

clean:
	rm -rf .venv

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "需要 Python 3.11 至 3.13 (Python 3.11 to 3.13 is needed): make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv .venv

# What looks at the environment is none of it.
.venv/audit/done: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m venv .venv/audit
	.venv/audit/bin/python -m pip --disable-pip-version-check install -c constraints.txt cyclonedx-bom pip-audit
	@touch $@

# Stamps: installed for these files.
.venv/base: pyproject.toml constraints.txt hatch_build.py src/kantu/native/kernels.c | .venv/bin/python
	$(INSTALL) -e .
	@touch $@

.venv/test: pyproject.toml constraints.txt hatch_build.py src/kantu/native/kernels.c | .venv/bin/python
	$(INSTALL) -e '.[service,test]'
	@touch .venv/base $@
