// SPDX-License-Identifier: GPL-2.0
/*
 * Why a packet leaves the real server's module as it does: the names that the
 * module has for it (kmod/rs/core/reason.h), in words.
 */
#include <stddef.h>

#include "reason.h"

const struct reason reason_rs[] = {
	{
		"delivered",
		"its socket gets it: a rule has given it the machine's own address",
		NULL
	},
	{
		"delivered_other_port",
		"its socket gets it with another port of the client, because the client's own was taken at the socket by a connection to the machine's own address",
		NULL
	},
	{
		"delivered_icmp_error",
		"the socket of the connection that it quotes gets it",
		NULL
	},
	{
		"delivered_unchanged",
		"it goes on to the socket as it is: its rule is in mode local",
		NULL
	},
	{
		"replied",
		"it leaves from the VIP that its client asked",
		NULL
	},
	{
		"replied_other_port",
		"it leaves from the VIP, and with the client's own port, where the socket knows another",
		NULL
	},
	{
		"replied_icmp_error",
		"an ICMP error of this machine leaves from the VIP, with the packet that the client sent in it",
		NULL
	},
	{
		"pass_no_rule",
		"no rule takes it, so it goes on as if dsr_rs were not there",
		"if it is for a VIP: 'dsrctl real show' has the rules, 'dsrctl real add vip ADDR' adds one"
	},
	{
		"pass_no_flow",
		"it leaves and answers no flow, so it goes on as it is",
		NULL
	},
	{
		"pass_not_to_this_host",
		"its frame is for another machine, so it is left alone",
		NULL
	},
	{
		"pass_own_address",
		"it is for an address that the machine has itself, or the machine has sent it to itself, so no rule is needed",
		NULL
	},
	{
		"pass_tos_not_vip",
		"a rule takes its TOS value, but it is for an address of this machine and not for a VIP, so it goes on as it is",
		"if a server is to get what is for its own address, nothing is to be done"
	},
	{
		"pass_tos_not_from_balancer",
		"a rule takes its TOS value, but 'from' of that rule does not name the machine whose frame it is, so it goes on as it is",
		"if it comes from a balancer, name that one too: 'from' in 'dsrctl real show'"
	},
	{
		"pass_shown_twice",
		"the kernel has shown it before, because it is of a VRF, and it counts once",
		NULL
	},
	{
		"pass_protocol",
		"its protocol is neither TCP, UDP nor SCTP, so it goes on as if dsr_rs were not there",
		"a rule in mode local takes every protocol"
	},
	{
		"pass_fragment",
		"it is a fragment that the kernel has not put together, so it goes on as it is",
		NULL
	},
	{
		"pass_malformed",
		"its headers are not as they have to be, and it is for no VIP, so it is left to the kernel",
		NULL
	},
	{
		"pass_icmp_not_error",
		"it is ICMP, but no error, and no ping of a VIP that is answered here, so it goes on as it is",
		NULL
	},
	{
		"pass_icmp_unrelated",
		"it is an ICMP error about nothing that was delivered here, so it goes on as it is",
		NULL
	},
	{
		"pass_not_silenced",
		"it is ARP or neighbour discovery about an address that is not silenced, so it goes on",
		NULL
	},
	{
		"changed_arp_source",
		"an ARP question for another address goes out with another sender, because its own is silenced",
		NULL
	},
	{
		"changed_nd_source",
		"a neighbour solicitation for another address goes out from another source, because its own is silenced",
		NULL
	},
	{
		"answered_ping",
		"this machine answers a ping of the VIP",
		NULL
	},
	{
		"denied",
		"no socket of this machine takes it, so it goes back to its balancer, which tries another server",
		"'balancer' in 'dsrctl real show' has the balancers"
	},
	{
		"drop_balancer_unknown",
		"it is dropped: no socket of this machine takes it, and the MAC address of a balancer, which may have sent it, is not known yet",
		"see 'ip neigh' with the addresses that 'balancer' in 'dsrctl real show' names"
	},
	{
		"drop_ping",
		"it is dropped: a ping of the VIP, of which the kernel limits the answers, or has no way for one",
		"see 'sysctl net.ipv4.icmp_ratelimit' and 'ip route get' with the address of the client"
	},
	{
		"drop_malformed",
		"it is dropped: it is for a VIP, and its headers are not as they have to be",
		NULL
	},
	{
		"drop_bad_source",
		"it is dropped: no client can have this source address",
		NULL
	},
	{
		"drop_needs_accept_local",
		"it is dropped: this machine is the client itself, and a balancer has sent it back here, which the kernel takes for a forgery",
		"'sysctl -w net.ipv4.conf.DEVICE.accept_local=1' lets it in"
	},
	{
		"drop_no_local_address",
		"it is dropped: the machine has no address to deliver it to",
		"see 'ip route get' with the address of the client; if the rule names an address after 'to', the machine has to have that, and for 127.0.0.1 'sysctl net.ipv4.conf.DEVICE.route_localnet' has to be 1"
	},
	{
		"drop_no_local_route",
		"it is dropped: its rule is in mode local, and there is no local route for the VIP",
		"'dsrctl real replace vip ADDR mode local' makes the route"
	},
	{
		"drop_no_route",
		"it is dropped: a reply from the VIP has no route to the client",
		"see 'ip route get' with the address of the client and 'from' the VIP, and 'ip rule'"
	},
	{
		"drop_ipsec_policy",
		"it is dropped: an IPsec policy for the VIP forbids it",
		"see 'ip xfrm policy'"
	},
	{
		"drop_flow_table_full",
		"it is dropped: the table of flows is full",
		"raise its limit: 'dsrctl flow set max N'; see 'dsrctl -s stats'"
	},
	{
		"drop_no_free_port",
		"it is dropped: no other port of the client is free at the socket",
		NULL
	},
	{
		"drop_no_memory",
		"it is dropped: there was no memory",
		NULL
	},
	{
		"drop_arp_reply",
		"an ARP answer is dropped, because it would tell where a silenced address is",
		NULL
	},
	{
		"drop_arp_announcement",
		"an ARP announcement or probe is dropped, because it would tell where a silenced address is",
		NULL
	},
	{
		"drop_arp_source",
		"an ARP question is dropped: its sender is silenced, and the machine has no other address to ask from",
		"give the device an address that is not silenced"
	},
	{
		"drop_nd_advertisement",
		"a neighbour advertisement is dropped, because it would tell where a silenced address is",
		NULL
	},
	{
		"drop_nd_probe",
		"a probe for duplicates of a silenced address is dropped, because it would tell where that is",
		NULL
	},
	{
		"drop_nd_source",
		"a neighbour solicitation is dropped: its source is silenced, and the machine has no other address to ask from",
		"give the device an address that is not silenced"
	},
	{
		"drop_nd_claim",
		"what another machine says of a silenced address is dropped, because the kernel would take the machine's own for a duplicate",
		NULL
	},
	{ NULL, NULL, NULL }
};
