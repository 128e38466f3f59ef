# SPDX-License-Identifier: AGPL-3.0-or-later
#
# The commands people type; the work is done by CMake (CMakePresets.json) and tools/.
#
#	make                       build the program: build/release/intelmq
#	make deps                  install the packages that are missing (packaging/deps.txt)
#	make demo                  see it work
#	make check [BOT=name]      all checks, or the golden tests of the bots whose path has `name`
#	make test                  unit tests only
#	make lint [LINT=name]      style checks, or one of them
#	make format                clang-format on all sources
#	make asan                  build and unit tests with sanitizers, gcc and clang
#	make debug | coverage      further builds
#	make fuzz FUZZ=name [SECONDS=60]
#	make bench [BENCH=name]
#	make gate [SEEDS=100000] [SEED=0]   the broker against its model, a long run
#	make crash [KILLS=200] [SEED=1]     kill -9 under load; everything exactly once
#	make conformance [DIR=../shared/conformance] [BOT=name] [REPORT=file]
#	make docs                  write the pages that are generated
#	make new BOT=parsers/foo/parser
#	make install [PREFIX=/usr/local] [DESTDIR=]
#	make clean

PRESET  ?= release
SECONDS := 60
DIR     ?= ../shared/conformance
PREFIX  ?= /usr/local

all: build

# tools/build PRESET [TARGET…]: one build at a time per preset.
build: ; @tools/build $(PRESET)
release debug fuzz-build: ; @tools/build $(@:-build=)

deps: ; @tools/deps
demo: ; @./demo
check: ; @tools/check.py $(if $(BOT),--bot $(BOT))
test: ; @tools/check.py --only unit
lint: ; @tools/lint.py $(if $(filter-out default,$(origin LINT)),$(LINT))
format: ; @tools/format
asan: ; @tools/check.py --only build,unit,unit-clang
coverage: ; @tools/coverage
fuzz: ; @tools/fuzz $(or $(FUZZ),$(error which one? make fuzz FUZZ=name, of fuzz/name_fuzz.c)) $(SECONDS)
bench: ; @tools/bench $(BENCH)
gate: ; @QUIET=1 tools/build gate tests_botnet_model_test
	@build/gate/tests/tests_botnet_model_test $(or $(SEED),0) $(or $(SEEDS),100000)
	@build/gate/tests/tests_botnet_model_test --mutants
crash: ; @QUIET=1 tools/build release && BUILD=$(CURDIR)/build/release tests/crash/run $(or $(KILLS),200) $(or $(SEED),1)
conformance: ; @tools/build $(PRESET) intelmq
	@build/$(PRESET)/intelmq conformance $(DIR) $(if $(BOT),--bot $(BOT)) $(if $(REPORT),--report $(REPORT))
docs: ; @tools/docs
new: ; @tools/new-bot $(or $(BOT),$(error which one? make new BOT=parsers/foo/parser))
install: ; @CONFIGURE=-DCMAKE_INSTALL_PREFIX=$(PREFIX) tools/build release
	@cmake --install build/release --prefix $(PREFIX)
clean: ; @rm -rf build

.PHONY: all build release debug fuzz-build deps demo check test lint format asan coverage fuzz bench crash gate \
	conformance docs new install clean
