# wasirun: GNU make, no configure. `make` leaves build/wasirun; `make help` lists the rest.
B ?= build
comma := ,
ifeq ($(origin CC),default)
CC = gcc
endif
PREFIX ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0
COMMIT := $(shell git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)

CFLAGS ?= -O2 -g
HARDEN ?= -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
HARDEN_LD ?= -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
# make V=1 shows the commands
Q = $(if $(V),,@echo '  MAKE  $(@:$(B)/%=%)';)
WARN = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wno-missing-field-initializers
# A newer compiler's new warning must not stop a user's build; in CI nothing passes unseen.
ifeq ($(CI),true)
WARN += -Werror
endif
ALL_CPPFLAGS = -D_GNU_SOURCE -I. -Iruntime -I$(B) $(CPPFLAGS)
ALL_CFLAGS = -std=gnu11 $(WARN) $(CFLAGS) $(HARDEN) $(EXTRA)
# The runtime is linked statically: its process starts in 0.54 ms instead of 0.76, and it needs a third less memory. Its entry point is
# runtime/apply/seal_early.c's, which a dynamic program has no use for (the dynamic linker comes first).
STATIC ?= -static-pie
ifneq ($(STATIC),)
ENTRY := $(if $(filter x86_64%,$(shell $(CC) -dumpmachine)),-Wl$(comma)-e$(comma)wasirun_entry)
endif
# Test programs stay dynamic: sanitizers need that.
LIBS = -Wl,-Bstatic -lyajl_s -lseccomp -lcap -Wl,-Bdynamic

SRC := $(wildcard oci/*.c runtime/*/*.c)
OBJ := $(SRC:%.c=$(B)/%.o)
PURE_OBJ := $(filter $(B)/oci/% $(B)/runtime/base/% $(B)/runtime/plan/%,$(OBJ))
# A unit test that includes nothing of the floors that touch the kernel is linked without them: that is how the purity of
# oci/ and plan/ is checked.
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
UNIT_PURE_SRC := $(if $(UNIT_SRC),$(shell grep -LE '^\#include "(runtime/)?(sys|apply|store|sandbox|verb)/' $(UNIT_SRC)))
UNIT_FULL_SRC := $(filter-out $(UNIT_PURE_SRC),$(UNIT_SRC))
UNIT := $(UNIT_SRC:%.c=$(B)/%)

all: $(B)/wasirun

$(B)/wasirun: $(OBJ) $(B)/runtime/main.o
	$(Q)$(CC) $(ALL_CFLAGS) $(HARDEN_LD) $(STATIC) $(ENTRY) $(LDFLAGS) -o $@ $^ $(if $(STATIC),-lyajl_s -lseccomp -lcap,$(LIBS))

$(B)/libwasirun.a: $(OBJ)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(B)/libpure.a: $(PURE_OBJ)
	@rm -f $@
	$(Q)ar rcs $@ $^

# Only what prints the version depends on the commit.
$(B)/version.h: FORCE
	@mkdir -p $(@D)
	@printf '#define WASIRUN_VERSION "%s"\n#define WASIRUN_COMMIT "%s"\n' '$(VERSION)' '$(COMMIT)' >$@.new
	@cmp -s $@.new $@ && rm -f $@.new || mv $@.new $@
$(B)/runtime/main.o $(B)/runtime/verb/%.o: ALL_CPPFLAGS += -include $(B)/version.h
$(B)/runtime/main.o $(filter $(B)/runtime/verb/%,$(OBJ)): $(B)/version.h

