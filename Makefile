# Everything a developer does has a target here; `make` alone lists them.
# A fresh clone needs make and Python 3.11 or newer: each target installs what it needs first.

VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
CORPORA ?= $(COMMENT_DESK_CORPORA)
T ?= tests
SIZES ?= 10000,100000,1000000
ISSO := .isso

PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11
SYSTEM_PACKAGES := chromium fonts-liberation fonts-noto-core docker-compose

PIP := $(BIN)/python -m pip -qq --disable-pip-version-check
INSTALLED := $(VENV)/.installed
INSTALLED_TESTS := $(VENV)/.installed-tests

# uv does it in a fifth of the time; where it is not to be had, or does not know the machine's
# own package index, pip installs the very same files.
install_locked = { test -x $(BIN)/uv && \
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1); } || \
	$(PIP) install --require-hashes -r $(1)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install run messages test test-fast browser desk embed coverage faults topologies replicas retraining soak hostile bench \
	check fix lock upgrade screenshots system-packages clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-16s %s\n", $$1, $$2}' Makefile

install: $(INSTALLED) ## Install the service into .venv from the locked packages

run: $(INSTALLED) ## Run the service with a demo site, data in .desk; e.g. make run ARGS="--port 8080"
	@exec $(BIN)/comment-desk serve --demo --data-dir .desk $(ARGS)

test: $(INSTALLED_TESTS) system-packages ## Run the tests; one file: make test T=tests/test_x.py ARGS=-x
	$(BIN)/pytest -n 2 --dist loadgroup -m "not slow" $(ARGS) $(T)

test-fast: $(INSTALLED_TESTS) ## Run the tests that need no browser
	$(BIN)/pytest -n 2 --dist loadgroup -m "not slow and not browser" $(ARGS) $(T)

browser: $(INSTALLED_TESTS) system-packages ## Run the tests that drive a real Chromium
	$(BIN)/pytest -m "browser and not slow" $(ARGS) $(T)

desk: $(INSTALLED_TESTS) system-packages ## Clear queues by keyboard: the pace, cuts of the network, leases that end
	$(BIN)/pytest -v -m slow $(ARGS) $(wildcard tests/browser/test_desk*.py) tests/browser/test_a_day.py

embed: $(INSTALLED_TESTS) system-packages ## Time the script on a page: a hundred comments, a thousand, what it fetches
	$(BIN)/pytest -v -s -m slow $(ARGS) tests/browser/test_embed_pace.py

screenshots: $(INSTALLED_TESTS) system-packages ## Take the manual's screenshots anew, into docs/images
	$(BIN)/pytest -q tests/browser/screenshots.py

coverage: $(INSTALLED_TESTS) system-packages ## Run the tests and show which branches they miss
	$(BIN)/pytest -m "not slow" --cov=service --cov-branch --cov-report=term-missing $(ARGS) $(T)

faults: $(INSTALLED_TESTS) ## Kill, fill up and lock what the service stands on, under load; twenty minutes
	FAULT_ROUNDS=50 $(BIN)/pytest -v -m slow $(ARGS) tests/faults

hostile: $(INSTALLED_TESTS) system-packages ## Whole corpora of hostile input on every path, in a table; CORPORA=folder
	$(if $(CORPORA),COMMENT_DESK_CORPORA="$(CORPORA)") $(BIN)/pytest -q -n 2 --dist worksteal $(ARGS) \
		tests/hostile tests/browser/test_hostile.py $(HELD_BY)

# The tests that hold S1 to S20, as the page of promises names them.
HELD_BY = $(sort $(filter-out tests/hostile/% tests/browser/test_hostile.py%, $(filter tests/%, \
	$(shell sed -n 's/^| S\([1-9]\|1[0-9]\|20\) .*|\(.*\)|$$/\2/p' docs/promises.md | tr -d '`'))))

replicas: $(INSTALLED_TESTS) ## Hold limits, claims, keys and pages over several real processes
	$(BIN)/pytest -v -m slow $(ARGS) tests/replicas

topologies: $(INSTALLED_TESTS) ## Kill, hang and move the nodes of a Redis Cluster and of Sentinels, under load; eight minutes
	$(BIN)/pytest -v -m slow $(ARGS) tests/faults/test_topologies.py

retraining: $(INSTALLED_TESTS) ## Retrain on 100,000 decisions and hold the memory it takes; some minutes
	$(BIN)/pytest -v -m slow $(ARGS) tests/test_retrain.py tests/commands/test_models.py

soak: $(INSTALLED_TESTS) ## Kill the service 500 times under load, and 100 times with two workers; an hour
	FAULT_ROUNDS=500 $(BIN)/pytest -v -m slow -k many_kills $(ARGS) tests/faults

