/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_IMPORT_CONN_H
#define DSRCTL_IMPORT_CONN_H

#include <stdbool.h>

#include "ipvs.h"
#include "restore.h"

bool import_entry(const struct ipvs *ipvs, const struct ipvs_conn *conn,
		  struct restore_entry *entry);

#endif /* DSRCTL_IMPORT_CONN_H */