# The manifests that are compiled in, as a table of C strings.
BUILTIN := $(sort $(wildcard templates/profiles/*.json templates/manifests/*.json))
$(B)/oci/manifest_builtin.inc: $(BUILTIN) oci/builtin.awk
	@mkdir -p $(@D)
	@awk -f oci/builtin.awk $(BUILTIN) >$@.new && mv $@.new $@
$(B)/oci/manifest_builtin.o: $(B)/oci/manifest_builtin.inc

# The files of the database templates, in the same way.
TEMPLATE_FILES := $(sort $(wildcard templates/init.sh templates/activate/*sh templates/scripts/* $(foreach d,postgres mysql mariadb redis,templates/$d/*.json templates/$d/*.sh templates/$d/*.c*nf)))
$(B)/runtime/sandbox/builtin.inc: $(TEMPLATE_FILES) runtime/sandbox/builtin.awk
	@mkdir -p $(@D)
	@awk -f runtime/sandbox/builtin.awk $(TEMPLATE_FILES) >$@.new && mv $@.new $@
$(B)/runtime/sandbox/builtin.o: $(B)/runtime/sandbox/builtin.inc

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(UNIT_PURE_SRC:%.c=$(B)/%): $(B)/%: $(B)/%.o $(B)/tests/unit/test.o $(B)/libpure.a
	$(Q)$(CC) $(ALL_CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ $(LIBS)
$(UNIT_FULL_SRC:%.c=$(B)/%): $(B)/%: $(B)/%.o $(B)/tests/unit/test.o $(B)/libwasirun.a
	$(Q)$(CC) $(ALL_CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ $(LIBS)
unit: $(UNIT)

# ---- tests: see docs/hacking.md
TOOL_SRC := $(wildcard tests/bats/tool/*.c)
TOOL_OBJ := $(TOOL_SRC:%.c=$(B)/%.o)
# It runs in containers that have no libc, and is no part of what the sanitizers look at.
$(TOOL_OBJ): override HARDEN =
$(TOOL_OBJ): override EXTRA =
$(B)/tests/tool: $(TOOL_OBJ)
	$(Q)$(CC) $(CFLAGS) -static -s -o $@ $^

# Runs a command under network grants, without the rest of a sandbox.
$(B)/tests/broker/box: $(B)/tests/broker/box.o $(B)/libwasirun.a
	$(CC) $(ALL_CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ $(LIBS)
check-broker: $(B)/tests/broker/box
	@tests/deps broker
	@$(RUN) broker
bench-broker: $(B)/tests/broker/box
	tests/bench/broker.py $(B)/tests/broker/box
bench-guard: all
	tests/bench/guard.py $(RUNTIME)

# Plans compared with what they were; linked with the pure floors only.
GOLDEN_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard tests/plan/*.c))
$(B)/tests/golden: $(GOLDEN_OBJ) $(B)/libpure.a
	$(Q)$(CC) $(ALL_CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ $(LIBS)

# Manifests: their meaning in words, in normal form, and what changed between two.
MANIFEST_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard tests/manifest/*.c))
$(B)/tests/manifests: $(MANIFEST_OBJ) $(B)/libpure.a
	$(CC) $(ALL_CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ $(LIBS)

RUNTIME ?= $(B)/wasirun
RUN = B=$(B) RUNTIME=$(RUNTIME) CI=$(CI) tests/run
test-programs: $(UNIT) $(B)/tests/golden $(B)/tests/manifests $(B)/tests/tool $(B)/tests/broker/box $(B)/tests/lint/docgen
check: check-deps
	@$(MAKE) --no-print-directory -j$(shell nproc) all test-programs $(FUZZ)
	@$(RUN) unit golden lint fuzz bats escape fault broker engines vm
check-deps:
	@if [ "$$(id -u)" = 0 ]; then tests/deps all; else echo "make check needs root; make check-unit does not" >&2; exit 1; fi
check-unit: all test-programs
	@$(RUN) unit golden lint
check-bats: all $(B)/tests/tool
	@$(RUN) bats escape
check-fault: all $(B)/tests/tool
	@$(RUN) fault
check-engines: all $(B)/tests/tool
	@$(RUN) engines
check-vm: all $(B)/tests/tool
	@$(RUN) vm

# The smoke run: what creates, starts, enters and deletes.
SMOKE = run.bats exec.bats lifecycle.bats cli.bats
SAN = B=$(B)/$@ STATIC= HARDEN="-fno-omit-frame-pointer -fPIE"
asan:
	+ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 $(MAKE) $(SAN) EXTRA="-fsanitize=address" all test-programs
	ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 B=$(B)/asan tests/run unit golden
	ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 FILES="$(SMOKE)" B=$(B)/asan tests/run bats
ubsan:
	+$(MAKE) $(SAN) EXTRA="-fsanitize=undefined -fno-sanitize-recover=undefined" all test-programs
	B=$(B)/ubsan tests/run unit golden
	FILES="$(SMOKE)" B=$(B)/ubsan tests/run bats

ANALYZED := $(SRC) runtime/main.c
analyze:
	@tests/analyze $(B)/analyze "$(ALL_CPPFLAGS)" $(ANALYZED)

FUZZ_SECONDS ?= 60
FUZZ_SRC := $(wildcard tests/fuzz/*.c)
FUZZ := $(FUZZ_SRC:%.c=$(B)/%)
FUZZ_OBJ := $(patsubst $(B)/%,$(B)/fuzzed/%,$(PURE_OBJ))
FUZZ_FLAGS = -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
$(B)/fuzzed/%.o: %.c
	@mkdir -p $(@D)
	$(Q)clang -std=gnu11 $(ALL_CPPFLAGS) -O1 -g $(FUZZ_FLAGS) -MMD -MP -c -o $@ $<
$(B)/tests/fuzz/%: $(B)/fuzzed/tests/fuzz/%.o $(FUZZ_OBJ)
	@mkdir -p $(@D)
	$(Q)clang $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)
fuzz: $(FUZZ)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz-run $(FUZZ)

# Static, as the floor of what a runtime can reach and as payloads that load nothing.
BENCH := $(patsubst %.c,$(B)/%,$(wildcard tests/bench/*.c))
$(B)/tests/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) -std=gnu11 $(WARN) $(CFLAGS) -static -s -o $@ $<
# ROUNDS=n; BENCH_ARGS="--json --only wasirun,crun"
bench: all $(BENCH)
	@RUNTIME=$(RUNTIME) TOOLS=$(B)/tests/bench tests/bench/bench.py $(BENCH_ARGS)
# Databases: to the first answered query, beside the bare server, pg_virtualenv and docker run.
bench-sandbox: all
	@tests/deps databases
	@RUNTIME=$(RUNTIME) tests/bench/with-docker tests/bench/sandbox.py $(BENCH_ARGS)
# The figures of the READMEs, measured here. On a quiet machine.
bench-readme: all $(BENCH)
	RUNTIME=$(RUNTIME) TOOLS=$(B)/tests/bench tests/bench/bench.py --json >$(B)/bench.json
	tests/bench/readme.py <$(B)/bench.json
bench-sandbox-readme: all
	@tests/deps databases
	RUNTIME=$(RUNTIME) tests/bench/with-docker tests/bench/sandbox.py --json >$(B)/bench-sandbox.json
	tests/bench/readme.py sandbox <$(B)/bench-sandbox.json

# ---- documents that the tables write
$(B)/tests/lint/docgen: $(B)/tests/lint/docgen.o $(B)/libwasirun.a
	$(Q)$(CC) $(ALL_CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ $(LIBS)
docs: $(B)/tests/lint/docgen $(B)/wasirun
	$(B)/wasirun introspect bash >docs/completion.bash
	$(B)/wasirun introspect man sandbox >$(B)/sandbox.mdoc
	sed -i -e '/^\.\\" BEGIN generated/,/^\.\\" END generated/{//!d}' -e '/^\.\\" BEGIN generated/r $(B)/sandbox.mdoc' docs/wasirun-sandbox.1
	$< protocol >docs/protocol.md
	$< config >docs/config.md
	$< manifest >docs/manifest-keys.md
	$< schema >docs/manifest.schema.json
	$< dictionary >tests/fuzz/config.dict

# ---- what users do
install: all
	install -D -m 0755 -s $(B)/wasirun $(DESTDIR)$(PREFIX)/bin/wasirun
	install -D -m 0644 docs/wasirun.8 $(DESTDIR)$(PREFIX)/share/man/man8/wasirun.8
	install -D -m 0644 docs/wasirun-manifest.5 $(DESTDIR)$(PREFIX)/share/man/man5/wasirun-manifest.5
	install -D -m 0644 docs/wasirun-sandbox.1 $(DESTDIR)$(PREFIX)/share/man/man1/wasirun-sandbox.1
	$(B)/wasirun introspect bash >$(B)/completion.bash
	install -D -m 0644 $(B)/completion.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/wasirun
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/wasirun $(DESTDIR)$(PREFIX)/share/man/man8/wasirun.8 $(DESTDIR)$(PREFIX)/share/man/man5/wasirun-manifest.5
	rm -f $(DESTDIR)$(PREFIX)/share/man/man1/wasirun-sandbox.1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions/wasirun

deps:
	@tests/deps all
demo:
	@B=$(B) templates/demo/demo.sh

clean:
	rm -rf $(B)

help:
	@echo "make               $(B)/wasirun"
	@echo "make demo          builds a bundle from what this machine has, shows its plan, runs it, enters it (as root)"
	@echo "make install       to DESTDIR$(PREFIX); uninstall takes it away"
	@echo "make check         everything below up to check-vm, with the packages it needs (as root)"
	@echo "make check-unit    unit, golden plans, lint: seconds, no root"
	@echo "make check-bats    each command end to end, and attacks from inside;  FILES=run.bats FILTER=regex"
	@echo "make check-fault   killed and failing system calls; nothing may be left"
	@echo "make check-engines Docker, containerd, Podman, Buildah"
	@echo "make check-vm      bats, escape and fault on pure cgroup v2 in a virtual machine;  VM=all: also what needs none of it"
	@echo "make check-broker  programs behind network grants: Redis, PostgreSQL, MariaDB, nginx, curl, Python"
	@echo "make bench-sandbox database sandboxes beside the bare server, pg_virtualenv and docker run"
	@echo "make bench-sandbox-readme, make bench-readme: the figures of the READMEs, measured here; on a quiet machine"
	@echo "make bench-broker  throughput of a brokered connection against a native one"
	@echo "make bench-guard   what guard costs at start-up, and the memory of its network supervisor"
	@echo "make asan ubsan    the same code under sanitizers"
	@echo "make analyze       gcc -fanalyzer, clang-tidy, cppcheck, shellcheck"
	@echo "make fuzz          FUZZ_SECONDS=60 per target"
	@echo "make bench         against crun, runc, bubblewrap and a floor of our own"
	@echo "make docs          the documents that are written from tables"
	@echo "make deps          Debian packages for all of it"

-include $(OBJ:.o=.d) $(B)/runtime/main.d $(B)/tests/broker/box.d $(UNIT:=.d) $(B)/tests/unit/test.d $(TOOL_OBJ:.o=.d) $(GOLDEN_OBJ:.o=.d) $(MANIFEST_OBJ:.o=.d) \
	$(FUZZ_OBJ:.o=.d) $(FUZZ_SRC:%.c=$(B)/fuzzed/%.d)
FORCE:
.SECONDARY:
.PHONY: all unit test-programs check check-deps check-unit check-bats check-fault check-engines check-vm check-broker bench-broker bench-guard bench-sandbox \
	asan ubsan analyze fuzz bench bench-readme bench-sandbox-readme docs install uninstall deps demo clean help FORCE
