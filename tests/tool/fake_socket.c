// SPDX-License-Identifier: GPL-2.0
/*
 * Stands in for tool/socket.c: the same messages, but to and from a process of
 * the test instead of the kernel, over the socket $DSRCTL_FAKE_KERNEL. Each
 * packet that it sends begins with the netlink port that it pretends to have.
 * In place of tool/namespaces.c there is one network namespace. In place of
 * tool/proc.c, files of /proc and /sys are those below $DSRCTL_FAKE_PROC; in place
 * of tool/sniff.c, packets are the lines of its file "packets"; in place of
 * tool/arp.c, answers are those of its file "arp". In place of
 * tool/xdp.c, the link of an XDP program has the descriptor FAKE_LINK. In place of
 * tool/hold.c, packets do not wait.
 */
#include <fcntl.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "arp.h"
#include "dsrctl.h"
#include "hold.h"
#include "namespaces.h"
#include "proc.h"
#include "socket.h"
#include "watch.h"
#include "xdp.h"

#define PACKET_MAX	(128 * 1024)

/* a packet that pretends to come from here has the error that is to be seen */
#define FAKE_ERROR	0xffffffff

/* none that is open */
#define FAKE_LINK	1000

/* more than are open at a time */
#define SOCKETS_MAX	4

/* a socket and its connection; two have the same if it is for both kinds of
 * requests
 */
static struct fake {
	struct nl_sock *sock;
	int fd;
} fakes[SOCKETS_MAX];

static int fake_connect(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = getenv("DSRCTL_FAKE_KERNEL");
	int fd;

	if (!path || strlen(path) >= sizeof(addr.sun_path))
		return -1;
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	close(fd);
	return -1;
}

static struct fake *fake_of(const struct nl_sock *sock)
{
	int i = 0;

	while (fakes[i].sock != sock)
		if (++i == SOCKETS_MAX)
			abort();
	return &fakes[i];
}

static int fake_send(struct nl_sock *sock, struct nl_msg *msg)
{
	struct nlmsghdr *hdr = nlmsg_hdr(msg);
	struct fake *fake = fake_of(sock);
	ssize_t n;

	n = send(fake->fd, hdr, hdr->nlmsg_len, MSG_NOSIGNAL);
	if (n < 0) {
		close(fake->fd);
		fake->fd = fake_connect();
		n = send(fake->fd, hdr, hdr->nlmsg_len, MSG_NOSIGNAL);
	}
	return n < 0 ? -NLE_FAILURE : (int)n;
}

static int fake_recv(struct nl_sock *sock, struct sockaddr_nl *from,
		     unsigned char **buf, struct ucred **creds)
{
	unsigned char *packet = malloc(PACKET_MAX), *exact;
	int error = 0;
	ssize_t n;

	*creds = NULL;
	n = recv(fake_of(sock)->fd, packet, PACKET_MAX, 0);
	if (n <= (ssize_t)sizeof(from->nl_pid)) {
		free(packet);
		return -NLE_FAILURE;
	}
	memset(from, 0, sizeof(*from));
	from->nl_family = AF_NETLINK;
	memcpy(&from->nl_pid, packet, sizeof(from->nl_pid));
	if (from->nl_pid == FAKE_ERROR) {
		memcpy(&error, packet + sizeof(from->nl_pid), sizeof(error));
		free(packet);
		return -nl_syserr2nlerr(error);
	}
	n -= sizeof(from->nl_pid);
	/* no larger than the packet, so that a read past its end is seen */
	exact = malloc(n);
	memcpy(exact, packet + sizeof(from->nl_pid), n);
	free(packet);
	*buf = exact;
	return n;
}

static struct nl_sock *fake_open(int fd)
{
	struct nl_sock *sock = nl_socket_alloc();
	struct nl_cb *cb = nl_socket_get_cb(sock);

	*fake_of(NULL) = (struct fake){ sock, fd };
	nl_cb_overwrite_send(cb, fake_send);
	nl_cb_overwrite_recv(cb, fake_recv);
	nl_cb_put(cb);
	return sock;
}

/* One connection is enough for both kinds of requests. */
struct nl_sock *socket_open_route(void)
{
	int i;

	for (i = 0; i < SOCKETS_MAX; i++)
		if (fakes[i].sock)
			return fake_open(fcntl(fakes[i].fd, F_DUPFD_CLOEXEC, 0));
	return fake_open(fake_connect());
}

struct nl_sock *socket_open_host(void)
{
	return socket_open_route();
}

struct nl_sock *socket_open_netfilter(void)
{
	return socket_open_route();
}

struct nl_sock *socket_open_diag(void)
{
	return socket_open_route();
}

struct nl_sock *socket_open(void)
{
	return fake_open(fake_connect());
}

/* A message of its own tells the test. */
void socket_send_size(struct nl_sock *sock, size_t size)
{
	(void)sock;
	(void)size;
}

