/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_ENDPOINT_H
#define DSRCTL_ENDPOINT_H

#include <json-c/json.h>

#include "addr.h"

/* an IPv6 address in brackets, and a port */
#define ENDPOINT_TEXT_MAX	(INET6_ADDRSTRLEN + 8)

int endpoint_read(struct args *args, const char *name, struct addr *addr,
		  int *port);
const char *endpoint_text(const struct addr *addr, int port, char *text);
void endpoint_json(struct json_object *object, const char *addr_key,
		   const struct addr *addr, const char *port_key, int port);

#endif /* DSRCTL_ENDPOINT_H */
