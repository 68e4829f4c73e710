// SPDX-License-Identifier: GPL-2.0
/* model - see model.h */

#include "model.h"

static uint16_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

/* The ports are compared with those that the sources keep in network order. */
static uint16_t port(const uint8_t *p)
{
	return p[0] | p[1] << 8;
}

static bool has(size_t len, size_t at, size_t count)
{
	return at <= len && len - at >= count;
}

static bool is_flow(uint8_t proto)
{
	return proto == MODEL_TCP || proto == MODEL_UDP || proto == MODEL_SCTP;
}

/* Extension headers of RFC 8200 and RFC 4302, by their bytes. */
enum { HOPS = 0, ROUTING = 43, FRAGMENT = 44, AUTH = 51, NONE = 59, OPTIONS = 60 };

static size_t extension_size(uint8_t type, const uint8_t *p)
{
	switch (type) {
	case FRAGMENT:
		return 8;
	case AUTH:
		return 4 * (p[1] + 2u);
	default:
		return 8 * (p[1] + 1u);
	}
}

static bool is_extension(uint8_t type)
{
	return type == HOPS || type == ROUTING || type == FRAGMENT ||
	       type == AUTH || type == NONE || type == OPTIONS;
}

/* The balancer skips all extension headers, as the kernel does. @field is the
 * offset field of the last fragment header.
 */
static bool lb_skip(const uint8_t *p, size_t len, size_t *at, uint8_t *type,
		    uint16_t *field)
{
	*field = 0;
	while (is_extension(*type)) {
		const uint8_t *header = p + *at;

		if (*type == NONE || !has(len, *at, *type == FRAGMENT ? 4 : 2))
			return false;
		*field = *type == FRAGMENT ? get16(header + 2) : *field;
		if (*type == FRAGMENT && *field >> 3)
			return true;
		*at += extension_size(*type, header);
		*type = header[0];
	}
	return true;
}

static enum model_event event_of(uint8_t proto, const uint8_t *p)
{
	static const enum model_event chunk[256] = {
		[1] = MODEL_OPEN, [2] = MODEL_ACCEPT, [6] = MODEL_ABORT,
		[7] = MODEL_CLOSE, [8] = MODEL_CLOSE, [14] = MODEL_ABORT,
	};

	if (proto == MODEL_SCTP)
		return chunk[p[12]];
	if (proto != MODEL_TCP)
		return MODEL_DATA;
	if (p[13] & 4)
		return MODEL_ABORT;
	if (p[13] & 2)
		return p[13] & 16 ? MODEL_ACCEPT : MODEL_OPEN;
	return p[13] & 1 ? MODEL_CLOSE : MODEL_DATA;
}

static enum model_kind lb_flow(const uint8_t *p, size_t len, bool v6,
			       struct model *m)
{
	size_t size = m->proto == MODEL_TCP ? 20 :
		      m->proto == MODEL_UDP ? 8 : 16;
	const uint8_t *header = p + m->at;

	if (!has(len, m->at, size))
		return MODEL_MALFORMED;
	m->sport = port(header);
	m->dport = port(header + 2);
	m->event = event_of(m->proto, header);
	if (m->proto == MODEL_TCP && header[12] >> 4 < 5)
		return MODEL_MALFORMED;
	if (m->proto == MODEL_UDP && get16(header + 4) < 8 &&
	    (get16(header + 4) || !v6))
		return MODEL_MALFORMED;
	return MODEL_FLOW;
}

static bool equal(const uint8_t *one, const uint8_t *other, size_t count)
{
	while (count--)
		if (*one++ != *other++)
			return false;
	return true;
}

/* An error about a packet from the VIP to a client. It belongs to the
 * connection whose requests have the opposite ends.
 */
static enum model_kind lb_error(const uint8_t *p, size_t len, bool v6,
				struct model *m)
{
	size_t ip = m->at + 8, size = v6 ? 16 : 4;
	const uint8_t *quoted = p + ip, *from, *to;
	uint16_t field = 0;
	uint8_t proto;
	size_t at;

