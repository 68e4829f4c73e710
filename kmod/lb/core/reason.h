/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reason - why a packet left the module as it did
 *
 * Every packet that the hook sees ends with exactly one of these: counted per
 * CPU, in a tracepoint, shown by "dsrctl stats" and /proc/net/dsr/stats. So does
 * every probe that this machine sends, and nothing else that it sends.
 */
#ifndef _DSR_REASON_H
#define _DSR_REASON_H

#include <linux/build_bug.h>
#include <linux/types.h>

/**
 * enum dsr_verdict - what becomes of a packet
 * @DSR_VERDICT_FORWARD: it leaves for a backend
 * @DSR_VERDICT_HERE: this machine delivers it
 * @DSR_VERDICT_PASS: it is not the balancer's
 * @DSR_VERDICT_DROP: it ends here, with or without an answer
 */
enum dsr_verdict {
	DSR_VERDICT_FORWARD,
	DSR_VERDICT_HERE,
	DSR_VERDICT_PASS,
	DSR_VERDICT_DROP,
};

/* Name, text for the user, verdict. The text is the name in lower case: a KUnit
 * test holds that. It is a literal, for the format of the tracepoint needs one.
 */
#define DSR_REASONS(R)							\
	R(FORWARDED, "forwarded", FORWARD)				\
	R(FORWARDED_SYN_UNREMEMBERED, "forwarded_syn_unremembered", FORWARD)	\
	R(FORWARDED_STRAY_UNREMEMBERED, "forwarded_stray_unremembered", FORWARD)	\
	R(FORWARDED_STATELESS, "forwarded_stateless", FORWARD)		\
	R(FORWARDED_ONE_PACKET, "forwarded_one_packet", FORWARD)	\
	R(FORWARDED_ICMP_ERROR, "forwarded_icmp_error", FORWARD)	\
	R(FORWARDED_PING, "forwarded_ping", FORWARD)			\
	R(FORWARDED_INGRESS, "forwarded_ingress", FORWARD)		\
	R(FORWARDED_PROBE, "forwarded_probe", FORWARD)			\
	R(FORWARDED_XDP, "forwarded_xdp", FORWARD)			\
	R(FORWARDED_DENIED, "forwarded_denied", FORWARD)		\
	R(DELIVERED_HERE, "delivered_here", HERE)			\
	R(DELIVERED_FROM_PEER, "delivered_from_peer", HERE)		\
	R(PASS_NO_SERVICE, "pass_no_service", PASS)			\
	R(PASS_NOT_TO_THIS_HOST, "pass_not_to_this_host", PASS)		\
	R(PASS_ICMP_UNRELATED, "pass_icmp_unrelated", PASS)		\
	R(PASS_REPLY, "pass_reply", PASS)				\
	R(ANSWERED_PING, "answered_ping", DROP)				\
	R(ANSWERED_RESET, "answered_reset", DROP)			\
	R(ANSWERED_DENIED, "answered_denied", DROP)			\
	R(DROP_MALFORMED, "drop_malformed", DROP)			\
	R(DROP_FRAGMENT, "drop_fragment", DROP)				\
	R(DROP_BAD_SOURCE, "drop_bad_source", DROP)			\
	R(DROP_SOURCE_IS_VIP, "drop_source_is_vip", DROP)		\
	R(DROP_SOURCE_IS_THIS_HOST, "drop_source_is_this_host", DROP)	\
	R(DROP_REVERSE_PATH, "drop_reverse_path", DROP)			\
	R(DROP_PING, "drop_ping", DROP)					\
	R(DROP_NOT_SERVED, "drop_not_served", DROP)			\
	R(DROP_NO_BACKEND, "drop_no_backend", DROP)			\
	R(DROP_BACKEND_DOWN, "drop_backend_down", DROP)			\
	R(DROP_BACKEND_JUST_DELETED, "drop_backend_just_deleted", DROP)	\
	R(DROP_PROBE_WRONG_ADDRESS, "drop_probe_wrong_address", DROP)	\
	R(DROP_PROBE_NO_BACKEND, "drop_probe_no_backend", DROP)		\
	R(DROP_PROBE_TO_ITSELF, "drop_probe_to_itself", DROP)		\
	R(DROP_NO_ROUTE_TO_BACKEND, "drop_no_route_to_backend", DROP)	\
	R(DROP_TTL_EXCEEDED, "drop_ttl_exceeded", DROP)			\
	R(DROP_TOO_BIG, "drop_too_big", DROP)				\
	R(DROP_IPSEC_POLICY, "drop_ipsec_policy", DROP)			\
	R(DROP_BY_FIREWALL, "drop_by_firewall", DROP)			\
	R(DROP_NO_MEMORY, "drop_no_memory", DROP)			\
	R(DROP_DENIED, "drop_denied", DROP)				\
	R(DROP_DENIAL_UNKNOWN, "drop_denial_unknown", DROP)		\
	R(DROP_DENIAL_FOREIGN, "drop_denial_foreign", DROP)		\
	R(DROP_DENIAL_MALFORMED, "drop_denial_malformed", DROP)	\
	R(DROP_DENIAL_CUT, "drop_denial_cut", DROP)			\
	R(DROP_DENIAL_RATE, "drop_denial_rate", DROP)			\
	R(DROP_DENIAL_UNSENT, "drop_denial_unsent", DROP)

