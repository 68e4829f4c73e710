// SPDX-License-Identifier: GPL-2.0
/*
 * conn - /proc/net/ip_vs_conn
 *
 * ipvsadm reads the file into fields of fixed size, and expects the first line.
 * A persistence entry is shown like a template of IPVS: without a client port;
 * for a service of a mark without a protocol, and with the mark in place of the
 * VIP.
 */

#include "lb/core/conn.h"
#include "lb/control/proc.h"
#include "netlink.h"
#include "proc.h"

#define HEADER \
	"Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n"

/**
 * struct line - a connection as it is shown
 * @family: family of the addresses
 * @proto: IPPROTO_*, or 0
 * @client: client's address
 * @cport: client's port
 * @vip: VIP, or a mark
 * @vport: port of the VIP
 * @dest: address of the destination
 * @dport: port of the destination
 * @state: name of the state, 15 bytes at most
 * @expires: seconds
 */
struct line {
	u8 family;
	u8 proto;
	union nf_inet_addr client;
	__be16 cport;
	union nf_inet_addr vip;
	__be16 vport;
	union nf_inet_addr dest;
	__be16 dport;
	const char *state;
	u32 expires;
};

/* IPVS's state names, which stand for the client's half here. */
static const char *const tcp_states[] = {
	[DSR_CONN_SYN] = "SYN_RECV",
	[DSR_CONN_ESTABLISHED] = "ESTABLISHED",
	[DSR_CONN_FIN] = "FIN_WAIT",
	[DSR_CONN_CLOSED] = "CLOSE",
	[DSR_CONN_UDP] = "UDP",
	[DSR_CONN_PERSISTENT] = "ASSURED",
	[DSR_CONN_UNPROVEN] = "SYN_RECV",
};

static const char *const sctp_states[] = {
	[DSR_CONN_SYN] = "INIT1",
	[DSR_CONN_ESTABLISHED] = "ESTABLISHED",
	[DSR_CONN_FIN] = "SHUTDOWN_SENT",
	[DSR_CONN_CLOSED] = "CLOSED",
	[DSR_CONN_UDP] = "UDP",
	[DSR_CONN_PERSISTENT] = "ASSURED",
	[DSR_CONN_UNPROVEN] = "INIT1",
};

static const char *state_name(u8 proto, u8 state)
{
	if (state == DSR_CONN_UNPROVEN && proto == IPPROTO_UDP)
		return "UDP";
	/* A persistence entry of a client that has sent a single packet. */
	if (state == DSR_CONN_UNPROVEN && !proto)
		return "NONE";
	return proto == IPPROTO_SCTP ? sctp_states[state] : tcp_states[state];
}

static void fill(struct line *line, const struct dsr_net *dn,
		 const struct dsr_conn *conn)
{
	const struct dsr_backend *backend = rcu_dereference(conn->backend);
	const struct dsr_tuple *tuple = &conn->tuple;

	*line = (struct line) {
		.family = tuple->family,
		.proto = tuple->proto,
		.client = dsr_tuple_source(tuple),
		.cport = tuple->sport,
		.vip = dsr_tuple_dest(tuple),
		.vport = tuple->dport,
		.dest = backend->nexthop.addr,
		/* A destination without a port leaves the port as it is. */
		.dport = dsr_ipvs_dest_port(backend) ?: tuple->dport,
		.state = state_name(tuple->proto, READ_ONCE(conn->state)),
		.expires = dsr_conn_expires(dn, conn, jiffies) / MSEC_PER_SEC,
	};
}

/* The tuple of a persistence entry is special: see struct dsr_conn.tuple. */
static void fill_persistent(struct line *line)
{
	u32 what = ntohs(line->cport);

	line->cport = 0;
	line->proto = what;
	if (what <= U8_MAX)
		return;
	line->proto = 0;
	line->dport = 0;
	/* dsr_lb has the mark in the last word, ip_vs in the first. */
	if (line->family == AF_INET6)
		swap(line->vip.all[0], line->vip.all[3]);
}

static void show_line(struct seq_file *seq, const struct line *line)
{
	const char *proto = dsr_ipvs_proc_proto(line->proto);

	if (line->family == AF_INET)
		seq_printf(seq, "%-3s %08X %04X %08X %04X %08X %04X %-11s %7u\n",
			   proto, ntohl(line->client.ip), ntohs(line->cport),
			   ntohl(line->vip.ip), ntohs(line->vport),
			   ntohl(line->dest.ip), ntohs(line->dport),
			   line->state, line->expires);
	else
		seq_printf(seq, "%-3s %pI6 %04X %pI6 %04X %pI6 %04X %-11s %7u\n",
			   proto, &line->client, ntohs(line->cport),
			   &line->vip, ntohs(line->vport), &line->dest,
			   ntohs(line->dport), line->state, line->expires);
}

static void show(struct seq_file *seq, const struct dsr_net *dn,
		 const struct dsr_conn *conn)
{
	struct line line;

	fill(&line, dn, conn);
	if (dsr_conn_is_client(conn))
		fill_persistent(&line);
	show_line(seq, &line);
}

/* Without a service there is no table: show only the first line. */
static void *conn_start(struct seq_file *seq, loff_t *pos)
{
	void *at = dsr_proc_walk_start(seq, pos);

	return at || *pos ? at : SEQ_START_TOKEN;
}

static void *conn_next(struct seq_file *seq, void *v, loff_t *pos)
{
	if (v != SEQ_START_TOKEN)
		return dsr_proc_walk_next(seq, v, pos);
	++*pos;
	return NULL;
}

static int conn_show(struct seq_file *seq, void *v)
{
	bool is_empty = v == SEQ_START_TOKEN;

	if (is_empty || !*(loff_t *)v)
		seq_puts(seq, HEADER);
	if (!is_empty)
		dsr_proc_walk_show(seq, v, show);
	return 0;
}

const struct seq_operations dsr_ipvs_conn_ops = {
	.start = conn_start,
	.next = conn_next,
	.stop = dsr_proc_walk_stop,
	.show = conn_show,
};
