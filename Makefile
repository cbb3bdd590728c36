# Every command is one call of Python; Windows has the same ones in README.md.
PYTHON ?= $(shell command -v python3 || command -v python)
ifeq ($(strip $(PYTHON)),)
$(error Warren needs Python 3.11 or newer, and there is no python3 on your PATH: install it and run the command again)
endif
BIN := .venv/bin

.PHONY: help lab test check notebooks lock clean thorough bench
.DEFAULT_GOAL := help

help:  ## this list
	@"$(PYTHON)" -c "import re; print(*('make %-10s %s' % m for m in re.findall(r'^(\w+):  ## (.*)', open('Makefile').read(), re.M)), sep='\n')"

lab:  ## set up, get a broker, open JupyterLab
	@"$(PYTHON)" tools/install.py lab
	@exec $(BIN)/warren lab

test:  ## set up and run every test and every notebook
	@"$(PYTHON)" tools/install.py dev
	@exec $(BIN)/python -m pytest

check:  ## lint, format, types
	@"$(PYTHON)" tools/install.py dev
	@$(BIN)/python -m ruff check
	@$(BIN)/python -m ruff format --check
	@$(BIN)/python -m mypy

notebooks:  ## authors: run the notebooks, derive labs, README table and links
	@"$(PYTHON)" tools/install.py dev
	@exec $(BIN)/python tools/notebooks.py

lock:  ## authors: compile requirements/ from pyproject.toml
	@"$(PYTHON)" tools/install.py dev
	@exec $(BIN)/python tools/lock.py

thorough:  ## the long tests before a release
	@"$(PYTHON)" tools/install.py dev
	@exec $(BIN)/python -m pytest --thorough

bench:  ## measure, and write benchmarks/report.md
	@"$(PYTHON)" tools/install.py dev
	@exec $(BIN)/python benchmarks/run.py

clean:  ## remove .venv and caches; your work/ stays
	@"$(PYTHON)" tools/clean.py
