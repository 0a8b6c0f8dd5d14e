# Self-documenting: `make` or `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/sh

# The first of these that is Python 3.11 or newer. Override with: make PYTHON=/path/to/python3
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
VENV := .venv/bin
ARGS ?=
STAGE ?= dev

.PHONY: help
help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: python
	@$(PYTHON) requirements/install.py tool

.PHONY: install-dev
install-dev: python
	@$(PYTHON) requirements/install.py dev

.PHONY: python
python:
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer on PATH; install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }

.PHONY: compare
compare: install ## run both sides and print the comparison (ARGS='--profile origin --users 50')
	@$(VENV)/python compare.py run $(ARGS)

.PHONY: test
test: install-dev ## run lint, types, import contracts and every test (ARGS='-k cache' to select)
	@$(MAKE) --no-print-directory lint
	@# One worker per core; a file stays on one of them, with what its tests share.
	@$(VENV)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: lint
lint: install-dev ## ruff, mypy strict, import-linter, bandit
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/mypy
	@$(VENV)/lint-imports
	@$(VENV)/bandit --quiet --configfile pyproject.toml --recursive .

.PHONY: bench
bench: install-dev ## speed of the hot path and the emulator, as ratios against named peers
	@$(VENV)/python -m benchmarks $(ARGS)

.PHONY: experiment
experiment: install ## the 2020 experiment again: four architectures, six loads, 90 minutes (docs/experiment.md)
	@$(VENV)/python -m benchmarks.experiment results/experiment

.PHONY: reliability
reliability: install-dev ## let everything fail under both sides, and check what it costs (ARGS=--short)
	@$(VENV)/python -m benchmarks.reliability $(ARGS)

.PHONY: overload
overload: install-dev ## three times what each side can carry: served, refused, back (ARGS=--short)
	@$(VENV)/python -m benchmarks.overload $(ARGS)

.PHONY: soak
soak: install-dev ## ten minutes of load: do threads, descriptors or memory grow (ARGS=--short)
	@$(VENV)/python -m benchmarks.soak $(ARGS)

.PHONY: chaos
chaos: install-dev ## kill the tool at 200 random moments: nothing lost, nothing left (ARGS='--kills 6')
	@$(VENV)/python -m tests.chaos $(ARGS)

.PHONY: fuzz
fuzz: install-dev ## coverage-guided fuzzing of every reader, 60 s each (ARGS='--seconds 10 ec2_http')
	@$(VENV)/python -m tests.fuzz $(ARGS)

.PHONY: package
package: install ## build what Lambda runs: build/lambda/deployment.zip and sam.json
	@$(VENV)/python -m measurement.packaging build/lambda

.PHONY: deploy
deploy: install ## deploy the Lambda side into your AWS account (STAGE=dev)
	@$(VENV)/python -m measurement.lambda_deployment --stage $(STAGE)

.PHONY: preload
preload: install ## fill the cache of CACHE_URL with every customer of DATABASE_URL
	@$(VENV)/python -m ec2_app.preload

.PHONY: format
format: install-dev ## let ruff rewrite what it can
	@$(VENV)/ruff format .
	@$(VENV)/ruff check --fix .

.PHONY: lock
lock: ## renew the locked versions and hashes (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --upgrade --custom-compile-command "make lock" requirements/tool.in -o requirements/tool.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --upgrade --custom-compile-command "make lock" -c requirements/tool.txt requirements/dev.in -o requirements/dev.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --upgrade --custom-compile-command "make lock" requirements/lambda-runtime.in -o requirements/lambda-runtime.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --upgrade --custom-compile-command "make lock" requirements/templates.in -o requirements/templates.txt

.PHONY: vega
vega: ## make the HTML page's chart library again (needs uv)
	uv run --no-project --with vl-convert-python==1.9.0.post1 python requirements/make_vega.py

.PHONY: clean
clean: ## remove what make and compare.py made, except results/
	rm -rf .venv .venv-lambda .venv-templates build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis chalice_app/.chalice/deployments
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
