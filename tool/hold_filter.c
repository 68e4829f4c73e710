// SPDX-License-Identifier: GPL-2.0
/* Filters at the ingress of each device, which redirect packets to the queue. */
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <netlink/errno.h>
#include <netlink/route/act/mirred.h>
#include <netlink/route/action.h>
#include <netlink/route/classifier.h>
#include <netlink/route/cls/u32.h>
#include <netlink/route/link.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/tc.h>
#include <string.h>
#include <sys/socket.h>

#include "dsrctl.h"
#include "hold_filter.h"
#include "hold_queue.h"

/* Filters of a lower priority are not reached by what waits. */
#define PRIORITY4	1
#define PRIORITY6	2

#define INGRESS		TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)

static struct rtnl_qdisc *clsact_new(int ifindex)
{
	struct rtnl_qdisc *qdisc = rtnl_qdisc_alloc();

	if (!qdisc)
		return NULL;
	rtnl_tc_set_ifindex(TC_CAST(qdisc), ifindex);
	rtnl_tc_set_parent(TC_CAST(qdisc), TC_H_CLSACT);
	rtnl_tc_set_handle(TC_CAST(qdisc), TC_H_MAKE(TC_H_CLSACT, 0));
	rtnl_tc_set_kind(TC_CAST(qdisc), "clsact");
	return qdisc;
}

