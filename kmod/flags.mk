# SPDX-License-Identifier: GPL-2.0
# What every module of the project is compiled with; included by their Kbuild
# files, so paths are relative to theirs.

ccflags-y := -I$(src)/../../include/uapi -I$(src)/../compat -I$(src)/../common

# KUNIT=1 (the debug kernel of the tests) builds the KUnit suites in: they run
# when the module is loaded.
ifeq ($(KUNIT),1)
ccflags-y += -DDSR_KUNIT
endif

ifeq ($(WERROR),1)
ccflags-y += -Werror
endif
