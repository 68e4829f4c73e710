// SPDX-License-Identifier: GPL-2.0
/* netlink_key - parse the key of the service in a request */

#include "control/netlink.h"
#include "core/service.h"

const struct nla_policy
dsr_netlink_service_key_policy[DSR_SERVICE_A_MAX + 1] = {
	DSR_NETLINK_KEY_POLICY,
};

static int parse_mark_key(struct nlattr *tb[], struct dsr_service_key *key,
			  struct netlink_ext_ack *extack)
{
	struct nlattr *attr = tb[DSR_SERVICE_A_FWMARK];

	key->fwmark = nla_get_u32(attr);
	if (!key->fwmark)
		return dsr_netlink_refuse(extack, attr,
			      "fwmark 0 means that a packet has no mark: choose another");
	if (tb[DSR_SERVICE_A_PROTO] || tb[DSR_SERVICE_A_PORT] ||
	    tb[DSR_SERVICE_A_PORT_LAST])
		return dsr_netlink_refuse(extack, attr,
			      "a service by fwmark has no protocol and port: match them in the rule that sets the mark");
	key->port_last = U16_MAX;
	key->family = AF_INET;
	attr = tb[DSR_SERVICE_A_FAMILY];
	if (attr)
		key->family = nla_get_u8(attr);
	if (key->family != AF_INET && key->family != AF_INET6)
		return dsr_netlink_refuse(extack, attr,
			      "no such family: there are inet and inet6");
	return 0;
}

static int parse_ports(struct nlattr *tb[], struct dsr_service_key *key,
		       struct netlink_ext_ack *extack)
{
	struct nlattr *first = tb[DSR_SERVICE_A_PORT];
	struct nlattr *last = tb[DSR_SERVICE_A_PORT_LAST];

	key->port_last = U16_MAX;
	if (!first && !last)
		return 0;
	if (!first)
		return dsr_netlink_refuse(extack, last,
			      "a port range needs its first port");
	if (!key->proto)
		return dsr_netlink_refuse(extack, first,
			      "a port needs a protocol: give proto tcp, udp or sctp");
	key->port = ntohs(nla_get_be16(first));
	key->port_last = last ? ntohs(nla_get_be16(last)) : key->port;
	if (!key->port)
		return dsr_netlink_refuse(extack, first, "port 0 cannot be served");
	if (key->port_last < key->port)
		return dsr_netlink_refuse(extack, last,
			      "the last port of a range must not be below its first port");
	return 0;
}

static int parse_vip_key(struct nlattr *tb[], struct dsr_service_key *key,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *attr = tb[DSR_SERVICE_A_VIP];

	key->family = dsr_addr_get(attr, &key->vip);
	if (!key->family)
		return dsr_netlink_refuse(extack, attr, "an address has 4 or 16 bytes");
	if (!dsr_service_is_vip(key->family, &key->vip))
		return dsr_netlink_refuse(extack, attr,
			      "the VIP must be a unicast address that clients can reach");
	attr = tb[DSR_SERVICE_A_FAMILY];
	if (attr && nla_get_u8(attr) != key->family)
		return dsr_netlink_refuse(extack, attr,
			      "the VIP is not of the family that the request names");
	attr = tb[DSR_SERVICE_A_PROTO];
	if (attr)
		key->proto = nla_get_u8(attr);
	if (attr && key->proto != IPPROTO_TCP && key->proto != IPPROTO_UDP &&
	    key->proto != IPPROTO_SCTP)
		return dsr_netlink_refuse(extack, attr,
			      "no such protocol: there are tcp, udp and sctp");
	return parse_ports(tb, key, extack);
}

/**
 * dsr_netlink_parse_key() - parse the key of a service
 * @tb: attributes, by enum dsr_service_attr
 * @key: set
 * @extack: gets the error message
 *
 * Return: 0, or -%EINVAL with a message in @extack.
 */
int dsr_netlink_parse_key(struct nlattr *tb[], struct dsr_service_key *key,
			  struct netlink_ext_ack *extack)
{
	memset(key, 0, sizeof(*key));
	if (tb[DSR_SERVICE_A_FWMARK] && tb[DSR_SERVICE_A_VIP])
		return dsr_netlink_refuse(extack, tb[DSR_SERVICE_A_VIP],
			      "a service has a fwmark or a vip, not both");
	if (tb[DSR_SERVICE_A_FWMARK])
		return parse_mark_key(tb, key, extack);
	if (tb[DSR_SERVICE_A_VIP])
		return parse_vip_key(tb, key, extack);
	return dsr_netlink_refuse(extack, NULL, DSR_NETLINK_WHICH);
}

/**
 * dsr_netlink_service_find() - find the service that a request names
 * @dn: balancer
 * @nest: attribute DSR_A_SERVICE of the request, or %NULL
 * @service: set
 * @extack: gets the error message
 *
 * Context: holds dn->lock.
 * Return: 0, or a negative errno with a message in @extack; -%ENOENT if there
 * is no such service.
 */
int dsr_netlink_service_find(struct dsr_net *dn, struct nlattr *nest,
			     struct dsr_service **service,
			     struct netlink_ext_ack *extack)
{
	struct nlattr *tb[DSR_SERVICE_A_MAX + 1] = { };
	struct dsr_service_key key;
	int err;

	if (nest) {
		err = nla_parse_nested(tb, DSR_SERVICE_A_MAX, nest,
				       dsr_netlink_service_key_policy, extack);
		if (err)
			return err;
	}
	err = dsr_netlink_parse_key(tb, &key, extack);
	if (err)
		return err;
	*service = dsr_service_find(dn, &key);
	return *service ? 0 : dsr_netlink_no_service(extack);
}
