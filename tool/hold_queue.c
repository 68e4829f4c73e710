// SPDX-License-Identifier: GPL-2.0
/* The queue in which packets wait: an ifb device whose qdisc is "plug". */
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <netlink/errno.h>
#include <netlink/route/link.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/qdisc/plug.h>
#include <netlink/route/tc.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hold_queue.h"

/* Bytes that may wait: two seconds at 1 Gbit/s. The kernel counts what is on the
 * wire, and a short packet takes more than ten times of that. So no more than this
 * part of the memory.
 */
#define LIMIT		(256 * 1024 * 1024)
#define LIMIT_PART	32

/* the queue drains within this many milliseconds, or the machine is lost */
#define DRAIN_MAX	5000

/* and the tasklet of the device is done this many milliseconds later */
#define TASKLET_MAX	200

/* The longest queue of a device that Linux 6.12 takes. The packets that have left the
 * plug pass it; more of them wait in the plug meanwhile.
 */
#define QUEUE_MAX	INT16_MAX

/**
 * hold_queue_load() - load the module ifb
 *
 * The module makes two devices when it is loaded, unless it is told not to.
 */
void hold_queue_load(void)
{
	pid_t child = fork();

	if (!child) {
		execlp("modprobe", "modprobe", "-q", "ifb", "numifbs=0",
		       (char *)NULL);
		_exit(127);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

/**
 * hold_queue_link() - look up the device of the queue
 * @sock: to the kernel's routing
 *
 * Return: the device, with a reference, or NULL.
 */
struct rtnl_link *hold_queue_link(struct nl_sock *sock)
{
	struct rtnl_link *link = NULL;

	return rtnl_link_get_kernel(sock, 0, HOLD_QUEUE, &link) ? NULL : link;
}

/**
 * hold_queue_add() - add the device
 * @hold: its ifindex is set
 *
 * Return: 0, or an error of libnl.
 */
int hold_queue_add(struct hold *hold)
{
	struct rtnl_link *link = rtnl_link_alloc();
	int err = -NLE_NOMEM;

	if (link) {
		rtnl_link_set_name(link, HOLD_QUEUE);
		rtnl_link_set_type(link, "ifb");
		rtnl_link_set_flags(link, IFF_UP);
		rtnl_link_set_txqlen(link, QUEUE_MAX);
		err = rtnl_link_add(hold->sock, link,
				    NLM_F_CREATE | NLM_F_EXCL);
		rtnl_link_put(link);
	}
	if (err)
		return err;
	link = hold_queue_link(hold->sock);
	if (!link)
		return -NLE_NODEV;
	hold->ifindex = rtnl_link_get_ifindex(link);
	rtnl_link_put(link);
	return 0;
}

static struct rtnl_qdisc *plug_new(const struct hold *hold)
{
	struct rtnl_qdisc *qdisc = rtnl_qdisc_alloc();

	if (!qdisc)
		return NULL;
	rtnl_tc_set_ifindex(TC_CAST(qdisc), hold->ifindex);
	rtnl_tc_set_parent(TC_CAST(qdisc), TC_H_ROOT);
	rtnl_tc_set_handle(TC_CAST(qdisc), TC_H_MAKE(1 << 16, 0));
	rtnl_tc_set_kind(TC_CAST(qdisc), "plug");
	return qdisc;
}

static int limit(void)
{
	uint64_t part = (uint64_t)sysconf(_SC_PHYS_PAGES) *
			sysconf(_SC_PAGESIZE) / LIMIT_PART;

	return part < LIMIT ? part : LIMIT;
}

/**
 * hold_queue_plug() - let the packets wait that come to the device
 * @hold: with the device, whose new plug is closed
 *
 * Return: 0, or an error of libnl.
 */
int hold_queue_plug(struct hold *hold)
{
	struct rtnl_qdisc *qdisc = plug_new(hold);
	int err = -NLE_NOMEM;

	if (!qdisc)
		return err;
	err = rtnl_qdisc_plug_set_limit(qdisc, limit());
	if (!err)
		err = rtnl_qdisc_add(hold->sock, qdisc,
				     NLM_F_CREATE | NLM_F_REPLACE);
	rtnl_qdisc_put(qdisc);
	return err;
}

/**
 * hold_queue_unplug() - let all packets go, in their order
 * @hold: with the device
 *
 * Return: 0, or an error of libnl.
 */
int hold_queue_unplug(struct hold *hold)
{
	struct rtnl_qdisc *qdisc = plug_new(hold);
	int err = -NLE_NOMEM;

	if (!qdisc)
		return err;
	err = rtnl_qdisc_plug_release_indefinite(qdisc);
	if (!err)
		err = rtnl_qdisc_add(hold->sock, qdisc, 0);
	rtnl_qdisc_put(qdisc);
	return err;
}

/* Check if the device still has packets that have left its queue. */
static bool is_on_its_way(struct hold *hold)
{
	struct rtnl_link *link = hold_queue_link(hold->sock);
	bool is;

	if (!link)
		return false;
	/* The device counts a packet that leaves the queue as received, and a
	 * tasklet transmits the packet. The device drops packets of the kernel.
	 */
	is = rtnl_link_get_stat(link, RTNL_LINK_RX_PACKETS) >
	     rtnl_link_get_stat(link, RTNL_LINK_TX_PACKETS) +
	     rtnl_link_get_stat(link, RTNL_LINK_RX_DROPPED);
	rtnl_link_put(link);
	return is;
}

static uint64_t waiting(struct hold *hold)
{
	struct rtnl_qdisc *qdisc;
	struct nl_cache *cache;
	uint64_t number = 0;

	if (rtnl_qdisc_alloc_cache(hold->sock, &cache))
		return 0;
	qdisc = rtnl_qdisc_get_by_parent(cache, hold->ifindex, TC_H_ROOT);
	if (qdisc) {
		number = rtnl_tc_get_stat(TC_CAST(qdisc), RTNL_TC_QLEN);
		rtnl_qdisc_put(qdisc);
	}
	nl_cache_free(cache);
	return number;
}

/**
 * hold_queue_drain() - wait until the queue is empty
 * @hold: with the device, whose plug is pulled
 *
 * Return: false if packets still wait.
 */
bool hold_queue_drain(struct hold *hold)
{
	unsigned int ms, empty = 0;

	for (ms = 0; ms < DRAIN_MAX; ms++) {
		if (!waiting(hold) &&
		    (!is_on_its_way(hold) || ++empty > TASKLET_MAX))
			return true;
		usleep(1000);
	}
	return false;
}
