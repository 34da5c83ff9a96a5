# Two commands do everything on a fresh machine: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONSOLE := fleet_manager/console
ROS := ros_ws/install/built
ROS_SOURCES := $(shell find ros_ws/src ros_ws/simulation -type f -not -name '*.pyc' 2>/dev/null) ros_ws/build.py ros_ws/mend_wheels.py
# ROS 2 comes from a sourced installation, or as wheels, which there are for x86-64 Linux alone.
ROS_TO_BE_HAD := $(or $(AMENT_PREFIX_PATH),$(filter Linux_x86_64,$(shell uname -s)_$(shell uname -m)))
CONSOLE_SOURCES := $(shell find $(CONSOLE)/src $(CONSOLE)/public -type f 2>/dev/null) $(wildcard $(CONSOLE)/*.json $(CONSOLE)/*.ts $(CONSOLE)/*.html $(CONSOLE)/*.js)

.DEFAULT_GOAL := help
.PHONY: help setup ros demo test soak screenshots check format console chromium lock bench clean clean-kernels

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

$(VENV)/ros: constraints-ros.txt $(VENV)/ready
	@test -n "$(AMENT_PREFIX_PATH)" || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints-ros.txt
	@touch $@

$(ROS): $(VENV)/ros $(ROS_SOURCES)
	@$(BIN)/python ros_ws/build.py build
	@touch $@

ros: $(if $(ROS_TO_BE_HAD),$(ROS),$(VENV)/ready)  ## ROS 2 and the workspace ros_ws/ built into ros_ws/install
	@test -n "$(ROS_TO_BE_HAD)" || echo "There are no wheels of ROS 2 for this machine and none is sourced: going on without ROS 2."

console: $(CONSOLE)/dist/index.html  ## Build the web console

demo: setup  ## A simulated hospital with 6 robots on http://localhost:8000
	@$(if $(ROS_TO_BE_HAD),$(MAKE) --no-print-directory ros || true,:)
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

test: check chromium ros  ## Everything that is tested
	$(BIN)/python -m robot_agents.ros2.environment --if-there $(BIN)/pytest -n 2 --dist loadfile
	$(if $(ROS_TO_BE_HAD),$(BIN)/python ros_ws/build.py test)

soak: setup  ## Ten thousand histories of the traffic, 100 areas to spray, a thousand hospitals full of faults, 200 crashes, all planted bugs
	$(BIN)/pytest -n 2 --dist load --histories $(or $(HISTORIES),10000) --explore $(or $(EXPLORE),1000) --crashes $(or $(CRASHES),200) tests/property/test_traffic_graph.py tests/property/test_traffic_histories.py tests/property/test_spray_coverage.py tests/scenario/test_explore.py tests/scenario/test_crashes.py

screenshots: setup chromium  ## Every page of the console, on every size of screen, to build/screenshots
	$(BIN)/python -m tests.browser.screenshots build/screenshots

format: setup  ## Put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup  ## Measure: one simulated day
	$(BIN)/wardfleet bench day --json build/day.json

lock:  ## Bring constraints.txt and constraints-ros.txt up to date with pyproject.toml and ros_ws/wheels.in
	$(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header --no-annotate --all-build-deps --extra dev --output-file constraints.txt pyproject.toml
	$(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header --no-annotate --constraint constraints.txt --output-file constraints-ros.txt ros_ws/wheels.in

clean-kernels:  ## Remove compiled kernels; after a change in one that another file calls
	find fleet_manager sim -path '*/__pycache__/*.nb[ci]' -delete

clean:  ## Remove everything that was built
	rm -rf $(VENV) $(CONSOLE)/node_modules $(CONSOLE)/dist build ros_ws/build ros_ws/install ros_ws/log
