# The commands of a working day. Needs Python >= 3.11 and make; everything else goes into .venv.
#   make benchmark    six agents in Shop-v0: the leaderboard here, the report in runs/benchmark
#   make test         the test suite, less what is marked slow
#   make test-all     the whole of it
#   make peers        what agents are held against: scikit-learn, MABWiser, Vowpal Wabbit; tests that need them skip without
#   make mo           several objectives: MO-Gymnasium, pymoo, moocore; tests that need them skip without
#   make check        ruff, its formatting, mypy
#   make format       let ruff mend what it can
#   make performance  measures speed and scale, and writes them into docs/performance.md (ten minutes; with nothing else running)
#   make clean        remove what was made, .venv too; runs/ stays
# Another Python: make PYTHON=python3.13 ...    Other options: make benchmark BENCHMARK="--world ShopBandit-v0 --seeds 10"

PYTHON ?= python3
BENCHMARK ?=
BIN := .venv/bin
# One thread a process: the tests, and the runs of a benchmark, are spread over the cores as processes already.
ONE_THREAD := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

.PHONY: benchmark performance test test-all check format install peers mo clean
.DEFAULT_GOAL := benchmark

benchmark: install
	$(BIN)/slategym benchmark --out runs/benchmark --force $(BENCHMARK)

performance: peers
	$(BIN)/slategym throughput --out runs/throughput --force
	$(BIN)/slategym scale --out runs/scale --force
	$(BIN)/python docs/performance.py runs/throughput/throughput.json runs/scale/scale.json
	$(BIN)/python docs/picture.py runs/scale/scale.html docs/images/scale.png "Against shoppers" "Against items" "Against items on a slate"

test: install
	$(ONE_THREAD) $(BIN)/pytest --numprocesses auto --dist loadgroup -m "not slow"

test-all: install
	$(ONE_THREAD) $(BIN)/pytest --numprocesses auto --dist loadgroup

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

install: .venv/installed

# Everything at the versions of constraints.txt, what builds the package among them.
.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "slategym needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true): name another, as in 'make PYTHON=python3.13 $(MAKECMDGOALS)'" >&2; exit 1; }
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || { echo "Making .venv; the first time takes some minutes"; $(PYTHON) -m venv --clear .venv; }
	$(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt setuptools
	$(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt --no-build-isolation --editable '.[dev]'
	@touch $@

peers: .venv/peers

.venv/peers: .venv/installed
	$(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt --no-build-isolation --editable '.[dev,peers]'
	@touch $@

mo: .venv/mo

.venv/mo: .venv/installed
	$(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt --no-build-isolation --editable '.[dev,mo]'
	@touch $@

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
