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
#include <netlink/route/qdisc/plug.h>
#include <netlink/route/tc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dsrctl.h"
#include "hold.h"
#include "report.h"
#include "socket.h"

#define NAME		"dsr-hold"

/* held by the process that lets packets wait, and by its guard */
#define LOCK		"/run/dsrctl-hold.lock"

/* Bytes that may wait: two seconds at 1 Gbit/s. The kernel counts what is on the
 * wire, and a short packet takes more than ten times of that. So no more than this
 * part of the memory.
 */
#define LIMIT		(256 * 1024 * 1024)
#define LIMIT_PART	32

/* After this time no client waits for an answer any more. */
#define PATIENCE_MS	60000

/* Filters of a lower priority are not reached by what waits. */
#define PRIORITY4	1
#define PRIORITY6	2

/* the queue drains within this many milliseconds, or the machine is lost */
#define DRAIN_MAX	5000

/* and the tasklet of the device is done this many milliseconds later */
#define TASKLET_MAX	200

/* another processor may still be in a filter that was removed */
#define FILTER_MS	5

#define INGRESS		TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)

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

static void sleep_ms(unsigned int ms)
{
	const struct timespec time = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

static int failed(const char *what, int err)
{
	return report_error(DSRCTL_REFUSED,
			    "cannot let packets wait: %s: %s: this needs the kernel modules ifb, sch_plug, sch_ingress, cls_u32 and act_mirred",
			    what, nl_geterror(err));
}

/* The module makes two devices when it is loaded, unless it is told not to. */
static void load_ifb(void)
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

static struct rtnl_link *hold_link(struct nl_sock *sock)
{
	struct rtnl_link *link = NULL;

	return rtnl_link_get_kernel(sock, 0, NAME, &link) ? NULL : link;
}

static int add_device(struct hold *hold)
{
	struct rtnl_link *link = rtnl_link_alloc();
	int err = -NLE_NOMEM;

	if (link) {
		rtnl_link_set_name(link, NAME);
		rtnl_link_set_type(link, "ifb");
		rtnl_link_set_flags(link, IFF_UP);
		rtnl_link_set_txqlen(link, 100000);
		err = rtnl_link_add(hold->sock, link,
				    NLM_F_CREATE | NLM_F_EXCL);
		rtnl_link_put(link);
	}
	if (err)
		return err;
	link = hold_link(hold->sock);
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

/* A new plug is closed. */
static int add_plug(struct hold *hold)
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

static int pull_plug(struct hold *hold)
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

static int add_filters(struct hold *hold, int ifindex,
		       const struct hold_wanted *wanted)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int err = 0;
	size_t i;

	for (i = 0; !err && i < ARRAY_SIZE(families); i++)
		if (wanted->all[i])
			err = add_filter(hold, ifindex, families[i], NULL);
	for (i = 0; !err && i < wanted->count; i++) {
		struct addr *vip = &wanted->vip[i];

		if (!wanted->all[vip->family == AF_INET6])
			err = add_filter(hold, ifindex, vip->family, vip);
	}
	return err;
}

/* The ports of a bridge or a bond show the same packets as their master. */
static bool brings_packets(struct rtnl_link *link)
{
	return rtnl_link_get_flags(link) & IFF_UP &&
	       !(rtnl_link_get_flags(link) & IFF_LOOPBACK) &&
	       !rtnl_link_get_master(link) &&
	       strcmp(rtnl_link_get_name(link), NAME);
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
	bool left = false;
	int err = 0;

	if (rtnl_cls_alloc_cache(hold->sock, ifindex, INGRESS, &filters))
		return 0;
	for (object = nl_cache_get_first(filters); object && !err;
	     object = nl_cache_get_next(object)) {
		struct rtnl_cls *cls = (struct rtnl_cls *)object;
		int priority = rtnl_cls_get_prio(cls);

		if (priority != PRIORITY4 && priority != PRIORITY6)
			continue;
		if (leads_nowhere(cls))
			left = true;
		else if (!is_table(cls))
			err = -NLE_EXIST;
	}
	nl_cache_free(filters);
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

static int add_devices(struct hold *hold, const struct hold_wanted *wanted)
{
	struct nl_cache *links;
	struct nl_object *object;
	int err, ifindex;

	err = rtnl_link_alloc_cache(hold->sock, AF_UNSPEC, &links);
	if (err)
		return err;
	for (object = nl_cache_get_first(links); object && !err;
	     object = nl_cache_get_next(object)) {
		if (!brings_packets((struct rtnl_link *)object))
			continue;
		ifindex = rtnl_link_get_ifindex((struct rtnl_link *)object);
		err = hold->devices->count == hold->devices->room ?
		      -NLE_AGAIN : add_device_filters(hold, ifindex, wanted);
	}
	nl_cache_free(links);
	return err;
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

/* Delete the filters, and with them the qdisc if it is ours. */
static void remove_filters(struct hold *hold)
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

/* Check if the device still has packets that have left its queue. */
static bool is_on_its_way(struct hold *hold)
{
	struct rtnl_link *link = hold_link(hold->sock);
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

static bool drain(struct hold *hold)
{
	unsigned int ms, empty = 0;

	for (ms = 0; ms < DRAIN_MAX; ms++) {
		if (!waiting(hold) &&
		    (!is_on_its_way(hold) || ++empty > TASKLET_MAX))
			return true;
		sleep_ms(1);
	}
	return false;
}

/* Let all packets go, in their order; then no more packets come here. */
static int let_go(struct hold *hold)
{
	struct rtnl_link *link;
	bool empty = true;
	int err = 0;

	if (!hold->ifindex)
		return 0;
	link = hold_link(hold->sock);
	if (!link) {
		/* the guard has lost its patience, or a user has deleted it */
		remove_filters(hold);
		hold->ifindex = 0;
		return 0;
	}
	rtnl_link_put(link);
	err = pull_plug(hold);
	if (!err)
		empty = drain(hold);
	remove_filters(hold);
	sleep_ms(FILTER_MS);
	if (!err)
		empty = drain(hold) && empty;
	link = hold_link(hold->sock);
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

/* The guard: wait until the other process is gone or has done its work. */
static void guard(struct hold *hold, int end)
{
	struct pollfd wait = { .fd = end, .events = POLLIN };
	char done;

	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	setsid();
	nl_socket_free(hold->sock);
	close_others(end);
	if (poll(&wait, 1, PATIENCE_MS) > 0 && read(end, &done, 1) == 1)
		_exit(0);
	report_errors(false);
	hold->sock = socket_open_host();
	if (hold->sock)
		let_go(hold);
	_exit(0);
}

/* Return: 0, or -NLE_NOMEM: without a guard no packet is to wait. */
static int post_guard(struct hold *hold)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -NLE_NOMEM;
	fflush(stdout);
	hold->guard = fork();
	if (!hold->guard) {
		close(ends[1]);
		guard(hold, ends[0]);
	}
	close(ends[0]);
	hold->alive = ends[1];
	return hold->guard > 0 ? 0 : -NLE_NOMEM;
}

static void dismiss_guard(struct hold *hold)
{
	if (hold->alive < 0)
		return;
	send(hold->alive, "", 1, MSG_NOSIGNAL);
	close(hold->alive);
	hold->alive = -1;
	if (hold->guard > 0)
		waitpid(hold->guard, NULL, 0);
}

/* A hold that was left by processes that were both killed. */
static void remove_left(struct hold *hold)
{
	struct rtnl_link *link = hold_link(hold->sock);
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

	*what = "the device " NAME;
	err = add_device(hold);
	if (err)
		return err;
	*what = "its qdisc plug";
	err = add_plug(hold);
	if (err)
		return err;
	*what = "a process that guards them";
	err = make_room(hold, &links);
	if (err)
		return err;
	nl_cache_free(links);
	err = post_guard(hold);
	if (err)
		return err;
	err = add_devices(hold, wanted);
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
	hold->alive = -1;
	if (!wanted->count && !wanted->all[0] && !wanted->all[1])
		return DSRCTL_OK;
	if (take_lock())
		return DSRCTL_REFUSED;
	hold->sock = socket_open_host();
	if (!hold->sock)
		return DSRCTL_REFUSED;
	block_signals(hold);
	remove_left(hold);
	load_ifb();
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
		dismiss_guard(hold);
		nl_socket_free(hold->sock);
	}
	forget_devices(hold);
	if (hold->blocked)
		sigprocmask(SIG_SETMASK, &hold->signals, NULL);
	memset(hold, 0, sizeof(*hold));
	hold->alive = -1;
	if (!err)
		return DSRCTL_OK;
	return report_error(DSRCTL_REFUSED,
			    "some of the packets that waited are lost: %s",
			    nl_geterror(err));
}