int socket_join(struct nl_sock *sock, uint32_t group)
{
	struct {
		struct nlmsghdr header;
		uint32_t group;
	} join = {
		.header = { .nlmsg_len = sizeof(join), .nlmsg_type = NLMSG_NOOP },
		.group = group,
	};

	return send(fake_of(sock)->fd, &join, sizeof(join), MSG_NOSIGNAL) < 0 ?
	       DSRCTL_REFUSED : DSRCTL_OK;
}

void socket_close(struct nl_sock *sock)
{
	struct fake *fake = fake_of(sock);

	close(fake->fd);
	fake->sock = NULL;
	nl_socket_free(sock);
}

int namespaces_find(struct namespaces *all)
{
	static struct namespace here = { .name = "this network namespace" };

	*all = (struct namespaces){ .one = &here, .count = 1 };
	return DSRCTL_OK;
}

void namespaces_keep(struct namespaces *all, size_t i)
{
	(void)all;
	(void)i;
}

int namespaces_enter(const struct namespaces *all, size_t i)
{
	(void)all;
	return i ? -1 : 0;
}

void namespaces_free(struct namespaces *all)
{
	(void)all;
}

FILE *proc_open(const char *path)
{
	const char *root = getenv("DSRCTL_FAKE_PROC");
	char whole[512];

	if (!root)
		return NULL;
	snprintf(whole, sizeof(whole), "%s%s", root, path);
	return fopen(whole, "re");
}

static FILE *packets;

int sniff_open(bool udp)
{
	if (udp)
		return -1;
	packets = proc_open("/packets");
	return packets ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
}

/* A line is: in|out syn|answer|udp|init|init-ack IFINDEX TOS MAC SRC SPORT DST DPORT
 * TIMES; an answer may be "answer:MSS"
 */
bool sniff_read(int fd, struct seen *seen)
{
	char way[8], kind[16], src[64], dst[64];
	unsigned int tos, mac[6], i;

	(void)fd;
	memset(seen, 0, sizeof(*seen));
	if (!packets)
		return false;
	if (fscanf(packets, "%7s %15s %d %x %x:%x:%x:%x:%x:%x %63s %hu %63s %hu %u",
		   way, kind, &seen->ifindex, &tos, &mac[0], &mac[1], &mac[2],
		   &mac[3], &mac[4], &mac[5], src, &seen->sport, dst,
		   &seen->dport, &seen->times) != 15) {
		fclose(packets);
		packets = NULL;
		return false;
	}
	seen->out = !strcmp(way, "out");
	seen->proto = !strcmp(kind, "udp") ? IPPROTO_UDP :
		      !strncmp(kind, "init", 4) ? IPPROTO_SCTP : IPPROTO_TCP;
	seen->answer = !strncmp(kind, "answer", strlen("answer")) ||
		       !strcmp(kind, "init-ack");
	if (sscanf(kind, "answer:%hu", &seen->mss) != 1)
		seen->mss = 0;
	seen->tos = tos;
	seen->has_mac = true;
	for (i = 0; i < 6; i++)
		seen->mac[i] = mac[i];
	addr_parse(src, &seen->src);
	addr_parse(dst, &seen->dst);
	return true;
}

static FILE *arp_answers;

int arp_open(void)
{
	arp_answers = proc_open("/arp");
	return arp_answers ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
}

void arp_ask(int fd, int ifindex, const uint8_t mac[6], struct in_addr from,
	     struct in_addr addr)
{
	(void)fd;
	(void)ifindex;
	(void)mac;
	(void)from;
	(void)addr;
}

/* A line is: IFINDEX ADDR MAC */
bool arp_read(int fd, struct arp_answer *answer)
{
	unsigned int mac[6], i;
	struct addr addr;
	char text[64];

	(void)fd;
	if (!arp_answers)
		return false;
	if (fscanf(arp_answers, "%d %63s %x:%x:%x:%x:%x:%x", &answer->ifindex,
		   text, &mac[0], &mac[1], &mac[2], &mac[3], &mac[4],
		   &mac[5]) != 8) {
		fclose(arp_answers);
		arp_answers = NULL;
		return false;
	}
	addr_parse(text, &addr);
	answer->addr = addr.in;
	for (i = 0; i < 6; i++)
		answer->mac[i] = mac[i];
	return true;
}

void hold_want(struct hold_wanted *wanted, const struct addr *vip)
{
	(void)wanted;
	(void)vip;
}

void hold_want_all(struct hold_wanted *wanted, int family)
{
	(void)wanted;
	(void)family;
}

void hold_want_free(struct hold_wanted *wanted)
{
	(void)wanted;
}

int hold_begin(struct hold *hold, const struct hold_wanted *wanted)
{
	(void)hold;
	(void)wanted;
	return DSRCTL_OK;
}

int hold_end(struct hold *hold)
{
	(void)hold;
	return DSRCTL_OK;
}

bool xdp_is_attached(uint32_t ifindex, bool generic)
{
	(void)ifindex;
	(void)generic;
	return true;
}

int xdp_attach(uint32_t ifindex, bool generic, int *link)
{
	(void)ifindex;
	(void)generic;
	*link = FAKE_LINK;
	return DSRCTL_OK;
}
