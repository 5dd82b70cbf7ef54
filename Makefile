# The commands of the README. Settings: FACECAPTION_HOME (data root), VENV, PYTHON, PORT,
# REPORTS_PORT, TEST_PROCESSES.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 3000
REPORTS_PORT ?= 3001
# Test processes; auto is one per core.
TEST_PROCESSES ?= auto
FACECAPTION_HOME ?= data
export FACECAPTION_HOME

BIN := $(VENV)/bin
# Touched when the installation is complete, so that an interrupted one is done again.
INSTALLED := $(VENV)/.installed

.PHONY: demo test slow-test bench ui venv lint

demo: $(INSTALLED)
	$(BIN)/facecaption doctor
	$(BIN)/facecaption add-source openpeople --sample --rows-per-shard 21
	$(BIN)/facecaption build
	$(BIN)/facecaption evaluate-attributes
	$(BIN)/flip build template llm template_llm
	$(BIN)/facecaption build
	$(BIN)/facecaption summary

# Without the data root: tests must not see the settings of whoever runs them.
test: lint
	env -u FACECAPTION_HOME $(BIN)/pytest --numprocesses $(TEST_PROCESSES) --dist loadfile

slow-test: $(INSTALLED)
	env -u FACECAPTION_HOME $(BIN)/pytest -m slow

lint: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(INSTALLED)
	$(BIN)/python -m tests.benchmarks

ui: $(INSTALLED)
	$(BIN)/facecaption ui --port $(PORT) --reports-port $(REPORTS_PORT)

venv: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m facecaption_assets.install_check $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --constraint constraints.txt --editable . --group dev
	touch $@
