// SPDX-License-Identifier: GPL-2.0
/*
 * Neighbours: named by their IP addresses or by their MAC addresses.
 */
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "from.h"
#include "report.h"

/* Six bytes of two digits each. */
static bool parse_mac(const char *text, unsigned char *mac)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *high, *low;
	int i;

	for (i = 0; i < ETH_ALEN; i++, text += 3) {
		high = text[0] ? strchr(digits, text[0]) : NULL;
		low = high && text[1] ? strchr(digits, text[1]) : NULL;
		if (!low || text[2] != (i < ETH_ALEN - 1 ? ':' : '\0'))
			return false;
		mac[i] = (high - digits) % 16 * 16 + (low - digits) % 16;
	}
	return true;
}

/**
 * from_read() - read the value of the last keyword as ADDR|MAC[,ADDR|MAC]...
 * @args: the words
 * @keyword: the keyword
 * @from: set
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported.
 */
int from_read(struct args *args, const char *keyword, struct from *from)
{
	char *copy, *one, *next;
	int status = DSRCTL_OK;
	const char *word;

	from->count = 0;
	word = args_word(args);
	if (!word)
		return DSRCTL_USAGE;
	copy = report_alloc(NULL, strlen(word) + 1);
	strcpy(copy, word);
	for (next = copy; !status && next; from->count++) {
		one = strsep(&next, ",");
		if (from->count == DSR_RULE_FROM_MAX)
			status = args_error(args,
					    "%s names more than %d balancers",
					    keyword, DSR_RULE_FROM_MAX);
		else if (!addr_parse(one, &from->one[from->count].addr) &&
			 !parse_mac(one, from->one[from->count].mac))
			status = args_error(args,
					    "%s '%s' is neither an IP address nor a MAC address: write an address like 192.0.2.1, 2001:db8::1 or 02:00:00:00:00:01",
					    keyword, one);
	}
	free(copy);
	return status;
}

/**
 * from_put() - put neighbours in a request
 * @msg: the request
 * @type: type of the attribute, which is repeated for each
 * @from: the neighbours
 *
 * Return: 0, or negative if the request has no room.
 */
int from_put(struct nl_msg *msg, int type, const struct from *from)
{
	int i, err = 0;

	for (i = 0; !err && i < from->count; i++)
		err = from->one[i].addr.family ?
			      addr_put(msg, type, &from->one[i].addr) :
			      nla_put(msg, type, ETH_ALEN, from->one[i].mac);
	return err;
}

/**
 * from_one() - format a neighbour as text
 * @attr: 4, 6 or 16 bytes
 * @text: set, ATTR_TEXT_MAX bytes
 *
 * Return: @text.
 */
const char *from_one(const struct nlattr *attr, char *text)
{
	return attr_text(nla_len(attr) == ETH_ALEN ? ATTR_MAC : ATTR_ADDR,
			 attr, text);
}
