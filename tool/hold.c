// SPDX-License-Identifier: GPL-2.0
/*
 * Let packets wait while no module handles them.
 *
 * At the ingress of each device, before any hook of the modules, tc redirects
 * the packets for some addresses to an ifb device whose qdisc is "plug". Once the
 * plug is pulled, the packets go on from the device that they came in by, in
 * their order. Such a queue belongs to no hook: NFQUEUE drops what waits when a
 * hook of any module is unregistered.
 *
 * A second process guards the queue: if dsrctl is killed, or does not come to an end,
 * the guard lets the packets go. If both are killed, the next hold does. To delete
 * the device is not enough: filters that redirect to no device drop the packets.
 */
#include <fcntl.h>
#include <netlink/cache.h>
#include <netlink/errno.h>
#include <netlink/route/link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dsrctl.h"
#include "hold.h"
#include "hold_filter.h"
#include "hold_queue.h"
#include "report.h"
#include "socket.h"

/* held by the process that lets packets wait, and by its guard */
#define LOCK		"/run/dsrctl-hold.lock"

/* After this time no client waits for an answer any more. */
#define PATIENCE_MS	60000

/* another processor may still be in a filter that was removed */
#define FILTER_MS	5

/* descriptor of LOCK, kept until the process ends, or -1 */
static int lock = -1;

/**
 * hold_want() - let the packets for an address wait
 * @wanted: zeroed before the first
 * @vip: the address
 */
void hold_want(struct hold_wanted *wanted, const struct addr *vip)
{
	size_t i;

	for (i = 0; i < wanted->count; i++)
		if (addr_same(&wanted->vip[i], vip))
			return;
	if (wanted->count == HOLD_VIPS_MAX) {
		hold_want_all(wanted, vip->family);
		return;
	}
	if (!wanted->vip)
		wanted->vip = report_alloc(NULL, HOLD_VIPS_MAX *
					   sizeof(*wanted->vip));
	wanted->vip[wanted->count++] = *vip;
}

/**
 * hold_want_all() - let all packets of a family wait
 * @wanted: zeroed before the first
 * @family: AF_INET or AF_INET6
 *
 * For services of a firewall mark: at the ingress no packet has a mark yet.
 */
void hold_want_all(struct hold_wanted *wanted, int family)
{
	wanted->all[family == AF_INET6] = true;
}

/** hold_want_free() - forget what was wanted */
void hold_want_free(struct hold_wanted *wanted)
{
	free(wanted->vip);
	memset(wanted, 0, sizeof(*wanted));
}

static int failed(const char *what, int err)
{
	return report_error(DSRCTL_REFUSED,
			    "cannot let packets wait: %s: %s: this needs the kernel modules ifb, sch_plug, sch_ingress, cls_u32 and act_mirred",
			    what, nl_geterror(err));
}

/* Make room for the devices that there are, and for some that come meanwhile. */
static int make_room(struct hold *hold, struct nl_cache **links)
{
	size_t room;
	int err;

	err = rtnl_link_alloc_cache(hold->sock, AF_UNSPEC, links);
	if (err)
		return err;
	room = nl_cache_nitems(*links) + 64;
	hold->devices = mmap(NULL, sizeof(*hold->devices) +
			     room * sizeof(hold->devices->one[0]),
			     PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (hold->devices == MAP_FAILED) {
		hold->devices = NULL;
		nl_cache_free(*links);
		return -NLE_NOMEM;
	}
	hold->devices->room = room;
	hold->devices->count = 0;
	return 0;
}

static void forget_devices(struct hold *hold)
{
	if (hold->devices)
		munmap(hold->devices, sizeof(*hold->devices) +
		       hold->devices->room * sizeof(hold->devices->one[0]));
	hold->devices = NULL;
}

/* Let all packets go, in their order; then no more packets come here. */
static int let_go(struct hold *hold)
{
	struct rtnl_link *link;
	bool empty = true;
	int err = 0;

	if (!hold->ifindex)
		return 0;
	link = hold_queue_link(hold->sock);
	if (!link) {
		/* the guard has lost its patience, or a user has deleted it */
		hold_filter_remove(hold);
		hold->ifindex = 0;
		return 0;
	}
	rtnl_link_put(link);
	err = hold_queue_unplug(hold);
	if (!err)
		empty = hold_queue_drain(hold);
	hold_filter_remove(hold);
	usleep(1000 * FILTER_MS);
	if (!err)
		empty = hold_queue_drain(hold) && empty;
	link = hold_queue_link(hold->sock);
	if (link) {
		rtnl_link_delete(hold->sock, link);
		rtnl_link_put(link);
	}
	hold->ifindex = 0;
	return !err && !empty ? -NLE_BUSY : err;
}

/* The descriptors of the other process that the guard must not keep open: the ends
 * of the guards in other namespaces, which would not learn of its end.
 */
static void close_others(int end)
{
	int fd;

	for (fd = STDERR_FILENO + 1; fd < 1024; fd++)
		if (fd != end && fd != lock)
			close(fd);
}

/* The guard keeps no socket of the other process, and none of the other guards. */
static void begin_guard(int end, void *arg)
{
	struct hold *hold = arg;

	nl_socket_free(hold->sock);
	close_others(end);
}

/* The other process is gone, or does not come to an end. */
static void act_as_guard(void *arg)
{
	struct hold *hold = arg;

	report_errors(false);
	hold->sock = socket_open_host();
	if (hold->sock)
		let_go(hold);
}

/* A hold that was left by processes that were both killed. */
static void remove_left(struct hold *hold)
{
	struct rtnl_link *link = hold_queue_link(hold->sock);
	struct hold_device *device;
	struct nl_cache *links;
	struct nl_object *object;

	if (!link)
		return;
	hold->ifindex = rtnl_link_get_ifindex(link);
	rtnl_link_put(link);
	if (make_room(hold, &links))
		return;
	for (object = nl_cache_get_first(links); object;
	     object = nl_cache_get_next(object)) {
		device = &hold->devices->one[hold->devices->count++];
		device->ifindex =
			rtnl_link_get_ifindex((struct rtnl_link *)object);
		device->ours = false;
	}
	nl_cache_free(links);
	let_go(hold);
	forget_devices(hold);
}

/* Two at once would let go what the other one holds. */
static int take_lock(void)
{
	if (lock < 0)
		lock = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			    0600);
	if (lock < 0 || !flock(lock, LOCK_EX | LOCK_NB))
		return DSRCTL_OK;
	return report_error(DSRCTL_REFUSED,
			    "another dsrctl lets packets wait at this time");
}

