/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_IMPORT_REQUEST_H
#define DSRCTL_IMPORT_REQUEST_H

#include "ipvs.h"
#include "netlink.h"

/* timeouts that both have */
#define IMPORT_TIMEOUTS	3

int import_add_service(struct netlink *nl, const struct ipvs_service *service);
int import_add_dest(struct netlink *nl, const struct ipvs_service *service,
		    const struct ipvs_dest *dest);
int import_end_service(struct netlink *nl, const struct ipvs_service *service);
int import_delete_service(struct netlink *nl,
			  const struct ipvs_service *service);
void import_timeouts(const struct ipvs *ipvs, uint32_t msecs[IMPORT_TIMEOUTS]);
int import_get_timeouts(struct netlink *nl, uint32_t msecs[IMPORT_TIMEOUTS]);
int import_set_timeouts(struct netlink *nl,
			const uint32_t msecs[IMPORT_TIMEOUTS]);

#endif /* DSRCTL_IMPORT_REQUEST_H */
