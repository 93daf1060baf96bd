# Everything a person does here begins with make. `make help` lists it.

BIN := .venv/bin
PYTEST_OPTIONS ?= -n 2 --dist loadfile --no-loadscope-reorder
# Our programs start several processes each; compiling our own modules every time doubles that.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.PHONY: help run test nightly mutation lint bench reset setup dev chromium i18n

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: setup ## Start everything: database, pages, worker and a demonstration; Ctrl-C stops it
	@$(BIN)/python -m promises.cli.up

test: lint chromium ## Every check: style, directions, types, tests in a real browser too, coverage
	$(BIN)/python -m pytest $(PYTEST_OPTIONS) --cov --cov-report= --cov-report=json:.coverage.json
	$(BIN)/python tests/coverage_gate.py .coverage.json

lint: dev ## Style, import directions and types, in a few seconds
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

nightly: dev ## Property tests with eleven times as many examples, 20,000 and more for time alone
	TEST_PROFILE=nightly $(BIN)/python -m pytest $(PYTEST_OPTIONS) --timeout 7200 tests/kernel tests/rules tests/identity/test_recurrence.py tests/races/test_budgets.py tests/races/test_pairs.py tests/cli/test_up.py

mutation: ## Change kernel and rules in thousands of ways and see which no test notices, for hours
	@.ci/environment mutation
	TEST_PROFILE=mutation $(BIN)/mutmut run --max-children 2 $(ONLY)

bench: dev ## Measure against the hand-written floors and write docs/performance.md
	$(BIN)/python -m bench.run --scale full

i18n: dev ## Collect new texts from code and templates into the three catalogues
	$(BIN)/python -m promises.cli.catalogues

reset: setup ## Forget all data of this checkout; asks first (YES=1 does not)
	@$(BIN)/python -m promises.cli.reset $(if $(YES),--yes)

setup: ## Install what running needs (again only when the pins changed)
	@.ci/environment run

dev:
	@.ci/environment dev

chromium:
	@.ci/chromium
