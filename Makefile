# wasirun: GNU make, no configure. `make` leaves build/wasirun; `make help` lists the rest.
B ?= build
CC ?= gcc
PREFIX ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0
COMMIT := $(shell git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)

CFLAGS ?= -O2 -g
HARDEN ?= -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
HARDEN_LD ?= -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
WARN = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wno-missing-field-initializers
# A newer compiler's new warning must not stop a user's build; in CI nothing passes unseen.
ifeq ($(CI),true)
WARN += -Werror
endif
ALL_CPPFLAGS = -D_GNU_SOURCE -I. -Iruntime $(CPPFLAGS)
ALL_CFLAGS = -std=gnu11 $(WARN) $(CFLAGS) $(HARDEN) $(EXTRA)
# libc stays dynamic and the three others come from their archives: the start of a process costs 0.51 ms that way, 1.01 ms otherwise.
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
	$(CC) $(ALL_CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/libwasirun.a: $(OBJ)
	@rm -f $@
	ar rcs $@ $^

$(B)/libpure.a: $(PURE_OBJ)
	@rm -f $@
	ar rcs $@ $^

# Only what prints the version depends on the commit.
$(B)/version.h: FORCE
	@mkdir -p $(@D)
	@printf '#define WASIRUN_VERSION "%s"\n#define WASIRUN_COMMIT "%s"\n' '$(VERSION)' '$(COMMIT)' >$@.new
	@cmp -s $@.new $@ && rm -f $@.new || mv $@.new $@
$(B)/runtime/main.o $(B)/runtime/verb/%.o: ALL_CPPFLAGS += -include $(B)/version.h
$(B)/runtime/main.o $(filter $(B)/runtime/verb/%,$(OBJ)): $(B)/version.h

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(UNIT_PURE_SRC:%.c=$(B)/%): $(B)/%: $(B)/%.o $(B)/tests/unit/test.o $(B)/libpure.a
	$(CC) $(ALL_CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ $(LIBS)
$(UNIT_FULL_SRC:%.c=$(B)/%): $(B)/%: $(B)/%.o $(B)/tests/unit/test.o $(B)/libwasirun.a
	$(CC) $(ALL_CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ $(LIBS)
unit: $(UNIT)

# --- bench and demo. bench wants root; ROUNDS=n, BENCH_ARGS="--json --only wasirun,crun"
BENCH_TOOLS := $(patsubst tests/bench/%.c,$(B)/tests/bench/%,$(wildcard tests/bench/*.c))
$(BENCH_TOOLS): $(B)/tests/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -std=gnu11 $(WARN) -O2 -static -s -o $@ $<

bench: $(B)/wasirun $(BENCH_TOOLS)
	RUNTIME="$${RUNTIME-$(B)/wasirun}" TOOLS=$(B)/tests/bench python3 tests/bench/bench.py $(BENCH_ARGS)

demo:
	sh templates/demo/demo.sh

# --- documents that are printed from tables; tests/lint/docs.sh checks that they, the manual and the help texts agree
$(B)/tests/lint/docgen: $(B)/tests/lint/docgen.o $(B)/libwasirun.a
	$(CC) $(ALL_CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ $(LIBS)

docs: $(B)/tests/lint/docgen
	$< protocol >docs/protocol.md
	$< config >docs/config.md

check-docs: $(B)/tests/lint/docgen $(B)/wasirun
	tests/lint/docs.sh $(B)

.PHONY: bench demo docs check-docs

clean:
	rm -rf $(B)

-include $(OBJ:.o=.d) $(B)/runtime/main.d $(UNIT:=.d) $(B)/tests/unit/test.d
FORCE:
.SECONDARY:
.PHONY: all unit clean FORCE
