/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_ADDR_H
#define DSRCTL_ADDR_H

#include <netinet/in.h>
#include <netlink/addr.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>

#include "args.h"

/**
 * struct addr - an IP address
 * @family: AF_INET or AF_INET6
 * @in: the IPv4 address
 * @in6: the IPv6 address
 */
struct addr {
	int family;
	union {
		struct in_addr in;
		struct in6_addr in6;
	};
};

char *addr_text(char *to, const void *addr, size_t size);
bool addr_same(const struct addr *one, const struct addr *other);
bool addr_is_loopback(const struct addr *addr);
const char *addr_name(const struct addr *addr, char *text);
bool addr_parse(const char *text, struct addr *addr);
int addr_read(struct args *args, struct addr *addr);
int addr_read_endpoint(struct args *args, struct addr *addr, int *port,
		       unsigned int *prefix);
int addr_put(struct nl_msg *msg, int type, const struct addr *addr);
bool addr_get(const struct nlattr *attr, struct addr *addr);
struct nl_addr *addr_to_nl(const struct addr *addr);
void addr_from_nl(struct addr *addr, const struct nl_addr *from);
bool addr_is(const struct addr *addr, const struct nlattr *attr);
bool addr_in(const struct addr *addr, unsigned int prefix,
	     const struct nlattr *attr);

#endif /* DSRCTL_ADDR_H */
