/* SPDX-License-Identifier: GPL-2.0 */
/* ip - headers of IP and of what it carries */
#ifndef _FUZZ_IP_H
#define _FUZZ_IP_H

#define IP_MF		0x2000
#define IP_DF		0x4000
#define IP_OFFSET	0x1fff
#define IP6_OFFSET	0xfff8

#define NEXTHDR_HOP		0
#define NEXTHDR_ROUTING		43
#define NEXTHDR_FRAGMENT	44
#define NEXTHDR_AUTH		51
#define NEXTHDR_NONE		59
#define NEXTHDR_DEST		60

#define TCPHDR_FIN	0x01
#define TCPHDR_SYN	0x02
#define TCPHDR_RST	0x04
#define TCPHDR_ACK	0x10
#define tcp_flag_byte(th)	(((const u8 *)(th))[13])

struct sctphdr {
	__be16 source;
	__be16 dest;
	__be32 vtag;
	__le32 checksum;
};

struct sctp_chunkhdr {
	__u8 type;
	__u8 flags;
	__be16 length;
};

enum {
	SCTP_CID_DATA = 0,
	SCTP_CID_INIT = 1,
	SCTP_CID_INIT_ACK = 2,
	SCTP_CID_ABORT = 6,
	SCTP_CID_SHUTDOWN = 7,
	SCTP_CID_SHUTDOWN_ACK = 8,
	SCTP_CID_SHUTDOWN_COMPLETE = 14,
};

struct frag_hdr {
	__u8 nexthdr;
	__u8 reserved;
	__be16 frag_off;
	__be32 identification;
};

#define ipv6_optlen(p)	(((p)->hdrlen + 1) << 3)
#define ipv6_authlen(p)	(((p)->hdrlen + 2) << 2)

#define IPV6_ADDR_UNICAST	0x0001
#define IPV6_ADDR_MULTICAST	0x0002
#define IPV6_ADDR_LOOPBACK	0x0010
#define IPV6_ADDR_LINKLOCAL	0x0020

static inline struct iphdr *ip_hdr(const struct sk_buff *skb)
{
	return skb_network_header(skb);
}

static inline struct ipv6hdr *ipv6_hdr(const struct sk_buff *skb)
{
	return skb_network_header(skb);
}

static inline unsigned int ip_hdrlen(const struct sk_buff *skb)
{
	return ip_hdr(skb)->ihl * 4;
}

static inline bool ip_is_fragment(const struct iphdr *iph)
{
	return iph->frag_off & htons(IP_MF | IP_OFFSET);
}

static inline bool ipv6_ext_hdr(u8 type)
{
	switch (type) {
	case NEXTHDR_HOP:
	case NEXTHDR_ROUTING:
	case NEXTHDR_FRAGMENT:
	case NEXTHDR_AUTH:
	case NEXTHDR_NONE:
	case NEXTHDR_DEST:
		return true;
	default:
		return false;
	}
}

static inline int ipv6_skip_exthdr(const struct sk_buff *skb, int at, u8 *type,
				   __be16 *frag_off)
{
	const struct ipv6_opt_hdr *hdr;
	struct ipv6_opt_hdr _hdr;
	__be16 _field, *field;
	u8 next = *type;

	*frag_off = 0;
	for (; ipv6_ext_hdr(next); next = hdr->nexthdr) {
		if (next == NEXTHDR_NONE)
			return -1;
		hdr = skb_header_pointer(skb, at, sizeof(_hdr), &_hdr);
		if (!hdr)
			return -1;
		if (next == NEXTHDR_FRAGMENT) {
			field = skb_header_pointer(skb, at + 2, sizeof(_field),
						   &_field);
			if (!field)
				return -1;
			*frag_off = *field;
			if (*field & htons(IP6_OFFSET))
				break;
			at += sizeof(struct frag_hdr);
		} else if (next == NEXTHDR_AUTH) {
			at += ipv6_authlen(hdr);
		} else {
			at += ipv6_optlen(hdr);
		}
	}
	*type = next;
	return at;
}

static inline bool ipv6_addr_equal(const struct in6_addr *one,
				   const struct in6_addr *other)
{
	return !memcmp(one, other, sizeof(*one));
}

static inline bool ipv6_addr_any(const struct in6_addr *addr)
{
	static const struct in6_addr any;

	return ipv6_addr_equal(addr, &any);
}

static inline void ipv6_addr_set_v4mapped(__be32 addr, struct in6_addr *mapped)
{
	memset(mapped, 0, sizeof(*mapped));
	mapped->s6_addr32[2] = htonl(0xffff);
	mapped->s6_addr32[3] = addr;
}

/* Only the types that kmod/ asks for. */
static inline int ipv6_addr_type(const struct in6_addr *addr)
{
	static const struct in6_addr loopback = { .s6_addr[15] = 1 };

	if (addr->s6_addr[0] == 0xff)
		return IPV6_ADDR_MULTICAST;
	if (addr->s6_addr[0] == 0xfe && (addr->s6_addr[1] & 0xc0) == 0x80)
		return IPV6_ADDR_UNICAST | IPV6_ADDR_LINKLOCAL;
	if (ipv6_addr_equal(addr, &loopback))
		return IPV6_ADDR_UNICAST | IPV6_ADDR_LOOPBACK;
	return ipv6_addr_any(addr) ? 0 : IPV6_ADDR_UNICAST;
}

static inline u8 ipv6_get_dsfield(const struct ipv6hdr *ip6h)
{
	return ntohs(*(const __be16 *)ip6h) >> 4;
}

static inline void ipv4_change_dsfield(struct iphdr *iph, u8 mask, u8 value)
{
	u8 tos = (iph->tos & mask) | value;

	csum_replace2(&iph->check, htons(iph->tos), htons(tos));
	iph->tos = tos;
}

static inline void ipv6_change_dsfield(struct ipv6hdr *ip6h, u8 mask, u8 value)
{
	__be16 *word = (__be16 *)ip6h;

	*word = (*word & htons(0xf00f | mask << 4)) | htons(value << 4);
}

static inline int ip_decrease_ttl(struct iphdr *iph)
{
	csum_replace2(&iph->check, htons(iph->ttl << 8),
		      htons((iph->ttl - 1) << 8));
	return --iph->ttl;
}

static inline bool icmp_is_err(int type)
{
	return type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH ||
	       type == ICMP_REDIRECT || type == ICMP_TIME_EXCEEDED ||
	       type == ICMP_PARAMETERPROB;
}

static inline bool icmpv6_is_err(int type)
{
	return type == ICMPV6_DEST_UNREACH || type == ICMPV6_PKT_TOOBIG ||
	       type == ICMPV6_TIME_EXCEED || type == ICMPV6_PARAMPROB;
}

#endif /* _FUZZ_IP_H */
