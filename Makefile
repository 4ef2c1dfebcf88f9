# Everything a newcomer needs: `make run`, then `make test`. `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/sh

PYTHON ?= python3
SNAPSHOT ?= overnight
ENTRIES ?= 1000000
TABLES ?= 1000
WORKERS ?= 2
# Of Prefect's server; not the environment's PORT, which is meant for other programs.
PORT := 4200
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Prefect's own files stay in the project, and nothing is reported to anyone.
export PREFECT_HOME ?= $(CURDIR)/.counterfoil/prefect
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false

# dbt by itself, on the demo: PGHOSTADDR or PGSERVICE would have it connect elsewhere.
WITHOUT_PG := env $(patsubst %,-u %,$(filter PG%,$(.VARIABLES)))

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (about a minute, once)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check \
		--require-hashes --no-deps --no-compile --requirement requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check \
		--no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true
	@touch $@

profiles.yml: | profiles.example.yml
	@cp profiles.example.yml $@

.PHONY: install
install: $(STAMP) profiles.yml ## Make .venv from the lock, and profiles.yml from its example

.PHONY: run
run: install ## Audit the demo database (SNAPSHOT=overnight or afternoon)
	@$(BIN)/counterfoil demo start --snapshot $(SNAPSHOT)
	@$(BIN)/counterfoil run --target demo --fail-on never --flow

# Whole files to a worker. With COVERAGE=80 fast tests that cover less of the code than 80 % fail.
PYTEST = -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder \
	$(if $(POSTGRES),--postgres $(POSTGRES)) $(if $(OLDEST),--oldest)

.PHONY: test
test: test-fast ## Every test (POSTGRES=/usr/lib/postgresql/15/bin: on that version)
	@$(BIN)/python $(PYTEST) --slow

.PHONY: test-fast
test-fast: install ## Half of the tests, in five minutes: no dbt, Prefect or browser (COVERAGE=80)
	@rm -rf target/coverage && mkdir -p target/coverage
	@$(BIN)/python $(if $(COVERAGE),-m coverage run) $(PYTEST) --fast
	@$(if $(COVERAGE),$(BIN)/coverage combine --quiet && \
		$(BIN)/coverage report --format=total --fail-under=$(COVERAGE))

.PHONY: test-long
test-long: install ## Random histories, long traffic, 30 kills, a fleet of 50 (docs/reliability.md)
	@$(BIN)/python -m pytest --long -s \
		tests/python/test_ledger_oracle.py tests/python/test_golden_ledgers.py \
		tests/python/test_traffic.py \
		tests/python/test_disasters.py tests/python/test_fleet.py \
		tests/python/test_healthy.py

.PHONY: lint
lint: install ## Every linter, and dbt's own parser with deprecations as errors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo --no-cache
	@$(BIN)/yamllint --strict .
	@$(BIN)/counterfoil demo start > /dev/null  # sqlfluff's dbt templater connects
	@$(WITHOUT_PG) $(BIN)/python tests/lint_models.py
	@$(BIN)/sqlfluff lint --disable-progress-bar --templater raw demo/*/schema.sql
	@$(WITHOUT_PG) $(BIN)/dbt --quiet --no-partial-parse --warn-error-options '{"error": ["Deprecations"]}' \
		parse --target-path target/lint

.PHONY: stop
stop: install ## Stop the demo database
	@$(BIN)/counterfoil demo stop

.PHONY: server
server: install ## Run a Prefect server on this machine, until interrupted (PORT=4200)
	@mkdir -p "$$PREFECT_HOME"  # the server does not make it, and keeps its database there
	@$(BIN)/prefect server start --host 127.0.0.1 --port $(PORT)

# What these talk to: the server of `make server` with the same PORT, unless you say which.
worker deploy bench-deployment: export PREFECT_API_URL ?= http://127.0.0.1:$(PORT)/api

.PHONY: deploy
deploy: install ## Make the work pool and the deployments of prefect.yaml, or renew them
	@$(BIN)/python -m counterfoil.flows.deploy  # waits for the server
	@$(BIN)/prefect work-pool create counterfoil --type process --overwrite
	@$(BIN)/prefect --no-prompt deploy --all

# How often it looks for runs; Prefect's 10 seconds are for servers with many workers.
worker: export PREFECT_WORKER_QUERY_SECONDS ?= 2

.PHONY: worker
worker: install ## Run a worker of the pool, until interrupted
	@$(BIN)/prefect worker start --pool counterfoil

.PHONY: wheel
wheel: install ## Build the file that pip, pipx and uv install, into dist/
	@rm -rf build dist  # an old build would be part of it
	@$(BIN)/python -m pip wheel -qq --disable-pip-version-check --no-deps --no-build-isolation \
		--wheel-dir dist .
	@ls dist/*

.PHONY: lock
lock: install ## Renew requirements.lock from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
		--no-emit-index-url --no-annotate --no-strip-extras --custom-compile-command "make lock" \
		--extra server --group dev pyproject.toml --output-file requirements.lock

.PHONY: bench
bench: install ## Time the assert phase against the same by hand (ENTRIES="1000000"; or AGAINST=COMMIT)
	@$(BIN)/python benchmarks/$(if $(AGAINST),against.py --commit $(AGAINST),assert_phase.py) \
		--entries $(ENTRIES)

.PHONY: bench-history
bench-history: install ## Time the history's views after 1,000 audits
	@$(BIN)/python benchmarks/history.py

.PHONY: bench-followed
bench-followed: install ## Measure what following 100,000 findings of a check costs
	@$(BIN)/python benchmarks/followed.py

.PHONY: bench-run
bench-run: install ## Measure a warm audit of the demo: time, own code, memory
	@$(BIN)/python benchmarks/warm_run.py

.PHONY: bench-deployment
bench-deployment: install ## Time `prefect deployment run` through `make server` and `make worker`
	@$(BIN)/python benchmarks/deployment.py

.PHONY: bench-publish
bench-publish: install ## Measure publishing: 300 failing checks with 10,000 findings
	@$(BIN)/python benchmarks/publish.py

.PHONY: schema
schema: install ## Write docs/audit.schema.json and docs/contract.schema.json from the models
	@$(BIN)/python -m counterfoil.publish.json_schemas > docs/audit.schema.json
	@$(BIN)/python -m counterfoil.publish.json_schemas contract > docs/contract.schema.json

.PHONY: bench-first-run
bench-first-run: install ## Time a first run on a database of TABLES=1000 tables
	@$(BIN)/python benchmarks/first_run.py --tables $(TABLES)

.PHONY: bench-schema
bench-schema: install ## Time the schema audit of a large database (TABLES=1000)
	@$(BIN)/python benchmarks/schema_audit.py --tables $(TABLES)

.PHONY: derived
derived: install ## Write into dbt_project.yml what follows from its contract
	@$(BIN)/counterfoil demo start > /dev/null  # the ledgers are compiled against it
	@$(BIN)/python -m counterfoil.pipeline.write_derived dbt_project.yml

.PHONY: catalogue
catalogue: install ## Write docs/checks.md from the suites
	@$(BIN)/python -m counterfoil.publish.catalogue > docs/checks.md

.PHONY: docs
docs: install ## Write dbt's documentation site of the views to target/docs/static_index.html
	@$(BIN)/counterfoil demo start > /dev/null  # dbt reads the catalog
	@$(WITHOUT_PG) $(BIN)/dbt --quiet docs generate --static --target-path target/docs

.PHONY: clean
clean: ## Remove what can be made again, but not the demo's data or the reports
	@rm -rf $(VENV) target logs
