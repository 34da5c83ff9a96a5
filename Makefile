# Two commands do everything on a fresh machine: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONSOLE := fleet_manager/console
CONSOLE_SOURCES := $(shell find $(CONSOLE)/src $(CONSOLE)/public -type f 2>/dev/null) $(wildcard $(CONSOLE)/*.json $(CONSOLE)/*.ts $(CONSOLE)/*.html $(CONSOLE)/*.js)

.DEFAULT_GOAL := help
.PHONY: help setup demo test soak check format console chromium lock bench clean clean-kernels

help:  ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(VENV)/ready $(CONSOLE)/dist/index.html  ## Python and npm packages, the command .venv/bin/wardfleet, the built console

$(VENV)/ready: constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "WardFleet needs Python 3.11 or newer; name one: make setup PYTHON=python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "Python's venv is missing; on Debian: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@echo "Compiling the planner, once"
	@$(BIN)/python -m fleet_manager.planning.kernels
	@touch $@

$(CONSOLE)/node_modules/.package-lock.json: $(CONSOLE)/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing (Node.js 20 or newer); on Debian: apt-get install nodejs npm"; exit 1; }
	cd $(CONSOLE) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(CONSOLE)/dist/index.html: $(CONSOLE)/node_modules/.package-lock.json $(CONSOLE_SOURCES)
	cd $(CONSOLE) && npm run --silent build
	@touch $@

console: $(CONSOLE)/dist/index.html  ## Build the web console

demo: setup  ## A simulated hospital with 6 robots on http://localhost:8000
	@exec $(BIN)/wardfleet demo $(DEMO)

chromium:
	@command -v chromium >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && apt-get install -y -qq chromium >/dev/null; \
	  else echo "The browser tests need Chromium; on Debian: apt-get install chromium"; exit 1; fi; }

check: setup  ## Format, lint, types, import contracts, the console's checks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	cd $(CONSOLE) && npm run --silent check

test: check chromium  ## Everything that is tested
	$(BIN)/pytest -n 2 --dist loadfile

soak: setup  ## Ten thousand histories of the traffic, a thousand hospitals full of faults, 200 crashes, all planted bugs
	$(BIN)/pytest -n 2 --dist load --histories $(or $(HISTORIES),10000) --explore $(or $(EXPLORE),1000) --crashes $(or $(CRASHES),200) tests/property/test_traffic_graph.py tests/property/test_traffic_histories.py tests/scenario/test_explore.py tests/scenario/test_crashes.py

format: setup  ## Put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup  ## Measure: one simulated day
	$(BIN)/wardfleet bench day --json build/day.json

lock:  ## Bring constraints.txt up to date with pyproject.toml
	$(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header --no-annotate --all-build-deps --extra dev --output-file constraints.txt pyproject.toml

clean-kernels:  ## Remove compiled kernels; after a change in one that another file calls
	find fleet_manager sim -path '*/__pycache__/*.nb[ci]' -delete

clean:  ## Remove everything that was built
	rm -rf $(VENV) $(CONSOLE)/node_modules $(CONSOLE)/dist build
