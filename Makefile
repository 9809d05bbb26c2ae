# `make demo` and `make test` need Python 3.11 or newer and nothing else; each makes its own
# virtual environment in .venv when there is none.

PYTHON ?= python3
BIN := .venv/bin
# One more than there are processors: some tests only wait.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
PYTEST := $(BIN)/pytest --numprocesses $(WORKERS) --brief --quiet --no-header \
	-o console_output_style=classic
STEPS ?= 2000
SEED ?=

# The tests start hundreds of processes: none of them shall compile again what one has compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-long test-lowest test-newest coverage parity reference check format frameworks frameworks-short

help:
	@echo "make demo       see sessions kept, pruned, listed and expired on a SQLite file"
	@echo "make test       run every test that needs no server"
	@echo "make test-long  the same with the long searches (tens of minutes)"
	@echo "make test-lowest  what matters, on the oldest Python and the lowest versions that we name"
	@echo "make test-newest  the same on the newest Python and the newest versions that there are"
	@echo "make coverage   print what the contract alone reaches, and what reaches the rest (half an hour)"
	@echo "make frameworks  run the adapters under their frameworks, on each running server (uv, an index)"
	@echo "make frameworks-short  the same on the newest versions and SQLite alone"
	@echo "make parity     one random program on SQLite and each running server (STEPS=, SEED=)"
	@echo "make reference  write docs/reference.md anew, from the docstrings"
	@echo "make check      lint, formatting and types"
	@echo "make format     put the formatting right"

demo: .venv/demo.stamp
	@$(BIN)/chatstore demo

test: .venv/develop.stamp
	@$(PYTEST) --dist loadfile --no-loadscope-reorder -m "not long"

test-long: .venv/develop.stamp
	@CHATSTORE_CONTRACT_PROFILE=long $(PYTEST) --dist load

test-lowest test-newest: test-%: .venv/develop.stamp
	@$(BIN)/python scripts/dependencies.py $*

coverage: .venv/develop.stamp
	@$(BIN)/python scripts/contract_coverage.py

parity: .venv/develop.stamp
	@$(BIN)/python -m chatstore_contract_tests.parity --steps $(STEPS) $(if $(SEED),--seed $(SEED)) \
	    "sqlite:///$${TMPDIR:-/tmp}/parity.db" \
	    $${CHATSTORE_TEST_REDIS_URL:+"$$CHATSTORE_TEST_REDIS_URL"} \
	    $${CHATSTORE_TEST_REDIS_CLUSTER_URL:+"$$CHATSTORE_TEST_REDIS_CLUSTER_URL"} \
	    $${CHATSTORE_TEST_DYNAMODB_URL:+"$$CHATSTORE_TEST_DYNAMODB_URL"} \
	    $${CHATSTORE_TEST_POSTGRESQL_URL:+"$$CHATSTORE_TEST_POSTGRESQL_URL"} \
	    $${CHATSTORE_TEST_PGBOUNCER_URL:+"$$CHATSTORE_TEST_PGBOUNCER_URL"}

frameworks: .venv/develop.stamp
	@$(BIN)/python scripts/frameworks

frameworks-short: .venv/develop.stamp
	@$(BIN)/python scripts/frameworks --short

reference: .venv/develop.stamp
	@$(BIN)/python scripts/reference.py

check: .venv/develop.stamp
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/pyright

format: .venv/develop.stamp
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.venv/%.stamp: pyproject.toml requirements-dev.txt constraints.txt scripts/environment
	@PYTHON="$(PYTHON)" scripts/environment $*
