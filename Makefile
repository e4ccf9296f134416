# pugmark: one Makefile, no recursion; objects under build/$(BUILD)/.
BUILD   ?= release
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
B       := build/$(BUILD)
VERSION := 0.1.0
prefix  ?= /usr/local

ifeq ($(V),)
Q := @
say = @printf '  %-8s %s\n'
else
say = @true
endif

# libraries: required ones stop with the package's name, optional ones take a feature with them
REQUIRED := sqlite3:libsqlite3-dev libzstd:libzstd-dev libxxhash:libxxhash-dev inih:libinih-dev \
            jansson:libjansson-dev smartcols:libsmartcols-dev liblzma:liblzma-dev zlib:zlib1g-dev
NEED_LIBS := $(filter-out clean format check-layers,$(or $(MAKECMDGOALS),all))
ifneq ($(NEED_LIBS),)
$(foreach p,$(REQUIRED),$(if $(shell pkg-config --exists $(firstword $(subst :, ,$p)) && echo y),,\
  $(error package $(lastword $(subst :, ,$p)) is missing: run sh scripts/bootstrap)))
endif
PKGS := $(foreach p,$(REQUIRED),$(firstword $(subst :, ,$p)))

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wwrite-strings \
        -Wpointer-arith -Wundef -Wformat=2 $(if $(CI),-Werror)
OPT_release := -O3 -g
OPT_debug   := -O0 -g3 -DPUGMARK_DEBUG
OPT_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DPUGMARK_DEBUG
OPT_cov     := -O0 -g --coverage
OPT_fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -DPUGMARK_DEBUG
OPT         ?= $(OPT_$(BUILD))
CFLAGS_ALL := -std=gnu11 $(OPT) $(WARN) -fPIC -ffp-contract=off -fvisibility=hidden -pthread -I. -I$(B) \
              -D_GNU_SOURCE -DPUGMARK_VERSION='"$(VERSION)"' \
              $(filter-out -I/usr/include,$(shell pkg-config --cflags $(PKGS) 2>/dev/null)) $(CFLAGS)
LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm -ldl -pthread
LDFLAGS_ALL := $(OPT) -rdynamic $(LDFLAGS)

DIRS   := base store reports collect sim policies replay
LIBSRC := $(sort $(foreach d,$(DIRS),$(wildcard $d/*.c)))
EMBED  := $(wildcard store/*.sql reports/queries/*.sql reports/queries/*.gp)
LIBOBJ := $(LIBSRC:%.c=$(B)/%.o) $(B)/embedded.o
DEPS   := $(patsubst %.c,$(B)/%.d,$(wildcard *.c */*.c t/*.c bench/*.c))

all: $(B)/pugmark

$(B)/%.o: %.c
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(B)/embedded.c: scripts/embed $(EMBED)
	$(say) EMBED $@
	$(Q)mkdir -p $(@D)
	$(Q)scripts/embed $(EMBED) > $@

$(B)/embedded.o: $(B)/embedded.c
	$(say) CC $<
	$(Q)$(CC) $(CFLAGS_ALL) -c -o $@ $<

$(B)/libpugmark.a: $(LIBOBJ)
	$(say) AR $@
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/pugmark: $(B)/main.o $(B)/libpugmark.a
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(B)/main.o -Wl,--whole-archive $(B)/libpugmark.a -Wl,--no-whole-archive $(LIBS)

# tests: C tests under t/*-test.c (cmocka), shell tests t/*.t; all speak TAP and run under prove
TESTS_C := $(patsubst t/%.c,$(B)/t/%,$(wildcard t/*-test.c))

$(B)/t/%-test: $(B)/t/%-test.o $(B)/libpugmark.a
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< $(B)/libpugmark.a $(LIBS) $(shell pkg-config --libs cmocka)

check: all $(TESTS_C)
	$(Q)PUGMARK=$(CURDIR)/$(B)/pugmark B=$(CURDIR)/$(B) prove -j2 --exec '' $(TESTS_C) $(wildcard t/*.t)

asan:
	$(Q)$(MAKE) BUILD=asan check

format:
	clang-format -i $(wildcard *.c */*.c */*.h t/*.c bench/*.c)

clean:
	rm -rf build

.PHONY: all check asan format clean
.SECONDARY:
-include $(DEPS)
