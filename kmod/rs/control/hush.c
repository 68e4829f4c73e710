// SPDX-License-Identifier: GPL-2.0
/* hush - see hush.h */

#include <linux/netfilter_arp.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>

#include "control/hush.h"
#include "datapath/arp.h"
#include "datapath/nd.h"

/* Come after all other hooks, to judge the message that will be sent. */
static const struct nf_hook_ops arp_hooks[] = {
	{
		.hook		= dsr_rs_arp_out_hook,
		.pf		= NFPROTO_ARP,
		.hooknum	= NF_ARP_OUT,
		.priority	= NF_IP_PRI_LAST,
	},
};

static const struct nf_hook_ops nd_hooks[] = {
	{
		.hook		= dsr_rs_nd_out_hook,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_LOCAL_OUT,
		.priority	= NF_IP6_PRI_LAST,
	},
	{
		.hook		= dsr_rs_nd_in_hook,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_LOCAL_IN,
		.priority	= NF_IP6_PRI_LAST,
	},
};

static int hooks_register(struct net *net, u8 family)
{
	if (family == AF_INET)
		return nf_register_net_hooks(net, arp_hooks,
					     ARRAY_SIZE(arp_hooks));
	return nf_register_net_hooks(net, nd_hooks, ARRAY_SIZE(nd_hooks));
}

static void hooks_unregister(struct net *net, u8 family)
{
	if (family == AF_INET)
		nf_unregister_net_hooks(net, arp_hooks, ARRAY_SIZE(arp_hooks));
	else
		nf_unregister_net_hooks(net, nd_hooks, ARRAY_SIZE(nd_hooks));
}

/* Call before an address is listed. */
static int begin(struct dsr_rs_net *rs, u8 family)
{
	lockdep_assert_held(&rs->lock);
	return dsr_rs_silence_count(&rs->silences, family) ?
	       0 : hooks_register(rs->net, family);
}

/* Call after an address may have been unlisted, or was not listed. */
static void end(struct dsr_rs_net *rs, u8 family)
{
	lockdep_assert_held(&rs->lock);
	if (!dsr_rs_silence_count(&rs->silences, family))
		hooks_unregister(rs->net, family);
}

/**
 * dsr_rs_hush_want() - silence an address for the user
 * @rs: namespace, its lock held
 * @family: AF_INET or AF_INET6
 * @addr: address
 * @devs: devices, taken over, that replace those named before; %NULL: all
 *
 * Context: process context, sleeps.
 * Return: 0 or -errno, with nothing changed and @devs left to the caller.
 */
int dsr_rs_hush_want(struct dsr_rs_net *rs, u8 family,
		     const union nf_inet_addr *addr,
		     struct dsr_rs_silence_devs *devs)
{
	int err = begin(rs, family);

	if (err)
		return err;
	err = dsr_rs_silence_want(rs, family, addr, devs);
	if (err)
		end(rs, family);
	return err;
}

/**
 * dsr_rs_hush_unwant() - undo dsr_rs_hush_want()
 * @rs: namespace, its lock held
 * @silence: address; freed if no rule wants it silenced
 *
 * Context: process context, sleeps.
 */
void dsr_rs_hush_unwant(struct dsr_rs_net *rs, struct dsr_rs_silence *silence)
{
	u8 family = silence->family;

	dsr_rs_silence_unwant(rs, silence);
	end(rs, family);
}

/**
 * dsr_rs_hush_hold() - silence an address for a rule, on all devices
 * @rs: namespace, its lock held
 * @family: AF_INET or AF_INET6
 * @addr: address
 *
 * Context: process context, sleeps.
 * Return: 0 or -errno, with nothing changed.
 */
int dsr_rs_hush_hold(struct dsr_rs_net *rs, u8 family,
		     const union nf_inet_addr *addr)
{
	int err = begin(rs, family);

	if (err)
		return err;
	err = dsr_rs_silence_hold(rs, family, addr);
	if (err)
		end(rs, family);
	return err;
}

/**
 * dsr_rs_hush_release() - undo dsr_rs_hush_hold()
 * @rs: namespace, its lock held
 * @family: AF_INET or AF_INET6
 * @addr: address
 *
 * Context: process context, sleeps.
 */
void dsr_rs_hush_release(struct dsr_rs_net *rs, u8 family,
			 const union nf_inet_addr *addr)
{
	dsr_rs_silence_release(rs, family, addr);
	end(rs, family);
}

/**
 * dsr_rs_hush_exit() - unlist all addresses because the namespace ends
 * @rs: namespace, its lock held
 *
 * Context: process context, sleeps.
 */
void dsr_rs_hush_exit(struct dsr_rs_net *rs)
{
	struct dsr_rs_silence *silence, *next;

	list_for_each_entry_safe(silence, next, &rs->silences.all, all) {
		silence->rules = 0;
		dsr_rs_hush_unwant(rs, silence);
	}
}
