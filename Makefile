# The commands of a working day. Needs Python >= 3.11 and make; everything else goes into .venv.
#   make benchmark    eight agents in Shop-v0, about a minute on two cores: the leaderboard here, the report in runs/benchmark
#   make test         the test suite, less what is marked slow
#   make test-all     the slow tests too
#   make test-extras  installs the heavy extras, if there are any, and runs the tests that carry their marks
#   make docs         the site of the documentation, into build/docs
#   make check        ruff, its formatting, mypy
#   make format       let ruff fix what it can
#   make performance  measures speed and scale, and writes them into docs/performance.md (ten minutes; with nothing else running)
#   make clean        remove what was made, .venv too; runs/ stays
# Another Python: make PYTHON=python3.13 ...    Other options: make benchmark BENCHMARK="--world ShopBandit-v0 --seeds 10"

PYTHON ?= python3
BENCHMARK ?=
BIN := .venv/bin
# One thread a process: the tests, and the runs of a benchmark, are spread over the cores as processes already.
ONE_THREAD := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
PYTEST := $(ONE_THREAD) $(BIN)/pytest --numprocesses auto --dist loadgroup
# Everything at the versions of constraints.txt, what builds the package among them.
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt
EXTRAS := dev,docs,frames,mo,peers,tune

.PHONY: benchmark performance docs test test-all test-extras check format install develop clean
.DEFAULT_GOAL := benchmark

benchmark: install
	$(BIN)/slategym benchmark --out runs/benchmark --force $(BENCHMARK)

performance: develop
	$(BIN)/slategym throughput --out runs/throughput --force
	$(BIN)/slategym scale --out runs/scale --force
	$(BIN)/python docs/performance.py runs/throughput/throughput.json runs/scale/scale.json
	$(BIN)/python docs/picture.py runs/scale/scale.html docs/images/scale.png "Against shoppers" "Against items" "Against items on a slate"

test: develop
	$(PYTEST) -m "not slow"

test-all: develop
	$(PYTEST)

# pytest ends with 5 where it has found no test.
test-extras: develop
	@extras=$$($(BIN)/python tests/extras.py); \
	if [ -z "$$extras" ]; then echo "There are no heavy extras, so no tests of them"; exit 0; fi; \
	set -x; $(INSTALL) --no-build-isolation --editable ".[$(EXTRAS),$$extras]" && \
	$(PYTEST) --extras || [ $$? -eq 5 ]

# Without the network; a warning, as of a link that leads nowhere, is an error.
docs: develop
	$(ONE_THREAD) $(BIN)/python docs/site/build.py

check: develop
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: develop
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What a benchmark needs, and what work on slategym needs.
install: .venv/installed

develop: .venv/developed

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "slategym needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true): name another, as in 'make PYTHON=python3.13 $(MAKECMDGOALS)'" >&2; exit 1; }
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || { echo "Making .venv; the first time takes some minutes"; $(PYTHON) -m venv --clear .venv; }
	$(INSTALL) setuptools
	$(INSTALL) --no-build-isolation --editable .
	@touch $@

.venv/developed: .venv/installed
	$(INSTALL) --no-build-isolation --editable '.[$(EXTRAS)]'
	@touch $@

clean:
	rm -rf .venv build dist *.egg-info src/*.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
