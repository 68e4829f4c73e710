/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_PACKET_H
#define DSRCTL_PACKET_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "netlink.h"

/* the most that packet_time_text() writes */
#define PACKET_TIME_MAX	48

/**
 * struct packet - a packet, and the decision of a module about it
 * @time: time of the decision by CLOCK_MONOTONIC, in nanoseconds
 * @module: the module
 * @message: an ARP or neighbour discovery message about @dst; only @netns,
 *	@ifindex, @family and @reason are set beside that
 * @reason: name of the reason
 * @netns: inode of the network namespace
 * @foreign: the namespace is not the one of this process
 * @ifindex: the device, or 0
 * @mark: its mark
 * @len: its length in bytes, from the IP header on
 * @family: AF_INET or AF_INET6
 * @proto: number of its protocol
 * @tcp_flags: the byte of the flags
 * @hook: netfilter hook of the real server, enum nf_inet_hooks
 * @sport: its source port, or 0
 * @dport: its destination port, or 0
 * @src: its source, as IPv6 has it
 * @dst: its destination, as IPv6 has it
 * @backend: its backend, as IPv6 has it; all bytes 0 if there is none
 * @skb: address of the kernel's buffer
 */
struct packet {
	uint64_t time;
	enum netlink_module module;
	bool message;
	const char *reason;
	uint32_t netns;
	bool foreign;
	uint32_t ifindex;
	uint32_t mark;
	uint32_t len;
	uint8_t family;
	uint8_t proto;
	uint8_t tcp_flags;
	uint8_t hook;
	uint16_t sport;
	uint16_t dport;
	uint8_t src[16];
	uint8_t dst[16];
	uint8_t backend[16];
	uint64_t skb;
};

int packet_proto_number(const char *name);
void packet_time_text(char *text, uint64_t time, bool json);
void packet_print(FILE *out, const struct packet *packet, bool netns);
void packet_print_json(const struct packet *packet);
void packet_print_missed(uint64_t time, uint64_t missed, bool json);

#endif /* DSRCTL_PACKET_H */
