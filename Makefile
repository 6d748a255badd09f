# Everything starts from make, a Python 3.12 and venv; the rest is fetched into this folder.
#   .boot/  a small environment that holds only uv
#   .venv/  the environment of uv.lock: what users need, and with `test` or `lint` the group `dev`
PYTHON ?=
ARCH ?= wormhole_b0
UV := .boot/bin/uv
READY := .venv/.synced
TESTED := .venv/.synced-dev

export JUPYTER_PREFER_ENV_PATH := 1
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv
# Notebooks and tests start many processes: what one has compiled the others need not compile again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup notebooks lab test test-simulator lint

help:  ## say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile
	@echo '  ARGS="..." adds options to notebooks and test; PYTHON=/path/to/python3.12 names an interpreter;'
	@echo '  ARCH=blackhole says of which chip the simulator is'

setup: $(READY)  ## create .venv from uv.lock, without what only tests need

notebooks: $(READY)  ## run the notebooks for several plans: build/notebooks, build/site, build/report.json
	.venv/bin/lightning-v2 notebooks $(ARGS)

lab: $(READY)  ## open JupyterLab on the notebooks
	.venv/bin/jupyter lab $$([ "$$(id -u)" != 0 ] || echo --allow-root) notebooks/00_explore.ipynb

# A process more than there are cores: now and then one waits for a browser or for another process.
test: $(TESTED)  ## run the tests in several processes, each with one thread of torch
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n $$(($$(getconf _NPROCESSORS_ONLN) + 1)) \
	  --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

test-simulator: $(TESTED)  ## run the voice on ttsim and compare every bit with the emulator
	.venv/bin/python -m pytest tests/simulator --arch $(ARCH) $(ARGS)

lint: $(TESTED)  ## check style, formatting and who imports whom
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/lint-imports

# What was installed for tests stays when only the rest is asked for.
$(READY): $(UV) uv.lock pyproject.toml .python-version
	@echo "the environment: 3.2 GB of packages to fetch at first, 6 GB in .venv; free here: $$(df -Ph . | awk 'END {print $$4}')"
	@python=$$(.ci/find-python $$(cat .python-version) "$(PYTHON)") && set -x && \
	$(UV) sync --frozen --inexact --python "$$python"
	@touch $@

$(TESTED): $(READY)
	@python=$$(.ci/find-python $$(cat .python-version) "$(PYTHON)") && set -x && \
	$(UV) sync --frozen --group dev --python "$$python"
	@touch $@

$(UV):
	@python=$$(.ci/find-python any "$(PYTHON)") && set -x && "$$python" -m venv --clear .boot
	.boot/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.13,<1'
	@touch $@
