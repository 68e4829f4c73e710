// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_silence - handle requests about silenced addresses; see netlink.h
 */

#include <linux/inetdevice.h>
#include <linux/slab.h>
#include <net/addrconf.h>

#include "addr.h"
#include "control/hush.h"
#include "control/netlink.h"
#include "core/net.h"
#include "core/silence.h"
#include "host.h"
#include "multicast.h"

static const struct nla_policy silence_policy[DSR_SILENCE_A_DEV + 1] = {
	[DSR_SILENCE_A_ADDR]	= DSR_ADDR_POLICY,
	[DSR_SILENCE_A_DEV]	= { .type = NLA_NUL_STRING,
				    .len = IFNAMSIZ - 1 },
};

const struct nla_policy dsr_rs_netlink_silence_policy[DSR_A_SILENCE + 1] = {
	[DSR_A_SILENCE]		= NLA_POLICY_NESTED(silence_policy),
};

static int addr_parse(const struct nlattr *attr, u8 *family,
		      union nf_inet_addr *addr, struct netlink_ext_ack *extack)
{
	int type;

	*family = dsr_addr_get(attr, addr);
	if (!*family) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "an address has 4 or 16 bytes");
		return -EINVAL;
	}
	if (*family == AF_INET) {
		if (!dsr_is_nobody(addr->ip) && !ipv4_is_loopback(addr->ip))
			return 0;
	} else {
		type = ipv6_addr_type(&addr->in6);
		if (type & IPV6_ADDR_LINKLOCAL && type & IPV6_ADDR_UNICAST) {
			NL_SET_ERR_MSG_ATTR(extack, attr,
					    "a link-local address cannot be silenced: without this address the device has no neighbours");
			return -EINVAL;
		}
		if (type & IPV6_ADDR_UNICAST &&
		    !(type & (IPV6_ADDR_LOOPBACK | IPV6_ADDR_MAPPED)))
			return 0;
	}
	NL_SET_ERR_MSG_ATTR(extack, attr,
			    "the VIP must be a unicast address that clients can reach");
	return -EINVAL;
}

/* Parse the address of a request, and set @tb to the attributes. */
static int key_parse(struct genl_info *info, struct nlattr **tb, u8 *family,
		     union nf_inet_addr *addr)
{
	struct netlink_ext_ack *extack = info->extack;
	int err;

	if (info->attrs[DSR_A_SILENCE]) {
		err = nla_parse_nested(tb, DSR_SILENCE_A_DEV,
				       info->attrs[DSR_A_SILENCE],
				       silence_policy, extack);
		if (err)
			return err;
		if (tb[DSR_SILENCE_A_ADDR])
			return addr_parse(tb[DSR_SILENCE_A_ADDR], family, addr,
					  extack);
	}
	NL_SET_ERR_MSG(extack, "the request names no address");
	return -EINVAL;
}

static int dev_parse(struct net *net, const struct nlattr *attr,
		     struct netlink_ext_ack *extack)
{
	const char *name = nla_data(attr);
	bool there;

	if (!dev_valid_name(name)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "no device can have this name");
		return -EINVAL;
	}
	if (!strcmp(name, "lo")) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "lo has no neighbours: name the device that the neighbours are on");
		return -EINVAL;
	}
	rcu_read_lock();
	there = dev_get_by_name_rcu(net, name);
	rcu_read_unlock();
	/* Only a warning: the request is carried out all the same. */
	if (!there && name[strlen(name) - 1] != '+')
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "no device has this name yet");
	return 0;
}

/* Set @devs to the devices of a request, or to %NULL if it names none. */
static int devs_parse(struct genl_info *info,
		      struct dsr_rs_silence_devs **devs)
{
	struct nlattr *attr;
	unsigned int count = 0;
	int err, left;

	*devs = NULL;
	nla_for_each_nested(attr, info->attrs[DSR_A_SILENCE], left) {
		if (nla_type(attr) != DSR_SILENCE_A_DEV)
			continue;
		if (++count > DSR_SILENCE_DEVS_MAX) {
			NL_SET_ERR_MSG_ATTR(info->extack, attr,
					    "too many devices: the limit is 16; a name that ends in + stands for all names that begin the same");
			return -EINVAL;
		}
		err = dev_parse(genl_info_net(info), attr, info->extack);
		if (err)
			return err;
	}
	if (!count)
		return 0;
	*devs = kzalloc(struct_size(*devs, name, count), GFP_KERNEL_ACCOUNT);
	if (!*devs)
		return -ENOMEM;
	nla_for_each_nested(attr, info->attrs[DSR_A_SILENCE], left)
		if (nla_type(attr) == DSR_SILENCE_A_DEV)
			nla_strscpy((*devs)->name[(*devs)->count++], attr,
				    IFNAMSIZ);
	return 0;
}

