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

/* name, and what the user reads; first those that the packet survives */
#define DSR_REASONS(R)							\
	R(FORWARDED, "forwarded")					\
	R(FORWARDED_SYN, "forwarded_syn_unremembered")			\
	R(FORWARDED_STRAY, "forwarded_stray_unremembered")		\
	R(FORWARDED_STATELESS, "forwarded_stateless")			\
	R(FORWARDED_ONE_PACKET, "forwarded_one_packet")			\
	R(FORWARDED_ICMP, "forwarded_icmp_error")			\
	R(FORWARDED_PING, "forwarded_ping")				\
	R(FORWARDED_INGRESS, "forwarded_ingress")			\
	R(FORWARDED_PROBE, "forwarded_probe")				\
	R(DELIVERED_HERE, "delivered_here")				\
	R(DELIVERED_FROM_PEER, "delivered_from_peer")			\
	R(PASS_NO_SERVICE, "pass_no_service")				\
	R(PASS_NOT_HOST, "pass_not_to_this_host")			\
	R(PASS_ICMP_UNRELATED, "pass_icmp_unrelated")			\
	R(PASS_REPLY, "pass_reply")					\
	R(REPLIED_PING, "replied_ping")					\
	R(REPLIED_RESET, "replied_reset")				\
	R(DROP_MALFORMED, "drop_malformed")				\
	R(DROP_FRAGMENT, "drop_fragment")				\
	R(DROP_SOURCE, "drop_bad_source")				\
	R(DROP_SOURCE_VIP, "drop_source_is_vip")			\
	R(DROP_SOURCE_HERE, "drop_source_is_this_host")			\
	R(DROP_SOURCE_ROUTE, "drop_reverse_path")			\
	R(DROP_PING, "drop_ping")					\
	R(DROP_UNSERVED, "drop_not_served")				\
	R(DROP_NO_BACKEND, "drop_no_backend")				\
	R(DROP_BACKEND_DOWN, "drop_backend_down")			\
	R(DROP_BACKEND_HELD, "drop_backend_just_deleted")	\
	R(DROP_PROBE_ADDRESS, "drop_probe_wrong_address")		\
	R(DROP_PROBE_BACKEND, "drop_probe_no_backend")			\
	R(DROP_PROBE_HERE, "drop_probe_to_itself")			\
	R(DROP_NO_ROUTE, "drop_no_route_to_backend")			\
	R(DROP_TTL, "drop_ttl_exceeded")				\
	R(DROP_TOO_BIG, "drop_too_big")					\
	R(DROP_POLICY, "drop_ipsec_policy")				\
	R(DROP_FIREWALL, "drop_by_firewall")				\
	R(DROP_NO_MEMORY, "drop_no_memory")

/** enum dsr_reason - see DSR_REASONS */
enum dsr_reason {
#define DSR_REASON_ENUM(name, text) DSR_##name,
	DSR_REASONS(DSR_REASON_ENUM)
#undef DSR_REASON_ENUM
	DSR_REASON_COUNT
};

/** dsr_reason_is_here() - whether the packet is this machine's to deliver */
static inline bool dsr_reason_is_here(enum dsr_reason reason)
{
	return reason == DSR_DELIVERED_HERE || reason == DSR_DELIVERED_FROM_PEER;
}

/** dsr_reason_is_pass() - whether the packet is none of the balancer's */
static inline bool dsr_reason_is_pass(enum dsr_reason reason)
{
	return reason >= DSR_PASS_NO_SERVICE && reason < DSR_REPLIED_PING;
}

/** dsr_reason_is_drop() - whether @reason is the end of the packet */
static inline bool dsr_reason_is_drop(enum dsr_reason reason)
{
	return reason >= DSR_REPLIED_PING;
}

struct dsr_net;

extern const char *const dsr_reason_names[DSR_REASON_COUNT];

u64 dsr_reason_sum(const struct dsr_net *dn, enum dsr_reason reason);

#endif /* _DSR_REASON_H */
