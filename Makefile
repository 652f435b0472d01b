# Needs make and Python 3.11 or newer; everything else is installed into .venv from requirements/*.txt.
#
#   make demo    answer one question, as a table and as a page     make test    all tests that need only Python
#   make check   tests that need shared data, a browser, the docs  make lint    style, types, import direction
#   make bench   benchmarks, written to benchmarks/results         make lock    resolve requirements/*.txt anew

PYTHON ?= python3
SHARED ?= $(if $(TROPISM_SHARED),$(TROPISM_SHARED),../shared/data)
JOBS ?= 2

VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check --no-input
SOURCES := $(shell find src -type f ! -name '*.pyc' ! -path '*/__pycache__/*') pyproject.toml README.md LICENSE
ELSEWHERE := shared or browser or docs

.DELETE_ON_ERROR:
.PHONY: demo test check lint format docs bench lock clean help

help:
	@sed -n '3,5s/^#  //p' Makefile

demo: $(VENV)/.package
	$(VENV)/bin/tropism assess PAK --toward RUS --from USA --html demo.html
	@echo
	@echo "The page: $$(pwd)/demo.html (open it in a browser; it needs no network)."

# Workers share the cores: with threads of their own for linear algebra they would wait for each other.
test: $(VENV)/.package $(VENV)/.dev
	OPENBLAS_NUM_THREADS=1 $(RUN) -m pytest -n $(JOBS) -m "not ($(ELSEWHERE))" --doctest-modules --pyargs tests/ tropism

check: $(VENV)/.package $(VENV)/.dev
	TROPISM_SHARED="$(SHARED)" $(RUN) -m pytest -m "$(ELSEWHERE)" --doctest-glob="tutorial.md" tests/ docs/
	$(MAKE) docs

docs: $(VENV)/.package $(VENV)/.dev
	$(RUN) -m sphinx --fail-on-warning --quiet -b html docs site
	@echo "The docs: $$(pwd)/site/index.html"

lint: $(VENV)/.package $(VENV)/.dev
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports

format: $(VENV)/.dev
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

bench: $(VENV)/.package $(VENV)/.dev
	$(RUN) benchmarks/run.py
	TROPISM_SHARED="$(SHARED)" $(RUN) benchmarks/ideal_points.py
	$(RUN) benchmarks/similarity.py
	$(RUN) benchmarks/gravity.py
	TROPISM_SHARED="$(SHARED)" $(RUN) benchmarks/equilibrium.py
	$(RUN) benchmarks/diversion_coverage.py

clean:
	rm -rf $(VENV) site demo.html demo.json

# Each stamp stands for a finished step, so that a second `make` installs nothing.

$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) was not found. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: $(PYTHON) is $$($(PYTHON) -V 2>&1); tropism needs Python 3.11 or newer. Name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "make: $(PYTHON) has no working venv module. On Debian or Ubuntu install python3-venv." >&2; exit 1; }
	@touch $@

$(VENV)/.core: requirements/core.txt requirements/build.txt | $(VENV)/.made
	$(PIP) install --quiet -r requirements/core.txt -r requirements/build.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.core
	$(PIP) install --quiet -r requirements/dev.txt
	@touch $@

# Without build isolation the pinned hatchling builds it, not the newest.
$(VENV)/.package: $(SOURCES) $(VENV)/.core
	$(PIP) install --quiet --no-deps --no-build-isolation --force-reinstall .
	@touch $@

COMPILE = .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--no-emit-index-url --annotation-style line --custom-compile-command "make lock" $(UPGRADE)

# `make lock UPGRADE=--upgrade` takes the newest releases that pyproject.toml allows.
lock: .venv-lock/.made
	$(COMPILE) pyproject.toml -o requirements/core.txt
	$(COMPILE) --group build -c requirements/core.txt -o requirements/build.txt
	$(COMPILE) pyproject.toml --group dev -c requirements/core.txt -c requirements/build.txt -o requirements/dev.txt

.venv-lock/.made:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip --disable-pip-version-check install --quiet "uv>=0.9,<1"
	@touch $@
