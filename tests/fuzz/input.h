/* SPDX-License-Identifier: GPL-2.0 */
/*
 * input - what the fuzzer gives to each target: a packet, and how it lies in
 * memory
 *
 * All targets have the same format, so they share one corpus.
 */
#ifndef _FUZZ_INPUT_H
#define _FUZZ_INPUT_H

#include "model.h"

/* Flags of the first byte. */
enum {
	INPUT_V6 = 1,
	INPUT_REPLY = 2,	/* the packet leaves the machine */
	INPUT_FAILS = 4,	/* no memory for a packet that has to move */
	INPUT_CLONED = 8,
	INPUT_TUNNEL = 16,	/* a checksum inside the datagram is partial */
	INPUT_OTHER_FLOW = 32,	/* the flow is not that of the packet */
};

/**
 * struct input - an input
 * @flags: see above
 * @linear: so many bytes behind the IP header are in the linear part
 * @summed: CHECKSUM_*, modulo 4
 * @network: offset of the IP header from the packet's data, modulo 16
 * @number: for the target: a mask and a value of the TOS; an odd value: the
 *	checksum of a datagram has to become 0
 * @error: by so much skb->csum is wrong; the first byte is the MTU, too
 * @ends: what to write into the packet
 */
struct input {
	uint8_t flags;
	uint8_t linear;
	uint8_t summed;
	uint8_t network;
	uint8_t number[2];
	uint8_t error[2];
	struct model_ends ends;
} __attribute__((packed));

#define INPUT_PACKET_MAX	2048

/**
 * struct fuzz - a decoded input
 * @in: the input
 * @v6: the packet is IPv6
 * @head: length of the packet's IP header, with options
 * @len: length of @packet
 * @packet: the packet, its length fields right
 * @network: offset of the packet from the data of @skb
 * @skb: the same packet
 */
struct fuzz {
	struct input in;
	bool v6;
	size_t head;
	size_t len;
	size_t network;
	uint8_t packet[INPUT_PACKET_MAX];
	struct sk_buff *skb;
};

bool input_decode(struct fuzz *fuzz, const uint8_t *data, size_t size,
		  bool hook);
void input_make(struct fuzz *fuzz);
bool input_read(struct fuzz *fuzz, const uint8_t *data, size_t size,
		bool hook);
void input_sum(struct fuzz *fuzz, const struct model *m);
void input_done(struct fuzz *fuzz);
uint8_t *input_after(const struct fuzz *fuzz);
void fuzz_fail(const struct fuzz *fuzz, const char *what, ...)
	__attribute__((format(printf, 2, 3), noreturn));

#define expect(fuzz, condition, ...) \
	do { if (!(condition)) fuzz_fail(fuzz, __VA_ARGS__); } while (0)

/* fuzz_sum() - a sum of 32 bits, in the order of this machine, for the model */
static inline uint32_t fuzz_sum(uint32_t sum)
{
	return ntohs((uint16_t)~csum_fold(sum)) % 0xffff;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif /* _FUZZ_INPUT_H */