	if (!has(len, ip, v6 ? 40 : 20) || quoted[0] >> 4 != (v6 ? 6 : 4) ||
	    (!v6 && (quoted[0] & 15) < 5))
		return MODEL_MALFORMED;
	from = quoted + (v6 ? 8 : 12);
	to = from + size;
	if (!equal(from, m->dst, size))
		return MODEL_UNRELATED;
	if (v6) {
		proto = quoted[6];
		at = ip + 40;
		if (!lb_skip(p, len, &at, &proto, &field))
			return MODEL_MALFORMED;
		field >>= 3;
	} else {
		proto = quoted[9];
		at = ip + (quoted[0] & 15) * 4;
		field = get16(quoted + 6) & 0x1fff;
	}
	if (field || proto == (v6 ? MODEL_ICMP6 : MODEL_ICMP))
		return MODEL_UNRELATED;
	m->src = to;
	m->proto = proto;
	m->event = MODEL_DATA;
	if (!is_flow(proto))
		return MODEL_ICMP_ERROR;
	if (!has(len, at, 4))
		return MODEL_MALFORMED;
	m->sport = port(p + at + 2);
	m->dport = port(p + at);
	return MODEL_ICMP_ERROR;
}

static bool is_error(bool v6, uint8_t type)
{
	return v6 ? type >= 1 && type <= 4 :
		    type == 3 || type == 11 || type == 12;
}

static enum model_kind lb_icmp(const uint8_t *p, size_t len, bool v6,
			       struct model *m)
{
	if (!has(len, m->at, 8))
		return MODEL_MALFORMED;
	if (p[m->at] == (v6 ? 128 : 8)) {
		m->dport = port(p + m->at + 4);
		return MODEL_ECHO;
	}
	return is_error(v6, p[m->at]) ? lb_error(p, len, v6, m) :
					MODEL_NOT_SERVED;
}

static void begin(const uint8_t *p, bool v6, struct model *m)
{
	*m = (struct model) {
		.src = p + (v6 ? 8 : 12),
		.dst = p + (v6 ? 24 : 16),
		.proto = p[v6 ? 6 : 9],
		.tos = v6 ? get16(p) >> 4 : p[1],
		.at = v6 ? 40 : (p[0] & 15) * 4,
	};
}

/* model_lb() - what the balancer's parser has to make of a packet */
void model_lb(const uint8_t *p, size_t len, bool v6, struct model *m)
{
	uint16_t field = 0;

	begin(p, v6, m);
	m->kind = MODEL_MALFORMED;
	if (v6 && !lb_skip(p, len, &m->at, &m->proto, &field))
		return;
	if (!v6)
		field = get16(p + 6) & 0x3fff;
	if (field)
		m->kind = MODEL_FRAGMENT;
	else if (is_flow(m->proto))
		m->kind = lb_flow(p, len, v6, m);
	else if (m->proto == (v6 ? MODEL_ICMP6 : MODEL_ICMP))
		m->kind = lb_icmp(p, len, v6, m);
	else
		m->kind = MODEL_PORTLESS;
}

/* model_lb_proof() - the number that a forger of a flow's packet must guess */
uint16_t model_lb_proof(const uint8_t *p, const struct model *m)
{
	if (m->proto == MODEL_TCP)
		return get16(p + m->at + 4);
	return m->proto == MODEL_SCTP ? get16(p + m->at + 6) : 0;
}

/* The real server skips extension headers up to one that it must not skip: an
 * authentication header, or a routing header that has not arrived. 16 at most.
 */
static bool rs_skip(const uint8_t *p, size_t len, size_t *at, uint8_t *type,
		    bool *fragment)
{
	int count;

	*fragment = false;
	for (count = 0; is_extension(*type); count++) {
		const uint8_t *header = p + *at;

		if (*type == AUTH || *type == NONE)
			break;
		if (count == 16 || !has(len, *at, 8))
			return false;
		if (*type == ROUTING && header[3])
			break;
		*fragment |= *type == FRAGMENT;
		if (*type == FRAGMENT && get16(header + 2) >> 3)
			break;
		*at += extension_size(*type, header);
		*type = header[0];
	}
	return *at <= len;
}

static bool rs_whole(const uint8_t *p, size_t len, bool v6,
		     const struct model *m)
{
	const uint8_t *header = p + m->at;
	size_t left = len - m->at, size;

	if (m->proto == MODEL_SCTP)
		return left >= 16 && get16(header + 14) >= 4;
	if (m->proto == MODEL_TCP) {
		if (left < 20)
			return false;
		size = header[12] >> 4;
		return size >= 5 && size * 4 <= left;
	}
	if (left < 8)
		return false;
	size = get16(header + 4);
	return (v6 && !size) || (size >= 8 && size <= left);
}