/* An interrupt would leave half of a balancer, and so would a stop. */
static void block_signals(struct hold *hold)
{
	static const int signals[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGPIPE
	};
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&set, signals[i]);
	hold->blocked = !sigprocmask(SIG_BLOCK, &set, &hold->signals);
}

static int begin(struct hold *hold, const struct hold_wanted *wanted,
		 const char **what)
{
	struct nl_cache *links;
	int err;

	*what = "the device " HOLD_QUEUE;
	err = hold_queue_add(hold);
	if (err)
		return err;
	*what = "its qdisc plug";
	err = hold_queue_plug(hold);
	if (err)
		return err;
	*what = "a process that guards them";
	err = make_room(hold, &links);
	if (err)
		return err;
	nl_cache_free(links);
	/* without a guard no packet is to wait */
	if (rescue_post(&hold->guard, PATIENCE_MS, begin_guard, act_as_guard,
			hold))
		return -NLE_NOMEM;
	err = hold_filter_add(hold, wanted);
	*what = err == -NLE_EXIST ?
		"filters of priority 1 or 2 at the ingress of a device" :
		"filters at the ingress";
	return err;
}

/**
 * hold_begin() - let packets wait
 * @hold: set; for hold_end() in any case
 * @wanted: which packets
 *
 * Return: DSRCTL_OK, or DSRCTL_REFUSED, reported, if no packet waits.
 */
int hold_begin(struct hold *hold, const struct hold_wanted *wanted)
{
	const char *what;
	int err;

	memset(hold, 0, sizeof(*hold));
	hold->guard.alive = -1;
	if (!wanted->count && !wanted->all[0] && !wanted->all[1])
		return DSRCTL_OK;
	if (take_lock())
		return DSRCTL_REFUSED;
	hold->sock = socket_open_host();
	if (!hold->sock)
		return DSRCTL_REFUSED;
	block_signals(hold);
	remove_left(hold);
	hold_queue_load();
	err = begin(hold, wanted, &what);
	if (!err)
		return DSRCTL_OK;
	let_go(hold);
	return failed(what, err);
}

/**
 * hold_end() - let the packets go on that wait
 * @hold: from hold_begin()
 *
 * Return: DSRCTL_OK, or DSRCTL_REFUSED, reported.
 */
int hold_end(struct hold *hold)
{
	int err = 0;

	if (hold->sock) {
		err = let_go(hold);
		rescue_dismiss(&hold->guard);
		nl_socket_free(hold->sock);
	}
	forget_devices(hold);
	if (hold->blocked)
		sigprocmask(SIG_SETMASK, &hold->signals, NULL);
	memset(hold, 0, sizeof(*hold));
	hold->guard.alive = -1;
	if (!err)
		return DSRCTL_OK;
	return report_error(DSRCTL_REFUSED,
			    "some of the packets that waited are lost: %s",
			    nl_geterror(err));
}
