// SPDX-License-Identifier: GPL-2.0
/*
 * IP addresses of both families, alone and with a port: parse, format, and put
 * in requests.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "report.h"

static size_t addr_size(const struct addr *addr)
{
	return addr->family == AF_INET6 ? sizeof(addr->in6) :
					  sizeof(addr->in);
}

/* FAMILY: AF_INET6 unless known, or AF_UNSPEC */
static bool parse_addr(const char *text, int family, struct addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	addr->family = AF_INET;
	if (family != AF_INET6 && inet_pton(AF_INET, text, &addr->in) == 1)
		return true;
	addr->family = AF_INET6;
	return inet_pton(AF_INET6, text, &addr->in6) == 1;
}

static char *write_ipv4(char *to, const uint8_t *byte)
{
	int i;

	for (i = 0; i < 4; i++) {
		if (byte[i] >= 100)
			*to++ = '0' + byte[i] / 100;
		if (byte[i] >= 10)
			*to++ = '0' + byte[i] / 10 % 10;
		*to++ = '0' + byte[i] % 10;
		*to++ = '.';
	}
	*--to = '\0';
	return to;
}

static char *write_hex(char *to, unsigned int group)
{
	static const char digits[] = "0123456789abcdef";

	if (group >= 0x1000)
		*to++ = digits[group >> 12];
	if (group >= 0x100)
		*to++ = digits[group >> 8 & 0xf];
	if (group >= 0x10)
		*to++ = digits[group >> 4 & 0xf];
	*to++ = digits[group & 0xf];
	return to;
}

/* Find the longest run of zero groups, which "::" stands for; the first of
 * several.
 * @length: set to its length; less than 2 if there is none.
 */
static int find_zeros(const unsigned int *group, int *length)
{
	int i, run = 0, first = -1;

	*length = 1;
	for (i = 0; i < 8; i++) {
		run = group[i] ? 0 : run + 1;
		if (run > *length) {
			*length = run;
			first = i + 1 - run;
		}
	}
	return first;
}

static char *write_ipv6(char *to, const uint8_t *byte)
{
	unsigned int group[8];
	int i, first, length;

	for (i = 0; i < 8; i++)
		group[i] = byte[2 * i] << 8 | byte[2 * i + 1];
	first = find_zeros(group, &length);

	for (i = 0; i < 8; i++) {
		if (i == first) {
			*to++ = ':';
			i += length - 1;
			if (i == 7)
				*to++ = ':';
			continue;
		}
		if (i)
			*to++ = ':';
		/* ::192.0.2.1 and ::ffff:192.0.2.1 */
		if (i == 6 && !first &&
		    (length == 6 || (length == 5 && group[5] == 0xffff)))
			return write_ipv4(to, byte + 12);
		to = write_hex(to, group[i]);
	}
	*to = '\0';
	return to;
}

/**
 * addr_text() - write an address as inet_ntop() does, in a tenth of its time
 * @to: set, INET6_ADDRSTRLEN bytes
 * @addr: its bytes
 * @size: their number: 4, or 16
 *
 * Return: the end of the text, a NUL.
 */
char *addr_text(char *to, const void *addr, size_t size)
{
	return size == sizeof(struct in_addr) ? write_ipv4(to, addr) :
						write_ipv6(to, addr);
}

/**
 * addr_same() - check if two addresses are one
 * @one: an address
 * @other: another one
 */
bool addr_same(const struct addr *one, const struct addr *other)
{
	return one->family == other->family &&
	       !memcmp(&one->in6, &other->in6, addr_size(one));
}

/**
 * addr_is_loopback() - check if an address never leaves a machine
 * @addr: the address
 */
bool addr_is_loopback(const struct addr *addr)
{
	return addr->family == AF_INET6 ? IN6_IS_ADDR_LOOPBACK(&addr->in6) :
					  ntohl(addr->in.s_addr) >> 24 == 127;
}

/**
 * addr_name() - an address for people
 * @addr: the address
 * @text: where to put it, INET6_ADDRSTRLEN bytes
 *
 * Return: @text.
 */
const char *addr_name(const struct addr *addr, char *text)
{
	addr_text(text, &addr->in6, addr_size(addr));
	return text;
}

/**
 * addr_parse() - read a word as an address
 * @text: the word
 * @addr: set; its family is 0 if the word is no address
 *
 * Return: true if it is one.
 */
bool addr_parse(const char *text, struct addr *addr)
{
	if (parse_addr(text, AF_UNSPEC, addr))
		return true;
	addr->family = 0;
	return false;
}

static int addr_error(const struct args *args, const char *text)
{
	return args_error(args,
			  "%s '%s' is not an IP address: write an address like 192.0.2.1 or 2001:db8::1",
			  args->keyword, text);
}

/**
 * addr_read() - read the value of the last keyword as an address
 * @args: the words
 * @addr: set
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported.
 */
int addr_read(struct args *args, struct addr *addr)
{
	const char *word;

	word = args_word(args);
	if (!word)
		return DSRCTL_USAGE;
	if (parse_addr(word, AF_UNSPEC, addr))
		return DSRCTL_OK;
	return addr_error(args, word);
}

/* Cut the port off an endpoint, in place, and the brackets of IPv6 with it.
 * Return: the text after the colon, or NULL without a colon. Without
 * brackets, more than one colon is an address without a port.
 */
