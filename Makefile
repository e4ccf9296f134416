# SPDX-License-Identifier: MIT
# pugmark: one Makefile, no recursion to build; objects under build/$(BUILD)/. `make help` lists the goals.
BUILD   ?= release
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
CLANG   ?= clang
B       := build/$(BUILD)
VERSION := 0.1.0
prefix  ?= /usr/local
JOBS    ?= $(shell nproc)
DATA    ?= ../shared/data
FUZZ_SECONDS ?= 60
CLANG_FORMAT ?= $(or $(shell command -v clang-format-14),clang-format)

Q   := $(if $(V),,@)
, := ,
say  = @$(if $(V),true,printf '  %-8s %s\n')

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wwrite-strings \
        -Wpointer-arith -Wundef -Wformat=2 $(if $(CI),-Werror)
SANE        := -g -fno-sanitize-recover=all -fno-omit-frame-pointer -DPUGMARK_DEBUG
OPT_release := -O3 -g
OPT_debug   := -O0 -g3 -DPUGMARK_DEBUG
OPT_asan    := -O1 $(SANE) -fsanitize=address,undefined
OPT_cov     := -O0 -g --coverage
OPT_fuzz    := -O1 $(SANE) -fsanitize=fuzzer-no-link,address,undefined
OPT         ?= $(or $(OPT_$(BUILD)),$(error BUILD=$(BUILD) is not one of release, debug, asan, cov))

# Goals that compile look for libraries; the rest work without them.
COMPILES := $(filter-out help asan fuzz cov bench man format format-check uninstall clean,$(or $(MAKECMDGOALS),all))

# Libraries, pkg-config name:Debian package. A missing required one stops with the package's name.
REQUIRED := sqlite3:libsqlite3-dev libzstd:libzstd-dev libxxhash:libxxhash-dev inih:libinih-dev \
            jansson:libjansson-dev smartcols:libsmartcols-dev liblzma:liblzma-dev zlib:zlib1g-dev
# Optional ones, name:package:MACRO:what-is-gone-without-it: said once per configuration.
OPTIONAL := libbpf:libbpf-dev:HAVE_BPF:probe-block-bpf libpcap:libpcap-dev:HAVE_PCAP:probe-net
TESTING  := $(if $(filter check check-long,$(COMPILES)),cmocka:libcmocka-dev)
nth       = $(word $2,$(subst :, ,$1))
has       = $(shell pkg-config --exists $(call nth,$1,1) && echo yes)
ifneq ($(COMPILES),)
$(foreach p,$(REQUIRED) $(TESTING),$(if $(call has,$p),,\
  $(error $(call nth,$p,1) not found: install $(call nth,$p,2), or run sh scripts/bootstrap)))
# libpfm4 has no .pc file
PFM    := $(if $(wildcard /usr/include/perfmon/pfmlib_perf_event.h),libpfm)
FOUND  := $(foreach p,$(if $(shell command -v $(CLANG)),$(OPTIONAL),$(filter-out libbpf:%,$(OPTIONAL))),\
            $(if $(call has,$p),$p))
PKGS   := $(foreach p,$(REQUIRED) $(FOUND),$(call nth,$p,1))
LIBS   := $(shell pkg-config --libs $(PKGS)) -lm -ldl -pthread $(if $(PFM),-lpfm)
CFLAGS_ALL := -std=gnu11 $(OPT) $(WARN) -fPIC -ffp-contract=off -fvisibility=hidden -pthread -I. -I$(B) \
              -D_GNU_SOURCE -DPUGMARK_VERSION='"$(VERSION)"' $(foreach p,$(FOUND),-D$(call nth,$p,3)) $(if $(PFM),-DHAVE_PFM) \
              $(filter-out -I/usr/include,$(shell pkg-config --cflags $(PKGS))) $(CFLAGS)
LDFLAGS_ALL := $(OPT) -rdynamic -Wl,--as-needed $(LDFLAGS)
endif

