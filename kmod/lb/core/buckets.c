// SPDX-License-Identifier: GPL-2.0
/* buckets - those of the hash table, shared with dsr_rs: see table.c */
#include "../../common/buckets.c"
