// SPDX-License-Identifier: GPL-2.0
/*
 * Why a packet leaves the balancer as it does: the names that the module has
 * for it (kmod/lb/core/reason.h), in words.
 */
#include <stddef.h>

#include "reason.h"

const struct reason reason_lb[] = {
	{
		"forwarded",
		"the backend gets the packet, and the connection is remembered",
		NULL
	},
	{
		"forwarded_syn_unremembered",
		"the backend gets the packet; the connection enters the table with its next packet, so that a flood of SYNs takes no memory",
		NULL
	},
	{
		"forwarded_stray_unremembered",
		"a backend gets the packet, but nothing is remembered: the packet ends (RST, FIN) an unknown connection",
		NULL
	},
	{
		"forwarded_stateless",
		"the backend gets the packet, but the connection does not enter the table",
		"if the table is full ('dsrctl stats'), or a quarter of the table are connections with one packet only, raise its limit: 'dsrctl connection set max N'"
	},
	{
		"forwarded_one_packet",
		"the backend gets the packet, and nothing is remembered: the service is one-packet",
		NULL
	},
	{
		"forwarded_icmp_error",
		"the backend of the quoted connection gets the packet",
		NULL
	},
	{
		"forwarded_ping",
		"a backend gets the packet, since the service has 'ping forward'",
		NULL
	},
	{
		"forwarded_ingress",
		"the backend gets the packet on the fast path, from the ingress of a device with a path",
		NULL
	},
	{
		"forwarded_probe",
		"the backend that the mark selects gets the packet, and nothing is remembered",
		NULL
	},
	{
		"forwarded_xdp",
		"the backend gets the packet on the fast path, from XDP on a device with a path",
		NULL
	},
	{
		"forwarded_denied",
		"a real server has given the packet back, since it has no socket for it, and the next backend of the service gets the packet",
		NULL
	},
	{
		"delivered_here",
		"this machine is the backend, and takes the packet itself",
		"if there is no answer, see 'dsrctl real show': this machine needs a rule for the VIP"
	},
	{
		"delivered_from_peer",
		"another balancer has sent the packet to this machine as its backend, so this machine takes the packet itself",
		"if there is no answer, see 'dsrctl real show': this machine needs a rule for the VIP"
	},
	{
		"pass_no_service",
		"no service takes the packet, so the packet passes as if dsr_lb were not loaded",
		"see 'dsrctl service show'; if the service is by fwmark, give the mark here as 'mark N', and check that a rule sets the mark in PREROUTING, or in OUTPUT for packets of this machine"
	},
	{
		"pass_not_to_this_host",
		"the frame is for another machine, so dsr_lb ignores the packet",
		"clients' packets must be routed to this balancer: check the upstream router"
	},
	{
		"pass_icmp_unrelated",
		"the ICMP message belongs to no known connection, so the packet passes as if dsr_lb were not loaded",
		NULL
	},
	{
		"pass_reply",
		"the packet has the mark of a service but is a reply of that service, so the packet passes to the client",
		NULL
	},
	{
		"answered_ping",
		"the balancer answers the ping",
		"'dsrctl service set ... ping forward|ignore' changes this"
	},
	{
		"answered_reset",
		"the backend is down, and the client gets a reset, since the service has 'on-down reset'",
		"with 'dsrctl service set ... on-down reschedule' another backend gets the packet"
	},
	{
		"answered_denied",
		"all backends have given the packets of the connection back for a second, and the client gets a reset",
		NULL
	},
	{
		"drop_malformed",
		"dropped: the headers are malformed",
		NULL
	},
	{
		"drop_fragment",
		"dropped: the first fragment of the packet was not seen",
		NULL
	},
	{
		"drop_bad_source",
		"dropped: no client can have this source address",
		"give the address of a client, not a multicast, broadcast or loopback address"
	},
	{
		"drop_source_is_vip",
		"dropped: the source is an address with services here, so the answer would come back as a request",
		"a client must use an address of its own: let a real server connect to another service from its own address, not from a VIP"
	},
	{
		"drop_source_is_this_host",
		"dropped: the source is an address of this machine, but the packet came from outside",
		"with IPv4, 'sysctl net.ipv4.conf.DEVICE.accept_local=1' admits such packets"
	},
	{
		"drop_reverse_path",
		"dropped: the route back to the source does not use the device that the packet came in by, and rp_filter is on there",
		"'ip route get' with the client's address shows the route back; 'sysctl net.ipv4.conf.DEVICE.rp_filter=2' accepts any route, 0 disables the check (the larger value of DEVICE and 'all' applies)"
	},
	{
		"drop_ping",
		"dropped: the service has 'ping ignore', or no backend is up",
		"see 'dsrctl show': 'ping reply' answers while a backend is up"
	},
	{
		"drop_not_served",
		"dropped: the address or the mark has a service, but none for this protocol and port; this machine does not have the address, so the packet would be routed back to its sender",
		"see 'dsrctl service show'; if this machine should answer packets that are not balanced, give it the address, or a local route"
	},
	{
		"drop_no_backend",
		"dropped: the service has no available backend",
		"see 'dsrctl show': a backend must be up, reachable and not overloaded, with a weight above 0"
	},
	{
		"drop_backend_down",
		"dropped: the backend is down, and the service has 'on-down drop'",
		"'dsrctl backend set ... up' if the backend should be up, or 'dsrctl service set ... on-down reschedule'"
	},
	{
		"drop_backend_just_deleted",
		"dropped: the backend was deleted within the last second, by ipvsadm, keepalived or a similar tool, and may be added again at once",
		"if the backend stays deleted, the next packet goes to another backend"
	},
	{
		"drop_probe_wrong_address",
		"dropped: the mark is a probe mark of a service, but the packet is not for the service's address and port",
		"let the health check connect to the VIP and its port, not to the backend's own address: in keepalived, 'connect_ip VIP'"
	},
	{
		"drop_probe_no_backend",
		"dropped: the mark is a probe mark of the service, but no backend has this mark",
		"see PROBE in 'dsrctl show'; keepalived must keep a server whose check has failed: 'inhibit_on_failure'"
	},
	{
		"drop_probe_to_itself",
		"dropped: this machine has sent the packet and is the backend itself, so the probe would not test the clients' path",
		"check this backend by its own address, or from another machine"
	},
	{
		"drop_no_route_to_backend",
		"dropped: the backend is not on-link",
		"see 'ip route get' with the address of the backend: the backend must be in a network of this machine, and the device must be up"
	},
	{
		"drop_ttl_exceeded",
		"dropped: the TTL (hop limit) has expired, and the client gets an ICMP error",
		NULL
	},
	{
		"drop_too_big",
		"dropped: the packet exceeds the MTU towards the backend, and the client gets an ICMP error",
		"set the MTU of the device towards the backend to that of the device towards the clients"
	},
	{
		"drop_ipsec_policy",
		"dropped: an IPsec policy forbids forwarding the packet",
		"see 'ip xfrm policy'"
	},
	{
		"drop_by_firewall",
		"dropped: a rule or the policy of FORWARD, or a rule of POSTROUTING, dropped the packet on its way to the backend",
		"let FORWARD accept packets with the service's mark (docker sets its policy to drop), or set 'path direct' for the service"
	},
	{
		"drop_no_memory",
		"dropped: out of memory",
		NULL
	},
	{
		"drop_denied",
		"dropped: each backend has given the packet back, and the client may send it again",
		"if this goes on: the server of the connection must be a backend of the service here, up and reachable; see 'dsrctl show'"
	},
	{
		"drop_denial_unknown",
		"dropped: a real server has given the packet back, and no connection of a service with chances has it",
		"'dsrctl service set ... chances 32' makes use of such packets; 'real add ... balancer' on the real servers causes them"
	},
	{
		"drop_denial_foreign",
		"dropped: a machine has given the packet back that is no backend of the connection's service",
		"see 'dsrctl backend show': the frame must have the MAC address of a backend, and come in by the device towards that backend"
	},
	{
		"drop_denial_malformed",
		"dropped: a machine has given back what is no segment of a connection",
		NULL
	},
	{
		"drop_denial_cut",
		"dropped: a real server could give back the first part of a packet only, since it had reassembled it; the connection has moved to the next backend",
		NULL
	},
	{
		"drop_denial_rate",
		"dropped: real servers give back more packets than the balancer may forward in a second",
		"raise /sys/module/dsr_lb/parameters/denial_rate, unless it is a flood of strays"
	},
	{
		"drop_denial_unsent",
		"dropped: a real server has given the packet back, and it cannot be sent to the next backend: its TTL has expired, or it is too big",
		NULL
	},
	{ NULL, NULL, NULL }
};