WITHOUT := %.bpf.c $(if $(filter libbpf:%,$(FOUND)),,%-bpf.c collect/bpfobject.c) $(if $(filter libpcap:%,$(FOUND)),,%/probe-net.c) $(if $(PFM),,%/probe-pmu.c)
SRC     := $(filter-out $(WITHOUT),$(sort $(foreach d,base store reports collect sim policies replay,$(wildcard $d/*.c))))
EMBED   := $(wildcard store/*.sql reports/queries/*.sql reports/queries/*.gp sim/profiles/*.ini) $(sort $(wildcard reports/sections/*.sql)) $(wildcard reports/sections/*.gp reports/page.*)
OBJ     := $(SRC:%.c=$(B)/%.o) $(patsubst scripts/embed,$(B)/embedded.o,$(wildcard scripts/embed))
EXT     := $(patsubst store/sqlext.c,$(B)/pugmark.so,$(wildcard store/sqlext.c))
EXT_OBJ := $(patsubst %/sqlext.o,%/sqlext-so.o,$(filter $(B)/store/% $(B)/base/% %/embedded.o,$(OBJ)))
PLUGINS := $(patsubst %.c,$(B)/%.so,$(wildcard examples/*.c))
BENCHES := $(patsubst %.c,$(B)/%,$(wildcard bench/bench-*.c))
BENCH_O := $(patsubst %.c,$(B)/%.o,$(filter-out bench/bench-%,$(wildcard bench/*.c)))
TESTS   := $(patsubst %.c,$(B)/%,$(wildcard t/*-test.c t/long/*-test.c))
FUZZED  := $(patsubst t/fuzz-%.c,%,$(filter-out t/fuzz-main.c,$(wildcard t/fuzz-*.c)))
PAGES   := $(foreach p,$(patsubst man/%.scd,%,$(wildcard man/*.scd)),build/man/$p$(if $(filter %.5 %.7,$p),,.1))
C_FILES := $(wildcard *.c */*.c */*.h t/long/*.c)
EMBED   += $(wildcard datasets/profiles/*.ini designs/*.ini scripts/sweep-task scripts/completion.bash)

# A changed flag or version rebuilds everything, a changed list of objects the archive.
ifneq ($(filter-out headers,$(COMPILES)),)
FLAGS := $(strip $(CC) $(CFLAGS_ALL) : $(LDFLAGS_ALL) : $(LIBS) : $(OPTIONAL))
$(shell mkdir -p $(B))
ifneq ($(file <$(B)/flags),$(FLAGS))
$(file >$(B)/flags,$(FLAGS))
$(foreach p,$(filter-out $(FOUND),$(OPTIONAL)),\
  $(info without $(call nth,$p,2): no $(subst -, ,$(call nth,$p,4))))
$(if $(PFM),,$(info without libpfm4-dev: no probe pmu))
endif
ifneq ($(file <$(B)/objects),$(OBJ) $(EMBED))
$(file >$(B)/objects,$(OBJ) $(EMBED))
endif
endif

#: make                    the command and its SQLite extension; BUILD=release|debug|asan|cov, V=1
all: $(B)/pugmark $(EXT)

define compile
$(say) CC $<
$(Q)mkdir -p $(@D)
$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<
endef
define link
$(say) LD $@
$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $1 $(LIBS)
endef

$(B)/%.o: %.c $(B)/flags
	$(compile)
# The only source compiled twice: built in, and loadable into any SQLite.
$(B)/store/sqlext.o: CFLAGS_ALL += -DSQLITE_CORE
$(B)/store/sqlext-so.o: store/sqlext.c $(B)/flags
	$(compile)

# A BPF program, for the file that takes it in.
$(B)/%.bpf.o: %.bpf.c $(B)/flags
	$(say) BPF $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -target bpf -O2 -g -Wall $(if $(CI),-Werror) -I. -MMD -MP -c -o $@ $<
$(B)/collect/probe-%-bpf.o: CFLAGS_ALL += -Wa,-I$(B)
$(patsubst collect/%.bpf.c,$(B)/collect/probe-%-bpf.o,$(wildcard collect/*.bpf.c)): \
$(B)/collect/probe-%-bpf.o: $(B)/collect/%.bpf.o

$(B)/embedded.c: scripts/embed $(EMBED) $(B)/objects
	$(say) EMBED $@
	$(Q)sh scripts/embed $(EMBED) >$@
$(B)/embedded.o: $(B)/embedded.c $(B)/flags
	$(compile)

$(B)/libpugmark.a: $(OBJ) $(B)/objects
	$(say) AR $@
	$(Q)rm -f $@ && ar rcs $@ $(OBJ)
$(B)/pugmark: $(B)/main.o $(B)/libpugmark.a
	$(call link,$< -Wl$(,)--whole-archive $(B)/libpugmark.a -Wl$(,)--no-whole-archive)
$(B)/pugmark.so: $(EXT_OBJ)
	$(call link,-shared $^)
$(B)/examples/%.so: $(B)/examples/%.o
	$(call link,-shared $^)
$(B)/t/fuzz-%: $(B)/t/fuzz-%.o $(B)/t/fuzz-main.o $(B)/libpugmark.a
	$(call link,$^)
$(B)/fuzz-%: $(B)/t/fuzz-%.o $(B)/libpugmark.a
	$(call link,-fsanitize=fuzzer $^)
$(BENCHES): $(BENCH_O)
$(TESTS) $(BENCHES): $(B)/%: $(B)/%.o $(B)/libpugmark.a
	$(call link,$(filter %.o,$^) $(B)/libpugmark.a $(if $(filter %-test,$@),-lcmocka))

#: make check              the short suite; T='t/lib.t ..' picks tests
#: make check-long         kill rounds, -O0/-O3 builds, full disks: minutes
PROVE = env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL LC_ALL=C TZ=UTC PUGMARK=$(CURDIR)/$(B)/pugmark B=$(CURDIR)/$(B) \
        BUILD=$(BUILD) DATA=$(DATA) CC='$(CC)' ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=exitcode=99 prove -j$(JOBS) --exec 'sh scripts/tap'
check check-long: all $(TESTS) $(FUZZED:%=$(B)/t/fuzz-%) $(PLUGINS)
check:
	$(Q)$(PROVE) $(or $(T),$(filter $(B)/t/%-test,$(filter-out $(B)/t/long/%,$(TESTS))) $(FUZZED:%=$(B)/t/fuzz-%) $(wildcard t/*.t))
check-long:
	$(Q)$(PROVE) $(or $(T),$(filter $(B)/t/long/%,$(TESTS)) $(wildcard t/long/*.t t/root/*.t))

#: make guest-test         recordings in and around a guest without KVM against what its devices did
guest-test: all
	$(Q)$(PROVE) -v $(or $(T),$(wildcard t/guest/*.t))

#: make asan               the short suite under the address and undefined sanitizers
asan:
	$(Q)$(MAKE) --no-print-directory BUILD=asan check

#: make cov                the short suite's line coverage
cov:
	$(Q)mkdir -p build/cov && find build/cov -name '*.gcda' -delete
	$(Q)$(MAKE) --no-print-directory BUILD=cov check
	$(Q)sh scripts/coverage build/cov

#: make bench              build/bench.json and a table
bench:
	$(Q)$(MAKE) --no-print-directory BUILD=release bench-run
bench-run: all $(BENCHES)
	$(Q)set -e; for b in $(BENCHES); do echo "  BENCH    $${b##*/}"; DATA=$(DATA) $$b $$b.json; done
	$(Q)sh scripts/bench-merge build/bench.json $(BENCHES:%=%.json)

#: make fuzz               every parser for FUZZ_SECONDS=60 each, or FUZZ=name alone (clang)
fuzz:
	$(Q)sh scripts/fuzz $(CLANG) && $(MAKE) --no-print-directory BUILD=fuzz CC=$(CLANG) fuzz-run
fuzz-run: $(patsubst %,$(B)/fuzz-%,$(or $(FUZZ),$(FUZZED)))
	$(Q)sh scripts/fuzz $(B) $(FUZZ_SECONDS) $(or $(FUZZ),$(FUZZED))

#: make headers            every header compiles alone
headers:
	$(Q)printf '%s\n' $(filter %.h,$(C_FILES)) | xargs -P$(JOBS) -I{} $(CC) $(filter-out --coverage,$(CFLAGS_ALL)) -Werror -fsyntax-only -include {} -x c /dev/null

#: make format             clang-format on every C file (format-check: only say which)
format:
	$(CLANG_FORMAT) -i $(C_FILES)
format-check:
	$(Q)$(CLANG_FORMAT) --dry-run -Werror $(C_FILES)

#: make man                manual pages in build/man, linted; man/NAME.N.scd is of section N, man/NAME.scd of 1
man: $(PAGES)
	$(Q)if [ -n "$(PAGES)" ] && command -v mandoc >/dev/null; then mandoc -Tlint -W warning $(PAGES); fi
define page
$(say) MAN $@
$(Q)mkdir -p $(@D) && sh scripts/manpage <$< >$@
endef
build/man/%.1: man/%.scd
	$(page)
build/man/%: man/%.scd
	$(page)

#: make install            DESTDIR= prefix=/usr/local; make uninstall likewise
install: all $(if $(shell command -v scdoc),man)
	$(Q)CC='$(CC)' sh scripts/install '$(DESTDIR)' '$(prefix)' $(B) build/man
uninstall:
	$(Q)CC='$(CC)' sh scripts/install --remove '$(DESTDIR)' '$(prefix)' $(B) build/man

clean:
	rm -rf build
help:
	@sed -n 's/^#: //p' Makefile

.PHONY: all check check-long guest-test asan cov bench bench-run fuzz fuzz-run headers format format-check man install uninstall clean help
.DELETE_ON_ERROR:
.PRECIOUS: $(B)/%.o
-include $(wildcard $(B)/*.d $(B)/*/*.d $(B)/t/long/*.d)
