# `make` lists the commands. Works with GNU Make 3.81, the one that macOS ships.
ifeq ($(OS),Windows_NT)
$(error tailpipe_rx runs on Linux and macOS; on Windows, run it inside WSL)
endif

SHELL := /bin/sh
BIN := .venv/bin
RIGHT := $(wildcard tests/typing/right*.py)
ARGS ?=

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test install check nightly bench clean setup-runtime setup-dev

help: ## list these commands
	@awk -F ': .*## ' '/^[a-z]+:.*## / { printf "make %-9s%s\n", $$1, $$2 }' Makefile
	@echo "Options: PYTHON=python3.12 names the interpreter of .venv; ARGS='…' is handed to pytest or the benchmark."

demo: setup-runtime ## collect the sample logs and show three rows
	@$(BIN)/python scripts/demo.py

test: setup-dev ## run the tests
	@$(BIN)/python -m pytest -q $(ARGS)

install: setup-dev ## make .venv with everything but Dask
	@echo "Ready: $(BIN)/tailpipe-rx"

check: setup-dev ## lint, types and tests: what a change must pass
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy tailpipe_rx examples scripts $(RIGHT)
	$(BIN)/python scripts/make_sample_logs.py --check
	$(BIN)/python -m pytest -q $(ARGS)

nightly: setup-dev ## run the slow suites too
	@$(BIN)/python -m pytest -q --nightly $(ARGS)

bench: setup-dev ## measure speed (ARGS=memory: memory)
	@$(BIN)/python bench/benchmark.py $(or $(ARGS),cloudtrail)

clean: ## remove .venv, caches and the demo's output; collected logs stay
	@rm -rf .venv .venv.lock demo-out build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup-runtime:
	@sh scripts/setup.sh runtime

setup-dev:
	@sh scripts/setup.sh dev
