// SPDX-License-Identifier: GPL-2.0
/* table - the hash table, shared with dsr_rs: compiled once into each module */
#include "../../common/table.c"