static char *cut_port(char **host, int *family)
{
	char *end, *colon = strchr(*host, ':');

	if (**host != '[') {
		if (!colon || strchr(colon + 1, ':'))
			return NULL;
		*colon = '\0';
		return colon + 1;
	}

	end = strchr(*host, ']');
	if (!end || (end[1] && end[1] != ':'))
		return NULL;
	(*host)++;
	*family = AF_INET6;
	*end = '\0';
	return end[1] ? end + 2 : NULL;
}

/* Reads ADDR, or ADDR/LENGTH unless @prefix is NULL; @word is what messages show. */
static int read_host(const struct args *args, char *host, const char *word,
		     int family, struct addr *addr, unsigned int *prefix)
{
	char *slash = prefix ? strchr(host, '/') : NULL;
	uint32_t length;
	int status;

	if (slash)
		*slash = '\0';
	if (!parse_addr(host, family, addr))
		return addr_error(args, word);
	if (!prefix)
		return DSRCTL_OK;
	*prefix = 8 * addr_size(addr);
	if (!slash)
		return DSRCTL_OK;
	status = args_parse_u32(args, slash + 1, 0, *prefix, &length);
	*prefix = length;
	return status;
}

/**
 * addr_read_endpoint() - read the value of the last keyword as ADDR[:PORT]
 * @args: the words
 * @addr: set to the address
 * @port: set to the port, in host byte order; -1 without a port
 * @prefix: where to put LENGTH of ADDR/LENGTH, of ADDR alone all its bits; or NULL:
 *	no prefix is taken
 *
 * An IPv6 address with a port is in brackets, as in [2001:db8::1]:80, and so is a
 * prefix: [2001:db8::/32]:80.
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported.
 */
int addr_read_endpoint(struct args *args, struct addr *addr, int *port,
		       unsigned int *prefix)
{
	char *copy, *host, *digits;
	int family = AF_UNSPEC, status;
	const char *word;
	uint16_t number;

	*port = -1;
	word = args_word(args);
	if (!word)
		return DSRCTL_USAGE;
	copy = report_alloc(NULL, strlen(word) + 1);
	strcpy(copy, word);
	host = copy;
	digits = cut_port(&host, &family);

	status = read_host(args, host, digits ? host : word, family, addr,
			   prefix);
	if (!status && digits) {
		status = args_parse_port(args, digits, &number);
		*port = number;
	}
	free(copy);
	return status;
}

/**
 * addr_put() - put an address in a request
 * @msg: the request
 * @type: type of the attribute
 * @addr: the address
 *
 * Return: 0, or negative if the request has no room.
 */
int addr_put(struct nl_msg *msg, int type, const struct addr *addr)
{
	return nla_put(msg, type, addr_size(addr), &addr->in);
}

/**
 * addr_get() - read an attribute as an address
 * @attr: 4 or 16 bytes, or NULL
 * @addr: set to the address
 *
 * Return: true if there is one.
 */
bool addr_get(const struct nlattr *attr, struct addr *addr)
{
	if (!attr)
		return false;
	addr->family = nla_len(attr) == sizeof(addr->in) ? AF_INET : AF_INET6;
	memcpy(&addr->in, nla_data(attr), addr_size(addr));
	return true;
}

/**
 * addr_to_nl() - give an address to libnl
 * @addr: the address
 *
 * Return: to be put by nl_addr_put(); NULL without memory.
 */
struct nl_addr *addr_to_nl(const struct addr *addr)
{
	return nl_addr_build(addr->family, &addr->in6, addr_size(addr));
}

/**
 * addr_from_nl() - read an address of libnl
 * @addr: set to the address; of family 0 if there is none
 * @from: the address of libnl, or NULL
 */
void addr_from_nl(struct addr *addr, const struct nl_addr *from)
{
	unsigned int size = from ? nl_addr_get_len(from) : 0;

	memset(addr, 0, sizeof(*addr));
	if (!size || size > sizeof(addr->in6))
		return;
	addr->family = nl_addr_get_family(from);
	memcpy(&addr->in6, nl_addr_get_binary_addr(from), size);
}

/**
 * addr_is() - compare an attribute with an address
 * @addr: the address
 * @attr: 4 or 16 bytes, or NULL
 */
bool addr_is(const struct addr *addr, const struct nlattr *attr)
{
	return attr && (size_t)nla_len(attr) == addr_size(addr) &&
	       !memcmp(nla_data(attr), &addr->in, addr_size(addr));
}

/**
 * addr_in() - whether an attribute is an address of a network
 * @addr: an address of the network
 * @prefix: how many bits of it are the network's
 * @attr: 4 or 16 bytes, or NULL
 */
bool addr_in(const struct addr *addr, unsigned int prefix,
	     const struct nlattr *attr)
{
	const uint8_t *wanted = (const void *)&addr->in, *byte;
	unsigned int whole = prefix / 8, rest = prefix % 8;

	if (!attr || (size_t)nla_len(attr) != addr_size(addr))
		return false;
	byte = nla_data(attr);
	return !memcmp(byte, wanted, whole) &&
	       (!rest || !((byte[whole] ^ wanted[whole]) >> (8 - rest)));
}