/* The site may use clsact, or the older ingress, by itself. */
static int add_clsact(struct hold *hold, int ifindex, bool *ours)
{
	struct rtnl_qdisc *qdisc = clsact_new(ifindex);
	int err = -NLE_NOMEM;

	if (!qdisc)
		return err;
	err = rtnl_qdisc_add(hold->sock, qdisc, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_qdisc_put(qdisc);
	*ours = !err;
	return err == -NLE_EXIST ? 0 : err;
}

static struct rtnl_cls *filter_new(int ifindex, int family)
{
	struct rtnl_cls *cls = rtnl_cls_alloc();

	if (!cls)
		return NULL;
	rtnl_tc_set_ifindex(TC_CAST(cls), ifindex);
	rtnl_tc_set_parent(TC_CAST(cls), INGRESS);
	rtnl_tc_set_kind(TC_CAST(cls), "u32");
	rtnl_cls_set_prio(cls, family == AF_INET ? PRIORITY4 : PRIORITY6);
	rtnl_cls_set_protocol(cls, family == AF_INET ? ETH_P_IP : ETH_P_IPV6);
	return cls;
}

static int redirect(struct rtnl_cls *cls, int to)
{
	struct rtnl_act *act = rtnl_act_alloc();
	int err = -NLE_NOMEM;

	if (!act)
		return err;
	err = rtnl_tc_set_kind(TC_CAST(act), "mirred");
	if (!err)
		err = rtnl_mirred_set_action(act, TCA_EGRESS_REDIR);
	if (!err)
		err = rtnl_mirred_set_policy(act, TC_ACT_STOLEN);
	if (!err)
		err = rtnl_mirred_set_ifindex(act, to);
	if (!err)
		err = rtnl_u32_add_action(cls, act);
	rtnl_act_put(act);
	return err;
}

/* @vip: NULL: all of @family */
static int add_filter(struct hold *hold, int ifindex, int family,
		      struct addr *vip)
{
	struct rtnl_cls *cls = filter_new(ifindex, family);
	int err = -NLE_NOMEM;

	if (!cls)
		return err;
	if (!vip)
		err = rtnl_u32_add_key_uint32(cls, 0, 0, 0, 0);
	else if (family == AF_INET)
		err = rtnl_u32_add_key_in_addr(cls, &vip->in, 32, 16, 0);
	else
		err = rtnl_u32_add_key_in6_addr(cls, &vip->in6, 128, 24, 0);
	if (!err)
		err = rtnl_u32_set_cls_terminal(cls);
	if (!err)
		err = redirect(cls, hold->ifindex);
	if (!err)
		err = rtnl_cls_add(hold->sock, cls, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_cls_put(cls);
	return err;
}

/* Destinations that are no VIP: what VRRP, OSPF and neighbour discovery tell each
 * other. A router that hears nothing for some seconds takes over.
 */
static const struct no_vip {
	int family;
	uint32_t value;
	uint32_t mask;
	int offset;
} no_vips[] = {
	{ AF_INET, 0xe0000000, 0xf0000000, 16 },	/* 224.0.0.0/4 */
	{ AF_INET6, 0xff000000, 0xff000000, 24 },	/* ff00::/8 */
	{ AF_INET6, 0xfe800000, 0xffc00000, 24 },	/* fe80::/10 */
};

/* Let packets for such a destination pass: a filter without an action. */
static int add_pass(struct hold *hold, int ifindex, const struct no_vip *no_vip)
{
	struct rtnl_cls *cls = filter_new(ifindex, no_vip->family);
	int err = -NLE_NOMEM;

	if (!cls)
		return err;
	err = rtnl_u32_add_key_uint32(cls, no_vip->value, no_vip->mask,
				      no_vip->offset, 0);
	if (!err)
		err = rtnl_u32_set_cls_terminal(cls);
	if (!err)
		err = rtnl_cls_add(hold->sock, cls, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_cls_put(cls);
	return err;
}

/* Redirect all packets of a family, except those that none of its VIPs can get. The
 * first filter that matches decides.
 */
static int add_all(struct hold *hold, int ifindex, int family)
{
	int err = 0;
	size_t i;

	for (i = 0; !err && i < ARRAY_SIZE(no_vips); i++)
		if (no_vips[i].family == family)
			err = add_pass(hold, ifindex, &no_vips[i]);
	return err ? err : add_filter(hold, ifindex, family, NULL);
}

static int add_filters(struct hold *hold, int ifindex,
		       const struct hold_wanted *wanted)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int err = 0;
	size_t i;

	for (i = 0; !err && i < ARRAY_SIZE(families); i++)
		if (wanted->all[i])
			err = add_all(hold, ifindex, families[i]);
	for (i = 0; !err && i < wanted->count; i++) {
		struct addr *vip = &wanted->vip[i];

		if (!wanted->all[vip->family == AF_INET6])
			err = add_filter(hold, ifindex, vip->family, vip);
	}
	return err;
}

/* The ports of a bridge or a bond show the same packets as their master. What comes in
 * by a device in a VRF does not pass the ingress of the VRF.
 */
static bool is_shown_again(struct nl_cache *links, struct rtnl_link *link)
{
	int number = rtnl_link_get_master(link);
	struct rtnl_link *master;
	const char *kind;
	bool vrf;

	if (!number)
		return false;
	master = rtnl_link_get(links, number);
	kind = master ? rtnl_link_get_type(master) : NULL;
	vrf = kind && !strcmp(kind, "vrf");
	rtnl_link_put(master);
	return !vrf;
}

static bool brings_packets(struct nl_cache *links, struct rtnl_link *link)
{
	return rtnl_link_get_flags(link) & IFF_UP &&
	       !(rtnl_link_get_flags(link) & IFF_LOOPBACK) &&
	       !is_shown_again(links, link) &&
	       strcmp(rtnl_link_get_name(link), HOLD_QUEUE);
}

/* A filter of a hold that was killed, whose device was deleted by hand: it drops all
 * that it matches.
 */
static bool leads_nowhere(struct rtnl_cls *cls)
{
	const char *kind = rtnl_tc_get_kind(TC_CAST(cls));
	struct rtnl_act *act;

	if (!kind || strcmp(kind, "u32"))
		return false;
	act = rtnl_u32_get_action(cls);
	kind = act ? rtnl_tc_get_kind(TC_CAST(act)) : NULL;
	return kind && !strcmp(kind, "mirred") && !rtnl_mirred_get_ifindex(act);
}

/* A filter of add_pass(), or one of the site. */
static bool does_nothing(struct rtnl_cls *cls)
{
	const char *kind = rtnl_tc_get_kind(TC_CAST(cls));

	return kind && !strcmp(kind, "u32") && !rtnl_u32_get_action(cls);
}

/* u32 lists its hash tables as well, which have no number in the last 12 bits. */
static bool is_table(struct rtnl_cls *cls)
{
	const char *kind = rtnl_tc_get_kind(TC_CAST(cls));

	return kind && !strcmp(kind, "u32") &&
	       !(rtnl_tc_get_handle(TC_CAST(cls)) & 0xfff);
}

static void delete_filters(struct hold *hold, int ifindex)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct rtnl_cls *cls;
	size_t f;

	for (f = 0; f < ARRAY_SIZE(families); f++) {
		cls = filter_new(ifindex, families[f]);
		if (cls)
			rtnl_cls_delete(hold->sock, cls, 0);
		rtnl_cls_put(cls);
	}
}

/* The kernel deletes all filters of a priority at once: leave those of the site.
 *
 * Return: 0 if there are none; -NLE_EXIST.
 */
static int check_filters(struct hold *hold, int ifindex)
{
	struct nl_object *object;
	struct nl_cache *filters;
	bool left = false, passes = false;
	int err = 0;

	if (rtnl_cls_alloc_cache(hold->sock, ifindex, INGRESS, &filters))
		return 0;
	for (object = nl_cache_get_first(filters); object && !err;
	     object = nl_cache_get_next(object)) {
		struct rtnl_cls *cls = (struct rtnl_cls *)object;
		int priority = rtnl_cls_get_prio(cls);

		if ((priority != PRIORITY4 && priority != PRIORITY6) ||
		    is_table(cls))
			continue;
		if (leads_nowhere(cls))
			left = true;
		else if (does_nothing(cls))
			passes = true;
		else
			err = -NLE_EXIST;
	}
	nl_cache_free(filters);
	/* ours pass packets by a filter that redirects the others */
	if (!err && passes && !left)
		err = -NLE_EXIST;
	if (!err && left)
		delete_filters(hold, ifindex);
	return err;
}

static int add_device_filters(struct hold *hold, int ifindex,
			      const struct hold_wanted *wanted)
{
	struct hold_device *device = &hold->devices->one[hold->devices->count];
	bool ours;
	int err;

	err = add_clsact(hold, ifindex, &ours);
	if (err)
		return err;
	if (!ours)
		err = check_filters(hold, ifindex);
	if (err)
		return err;
	device->ifindex = ifindex;
	device->ours = ours;
	hold->devices->count++;
	return add_filters(hold, ifindex, wanted);
}

/**
 * hold_filter_add() - redirect packets to the queue, at the ingress of each device
 * @hold: with the device of the queue, and room for the other devices
 * @wanted: which packets
 *
 * Return: 0, or an error of libnl; -NLE_EXIST if the site has filters of these
 * priorities.
 */
int hold_filter_add(struct hold *hold, const struct hold_wanted *wanted)
{
	struct nl_cache *links;
	struct nl_object *object;
	int err, ifindex;

	err = rtnl_link_alloc_cache(hold->sock, AF_UNSPEC, &links);
	if (err)
		return err;
	for (object = nl_cache_get_first(links); object && !err;
	     object = nl_cache_get_next(object)) {
		if (!brings_packets(links, (struct rtnl_link *)object))
			continue;
		ifindex = rtnl_link_get_ifindex((struct rtnl_link *)object);
		err = hold->devices->count == hold->devices->room ?
		      -NLE_AGAIN : add_device_filters(hold, ifindex, wanted);
	}
	nl_cache_free(links);
	return err;
}

/**
 * hold_filter_remove() - delete the filters, and with them each qdisc that is ours
 * @hold: with the devices that have them
 */
void hold_filter_remove(struct hold *hold)
{
	struct rtnl_qdisc *qdisc;
	size_t i;

	for (i = 0; hold->devices && i < hold->devices->count; i++) {
		int ifindex = hold->devices->one[i].ifindex;

		if (hold->devices->one[i].ours) {
			qdisc = clsact_new(ifindex);
			if (qdisc)
				rtnl_qdisc_delete(hold->sock, qdisc);
			rtnl_qdisc_put(qdisc);
		} else {
			delete_filters(hold, ifindex);
		}
	}
}
