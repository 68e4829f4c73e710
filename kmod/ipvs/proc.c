// SPDX-License-Identifier: GPL-2.0
/* proc - see proc.h */

#include <linux/inetdevice.h>
#include <linux/proc_fs.h>

#include "netlink.h"
#include "proc.h"

/** dsr_ipvs_proc_proto() - return IPVS's name of a protocol; 0: for marks */
const char *dsr_ipvs_proc_proto(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return "TCP";
	case IPPROTO_UDP:
		return "UDP";
	case IPPROTO_SCTP:
		return "SCTP";
	default:
		return "IP";
	}
}

static void *services_start(struct seq_file *seq, loff_t *pos)
{
	struct dsr_net *dn = dsr_net(seq_file_net(seq));

	mutex_lock(&dn->lock);
	dsr_ipvs_net_watch(dn);
	return seq_list_start_head(&dn->services, *pos);
}

static void *services_next(struct seq_file *seq, void *v, loff_t *pos)
{
	struct dsr_net *dn = dsr_net(seq_file_net(seq));

	return seq_list_next(v, &dn->services, pos);
}

static void services_stop(struct seq_file *seq, void *v)
{
	struct dsr_net *dn = dsr_net(seq_file_net(seq));

	mutex_unlock(&dn->lock);
}

static void show_key(struct seq_file *seq, const struct dsr_service_key *key)
{
	if (key->fwmark)
		seq_printf(seq, "FWM  %08X ", key->fwmark);
	else if (key->family == AF_INET6)
		seq_printf(seq, "%s  [%pI6]:%04X ",
			   dsr_ipvs_proc_proto(key->proto), &key->vip,
			   key->port);
	else
		seq_printf(seq, "%s  %08X:%04X ",
			   dsr_ipvs_proc_proto(key->proto),
			   ntohl(key->vip.ip), key->port);
}

/* The format is that of ip_vs, including blanks, jiffies and byte order. */
static void show_service(struct seq_file *seq, struct dsr_net *dn,
			 struct dsr_service *service)
{
	u8 prefix = service->persist_prefix;
	bool is_mark = service->key.fwmark;

	show_key(seq, &service->key);
	seq_printf(seq, "%s ", dsr_ipvs_service_scheduler(dn, service));
	if (is_mark || service->key.family == AF_INET)
		seq_printf(seq, "%s%s", service->one_packet ? "ops " : "",
			   is_mark ? "" : " ");
	if (service->persist)
		seq_printf(seq, "persistent %u %08X",
			   dsr_ipvs_service_timeout(service) ?
			   service->persist : 0,
			   service->key.family == AF_INET ?
			   ntohl(inet_make_mask(prefix)) :
			   swab32(prefix));
	seq_putc(seq, '\n');
}

static void show_dest(struct seq_file *seq, const struct dsr_backend *backend)
{
	u32 active, inactive;

	if (backend->nexthop.family == AF_INET)
		seq_printf(seq, "  -> %08X", ntohl(backend->nexthop.addr.ip));
	else
		seq_printf(seq, "  -> [%pI6]", &backend->nexthop.addr);
	dsr_ipvs_dest_counts(backend, &active, &inactive);
	seq_printf(seq, ":%04X      %-7s %-6u %-10u %-10u\n",
		   ntohs(dsr_ipvs_dest_port(backend)), "Route",
		   dsr_ipvs_dest_weight(backend), active, inactive);
}

static int services_show(struct seq_file *seq, void *v)
{
	struct dsr_net *dn = dsr_net(seq_file_net(seq));
	struct dsr_service *service;
	struct dsr_backend *backend;

	if (v == &dn->services) {
		seq_printf(seq, "IP Virtual Server version %d.%d.%d (size=%u)\n",
			   NVERSION(DSR_IPVS_VERSION), dn->conn_max);
		seq_puts(seq, "Prot LocalAddress:Port Scheduler Flags\n");
		seq_puts(seq, "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n");
		return 0;
	}
	service = list_entry(v, struct dsr_service, list);
	if (!dsr_ipvs_service_shows(service))
		return 0;
	show_service(seq, dn, service);
	list_for_each_entry(backend, &service->backends, list)
		show_dest(seq, backend);
	return 0;
}

static const struct seq_operations services_ops = {
	.start = services_start,
	.next = services_next,
	.stop = services_stop,
	.show = services_show,
};

static int stats_show(struct seq_file *seq, void *v)
{
	struct dsr_net *dn = dsr_net(seq_file_single_net(seq));
	struct dsr_ipvs_reading reading;

	mutex_lock(&dn->lock);
	dsr_ipvs_net_read(dn, &reading);
	mutex_unlock(&dn->lock);
	seq_puts(seq, "   Total Incoming Outgoing         Incoming         Outgoing\n");
	seq_puts(seq, "   Conns  Packets  Packets            Bytes            Bytes\n");
	seq_printf(seq, "%8llX %8llX %8X %16llX %16X\n\n",
		   reading.total.connections, reading.total.packets, 0,
		   reading.total.bytes, 0);
	seq_puts(seq, " Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n");
	seq_printf(seq, "%8llX %8llX %8X %16llX %16X\n", reading.cps,
		   reading.pps, 0, reading.bps, 0);
	return 0;
}

/* As with ip_vs, a monitor without privileges may read services and counters.
 * Unlike with ip_vs, reading connections takes CAP_NET_ADMIN, which
 * dsr_proc_walk_start() checks.
 */
static int __net_init proc_net_init(struct net *net)
{
	if (!proc_create_net("ip_vs", 0444, net->proc_net, &services_ops,
			     sizeof(struct seq_net_private)))
		return -ENOMEM;
	if (!proc_create_net_single("ip_vs_stats", 0444, net->proc_net,
				    stats_show, NULL))
		goto remove_services;
	if (!proc_create_net("ip_vs_conn", 0444, net->proc_net,
			     &dsr_ipvs_conn_ops,
			     sizeof(struct seq_net_private)))
		goto remove_stats;
	return 0;

remove_stats:
	remove_proc_entry("ip_vs_stats", net->proc_net);
remove_services:
	remove_proc_entry("ip_vs", net->proc_net);
	return -ENOMEM;
}

static void __net_exit proc_net_exit(struct net *net)
{
	remove_proc_entry("ip_vs_conn", net->proc_net);
	remove_proc_entry("ip_vs_stats", net->proc_net);
	remove_proc_entry("ip_vs", net->proc_net);
}

static struct pernet_operations proc_net_ops = {
	.init = proc_net_init,
	.exit = proc_net_exit,
};

/** dsr_ipvs_proc_init() - create the files of all namespaces */
int __init dsr_ipvs_proc_init(void)
{
	return register_pernet_subsys(&proc_net_ops);
}

/** dsr_ipvs_proc_exit() - remove the files; waits for their readers */
void dsr_ipvs_proc_exit(void)
{
	unregister_pernet_subsys(&proc_net_ops);
}
