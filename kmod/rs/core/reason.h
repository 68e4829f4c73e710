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

#include <linux/build_bug.h>
#include <linux/types.h>

/**
 * enum dsr_rs_verdict - what becomes of a packet
 * @DSR_RS_VERDICT_DELIVER: it goes on with other ends, to a socket
 * @DSR_RS_VERDICT_ACCEPT: it goes on
 * @DSR_RS_VERDICT_DROP: it ends here, with or without an answer
 */
enum dsr_rs_verdict {
	DSR_RS_VERDICT_DELIVER,
	DSR_RS_VERDICT_ACCEPT,
	DSR_RS_VERDICT_DROP,
};

/* Name, text for the user, verdict. The text is the name in lower case: a KUnit
 * test holds that. It is a literal, for the format of the tracepoint needs one.
 */
#define DSR_RS_REASONS(R)						\
	R(DELIVERED, "delivered", DELIVER)				\
	R(DELIVERED_OTHER_PORT, "delivered_other_port", DELIVER)	\
	R(DELIVERED_ICMP_ERROR, "delivered_icmp_error", DELIVER)	\
	R(DELIVERED_UNCHANGED, "delivered_unchanged", ACCEPT)		\
	R(REPLIED, "replied", ACCEPT)					\
	R(REPLIED_OTHER_PORT, "replied_other_port", ACCEPT)		\
	R(REPLIED_ICMP_ERROR, "replied_icmp_error", ACCEPT)		\
	R(PASS_NO_RULE, "pass_no_rule", ACCEPT)				\
	R(PASS_NO_FLOW, "pass_no_flow", ACCEPT)				\
	R(PASS_NOT_TO_THIS_HOST, "pass_not_to_this_host", ACCEPT)	\
	R(PASS_OWN_ADDRESS, "pass_own_address", ACCEPT)			\
	R(PASS_TOS_NOT_VIP, "pass_tos_not_vip", ACCEPT)			\
	R(PASS_TOS_NOT_FROM_BALANCER, "pass_tos_not_from_balancer", ACCEPT)	\
	R(PASS_SHOWN_TWICE, "pass_shown_twice", ACCEPT)			\
	R(PASS_PROTOCOL, "pass_protocol", ACCEPT)			\
	R(PASS_FRAGMENT, "pass_fragment", ACCEPT)			\
	R(PASS_MALFORMED, "pass_malformed", ACCEPT)			\
	R(PASS_ICMP_NOT_ERROR, "pass_icmp_not_error", ACCEPT)		\
	R(PASS_ICMP_UNRELATED, "pass_icmp_unrelated", ACCEPT)		\
	R(PASS_NOT_SILENCED, "pass_not_silenced", ACCEPT)		\
	R(CHANGED_ARP_SOURCE, "changed_arp_source", ACCEPT)		\
	R(CHANGED_ND_SOURCE, "changed_nd_source", ACCEPT)		\
	R(ANSWERED_PING, "answered_ping", DROP)				\
	R(DENIED, "denied", DROP)					\
	R(DROP_BALANCER_UNKNOWN, "drop_balancer_unknown", DROP)		\
	R(DROP_PING, "drop_ping", DROP)					\
	R(DROP_MALFORMED, "drop_malformed", DROP)			\
	R(DROP_BAD_SOURCE, "drop_bad_source", DROP)			\
	R(DROP_NEEDS_ACCEPT_LOCAL, "drop_needs_accept_local", DROP)	\
	R(DROP_NO_LOCAL_ADDRESS, "drop_no_local_address", DROP)		\
	R(DROP_NO_LOCAL_ROUTE, "drop_no_local_route", DROP)		\
	R(DROP_NO_ROUTE, "drop_no_route", DROP)				\
	R(DROP_IPSEC_POLICY, "drop_ipsec_policy", DROP)			\
	R(DROP_FLOW_TABLE_FULL, "drop_flow_table_full", DROP)		\
	R(DROP_NO_FREE_PORT, "drop_no_free_port", DROP)			\
	R(DROP_NO_MEMORY, "drop_no_memory", DROP)			\
	R(DROP_ARP_REPLY, "drop_arp_reply", DROP)			\
	R(DROP_ARP_ANNOUNCEMENT, "drop_arp_announcement", DROP)		\
	R(DROP_ARP_SOURCE, "drop_arp_source", DROP)			\
	R(DROP_ND_ADVERTISEMENT, "drop_nd_advertisement", DROP)		\
	R(DROP_ND_PROBE, "drop_nd_probe", DROP)				\
	R(DROP_ND_SOURCE, "drop_nd_source", DROP)			\
	R(DROP_ND_CLAIM, "drop_nd_claim", DROP)

/** enum dsr_rs_reason - see DSR_RS_REASONS */
enum dsr_rs_reason {
#define DSR_RS_REASON_ENUM(name, text, verdict) DSR_RS_##name,
	DSR_RS_REASONS(DSR_RS_REASON_ENUM)
#undef DSR_RS_REASON_ENUM
	DSR_RS_REASON_COUNT
};

/* The reasons are in the order of their verdicts, so one comparison with the first
 * of a verdict tells them apart. Each packet is compared.
 */
enum {
#define DSR_RS_REASON_BEFORE_ACCEPT(name, text, its)			\
	+ (DSR_RS_VERDICT_##its < DSR_RS_VERDICT_ACCEPT)
	DSR_RS_REASON_FIRST_ACCEPT =
		0 DSR_RS_REASONS(DSR_RS_REASON_BEFORE_ACCEPT),
#undef DSR_RS_REASON_BEFORE_ACCEPT
#define DSR_RS_REASON_BEFORE_DROP(name, text, its)			\
	+ (DSR_RS_VERDICT_##its < DSR_RS_VERDICT_DROP)
	DSR_RS_REASON_FIRST_DROP =
		0 DSR_RS_REASONS(DSR_RS_REASON_BEFORE_DROP),
#undef DSR_RS_REASON_BEFORE_DROP
};

#define DSR_RS_REASON_OUT_OF_ORDER(name, text, its)			\
	+ (((int)DSR_RS_##name >= DSR_RS_REASON_FIRST_ACCEPT) +		\
	   ((int)DSR_RS_##name >= DSR_RS_REASON_FIRST_DROP) !=		\
	   DSR_RS_VERDICT_##its)
static_assert(!(0 DSR_RS_REASONS(DSR_RS_REASON_OUT_OF_ORDER)));
#undef DSR_RS_REASON_OUT_OF_ORDER

/** dsr_rs_reason_delivers() - true if a request has got other ends */
static inline bool dsr_rs_reason_delivers(enum dsr_rs_reason reason)
{
	return (int)reason < DSR_RS_REASON_FIRST_ACCEPT;
}

/** dsr_rs_reason_drops() - true if a packet with this reason is dropped */
static inline bool dsr_rs_reason_drops(enum dsr_rs_reason reason)
{
	return (int)reason >= DSR_RS_REASON_FIRST_DROP;
}

extern const char *const dsr_rs_reason_names[DSR_RS_REASON_COUNT];

#endif /* _DSR_RS_REASON_H */
