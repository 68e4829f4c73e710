# SPDX-License-Identifier: GPL-2.0
#
# Modules and tool for a running kernel; tests and demo in virtual machines.
# "make help" tells what there is. What kbuild reads is Kbuild.

KDIR   ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr/local

# Kbuild wants its variables from the command line or the environment.
export KUNIT WERROR

all: modules tool

modules:
	@test -e $(KDIR)/Makefile || { \
		echo "No kernel headers in $(KDIR): install linux-headers-$(shell uname -r), or name others by KDIR=" >&2; \
		exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

tool:
	$(MAKE) -C tool PREFIX=$(PREFIX)

install: install-modules install-headers install-tool

uninstall: uninstall-modules uninstall-headers uninstall-tool uninstall-ipvs

# The kernel that the headers in KDIR are of; without them, that its path names.
# Debian's headers of 6.1 tell "make kernelrelease" another name.
utsrelease = $(wildcard $(KDIR)/include/generated/utsrelease.h)
release = $(if $(utsrelease),$(shell \
	sed -n 's/.*UTS_RELEASE "\(.*\)".*/\1/p' $(utsrelease)),$(notdir \
	$(patsubst %/,%,$(dir $(patsubst %/,%,$(KDIR))))))
# Named here, so that "uninstall" finds them.
updates = $(DESTDIR)/lib/modules/$(release)/updates
names = lb/dsr_lb rs/dsr_rs ipvs/dsr_ipvs

install-modules: modules
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install INSTALL_MOD_DIR=updates \
		INSTALL_MOD_STRIP=1 \
		$(if $(DESTDIR),INSTALL_MOD_PATH=$(DESTDIR) DEPMOD=true)
	$(if $(DESTDIR),,depmod $(release))
	install -D -m 0644 kmod/ipvs/dsr_ipvs.conf \
		$(DESTDIR)$(PREFIX)/share/dsr/dsr_ipvs.conf

# The kernel may have had them compressed.
uninstall-modules:
	@test -n "$(release)" || { \
		echo "KDIR=$(KDIR) names no kernel: its modules stay" >&2; exit 1; }
	$(RM) $(foreach name,$(names),$(addprefix $(updates)/kmod/$(name).ko, \
		'' .gz .xz .zst))
	for dir in $(addprefix kmod/,$(dir $(names))) kmod; do \
		rmdir "$(updates)/$$dir" 2>/dev/null || true; \
	done
	$(if $(DESTDIR),,depmod $(release))
	$(RM) $(DESTDIR)$(PREFIX)/share/dsr/dsr_ipvs.conf
	-rmdir $(DESTDIR)$(PREFIX)/share/dsr 2>/dev/null || true

# The netlink interface, for programs of others.
headers := dsr.h dsr_common.h dsr_rs.h

install-headers:
	install -d $(DESTDIR)$(PREFIX)/include/linux
	install -m 0644 $(addprefix include/uapi/linux/,$(headers)) \
		$(DESTDIR)$(PREFIX)/include/linux

uninstall-headers:
	$(RM) $(addprefix $(DESTDIR)$(PREFIX)/include/linux/,$(headers))

# A choice of its own: without it whoever asks for IPVS gets the kernel's ip_vs.
install-ipvs:
	install -D -m 0644 kmod/ipvs/dsr_ipvs.conf \
		$(DESTDIR)/etc/modprobe.d/dsr_ipvs.conf

uninstall-ipvs:
	$(RM) $(DESTDIR)/etc/modprobe.d/dsr_ipvs.conf

install-tool: tool
	$(MAKE) -C tool install PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)

uninstall-tool:
	$(MAKE) -C tool uninstall PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)

deb:
	@scripts/deb.sh build

test-deb:
	@scripts/deb.sh test $(RELEASE)

check:
	@scripts/check.sh

test:
	@scripts/test.sh

test-all:
	@scripts/test.sh --all

stress:
	@scripts/stress.sh $(or $(ROUNDS),20)

mutants:
	@scripts/mutants.sh $(if $(WHOLE),--whole) $(FAULTS)

fuzz:
	@scripts/fuzz.sh $(if $(SEED),--seed $(SEED)) $(or $(SECONDS),60)

hostile:
	@scripts/hostile.sh $(or $(SECONDS),3600) $(RELEASE)

trust:
	@scripts/trust.sh --docs $(if $(SEED),--seed $(SEED)) \
		$(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SECONDS),--seconds $(SECONDS))

demo:
	@scripts/demo.sh $(if $(RELEASE),--release $(RELEASE)) \
		$(if $(SHELL_IN),--shell $(SHELL_IN))

demo-ha:
	@scripts/demo.sh --ha $(if $(RELEASE),--release $(RELEASE))

lab:
	@scripts/lab.sh $(if $(WHERE),--where $(WHERE)) $(SHELL_IN)

bench:
	@scripts/bench.sh $(if $(RELEASE),--release $(RELEASE)) \
		$(if $(FULL),--full) $(if $(PEERS),--peers "$(PEERS)") \
		$(if $(CASES),--cases "$(CASES)") $(if $(BASE),--base "$(BASE)") \
		$(if $(CONTROL),--control) $(if $(DOCS),--docs)

