// SPDX-License-Identifier: GPL-2.0
/*
 * service_key - the key of a service in requests
 *
 * A service of IPVS is a mark, or an address with a protocol and a port; port 0
 * means all ports. dsr has other services as well: an address as a whole, and
 * ranges of ports. IPVS cannot express those. So they are not shown, and a
 * flush keeps them: a user does not expect to delete services that are not
 * shown.
 */

#include <linux/ipv6.h>

#include "lb/core/service.h"
#include "netlink.h"

static const struct nla_policy service_policy[IPVS_SVC_ATTR_MAX + 1] = {
	[IPVS_SVC_ATTR_AF] = DSR_IPVS_U16,
	[IPVS_SVC_ATTR_PROTOCOL] = DSR_IPVS_U16,
	[IPVS_SVC_ATTR_ADDR] = DSR_IPVS_ADDR,
	[IPVS_SVC_ATTR_PORT] = DSR_IPVS_U16,
	[IPVS_SVC_ATTR_FWMARK] = DSR_IPVS_U32,
	[IPVS_SVC_ATTR_SCHED_NAME] = {
		.type = NLA_NUL_STRING, .len = IP_VS_SCHEDNAME_MAXLEN - 1,
	},
	[IPVS_SVC_ATTR_PE_NAME] = {
		.type = NLA_NUL_STRING, .len = IP_VS_PENAME_MAXLEN,
	},
	[IPVS_SVC_ATTR_FLAGS] =
		NLA_POLICY_EXACT_LEN(sizeof(struct ip_vs_flags)),
	[IPVS_SVC_ATTR_TIMEOUT] = DSR_IPVS_U32,
	[IPVS_SVC_ATTR_NETMASK] = DSR_IPVS_U32,
	/* A dump has these; a client may send it back with changes. */
	[IPVS_SVC_ATTR_STATS] = { .type = NLA_NESTED },
	[IPVS_SVC_ATTR_STATS64] = { .type = NLA_NESTED },
};

static bool is_proto(u16 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP ||
	       proto == IPPROTO_SCTP;
}

/* Return true if IPVS can express a key. */
static bool is_expressible(const struct dsr_service_key *key)
{
	if (key->fwmark)
		return true;
	return is_proto(key->proto) &&
	       (key->port ? key->port == key->port_last :
			    key->port_last == U16_MAX);
}

/** dsr_ipvs_service_shows() - true if IPVS can express a service */
bool dsr_ipvs_service_shows(const struct dsr_service *service)
{
	return is_expressible(&service->key);
}

/**
 * dsr_ipvs_service_addr() - parse an address
 * @attr: attribute; ipvsadm sends 16 bytes for any family, others 4 for IPv4
 * @family: AF_INET or AF_INET6
 * @addr: set to the address
 *
 * Return: 0, or -%EINVAL if it has another size.
 */
int dsr_ipvs_service_addr(const struct nlattr *attr, u8 family,
			  union nf_inet_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (nla_len(attr) != dsr_addr_len(family) &&
	    nla_len(attr) != sizeof(*addr))
		return -EINVAL;
	memcpy(addr, nla_data(attr), dsr_addr_len(family));
	return 0;
}

static int parse_key(struct nlattr *tb[], struct dsr_service_key *key)
{
	u16 family = nla_get_u16(tb[IPVS_SVC_ATTR_AF]);
	u16 proto;

	memset(key, 0, sizeof(*key));
	if (family != AF_INET &&
	    !(family == AF_INET6 && ipv6_mod_enabled()))
		return -EAFNOSUPPORT;
	key->family = family;
	key->port_last = U16_MAX;
	if (tb[IPVS_SVC_ATTR_FWMARK]) {
		key->fwmark = nla_get_u32(tb[IPVS_SVC_ATTR_FWMARK]);
		/* Mark 0 is the mark of unmarked packets. */
		return key->fwmark ? 0 : -EINVAL;
	}
	proto = nla_get_u16(tb[IPVS_SVC_ATTR_PROTOCOL]);
	if (is_proto(proto))
		key->proto = proto;
	key->port = ntohs(nla_get_be16(tb[IPVS_SVC_ATTR_PORT]));
	if (key->port)
		key->port_last = key->port;
	return dsr_ipvs_service_addr(tb[IPVS_SVC_ATTR_ADDR], family,
				     &key->vip);
}