/* Return true if this is the only IPv4 address of a device. */
static bool is_alone(const struct net_device *dev, __be32 addr)
{
	const struct in_device *in_dev = __in_dev_get_rcu(dev);
	const struct in_ifaddr *ifa;
	bool has = false;

	if (!in_dev || dev->flags & (IFF_LOOPBACK | IFF_NOARP))
		return false;
	in_dev_for_each_ifa_rcu(ifa, in_dev) {
		if (ifa->ifa_local != addr)
			return false;
		has = true;
	}
	return has;
}

/* Silencing the only address of a device is most probably a mistake. */
static void warn_if_alone(struct net *net, u8 family,
			  const union nf_inet_addr *addr,
			  struct netlink_ext_ack *extack)
{
	struct net_device *dev;

	if (family != AF_INET)
		return;
	rcu_read_lock();
	for_each_netdev_rcu(net, dev)
		if (is_alone(dev, addr->ip))
			NL_SET_ERR_MSG(extack,
				       "this is the only address of a device: neighbours there will not find this machine any more");
	rcu_read_unlock();
}

static int devs_put(struct sk_buff *skb,
		    const struct dsr_rs_silence_devs *devs)
{
	unsigned int i;

	for (i = 0; devs && i < devs->count; i++)
		if (nla_put_string(skb, DSR_SILENCE_A_DEV, devs->name[i]))
			return -EMSGSIZE;
	return 0;
}

static int silence_nest_put(struct sk_buff *skb,
			    struct dsr_rs_silence *silence)
{
	struct nlattr *nest = nla_nest_start(skb, DSR_A_SILENCE);

