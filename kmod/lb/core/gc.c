// SPDX-License-Identifier: GPL-2.0
/* gc - the garbage collector of the hash table, shared with dsr_rs: see table.c */
#include "../../common/gc.c"
