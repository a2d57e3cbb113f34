# wasirun: GNU make, no configure. `make` leaves build/wasirun.
B ?= build
CC ?= gcc
CFLAGS ?= -O2 -g
WARN = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wno-missing-field-initializers
CPPFLAGS += -D_GNU_SOURCE -I. -Iruntime
ALL_CFLAGS = -std=gnu11 $(WARN) $(CFLAGS)
SRC := $(wildcard oci/*.c runtime/*/*.c)
OBJ := $(SRC:%.c=$(B)/%.o)
LIBS = -Wl,-Bstatic -lyajl_s -lseccomp -lcap -Wl,-Bdynamic

all: $(B)/wasirun

$(B)/wasirun: $(OBJ) $(B)/runtime/main.o
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(OBJ:.o=.d)
.PHONY: all