/* model_rs() - what the real server's parser has to make of a packet */
void model_rs(const uint8_t *p, size_t len, bool v6, struct model *m)
{
	bool fragment = false;

	begin(p, v6, m);
	m->kind = MODEL_MALFORMED;
	if (v6) {
		if (!rs_skip(p, len, &m->at, &m->proto, &fragment))
			return;
	} else {
		if (m->at < 20 || m->at > len)
			return;
		fragment = get16(p + 6) & 0x3fff;
		/* Only what could be of interest is called a fragment. */
		if (!is_flow(m->proto) && m->proto != MODEL_ICMP)
			fragment = false;
	}
	if (fragment) {
		m->kind = MODEL_FRAGMENT;
	} else if (m->proto == (v6 ? MODEL_ICMP6 : MODEL_ICMP)) {
		m->kind = MODEL_ANY_ICMP;
	} else if (!is_flow(m->proto)) {
		m->kind = MODEL_OTHER;
	} else if (rs_whole(p, len, v6, m)) {
		m->kind = MODEL_FLOW;
		m->event = event_of(m->proto, p + m->at);
		m->sport = port(p + m->at);
		m->dport = port(p + m->at + 2);
	}
}

/* model_rs_quote() - find the packet that an ICMP error at @icmp quotes
 *
 * Return: true if it is one of a flow, with 8 bytes behind its IP header.
 */
bool model_rs_quote(const uint8_t *p, size_t len, bool v6, size_t icmp,
		    struct model_quote *quote)
{
	const uint8_t *quoted;
	bool fragment;

	if (!has(len, icmp, 8) || !(is_error(v6, p[icmp]) ||
				    (!v6 && (p[icmp] == 4 || p[icmp] == 5))))
		return false;
	quote->ip = icmp + 8;
	quoted = p + quote->ip;
	if (!has(len, quote->ip, v6 ? 40 : 20) ||
	    quoted[0] >> 4 != (v6 ? 6 : 4))
		return false;
	quote->proto = quoted[v6 ? 6 : 9];
	if (v6) {
		quote->at = quote->ip + 40;
		if (!rs_skip(p, len, &quote->at, &quote->proto, &fragment))
			return false;
	} else {
		quote->at = quote->ip + (quoted[0] & 15) * 4;
		if ((quoted[0] & 15) < 5 || get16(quoted + 6) & 0x1fff)
			return false;
	}
	return is_flow(quote->proto) && has(len, quote->at, 8);
}

/* model_less() - a - b, modulo 65535 */
uint32_t model_less(uint32_t a, uint32_t b)
{
	return (a + 0xffff - b % 0xffff) % 0xffff;
}

/* model_sum() - the sum of 16-bit words (RFC 1071), modulo 65535 */
uint32_t model_sum(const uint8_t *p, size_t len)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < len; i++)
		sum += i % 2 ? p[i] : p[i] << 8;
	return sum % 0xffff;
}

/* model_pseudo() - the sum of the pseudo header, of RFC 9293 and RFC 8200
 *
 * From the addresses of the IP header; @at is the transport header's offset.
 */
uint32_t model_pseudo(const uint8_t *p, size_t len, bool v6, size_t at,
		      uint8_t proto)
{
	return (model_sum(p + (v6 ? 8 : 12), v6 ? 32 : 8) + proto +
		(len - at)) % 0xffff;
}

static uint32_t crc_add(uint32_t crc, const uint8_t *p, size_t len)
{
	int bit;

	while (len--) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
	}
	return crc;
}

/* model_damage() - by how much the checksum of an SCTP packet is wrong
 *
 * CRC32c of RFC 9260, appendix A, bit by bit, with the field as 0. Compare the
 * results of packets of one length: what the CRC begins and ends with is left
 * out, for it is the same in both.
 */
uint32_t model_damage(const uint8_t *p, size_t len, size_t at)
{
	static const uint8_t zero[4];
	uint32_t crc = crc_add(0, p + at, 8);

	crc = crc_add(crc, zero, sizeof(zero));
	crc = crc_add(crc, p + at + 12, len - at - 12);
	return crc ^ (p[at + 8] | p[at + 9] << 8 | p[at + 10] << 16 |
		      (uint32_t)p[at + 11] << 24);
}

/* model_check_at() - offset of the checksum of TCP or UDP in its header */
size_t model_check_at(uint8_t proto)
{
	return proto == MODEL_TCP ? 16 : 6;
}
