# Every command of this project. `make` alone lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev setup-synapse setup-kiotviet-client setup-peers demo demo-reset test branches test-long check format bench lock clean

BIN := .venv/bin
WORKERS ?= 2
# Stories on whole running systems: one after the other, in one process, beside nothing else.
TOLD := tests/journeys/demo tests/platforms/synapse
# The rooms where a mistake lets someone through: every branch is walked.
STRICT := $(wildcard gateway/acts gateway/authority gateway/records/grants gateway/doors/oauth gateway/doors/calls)

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: ## make .venv from the lock file (quick when nothing changed)
	@tools/setup_venv.sh --project .venv requirements.lock requirements-build.lock

setup-dev: ## the same, with what developing and testing need
	@tools/setup_venv.sh --project .venv requirements-dev.lock requirements-build.lock

setup-synapse:
	@tools/setup_venv.sh .venv-synapse requirements-synapse.lock

setup-kiotviet-client:
	@tools/setup_venv.sh .venv-kiotviet-client requirements-kiotviet-client.lock

setup-peers:
	@tools/setup_peers.sh

demo: setup ## set everything up and run the demo until Ctrl-C
	@exec $(BIN)/quyen demo

demo-reset: ## forget the demo's data
	@tools/demo_reset.sh

test: setup-dev setup-synapse setup-kiotviet-client ## every test, with the real services; COVERAGE=1 measures, and asks for the branches that must be walked
	@tools/ensure_services.sh
	@tools/setup_peers.sh
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(TOLD:%=--ignore=%) $(if $(COVERAGE),--cov --cov-report=)
	$(BIN)/python -m pytest $(TOLD) $(if $(COVERAGE),--cov --cov-append --cov-report=)
	$(if $(COVERAGE),@$(MAKE) --no-print-directory branches)

branches: # of the measured run before
	$(BIN)/coverage report --fail-under=95
	@for room in $(STRICT); do $(BIN)/coverage report --include="$$room/*" --fail-under=100 || exit 1; done

test-long: setup-dev setup-synapse ## races and faults at length
	@tools/ensure_services.sh
	@tools/setup_peers.sh
	$(BIN)/python -m pytest -m long --timeout 1800

check: setup-dev ## format, lint, types, imports, fast tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	@files=$$(git ls-files -co --exclude-standard '*.html'); [ -z "$$files" ] || $(BIN)/djlint --lint --quiet $$files
	$(BIN)/python -m pytest -q -m "not long and not service"

format: setup-dev ## bring the code into form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup-dev ## measure speed, with peers
	$(BIN)/python -m bench

lock: setup-dev ## write the lock files anew (UPGRADE=1: to the newest versions)
	@tools/lock.sh $(BIN)/uv

clean: ## remove everything that the other commands make, except the demo's data
	rm -rf .venv .venv-synapse .venv-kiotviet-client tests/peers/node_modules .test-artifacts .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache \
	  .coverage .coverage.* build ./*.egg-info
