# Two commands on a fresh machine: `make train` and `make test`. Both set up .venv first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NATIVE := $(wildcard native/*.cpp native/*.hpp) native/CMakeLists.txt
PIP := $(BIN)/python -m pip --disable-pip-version-check
export PIP_CONSTRAINT := constraints.txt
# Most of what PyTorch, SymPy or Matplotlib bring is never imported; what is, is compiled then.
export PIP_COMPILE := 0
# Where it is set, each of the many processes that tests start would compile all of glassnet anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: train test test-slow lint install install-dev oracle bench bits sanitize sanitized clean

train: $(VENV)/installed
	$(BIN)/glassnet train

# On all processors; those that must not share the machine follow by themselves. What is slow by nature
# (other libraries as oracles, builds of the package, a browser) is here in part; test-slow runs the rest.
TEST := $(BIN)/python -m pytest
ALONE := tests/cli/test_interruptions.py tests/engine/test_processes.py
SPREAD := --numprocesses auto --dist worksteal
test: $(VENV)/tests-installed
	$(TEST) -m "not slow and not alone" $(SPREAD)
	$(TEST) -m "not slow and alone" $(ALONE)

test-slow: $(VENV)/tests-installed
	$(TEST) -m slow $(SPREAD)

# Style, types and the direction of imports; in C++, lines no longer than in Python.
lint: $(VENV)/dev-installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	! LC_ALL=C.UTF-8 grep -rnE '.{111}' native --include='*.[ch]pp'
	$(BIN)/mypy -p glassnet
	$(BIN)/lint-imports

# PyTorch and scikit-learn, which some tests ask for a second opinion (large).
oracle: $(VENV)/tests-installed
	$(PIP) install --quiet 'glassnet[oracle,digits]'

# glassnet beside its peers, in one run; writes the table of README.md. Takes a while, on a quiet machine.
bench: $(VENV)/bench-installed
	$(BIN)/python benchmarks/bench.py
	$(BIN)/python benchmarks/bench.py --readme

# The engine without Python: the same bits with every instruction set and number of threads, and the same
# as on every other machine. And no function of an instruction set that a linker could take for another's.
bits:
	cmake -S native -B build/bits -DGLASSNET_CHECK=ON -DGLASSNET_STRICT=ON
	cmake --build build/bits --parallel
	build/bits/bits | diff native/checks/bits.txt -
	! find build/bits -name 'kernels*.o' | xargs nm -C | grep ' [VW] ' | grep -Ev 'glassnet::(x86_64_v[34]|neon)::'

# The tests of the engine with a module that watches addresses and undefined behavior: of tables, the quick cases.
SANITIZED := build/sanitized
WATCHED = LD_PRELOAD="$$($(CXX) -print-file-name=libasan.so) $$($(CXX) -print-file-name=libubsan.so)" \
  ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
  $(SANITIZED)/bin/python -m pytest -p no:cacheprovider
sanitized: $(SANITIZED)/compiled
sanitize: sanitized
	$(WATCHED) -m "not slow and not alone" $(SPREAD) tests/engine tests/parity
	$(WATCHED) -m alone tests/engine

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

install: $(VENV)/installed
install-dev: $(VENV)/dev-installed

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "glassnet needs Python 3.11 or newer: make PYTHON=python3.12 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/installed: $(VENV)/bin/python pyproject.toml constraints.txt $(NATIVE)
	@echo "installing what glassnet needs into $(VENV)"
	@$(PIP) install --quiet --editable .
	@touch $@

# What else `glassnet[…]` asks for, beside the glassnet that is there: installing `.[…]` would compile it again.
$(VENV)/tests-installed: $(VENV)/installed
	@echo "installing what its tests need"
	@$(PIP) install --quiet 'glassnet[test]'
	@touch $@

$(VENV)/bench-installed: $(VENV)/installed
	@echo "installing glassnet's peers (large)"
	@$(PIP) install --quiet 'glassnet[bench]'
	@touch $@

# An environment to which .venv lends all its packages but glassnet (which only a .pth file there leads to).
$(SANITIZED)/installed: $(VENV)/tests-installed
	$(BIN)/python -m venv --clear --without-pip $(SANITIZED)
	cd $(SANITIZED)/lib/python*/site-packages && \
	  "$(CURDIR)/$(BIN)/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > lent.pth
	@touch $@

$(SANITIZED)/compiled: $(SANITIZED)/installed $(NATIVE) $(shell find src -name '*.py')
	$(PIP) --python $(SANITIZED)/bin/python install --quiet --no-deps --no-build-isolation --force-reinstall . \
	  --config-settings=cmake.define.GLASSNET_SANITIZE=ON --config-settings=cmake.define.GLASSNET_STRICT=ON \
	  --config-settings=install.strip=false \
	  --config-settings=build-dir=$(SANITIZED)/build
	@touch $@

$(VENV)/dev-installed: $(VENV)/tests-installed
	@$(PIP) install --quiet 'glassnet[dev]'
	@touch $@