bench: $(INSTALLED_TESTS) $(ISSO)/.installed ## Measure the service beside Isso and bare Starlette, and as it grows
	$(BIN)/python -m benchmarks.compare --isso $(ISSO) $(ARGS)
	$(BIN)/python -m benchmarks.overload
	$(BIN)/python -m benchmarks.growth --sizes "$(SIZES)"
	$(BIN)/python -m benchmarks.retraining
	@if test -n "$(CORPORA)"; then $(BIN)/python -m benchmarks.replay --corpora "$(CORPORA)"; fi
	@if test -n "$(CORPORA)"; then $(BIN)/python -m benchmarks.classifier --corpora "$(CORPORA)"; fi
	$(BIN)/python -m benchmarks.kinds --corpora "$(CORPORA)"
	$(BIN)/python -m benchmarks.learning

$(ISSO)/.installed: | $(INSTALLED)
	$(BIN)/python -m venv $(ISSO)
	-$(ISSO)/bin/python -m pip -qq --disable-pip-version-check install isso uwsgi
	@touch $@

check: $(INSTALLED_TESTS) ## Lint, format, types, import contracts, syntax of the scripts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	@if command -v node >/dev/null; then \
		for script in $(wildcard service/web/static/*.js service/web/static/*/*.js); do node --check $$script || exit 1; done; \
	fi

fix: $(INSTALLED_TESTS) ## Format the code and mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: $(INSTALLED_TESTS) ## Collect what pages say into messages.pot and each language's messages.po
	$(BIN)/pybabel --quiet extract -F pyproject.toml -k later $(PO) --omit-header -o $(LOCALE)/messages.pot .
	for language in $(notdir $(patsubst %/messages.po,%,$(wildcard $(LOCALE)/*/messages.po))); do \
		$(BIN)/pybabel --quiet update -N --ignore-obsolete --ignore-pot-creation-date --no-wrap \
			-l $$language -i $(LOCALE)/messages.pot -o $(LOCALE)/$$language/messages.po || exit 1; \
		sed -i '/^"\(Proj\|Report\|POT\|PO-\|Last\|Language-T\|MIME\|Gen\)/d' $(LOCALE)/$$language/messages.po; \
	done

LOCALE = service/locale
PO = --no-wrap --sort-output --add-location=file

lock: $(INSTALLED_TESTS) ## Write the lock files after a change in pyproject.toml, keeping pins that fit
	$(call compile,pyproject.toml,requirements.lock)
	$(call compile,--extra test -c requirements.lock pyproject.toml,requirements-test.lock)
	@printf 'hatchling>=1.27\neditables\nuv>=0.9\n' > $(VENV)/build.in
	$(call compile,-c requirements-test.lock $(VENV)/build.in,requirements-build.lock)

upgrade: ## Move every locked package to the newest release that fits
	@$(MAKE) --no-print-directory lock LOCK_ARGS=--upgrade

compile = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate $(LOCK_ARGS) $(1) -o $(2) >/dev/null

system-packages: ## Install the Debian packages the tests use: a browser, fonts, docker-compose
	@command -v dpkg-query >/dev/null || exit 0; \
	missing=; \
	for package in $(SYSTEM_PACKAGES); do \
		dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || \
			missing="$$missing $$package"; \
	done; \
	test -n "$$missing" || exit 0; \
	if test "$$(id -u)" -ne 0; then \
		echo "Tests that need them are skipped until you run: sudo apt-get install$$missing"; \
		exit 0; \
	fi; \
	echo "Installing$$missing"; \
	export DEBIAN_FRONTEND=noninteractive; \
	apt-get update -qq && apt-get install -y -qq --no-install-recommends $$missing >/dev/null || \
		echo "Could not install$$missing; tests that need them say so."

clean: ## Remove .venv, caches and build output; .desk with its data stays
	rm -rf $(VENV) $(ISSO) build dist .coverage .pytest_cache .mypy_cache .ruff_cache \
		.import_linter_cache .hypothesis *.egg-info
	find service tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@python=; \
	for candidate in $(PYTHON); do \
		if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			python=$$candidate; break; \
		fi; \
	done; \
	if test -z "$$python"; then \
		echo "Comment Desk needs Python 3.11 or newer; say where it is with make PYTHON=/path/to/python3." >&2; \
		exit 1; \
	fi; \
	if ! $$python -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "This Python cannot make virtual environments; install python3-venv (apt-get install python3-venv)." >&2; \
		exit 1; \
	fi; \
	$$python -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.installer: requirements-build.lock | $(BIN)/python
	@$(PIP) install --require-hashes \
		-r requirements-build.lock || echo "uv is not to be had here; pip installs instead."
	@touch $@

$(INSTALLED): requirements.lock pyproject.toml $(VENV)/.installer
	@$(call install_locked,requirements.lock)
	@$(BIN)/python -c 'import hatchling' 2>/dev/null && isolation=--no-build-isolation; \
	$(PIP) install --no-deps $$isolation -e .
	@touch $@

$(INSTALLED_TESTS): requirements-test.lock $(INSTALLED)
	@$(call install_locked,requirements-test.lock)
	@touch $@
