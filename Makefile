# One recipe file for people and for CI. `make demo` and `make test` need Python 3.11 or newer and nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST_OPTIONS ?=
BENCH_OPTIONS ?=

.PHONY: demo test bench bench-console bench-detect whole mutants machine fuzz formulas crash versus-alertmanager
.PHONY: check format lock sample screenshots validators clean

demo: $(VENV)/installed
	$(BIN)/floodmark demo demo

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n 2 -m "not prefect and not whole" $(PYTEST_OPTIONS)
	$(BIN)/python -m pytest -m prefect $(PYTEST_OPTIONS)

bench: $(VENV)/installed-dev
	$(BIN)/python -m tests.benchmarks.speed --write docs/performance.md $(BENCH_OPTIONS)

# Every page with 100,000 alerts and 2 M hours in the store, and fifty at once for a minute: about a quarter of an hour.
bench-console: $(VENV)/installed-dev
	$(BIN)/python -m tests.benchmarks.console_speed --write docs/performance.md $(BENCH_OPTIONS)

# How well run-aways are found, against Prophet, statsforecast, STL and others: about a quarter of an hour.
bench-detect: $(VENV)/installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e ".[bench-detect]"
	$(BIN)/python -m tests.benchmarks.detection --peers 99 --write docs/detection.md $(BENCH_OPTIONS)

# What the suite takes a sample of: clocks of every zone by the minute, ten thousand hostile names. A quarter of an hour.
whole: $(VENV)/installed-dev
	$(BIN)/python -m pytest -m whole $(PYTEST_OPTIONS)

mutants: $(VENV)/installed-dev
	$(BIN)/python -m tests.mutation.score --write docs/exactness.md

# Months in which anything may happen, on the code and on seeded faults of it: two to five minutes on two cores.
machine: $(VENV)/installed-dev
	$(BIN)/python -m tests.alerts.machine --write docs/reliability.md

# 20,000 damaged files of each kind, read in processes that may die: about half an hour.
fuzz: $(VENV)/installed-dev
	$(BIN)/python -m tests.fuzz --write docs/hostile-input.md

# Every CSV that leaves the house in a real LibreOffice: apt-get install libreoffice-calc --no-install-recommends
formulas: $(VENV)/installed-dev
	$(BIN)/python -m tests.formulas --write docs/hostile-input.md

# Hundreds of kill -9 on SQLite and PostgreSQL: twenty minutes on two cores that are not alone.
crash: $(VENV)/installed-dev
	$(BIN)/python -m tests.crash --write docs/reliability.md $(BENCH_OPTIONS)

# The same crashes for Debian's prometheus-alertmanager, which has to be installed.
versus-alertmanager: $(VENV)/installed-dev
	$(BIN)/python -m tests.versus --write docs/reliability.md $(BENCH_OPTIONS)

check: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The versions that an installation gets; the ranges stand in pyproject.toml.
lock: $(VENV)/installed-dev
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --all-extras --no-header --no-annotate -o requirements.lock pyproject.toml

sample: $(VENV)/installed
	$(BIN)/python deployments/sample/make_sample.py

# Every page of the console over the sample, in light, in dark and narrow; Debian's chromium has to be installed.
screenshots: $(VENV)/installed-dev
	$(BIN)/python -m tests.screenshots docs/screenshots

# FOCUS has two outside judges, each in an environment of its own; the tests make them too where they are missing.
validators: $(VENV)/installed-dev
	$(BIN)/python -m tests.billing.focus.validators

clean:
	rm -rf $(VENV) .validators demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/installed: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e ".[dev,postgresql]"
	touch $@
