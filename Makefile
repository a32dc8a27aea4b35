# The chores. `make demo` and `make test` need nothing but Python >= 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BASE_STAMP := $(VENV)/.installed-base
STAMP := $(VENV)/.installed
DOCS_STAMP := $(VENV)/.installed-docs
OUT ?= demo_output
PAIRS ?=
JOBS ?= 2

# Workers and what tests start would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

# Into an environment, what pip is told: it compiles one module after the other, which
# is half of its time. Some packages hold templates that are no Python: nothing is said.
define install
	$(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile $(2)
	$(1)/bin/python -W ignore -m compileall -qq -j $(JOBS) $(1) || true
endef

.PHONY: demo test test-oldest coverage fuzz lint format bench bench-fusers docs docs-check tables dist clean

$(BASE_STAMP): setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(call install,$(VENV),-c constraints.txt -e .)
	touch $(BASE_STAMP)

$(STAMP): setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(call install,$(VENV),-c constraints.txt -e ".[dev]")
	touch $(BASE_STAMP) $(STAMP)

$(DOCS_STAMP): $(STAMP)
	$(call install,$(VENV),-c constraints.txt -e ".[docs]")
	touch $(DOCS_STAMP)

demo: $(BASE_STAMP)
	$(BIN)/skfusion demo $(PAIRS) -o $(OUT) --n-jobs $(JOBS)

test: $(STAMP)
	OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=2 $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -q

# The floors of setup.cfg, each at its lowest; TESTS narrows what runs.
OLDEST := .venv-oldest
TESTS ?=
$(OLDEST)/.installed: setup.cfg pyproject.toml constraints-oldest.txt
	$(PYTHON) -m venv $(OLDEST)
	$(call install,$(OLDEST),-c constraints-oldest.txt -e ".[dev]")
	touch $@

test-oldest: $(OLDEST)/.installed
	OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=2 $(OLDEST)/bin/python -m pytest -n $(JOBS) --dist worksteal -q $(TESTS)

CASES ?= 2000
fuzz: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz --cases $(CASES)

coverage: $(STAMP)
	OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=2 $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -q --cov --cov-report=term:skip-covered

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP)
	$(BIN)/python benchmarks/bench/run_all.py

bench-fusers: $(STAMP)
	$(BIN)/python benchmarks/bench/fusers.py

SPHINX := OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -n -W --keep-going -j $(JOBS) docs
docs: $(DOCS_STAMP)
	$(SPHINX) docs/_build/html -b html

docs-check: $(DOCS_STAMP)
	$(SPHINX) docs/_build/check -b dummy -q -D plot_gallery=0

tables: $(STAMP)
	$(BIN)/python benchmarks/report/methods.py

# Wheel and sdist; the wheel installed in an empty environment elsewhere, and used.
dist: $(STAMP)
	rm -rf build dist
	$(BIN)/python -m build --outdir dist
	$(BIN)/python tools/check_wheel.py dist

clean:
	rm -rf $(VENV) $(OLDEST) build dist *.egg-info demo_output .pytest_cache .ruff_cache docs/_build docs/api docs/gallery docs/weights
