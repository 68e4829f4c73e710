/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reason - why a packet left the module as it did
 *
 * Every packet that a hook sees ends with exactly one of these: counted per
 * CPU, in a tracepoint, shown by "dsrctl stats" and /proc/net/dsr_rs/stats.
 * The hooks of silenced addresses count what is ARP or neighbour discovery.
 */
#ifndef _DSR_RS_REASON_H
#define _DSR_RS_REASON_H

/* name, and what the user reads; first those that the packet survives, but a
 * ping that is answered is dropped itself
 */
#define DSR_RS_REASONS(R)						\
	R(DELIVERED, "delivered")					\
	R(DELIVERED_OTHER_PORT, "delivered_other_port")			\
	R(DELIVERED_ICMP, "delivered_icmp_error")			\
	R(DELIVERED_UNCHANGED, "delivered_unchanged")			\
	R(REPLIED, "replied")						\
	R(REPLIED_OTHER_PORT, "replied_other_port")			\
	R(REPLIED_ICMP, "replied_icmp_error")				\
	R(PASS_NO_RULE, "pass_no_rule")					\
	R(PASS_NO_FLOW, "pass_no_flow")					\
	R(PASS_NOT_HOST, "pass_not_to_this_host")			\
	R(PASS_OWN_ADDRESS, "pass_own_address")				\
	R(PASS_TOS_NOT_VIP, "pass_tos_not_vip")				\
	R(PASS_TOS_FOREIGN, "pass_tos_not_from_balancer")		\
	R(PASS_TWICE, "pass_shown_twice")				\
	R(PASS_PROTOCOL, "pass_protocol")				\
	R(PASS_FRAGMENT, "pass_fragment")				\
	R(PASS_MALFORMED, "pass_malformed")				\
	R(PASS_ICMP_NOT_ERROR, "pass_icmp_not_error")			\
	R(PASS_ICMP_UNRELATED, "pass_icmp_unrelated")			\
	R(PASS_NOT_SILENCED, "pass_not_silenced")			\
	R(CHANGED_ARP_SOURCE, "changed_arp_source")			\
	R(CHANGED_ND_SOURCE, "changed_nd_source")			\
	R(ANSWERED_PING, "answered_ping")				\
	R(DROP_PING, "drop_ping")					\
	R(DROP_MALFORMED, "drop_malformed")				\
	R(DROP_SOURCE, "drop_bad_source")				\
	R(DROP_OWN_SOURCE, "drop_needs_accept_local")			\
	R(DROP_NO_ADDRESS, "drop_no_local_address")			\
	R(DROP_NO_LOCAL_ROUTE, "drop_no_local_route")			\
	R(DROP_NO_ROUTE, "drop_no_route")				\
	R(DROP_POLICY, "drop_ipsec_policy")				\
	R(DROP_TABLE_FULL, "drop_flow_table_full")			\
	R(DROP_NO_PORT, "drop_no_free_port")				\
	R(DROP_NO_MEMORY, "drop_no_memory")				\
	R(DROP_ARP_REPLY, "drop_arp_reply")				\
	R(DROP_ARP_ANNOUNCEMENT, "drop_arp_announcement")		\
	R(DROP_ARP_SOURCE, "drop_arp_source")				\
	R(DROP_ND_ADVERTISEMENT, "drop_nd_advertisement")		\
	R(DROP_ND_PROBE, "drop_nd_probe")				\
	R(DROP_ND_SOURCE, "drop_nd_source")				\
	R(DROP_ND_CLAIM, "drop_nd_claim")

/** enum dsr_rs_reason - see DSR_RS_REASONS */
enum dsr_rs_reason {
#define DSR_RS_REASON_ENUM(name, text) DSR_RS_##name,
	DSR_RS_REASONS(DSR_RS_REASON_ENUM)
#undef DSR_RS_REASON_ENUM
	DSR_RS_REASON_COUNT
};

/** dsr_rs_reason_delivers() - whether a request has been given other ends */
static inline bool dsr_rs_reason_delivers(enum dsr_rs_reason reason)
{
	return reason <= DSR_RS_DELIVERED_ICMP;
}

/** dsr_rs_reason_drops() - whether a packet with this reason is dropped */
static inline bool dsr_rs_reason_drops(enum dsr_rs_reason reason)
{
	return reason >= DSR_RS_ANSWERED_PING;
}

extern const char *const dsr_rs_reason_names[DSR_RS_REASON_COUNT];

#endif /* _DSR_RS_REASON_H */