profile:
	@scripts/profile.sh $(if $(RELEASE),--release $(RELEASE)) \
		$(if $(CASES),--case "$(CASES)") $(if $(LINES),--lines) \
		$(if $(SMP),--two) $(or $(PEERS),dsr_vip_stack)

# kbuild's own "clean" wants the headers, and leaves the *.d of what was interrupted.
leftovers = *.o *.ko *.mod *.mod.c *.a *.i *.s *.lst .*.cmd .*.d \
	modules.order Module.symvers
leftover = \( -name '' $(foreach name,$(leftovers),-o -name '$(name)') \)

clean:
	find . -maxdepth 1 -type f $(leftover) -delete
	find kmod -type f $(leftover) -delete
	$(RM) kmod/lb/btf_id kmod/lb/btf.S kmod/lb/btf.btf
	$(RM) .checkpatch-camelcase.*
	$(MAKE) -C tool clean
	find tests scripts -depth \( -name __pycache__ -o -name .pytest_cache \) \
		-exec $(RM) -r {} +
	$(RM) -r build tests/tool/build .tmp_versions

help:
	@echo 'make                     build modules and dsrctl for the running kernel   20 s'
	@echo '     KDIR=DIR              for the kernel whose headers are in DIR'
	@echo '     KUNIT=1 WERROR=1      with the KUnit suites; every warning an error'
	@echo 'make modules | tool      one of the two'
	@echo 'make install             install both (PREFIX=/usr/local DESTDIR=)          5 s'
	@echo '     KDIR=DIR              for the kernel whose headers are in DIR'
	@echo 'make uninstall           remove what was installed (with the same PREFIX, DESTDIR, KDIR)'
	@echo 'make install-ipvs        ipvsadm and keepalived get dsr_ipvs, not ip_vs'
	@echo '     uninstall-ipvs        … or ip_vs again'
	@echo 'make deb                 Debian packages, in build/deb                      30 s, first 3 min'
	@echo 'make test-deb            install, upgrade and remove them on three releases  10 min, first 20'
	@echo '     RELEASE=trixie        … on bookworm, trixie or sid only'
	@echo 'make demo                the reference scenario in a virtual machine        1 min, first 5 to 10'
	@echo '     SHELL_IN=lv1          … and then a shell in lv1 (or client, w101, …)'
	@echo '     RELEASE=trixie        … on Debian trixie or sid; default: bookworm'
	@echo 'make demo-ha             keepalived on both balancers, and what fails       1 min, first 5 to 10'
	@echo 'make lab                 its machines to try things out, here or in a virtual machine'
	@echo '     SHELL_IN=client       … beginning on client (or lv1, w101, …); default: lv1'
	@echo '     WHERE=vm              … in a virtual machine in any case; WHERE=here: not in one'
	@echo 'make check               compiler, sparse, checkpatch, shellcheck, …        1 min, first 5'
	@echo 'make test                whether it works here: unit tests, all scenarios   25 min'
	@echo '     K=EXPRESSION          … only the scenarios that pytest -k chooses      20 s'
	@echo '     ONLY="WORDS"          … only suites whose name has one of the words'
	@echo 'make test-all            everything, on all kernels                         1 h, first 80 min'
	@echo 'make stress              make test over and over, on a machine that is busy'
	@echo '     ROUNDS=20             … so many times'
	@echo 'make mutants             whether the tests find faults that are planted      10 min'
	@echo '     FAULTS="NAMES"        … only these, of tests/mutants; WHOLE=1: by all tests'
	@echo 'make fuzz                parsers and rewriters in user space, against a model   1 min'
	@echo '     SECONDS=60 SEED=      … for so long; the same run again'
	@echo 'make hostile             attack connections that go on; none may be lost'
	@echo '     SECONDS=3600          … for so long'
	@echo 'make trust               all that tries to break it, and one table          a night'
	@echo '     ROUNDS=200 SECONDS=3600 SEED=  … so many rounds, so long a fuzzing; the same run again'
	@echo 'make bench               what a packet costs, beside IPVS and others         1 min; FULL=1: 12'
	@echo '     BASE=FILE             … and what changed since that result'
	@echo '     RELEASE= PEERS= CASES=  … on another kernel, only these'
	@echo 'make profile PEERS=NAME  in which functions it costs that                   1 min'
	@echo '     LINES=1               … not instructions: cache lines, at a million flows'
	@echo '     SMP=1                 … those that two processors write at a time'
	@echo 'make clean               remove what was built here'
	@echo
	@echo 'What is expensive (Debian roots, kernels) is kept in $${XDG_CACHE_HOME:-~/.cache}/dsr.'

.PHONY: all modules tool install install-modules install-headers install-tool \
	uninstall uninstall-modules uninstall-headers uninstall-tool \
	install-ipvs uninstall-ipvs deb test-deb check test test-all stress mutants fuzz hostile trust demo demo-ha lab bench profile \
	clean help
