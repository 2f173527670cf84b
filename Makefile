# Needs Python 3.11 or newer and make; everything else comes from requirements*.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# The services that `make test-services` talks to; both names are this project's own. Each of its processes makes a
# database of its own from the first one, and takes the number of Redis or one of the next.
TEST_DATABASE_URL ?= postgres://postgres@127.0.0.1:5432/llmselect
TEST_REDIS_URL ?= redis://127.0.0.1:6379/5
FIGURES := --into docs/performance.md --into docs/PHASE5_IMPLEMENTATION_SUMMARY.md

# What breaks servers on purpose, follows the documents in three shells, or runs benchmarks: minutes of waiting for
# processes, timeouts and streams.
ATTACKS := tests/faults tests/security/test_hostile_bodies.py tests/llmselect_project/documents/test_blocks_run.py \
    tests/conversations/benchmarks

# What asks neither the database nor Redis anything that `make test` has not asked SQLite.
WITHOUT_SERVICES := tests/llmselect_project/documents/test_blocks_run.py \
    tests/llmselect_project/documents/test_documents.py tests/llmselect_project/documents/test_install.py \
    tests/llmselect_project/test_imports.py \
    tests/llmselect_project/test_layout.py tests/models_registry/calls/test_costs.py \
    tests/models_registry/calls/test_usage.py tests/models_registry/providers

.PHONY: run test test-attacks test-services check format figures audit vendor

# $(call install,file): pip says itself what went wrong, and not what to do about it.
define install
@$(BIN)/pip install --quiet --disable-pip-version-check -r $(1) || { \
    echo "The packages of $(1) could not be installed. This needs a connection to pypi.org," \
        "or to the mirror that PIP_INDEX_URL names; then run make again." >&2; exit 1; }
endef

$(VENV)/.run: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("LLMSelect needs Python 3.11 or newer." if sys.version_info < (3, 11) else 0)'
	@echo "Making a virtual environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@echo "Installing what the server needs, which takes up to a minute …"
	@sed '/^# For developers/,$$d' requirements.txt > $(VENV)/requirements-run.txt
	$(call install,$(VENV)/requirements-run.txt)
	@touch $@

$(VENV)/.test: requirements.txt requirements-test.txt $(VENV)/.run
	@echo "Installing what the tests need, which takes up to a minute …"
	$(call install,requirements-test.txt)
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.test
	@echo "Installing linters and type checkers …"
	$(call install,requirements-dev.txt)
	@touch $@

run: $(VENV)/.run
	@echo "Setting up …"
	@$(BIN)/python manage.py setup
	@echo "Starting the server; Ctrl-C stops it …"
	@exec $(BIN)/python manage.py serve

test: $(VENV)/.test
	env -u DATABASE_URL -u REDIS_URL $(BIN)/python -m pytest -n 4 $(ATTACKS:%=--ignore=%)

test-attacks: $(VENV)/.test
	env -u DATABASE_URL -u REDIS_URL $(BIN)/python -m pytest -n 4 $(ATTACKS)

test-services: $(VENV)/.test
	DATABASE_URL=$(TEST_DATABASE_URL) REDIS_URL=$(TEST_REDIS_URL) $(BIN)/python -m pytest -n 3 $(WITHOUT_SERVICES:%=--ignore=%)

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	DJANGO_ENV=testing $(BIN)/mypy .
	DJANGO_ENV=testing $(BIN)/python manage.py check --fail-level WARNING
	DJANGO_ENV=testing $(BIN)/python manage.py makemigrations --check --dry-run
	DJANGO_ENV=testing $(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null
	env -u DATABASE_URL -u REDIS_URL DJANGO_ENV=testing $(BIN)/python manage.py check_query_plans --scratch --verbosity 0

# A missed goal does not keep the others from being measured.
figures: $(VENV)/.test
	-$(BIN)/python manage.py benchmark predecessor http $(FIGURES)
	-$(BIN)/python manage.py benchmark predecessor http $(FIGURES) --database-url $(TEST_DATABASE_URL) --redis-url $(TEST_REDIS_URL)

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Asks pypi.org about everything installed. Whatever cannot be looked up fails it, so it is no part of `check`.
audit: $(VENV)/.dev
	@$(BIN)/pip-audit --local --strict || \
	    { echo "An advisory is named above, or pypi.org could not tell: then NOTHING was found out." >&2; exit 1; }

# Writes the libraries of the page again, as vendor.json pins them. They are committed; only a new version needs this.
vendor: $(VENV)/.run
	$(BIN)/python -m llmselect_project.people.vendoring
