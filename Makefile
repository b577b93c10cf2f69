# Commands of the portal, for Debian and Ubuntu with Python 3.11 or newer. What they need they install, the first
# time and after requirements or pyproject.toml changed. On other systems: see "without make" in README.md.

BIN := .venv/bin
INSTALLED := .venv/installed
INSTALLED_DEV := .venv/installed-dev
TYPED := services portal pages callbacks app.py

# Settings of `make run`: passed on only when they were given, so that config.ini is asked otherwise.
ifneq ($(HOST),)
run: export PORTAL__PORTAL__HOST := $(HOST)
endif
ifneq ($(PORT),)
run: export PORTAL__PORTAL__PORT := $(PORT)
endif
ifneq ($(CONFIG),)
run: export PORTAL_CONFIG := $(CONFIG)
endif

.PHONY: help run test check bench soak-telephony

help: ## Show these commands
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 25
	@echo "  make run HOST=127.0.0.1 PORT=8050 CONFIG=config.ini: each may be given or left out"

run: $(INSTALLED) ## Start the portal and its collector, without a config.ini also the sandbox
	@exec $(BIN)/portal run

test: $(INSTALLED_DEV) ## Run all tests; installs MariaDB, PostgreSQL and Chromium when they are missing
	@tools/install-test-servers.sh
	@$(BIN)/pytest --numprocesses 2 --dist loadfile tests/unit
	@$(BIN)/pytest tests/integration tests/e2e

check: $(INSTALLED_DEV) ## Check format, lint, types and import rules
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy $(TYPED)
	@$(BIN)/lint-imports

bench: $(INSTALLED_DEV) ## Measure against the promised ratios on a private MariaDB with 10 million calls
	@tools/install-test-servers.sh
	@$(BIN)/python -m tests.bench

soak-telephony: $(INSTALLED_DEV) ## Report 10,000 calls while Oracle, web and collectors die (some 10 minutes)
	@$(BIN)/python -m tests.soak.telephony

$(INSTALLED): requirements.txt pyproject.toml tools/bootstrap.sh tools/apt.sh
	@tools/bootstrap.sh
	@touch $@

$(INSTALLED_DEV): requirements-dev.txt $(INSTALLED)
	@echo "Installing Python packages for tests and checks"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