/** enum dsr_reason - see DSR_REASONS */
enum dsr_reason {
#define DSR_REASON_ENUM(name, text, verdict) DSR_##name,
	DSR_REASONS(DSR_REASON_ENUM)
#undef DSR_REASON_ENUM
	DSR_REASON_COUNT
};

/* The reasons are in the order of their verdicts, so one comparison with the first
 * of a verdict tells them apart. Each packet is compared.
 */
enum {
#define DSR_REASON_BEFORE_HERE(name, text, its)				\
	+ (DSR_VERDICT_##its < DSR_VERDICT_HERE)
	DSR_REASON_FIRST_HERE = 0 DSR_REASONS(DSR_REASON_BEFORE_HERE),
#undef DSR_REASON_BEFORE_HERE
#define DSR_REASON_BEFORE_PASS(name, text, its)				\
	+ (DSR_VERDICT_##its < DSR_VERDICT_PASS)
	DSR_REASON_FIRST_PASS = 0 DSR_REASONS(DSR_REASON_BEFORE_PASS),
#undef DSR_REASON_BEFORE_PASS
#define DSR_REASON_BEFORE_DROP(name, text, its)				\
	+ (DSR_VERDICT_##its < DSR_VERDICT_DROP)
	DSR_REASON_FIRST_DROP = 0 DSR_REASONS(DSR_REASON_BEFORE_DROP),
#undef DSR_REASON_BEFORE_DROP
};

#define DSR_REASON_OUT_OF_ORDER(name, text, its)			\
	+ (((int)DSR_##name >= DSR_REASON_FIRST_HERE) +			\
	   ((int)DSR_##name >= DSR_REASON_FIRST_PASS) +			\
	   ((int)DSR_##name >= DSR_REASON_FIRST_DROP) !=		\
	   DSR_VERDICT_##its)
static_assert(!(0 DSR_REASONS(DSR_REASON_OUT_OF_ORDER)));
#undef DSR_REASON_OUT_OF_ORDER

/** dsr_reason_is_here() - true if this machine delivers the packet */
static inline bool dsr_reason_is_here(enum dsr_reason reason)
{
	return (int)reason >= DSR_REASON_FIRST_HERE &&
	       (int)reason < DSR_REASON_FIRST_PASS;
}

/** dsr_reason_is_pass() - true if the packet is not the balancer's */
static inline bool dsr_reason_is_pass(enum dsr_reason reason)
{
	return (int)reason >= DSR_REASON_FIRST_PASS &&
	       (int)reason < DSR_REASON_FIRST_DROP;
}

/** dsr_reason_is_drop() - true if @reason is the end of the packet */
static inline bool dsr_reason_is_drop(enum dsr_reason reason)
{
	return (int)reason >= DSR_REASON_FIRST_DROP;
}

struct dsr_net;

extern const char *const dsr_reason_names[DSR_REASON_COUNT];

u64 dsr_reason_sum(const struct dsr_net *dn, enum dsr_reason reason);

#endif /* _DSR_REASON_H */
