.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV ?= .venv
PY := $(VENV)/bin/python
export VENV

.PHONY: help
help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

.PHONY: run
run: ## From a bare clone to the running platform (MARKET=replay CANDLES=FILE, MARKET=bybit: other markets)
	@sh scripts/setup.sh run && exec $(PY) manage.py up

.PHONY: test
test: ## Everything: linters, types, borders, the suite on SQLite and again on PostgreSQL and Redis
	@sh scripts/setup.sh test && exec $(PY) -m scripts.test

.PHONY: setup
setup: ## The virtual environment and everything in it, for development
	@sh scripts/setup.sh test

.PHONY: lint
lint: ## ruff: rules and format
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

.PHONY: format
format: ## Let ruff rewrite the files
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

.PHONY: types
types: ## mypy, strict
	$(PY) -m mypy .

.PHONY: borders
borders: ## import-linter: who may import whom
	PYTHONPATH=. $(VENV)/bin/lint-imports

.PHONY: check
check: lint types borders ## What must be green before a commit, without the tests

.PHONY: quick
quick: ## The tests on the embedded stack only
	$(PY) -m pytest -q -m "not slow and not browser"

.PHONY: explore
explore: ## The property tests with examples nobody has tried
	$(PY) -m pytest -q -m hypothesis --hypothesis-profile=explore

PEERS := freqtrade backtesting vectorbt

.PHONY: peers
peers: $(PEERS:%=var/peers/%/.made) ## Environments of the programs that `python -m benchmarks backtest` is timed beside

var/peers/%/.made: benchmarks/rivals/%.txt
	rm -rf $(@D) && $(PY) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

.PHONY: demo
demo: ## A new password for the demo login
	$(PY) manage.py demo --reset-password

.PHONY: screenshots
screenshots: ## Pictures of the pages of a running platform, into docs/screenshots
	$(PY) -m scripts.screenshots

.PHONY: lock
lock: ## Pin requirements*.in again (needs uv)
	uv pip compile --python-version 3.11 --no-annotate --no-header requirements.in -o requirements.txt
	uv pip compile --python-version 3.11 --no-annotate --no-header requirements-dev.in -o requirements-dev.txt

.PHONY: clean
clean: ## Remove what tools made; var/ (your data) stays
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis staticfiles test-results