static bool names_service(struct nlattr *tb[])
{
	return tb[IPVS_SVC_ATTR_AF] &&
	       (tb[IPVS_SVC_ATTR_FWMARK] ||
		(tb[IPVS_SVC_ATTR_PROTOCOL] && tb[IPVS_SVC_ATTR_ADDR] &&
		 tb[IPVS_SVC_ATTR_PORT]));
}

/**
 * dsr_ipvs_service_parse() - parse a service, and its key
 * @nest: IPVS_CMD_ATTR_SERVICE, or %NULL
 * @tb: set to the attributes of @nest
 * @key: set to the key
 * @extack: receives the reason of a refusal
 *
 * Return: 0, or an errno if the key is malformed.
 */
int dsr_ipvs_service_parse(const struct nlattr *nest, struct nlattr *tb[],
			   struct dsr_service_key *key,
			   struct netlink_ext_ack *extack)
{
	int err = -EINVAL;

	if (!dsr_ipvs_netlink_nest(tb, IPVS_SVC_ATTR_MAX, nest, service_policy,
				   extack) && names_service(tb))
		err = parse_key(tb, key);
	if (!err)
		return 0;
	dsr_ipvs_netlink_missing(extack,
				 "the request names no service: give its family, and its mark, or its protocol, address and port");
	return err;
}

/**
 * dsr_ipvs_service_lookup() - find a service that IPVS can express
 * @dn: balancer, its lock held
 * @key: key of the service
 *
 * Return: the service, or %NULL.
 */
struct dsr_service *dsr_ipvs_service_lookup(struct dsr_net *dn,
					    const struct dsr_service_key *key)
{
	return is_expressible(key) ? dsr_service_find(dn, key) : NULL;
}

/**
 * dsr_ipvs_service_find() - find the service that a request names
 * @dn: balancer
 * @nest: IPVS_CMD_ATTR_SERVICE, or %NULL
 * @service: set to the service
 * @extack: receives the reason of a refusal
 *
 * Context: holds dn->lock.
 * Return: 0; -%ESRCH if there is none; another errno if the key is malformed.
 */
int dsr_ipvs_service_find(struct dsr_net *dn, const struct nlattr *nest,
			  struct dsr_service **service,
			  struct netlink_ext_ack *extack)
{
	struct nlattr *tb[IPVS_SVC_ATTR_MAX + 1];
	struct dsr_service_key key;
	int err;

	err = dsr_ipvs_service_parse(nest, tb, &key, extack);
	if (err)
		return err;
	*service = dsr_ipvs_service_lookup(dn, &key);
	if (*service)
		return 0;
	NL_SET_ERR_MSG(extack, "no such service");
	return -ESRCH;
}

/**
 * dsr_ipvs_service_of_dump() - find the service that a dump names
 * @dn: balancer
 * @cb: dump
 *
 * Netlink does not parse dump requests here, nor for ip_vs: some clients do not
 * set the flag of nests.
 *
 * Context: holds dn->lock.
 * Return: the service, or %NULL.
 */
struct dsr_service *dsr_ipvs_service_of_dump(struct dsr_net *dn,
					     struct netlink_callback *cb)
{
	struct nlattr *attrs[IPVS_CMD_ATTR_MAX + 1];
	struct nlattr *tb[IPVS_SVC_ATTR_MAX + 1];
	struct dsr_service_key key;

	if (nlmsg_parse_deprecated(cb->nlh, GENL_HDRLEN, attrs,
				   IPVS_CMD_ATTR_MAX, dsr_ipvs_netlink_policy,
				   cb->extack) ||
	    !attrs[IPVS_CMD_ATTR_SERVICE] ||
	    nla_parse_nested_deprecated(tb, IPVS_SVC_ATTR_MAX,
					attrs[IPVS_CMD_ATTR_SERVICE],
					service_policy, cb->extack) ||
	    !names_service(tb) || parse_key(tb, &key))
		return NULL;
	return dsr_ipvs_service_lookup(dn, &key);
}
