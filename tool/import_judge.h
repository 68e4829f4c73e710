/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_IMPORT_JUDGE_H
#define DSRCTL_IMPORT_JUDGE_H

#include <stdbool.h>

#include "ipvs.h"

/* the longest timeout that dsr_lb takes, in seconds */
#define IMPORT_TIMEOUT_MAX	(7 * 24 * 60 * 60)

const char *import_replaced(const struct ipvs_service *service);
int import_prefix(const struct ipvs_service *service);
bool import_persists(const struct ipvs_service *service);
const char *import_judge_service(const struct ipvs_service *service);
const char *import_judge_dest(const struct ipvs_service *service,
			      const struct ipvs_dest *dest);

#endif /* DSRCTL_IMPORT_JUDGE_H */
