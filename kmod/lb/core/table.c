// SPDX-License-Identifier: GPL-2.0
/* table - the connection table's mechanics, shared with dsr_rs */
#include "../../common/table.c"