	if (!nest ||
	    dsr_addr_put(skb, DSR_SILENCE_A_ADDR, silence->family,
			 &silence->addr) ||
	    devs_put(skb, silence->devs) ||
	    nla_put_u32(skb, DSR_SILENCE_A_RULES, silence->rules) ||
	    nla_put_u8(skb, DSR_SILENCE_A_WANTED, silence->wanted) ||
	    nla_put_u64_64bit(skb, DSR_SILENCE_A_MESSAGES,
			      atomic64_read(&silence->messages),
			      DSR_SILENCE_A_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int key_nest_put(struct sk_buff *skb, u8 family,
			const union nf_inet_addr *addr)
{
	struct nlattr *nest = nla_nest_start(skb, DSR_A_SILENCE);

	if (!nest || dsr_addr_put(skb, DSR_SILENCE_A_ADDR, family, addr))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* Notify of the address as it is now; after a deletion send only the address,
 * which rules may still want silenced.
 */
static void tell(struct dsr_rs_net *rs, u8 cmd, u8 family,
		 const union nf_inet_addr *addr)
{
	bool key_only = cmd == DSR_RS_CMD_SILENCE_DELETE;
	struct sk_buff *msg;
	void *hdr;
	int err;

	msg = dsr_multicast_begin(&dsr_rs_netlink_family, rs->net, cmd, &hdr);
	if (!msg)
		return;
	err = key_only ? key_nest_put(msg, family, addr) :
	      silence_nest_put(msg, dsr_rs_silence_find(rs, family, addr));
	dsr_multicast_end(&dsr_rs_netlink_family, rs->net, msg, hdr, err);
}

static int silence_add(struct genl_info *info, bool replace)
{
	struct dsr_rs_net *rs = dsr_rs_net(genl_info_net(info));
	struct nlattr *tb[DSR_SILENCE_A_DEV + 1];
	struct dsr_rs_silence_devs *devs;
	struct dsr_rs_silence *silence;
	union nf_inet_addr addr;
	u8 family;
	int err;

	err = key_parse(info, tb, &family, &addr);
	if (err)
		return err;
	err = devs_parse(info, &devs);
	if (err)
		return err;

	mutex_lock(&rs->lock);
	silence = dsr_rs_silence_find(rs, family, &addr);
	if (silence && silence->wanted && !replace) {
		NL_SET_ERR_MSG(info->extack,
			       "this address is silenced already: change its devices with 'replace'");
		err = -EEXIST;
	} else {
		err = dsr_rs_hush_want(rs, family, &addr, devs);
		if (err == -ENOSPC)
			NL_SET_ERR_MSG(info->extack,
				       "too many silenced addresses: the limit is 4096");
		else if (err && err != -ENOMEM)
			NL_SET_ERR_MSG(info->extack,
				       "the netfilter hooks cannot be set up");
		if (!err)
			tell(rs, info->genlhdr->cmd, family, &addr);
	}
	mutex_unlock(&rs->lock);
	if (err)
		kfree(devs);
	else
		warn_if_alone(rs->net, family, &addr, info->extack);
	return err;
}

/** dsr_rs_netlink_silence_add_doit() - silence an address */
int dsr_rs_netlink_silence_add_doit(struct sk_buff *skb,
				    struct genl_info *info)
{
	return silence_add(info, false);
}

/** dsr_rs_netlink_silence_replace_doit() - silence it, or change its devices */
int dsr_rs_netlink_silence_replace_doit(struct sk_buff *skb,
					struct genl_info *info)
{
	return silence_add(info, true);
}

/** dsr_rs_netlink_silence_delete_doit() - withdraw the user's request */
int dsr_rs_netlink_silence_delete_doit(struct sk_buff *skb,
				       struct genl_info *info)
{
	struct dsr_rs_net *rs = dsr_rs_net(genl_info_net(info));
	struct nlattr *tb[DSR_SILENCE_A_DEV + 1];
	struct dsr_rs_silence *silence;
	union nf_inet_addr addr;
	u8 family;
	int err;

	err = key_parse(info, tb, &family, &addr);
	if (err)
		return err;
	if (tb[DSR_SILENCE_A_DEV]) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[DSR_SILENCE_A_DEV],
				    "'delete' takes no devices: change them with 'replace'");
		return -EINVAL;
	}

	mutex_lock(&rs->lock);
	silence = dsr_rs_silence_find(rs, family, &addr);
	if (silence && silence->wanted) {
		dsr_rs_hush_unwant(rs, silence);
		tell(rs, DSR_RS_CMD_SILENCE_DELETE, family, &addr);
	} else if (silence) {
		NL_SET_ERR_MSG(info->extack,
			       "a rule in mode local silences this address: delete that rule");
		err = -EBUSY;
	} else {
		NL_SET_ERR_MSG(info->extack, "this address is not silenced");
		err = -ENOENT;
	}
	mutex_unlock(&rs->lock);
	return err;
}

/** dsr_rs_netlink_silence_flush_doit() - withdraw all user requests */
int dsr_rs_netlink_silence_flush_doit(struct sk_buff *skb,
				      struct genl_info *info)
{
	struct dsr_rs_net *rs = dsr_rs_net(genl_info_net(info));
	struct dsr_rs_silence *silence, *next;

	mutex_lock(&rs->lock);
	list_for_each_entry_safe(silence, next, &rs->silences.all, all)
		if (silence->wanted)
			dsr_rs_hush_unwant(rs, silence);
	dsr_rs_netlink_tell_flush(rs, DSR_RS_CMD_SILENCE_FLUSH);
	mutex_unlock(&rs->lock);
	return 0;
}

static int silence_put(struct sk_buff *skb, struct netlink_callback *cb,
		       struct dsr_rs_silence *silence)
{
	void *hdr;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &dsr_rs_netlink_family, NLM_F_MULTI,
			  DSR_RS_CMD_SILENCE_GET);
	if (!hdr)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, hdr);
	if (silence_nest_put(skb, silence)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/** dsr_rs_netlink_silence_get_dumpit() - list the silenced addresses */
int dsr_rs_netlink_silence_get_dumpit(struct sk_buff *skb,
				      struct netlink_callback *cb)
{
	struct dsr_rs_net *rs = dsr_rs_net(sock_net(cb->skb->sk));
	struct dsr_rs_dump *dump = (void *)cb->ctx;
	struct dsr_rs_silence *silence;
	u64 at = 0;

	mutex_lock(&rs->lock);
	cb->seq = rs->silences.generation + 1;	/* 0 would disable the check */
	list_for_each_entry(silence, &rs->silences.all, all) {
		if (at++ < dump->cursor)
			continue;
		if (silence_put(skb, cb, silence))
			break;
		dump->cursor++;
	}
	mutex_unlock(&rs->lock);
	return skb->len;
}
