# Loopwright. `make` alone lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
PY := .venv/bin/python
LOOPWRIGHT := .venv/bin/loopwright
TASK := examples/c_compiler
JOBS ?= 2

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: .venv/.ready  ## install everything into .venv (done by the others when needed)

demo: setup  ## run the main job with no key and no network, then draw its progress
	$(LOOPWRIGHT) run --task $(TASK) --model scripted:$(TASK)/scripted.yaml --sandbox strongest
	$(LOOPWRIGHT) graph latest

agents: setup  ## install the pinned versions of the real agents (Codex, Claude Code, OpenCode), once
	$(LOOPWRIGHT) agents install codex claude opencode

test: agents  ## run all tests, real agents included
	$(PY) -m pytest -n $(JOBS) -q

check: setup  ## format, lint, types, import contract, docs, quick tests
	scripts/check

bench: setup  ## measure against peers in one run and print ratios
	$(PY) benchmarks/run.py

bench-edits: setup  ## measure the edit engine beside aider's and Codex's on the same cases
	$(PY) benchmarks/edits.py

docs: setup  ## write the generated pages again (CLI reference, keys of profiles)
	$(PY) scripts/cli_reference.py
	$(LOOPWRIGHT) config schema > docs/runtime/agent_config.schema.json
	$(LOOPWRIGHT) config schema --markdown > docs/runtime/config.md

lock:  ## resolve the dependencies again, with hashes
	scripts/bootstrap uv
	.tools/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	  --no-header pyproject.toml --group dev -o requirements.lock

clean:  ## remove what was built here (not your runs)
	rm -rf .venv .venv-peers .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist

.venv/.ready: pyproject.toml requirements.lock scripts/bootstrap
	scripts/bootstrap

.PHONY: help setup demo agents test check bench bench-edits docs lock clean
