// SPDX-License-Identifier: GPL-2.0
/*
 * Why a packet leaves the balancer as it does: the names that the module has
 * for it (kmod/lb/core/reason.h), in words.
 */
#include <stddef.h>
#include <string.h>

#include "dsrctl.h"
#include "reason.h"

static const struct reason reasons[] = {
	{
		"forwarded",
		"the backend gets it, and its connection is remembered",
		NULL
	},
	{
		"forwarded_syn_unremembered",
		"the backend gets it; its connection enters the table with the next packet, so that a flood of SYNs takes no memory",
		NULL
	},
	{
		"forwarded_stray_unremembered",
		"a backend gets it, but nothing is remembered: it ends a connection (RST, FIN) that is not known",
		NULL
	},
	{
		"forwarded_stateless",
		"the backend gets it, but its connection does not enter the table",
		"where the table is full ('dsrctl stats'), or a quarter of it has sent one packet only, raise its limit: 'dsrctl connection set max N'"
	},
	{
		"forwarded_one_packet",
		"the backend gets it, and nothing is remembered: the service is one-packet",
		NULL
	},
	{
		"forwarded_icmp_error",
		"the backend of the connection that it quotes gets it",
		NULL
	},
	{
		"forwarded_ping",
		"a backend gets it, for the service has 'ping forward'",
		NULL
	},
	{
		"forwarded_ingress",
		"the backend gets it, straight from the ingress of a device that has a path",
		NULL
	},
	{
		"forwarded_probe",
		"the backend that its mark names gets it, and nothing is remembered",
		NULL
	},
	{
		"delivered_here",
		"this machine is the backend, and takes it itself",
		"if nothing answers, see 'dsrctl real show': it needs a rule for the VIP here"
	},
	{
		"delivered_from_peer",
		"another balancer has sent it here as to its backend, so this machine takes it itself",
		"if nothing answers, see 'dsrctl real show': it needs a rule for the VIP here"
	},
	{
		"pass_no_service",
		"no service takes it, so it goes on as if dsr_lb were not there",
		"see 'dsrctl service show'; if the service is by fwmark, give the mark here as 'mark N', and see that a rule in PREROUTING, or in OUTPUT for what this machine sends, sets it"
	},
	{
		"pass_not_to_this_host",
		"its frame is for another machine, so it is left alone",
		"clients' packets have to be routed to this balancer: see the upstream router"
	},
	{
		"pass_icmp_unrelated",
		"it is ICMP that belongs to no connection here, so it goes on as if dsr_lb were not there",
		NULL
	},
	{
		"pass_reply",
		"it has the mark of a service, and answers a packet of that, so it goes on to the client",
		NULL
	},
	{
		"answered_ping",
		"the balancer answers it",
		"'dsrctl service set ... ping forward|ignore' changes that"
	},
	{
		"answered_reset",
		"its backend is down, and the client gets a reset, for the service has 'on-down reset'",
		"'dsrctl service set ... on-down reschedule' has another backend get it"
	},
	{
		"drop_malformed",
		"it is dropped, for its headers are not as they have to be",
		NULL
	},
	{
		"drop_fragment",
		"it is dropped: a fragment whose first one was not seen",
		NULL
	},
	{
		"drop_bad_source",
		"it is dropped: no client can have this source address",
		"give the address of a client, neither multicast nor broadcast nor loopback"
	},
	{
		"drop_source_is_vip",
		"it is dropped: its source is an address that has services here, so the answer would come back as a request",
		"a client has an address of its own: a real server that asks another service does so from its own address, not from a VIP"
	},
	{
		"drop_source_is_this_host",
		"it is dropped: its source is an address of this machine, and it has come from outside",
		"with IPv4, 'sysctl net.ipv4.conf.DEVICE.accept_local=1' lets such packets in"
	},
	{
		"drop_reverse_path",
		"it is dropped: the way back to its source does not lead out by the device that it has come in by, and rp_filter is on there",
		"'ip route get' with the address of the client says where the way back leads; 'sysctl net.ipv4.conf.DEVICE.rp_filter=2' wants some route only, 0 none (the larger one of DEVICE and 'all' counts)"
	},
	{
		"drop_ping",
		"it is dropped: the service has 'ping ignore', or no backend is up",
		"see 'dsrctl show': 'ping reply' answers while a backend is up"
	},
	{
		"drop_not_served",
		"it is dropped: its address, or its mark, has a service, but none that takes its protocol and port; and this machine does not have the address itself, so it would be routed back to where it came from",
		"see 'dsrctl service show'; if this machine is to answer what is not balanced, give it the address, or a local route"
	},
	{
		"drop_no_backend",
		"it is dropped: the service has no backend that takes it",
		"see 'dsrctl show': a backend has to be up, reachable, not full, and of a weight above 0"
	},
	{
		"drop_backend_down",
		"it is dropped: its backend is down, and the service has 'on-down drop'",
		"'dsrctl backend set ... up' if it is meant to be up, or 'dsrctl service set ... on-down reschedule'"
	},
	{
		"drop_backend_just_deleted",
		"it is dropped: its backend was deleted within the last second, by ipvsadm, keepalived or the like, and may be back at once",
		"if it stays away, the next packet goes to another backend"
	},
	{
		"drop_probe_wrong_address",
		"it is dropped: its mark is for probes of the service, but this is not the address or the port of that",
		"let the check connect to the VIP and its port, not to the backend's own address: in keepalived, 'connect_ip VIP'"
	},
	{
		"drop_probe_no_backend",
		"it is dropped: its mark is for probes of the service, but that of none of its backends",
		"see PROBE in 'dsrctl show'; keepalived has to keep a server whose check has failed: 'inhibit_on_failure'"
	},
	{
		"drop_probe_to_itself",
		"it is dropped: this machine has sent it, and is the backend itself, so it would not take the way of the clients' packets",
		"let this backend be checked, or asked, by its own address, or by another machine"
	},
	{
		"drop_no_route_to_backend",
		"it is dropped: no device leads to the backend without a gateway",
		"see 'ip route get' with the address of the backend: it has to be in a network that this machine is in, and its device up"
	},
	{
		"drop_ttl_exceeded",
		"it is dropped: its TTL (hop limit) is used up, and the client is told so",
		NULL
	},
	{
		"drop_too_big",
		"it is dropped: it is longer than the MTU towards the backend, and the client is told so",
		"give the device towards the backend the MTU of the device of the clients"
	},
	{
		"drop_ipsec_policy",
		"it is dropped: an IPsec policy forbids to forward it",
		"see 'ip xfrm policy'"
	},
	{
		"drop_by_firewall",
		"a rule or the policy of FORWARD, or a rule of POSTROUTING, has dropped it on its way to the backend",
		"let FORWARD accept what has the service's mark (docker sets its policy to drop), or let the service have 'path direct'"
	},
	{
		"drop_no_memory",
		"it is dropped: there was no memory",
		NULL
	},
};

/**
 * reason_find() - find a reason
 * @name: its name
 *
 * Return: the reason, or NULL if it is not known here.
 */
const struct reason *reason_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(reasons); i++)
		if (!strcmp(reasons[i].name, name))
			return &reasons[i];
	return NULL;
}
