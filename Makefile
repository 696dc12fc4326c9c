# procmine: `make demo` shows it, `make test` checks it. Both need python3 (3.11 or newer) and make, nothing else.
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
BIN := .venv/bin
# Errors only: the warnings are about this machine's own package folders. Nothing is installed whose hash is not in our files.
PIP := -m pip --disable-pip-version-check install -qq --no-compile --require-hashes
RUN := $(BIN)/python -m tests.tools.run
PYTEST := $(BIN)/python -m pytest -q -p tests.tools.progress -o console_output_style=classic
# Where pip compiles nothing and Python keeps nothing, each start of a process compiles Django: 5 s instead of 1.
unexport PYTHONDONTWRITEBYTECODE
SIDE_BY_SIDE ?= -n 3 --dist worksteal
# What runs once more on PostgreSQL: everything that speaks to the database (tests/conftest.py leaves out what does not).
DATABASE_TESTS ?= tests/accounts tests/api tests/models_mining tests/rules tests/sheets tests/streams tests/procmine/test_backup.py \
  $(addprefix tests/access/test_,admin.py grants.py sign_in.py)

.PHONY: help demo serve check test test-sqlite test-postgresql programs rehearse lock audit release bundle long soak socket fuzz peers clean

help:
	@echo "make demo    install, start everything with a simulated factory, tell the address   (PORT=8000 HOST=127.0.0.1)"
	@echo "make serve   the same without the factory: for your own brokers and logs"
	@echo "make check   style, types, layers, migrations"
	@echo "make test    install what tests need, check, run all tests"
	@echo "make soak    kill every part hundreds of times under load, then check that nothing is lost or twice"
	@echo "make fuzz    10,000 requests drawn from the OpenAPI document: none fails, every answer is as described"
	@echo "make programs  install the Debian packages that tests and benchmarks start"
	@echo "make rehearse  install and test procmine in a bare Debian, as on a clean machine"
	@echo "make lock    renew the locked requirements after a change of requirements.txt or requirements-dev.txt"
	@echo "make audit   report known vulnerabilities of the locked packages"
	@echo "make release build sdist, wheel, bill of materials and checksums into dist/"
	@echo "make bundle  pack procmine and all it needs into one archive that installs without a package index"
	@echo "make long    run the tests that take minutes each"
	@echo "make clean   remove the environment and caches; state in var/ stays"

demo: .venv/runtime
	@$(BIN)/python manage.py serve --demo --host $(HOST) --port $(PORT)

serve: .venv/runtime
	@$(BIN)/python manage.py serve --host $(HOST) --port $(PORT)

# --- Environment ----------------------------------------------------------------------
.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "procmine needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make demo PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv is missing. On Debian and Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	@echo "Creating the environment in .venv (some seconds)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python $(PIP) -r requirements/pip.txt
	@touch $@

.venv/runtime: requirements/base.txt | .venv/made
	@echo "Installing what procmine runs on into .venv (80 packages, 600 MB; 20 s once they are downloaded)"
	@$(BIN)/python $(PIP) -r requirements/base.txt
	@$(BIN)/python -c 'import pm4py' >/dev/null 2>&1 &  # compiled beside the start: the first Petri net waits less
	@touch $@

.venv/dev: requirements/dev.txt | .venv/made
	@echo "Installing what procmine and its tests need into .venv"
	@$(BIN)/python $(PIP) -r requirements/dev.txt
	@touch $@ .venv/runtime

.venv-tools/made: requirements/tools.txt
	@echo "Installing the tools of maintainers into .venv-tools"
	@$(PYTHON) -m venv .venv-tools
	@.venv-tools/bin/python $(PIP) -r requirements/pip.txt
	@.venv-tools/bin/python $(PIP) -r requirements/tools.txt
	@touch $@

# Write requirements/*.txt from requirements.txt, requirements-dev.txt and requirements/*.in. What is locked stays where it
# still fits; UPGRADE=1 takes the newest of all that the inputs leave open.
lock: .venv-tools/made
	@.venv-tools/bin/python -m tools.lock $(if $(UPGRADE),--upgrade)

# Known vulnerabilities of the locked packages. Not part of `make test`: what is found depends on the day.
audit: .venv-tools/made
	@.venv-tools/bin/python -m tools.audit

# sdist, wheel, bill of materials and checksums; or one archive that installs without an index (tools/build.py).
DIST ?= dist
release bundle: .venv-tools/made
	@.venv-tools/bin/python -m tools.build $@ $(DIST)

# Install the Debian packages of tests/tools/programs.py: FOR=test, bench or rehearse; all of them without it.
programs:
	@$(PYTHON) -m tests.tools.programs install $(FOR)

# As on a clean machine: see tests/tools/rehearsal.py. Run it after every change of requirements or programs.
rehearse:
	@$(PYTHON) -m tests.tools.programs install rehearse
	@$(PYTHON) -m tests.tools.rehearsal

# --- Checks and tests -----------------------------------------------------------------
# One line where a check passes, all of its output where it fails.
quietly = @found=$$($(2) 2>&1) && echo "$(1): ok" || { status=$$?; echo "$$found"; echo "$(1): failed"; exit $$status; }

check: .venv/dev
	$(call quietly,style,$(BIN)/ruff check)
	$(call quietly,format,$(BIN)/ruff format --check)
	$(call quietly,types,$(RUN) $(BIN)/mypy)
	$(call quietly,imports,$(RUN) $(BIN)/lint-imports --no-logo)
	$(call quietly,migrations,$(RUN) $(BIN)/python manage.py makemigrations --check --dry-run)

test-postgresql: .venv/dev
	@echo "Tests on PostgreSQL"
	@$(RUN) --postgresql $(PYTEST) $(SIDE_BY_SIDE) --ignore=tests/models_mining/core $(DATABASE_TESTS)

test-sqlite: .venv/dev
	@echo "Tests on SQLite"
	@$(RUN) $(PYTEST) $(SIDE_BY_SIDE)

# In this order, also under `make -j`; the whole suite last, so that its closing line ends the output. Each of the two
# that run side by side tells at its end what it has to say.
test: .venv/dev
	@$(MAKE) --no-print-directory programs FOR=test
	@$(MAKE) --no-print-directory --jobs=2 --output-sync check test-postgresql
	@$(MAKE) --no-print-directory test-sqlite

# The tests that take minutes each or need a package index.
long: .venv/dev
	@$(RUN) $(PYTEST) -m long

# Half an hour of kills; not part of `make test`, whose tests/faults is the short one.
soak: .venv/dev
	@$(RUN) $(BIN)/python -m tests.faults.soak

# The long one of tests/api/test_fuzz.py; FUZZ_SEED=2 draws others.
fuzz: .venv/dev
	@FUZZ_REQUESTS=10000 $(RUN) $(BIN)/pytest -q tests/api/test_fuzz.py

# The state machine of the live socket, a thousand times instead of twelve: RUNS=… for another number.
RUNS ?= 1000
socket: .venv/dev
	@SOCKET_RUNS=$(RUNS) $(RUN) $(BIN)/pytest -q tests/live/socket/test_machine.py

# What bench/mining.py compares with, in an environment of its own.
peers: .venv-peers/made

.venv-peers/made: bench/peers/requirements.txt
	@$(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/python -m pip install --disable-pip-version-check --quiet -r bench/peers/requirements.txt
	@touch $@

clean:
	rm -rf .venv .venv-tools .venv-peers .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
