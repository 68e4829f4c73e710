// SPDX-License-Identifier: GPL-2.0
/*
 * The base chains of the site's firewall: where one could let a packet pass. Only
 * the kernel knows what their rules do.
 */
#include <endian.h>
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "proc.h"
#include "report.h"
#include "ruleset.h"
#include "socket.h"

#define CHAINS_MAX	1024

static bool is_wanted(uint8_t family)
{
	return family == NFPROTO_IPV4 || family == NFPROTO_IPV6 ||
	       family == NFPROTO_INET || family == NFPROTO_ARP;
}

static uint32_t be32(const struct nlattr *attr)
{
	return attr && nla_len(attr) >= (int)sizeof(uint32_t) ?
		       ntohl(nla_get_u32(attr)) : 0;
}

static int on_chain(struct nl_msg *msg, void *arg)
{
	struct nlattr *tb[NFTA_CHAIN_MAX + 1], *hook[NFTA_HOOK_MAX + 1];
	struct nlmsghdr *reply = nlmsg_hdr(msg);
	struct ruleset *ruleset = arg;
	struct nfgenmsg *header = nlmsg_data(reply);
	struct chain *chain;

	if (!nlmsg_valid_hdr(reply, sizeof(*header)) ||
	    !is_wanted(header->nfgen_family) || ruleset->count == CHAINS_MAX ||
	    nlmsg_parse(reply, sizeof(*header), tb, NFTA_CHAIN_MAX, NULL) ||
	    !tb[NFTA_CHAIN_HOOK] || !tb[NFTA_CHAIN_TABLE] ||
	    !tb[NFTA_CHAIN_NAME] ||
	    nla_parse_nested(hook, NFTA_HOOK_MAX, tb[NFTA_CHAIN_HOOK], NULL))
		return NL_OK;
	chain = &ruleset->chain[ruleset->count++];
	chain->family = header->nfgen_family;
	attr_string(tb[NFTA_CHAIN_TABLE], chain->table, sizeof(chain->table));
	attr_string(tb[NFTA_CHAIN_NAME], chain->name, sizeof(chain->name));
	if (tb[NFTA_CHAIN_TYPE])
		attr_string(tb[NFTA_CHAIN_TYPE], chain->type,
			    sizeof(chain->type));
	if (tb[NFTA_CHAIN_HANDLE] &&
	    nla_len(tb[NFTA_CHAIN_HANDLE]) >= (int)sizeof(uint64_t))
		chain->handle = be64toh(nla_get_u64(tb[NFTA_CHAIN_HANDLE]));
	chain->hook = be32(hook[NFTA_HOOK_HOOKNUM]);
	chain->priority = be32(hook[NFTA_HOOK_PRIORITY]);
	chain->drops = tb[NFTA_CHAIN_POLICY] &&
		       be32(tb[NFTA_CHAIN_POLICY]) == NF_DROP;
	return NL_OK;
}

static int on_rule(struct nl_msg *msg, void *arg)
{
	struct nlattr *tb[NFTA_RULE_MAX + 1];
	struct nlmsghdr *reply = nlmsg_hdr(msg);
	struct nfgenmsg *header = nlmsg_data(reply);
	char table[RULESET_NAME_MAX], name[RULESET_NAME_MAX];
	struct ruleset *ruleset = arg;
	size_t i;

	if (!nlmsg_valid_hdr(reply, sizeof(*header)) ||
	    nlmsg_parse(reply, sizeof(*header), tb, NFTA_RULE_MAX, NULL) ||
	    !tb[NFTA_RULE_TABLE] || !tb[NFTA_RULE_CHAIN])
		return NL_OK;
	attr_string(tb[NFTA_RULE_TABLE], table, sizeof(table));
	attr_string(tb[NFTA_RULE_CHAIN], name, sizeof(name));
	for (i = 0; i < ruleset->count; i++)
		if (ruleset->chain[i].family == header->nfgen_family &&
		    !strcmp(ruleset->chain[i].table, table) &&
		    !strcmp(ruleset->chain[i].name, name))
			ruleset->chain[i].rules++;
	return NL_OK;
}

static int dump(struct nl_sock *sock, int type, nl_recvmsg_msg_cb_t fn,
		struct ruleset *ruleset)
{
	struct nfgenmsg header = {
		.nfgen_family = NFPROTO_UNSPEC,
		.version = NFNETLINK_V0,
	};
	int err;

	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, fn, ruleset);
	err = nl_send_simple(sock, NFNL_SUBSYS_NFTABLES << 8 | type, NLM_F_DUMP,
			     &header, sizeof(header));
	return err < 0 ? err : nl_recvmsgs_default(sock);
}

/**
 * ruleset_read() - read the base chains of this network namespace
 * @ruleset: set; for ruleset_free() in any case
 *
 * Return: whether they could be read. A kernel without nf_tables has none.
 */
bool ruleset_read(struct ruleset *ruleset)
{
	struct nl_sock *sock = socket_open_netfilter();
	int err;

	memset(ruleset, 0, sizeof(*ruleset));
	if (!sock)
		return false;
	ruleset->chain = report_alloc(NULL,
				      CHAINS_MAX * sizeof(*ruleset->chain));
	memset(ruleset->chain, 0, CHAINS_MAX * sizeof(*ruleset->chain));
	err = dump(sock, NFT_MSG_GETCHAIN, on_chain, ruleset);
	if (err >= 0)
		err = dump(sock, NFT_MSG_GETRULE, on_rule, ruleset);
	socket_close(sock);
	return err >= 0;
}

/**
 * ruleset_free() - forget the chains
 * @ruleset: from ruleset_read()
 */
void ruleset_free(struct ruleset *ruleset)
{
	free(ruleset->chain);
}

/**
 * ruleset_may_drop() - check if a chain may drop packets
 * @chain: the chain
 * @hook: where they are dropped, NF_INET_*
 * @family: of the packets, AF_INET or AF_INET6
 */
bool ruleset_may_drop(const struct chain *chain, uint32_t hook, int family)
{
	uint8_t mine = family == AF_INET6 ? NFPROTO_IPV6 : NFPROTO_IPV4;

	return chain->hook == hook && !strcmp(chain->type, "filter") &&
	       (chain->family == mine || chain->family == NFPROTO_INET) &&
	       (chain->drops || (chain->rules &&
				 strcmp(chain->table, "mangle")));
}

/* Check if iptables-legacy has a table of this name. */
static bool has_legacy(const char *path, const char *table)
{
	FILE *file = proc_open(path);
	bool found = false;
	char line[64];

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		found = !strcmp(line, table);
	}
	fclose(file);
	return found;
}

/**
 * ruleset_has_legacy() - check if iptables-legacy has a table
 * @family: AF_INET or AF_INET6
 * @table: name of the table
 *
 * Only the kernel's modules know what the table has in it.
 */
bool ruleset_has_legacy(int family, const char *table)
{
	return has_legacy(family == AF_INET6 ? "/proc/net/ip6_tables_names" :
					       "/proc/net/ip_tables_names",
			  table);
}

/**
 * ruleset_translates() - check if rules may give packets that come in another
 *	destination
 * @ruleset: the chains
 */
bool ruleset_translates(const struct ruleset *ruleset)
{
	size_t i;

	for (i = 0; i < ruleset->count; i++)
		if (!strcmp(ruleset->chain[i].type, "nat") &&
		    ruleset->chain[i].hook == NF_INET_PRE_ROUTING &&
		    ruleset->chain[i].rules)
			return true;
	return ruleset_has_legacy(AF_INET, "nat") ||
	       ruleset_has_legacy(AF_INET6, "nat");
}

/**
 * ruleset_filters_arp() - check if rules may drop ARP
 * @ruleset: the chains
 */
bool ruleset_filters_arp(const struct ruleset *ruleset)
{
	size_t i;

	for (i = 0; i < ruleset->count; i++)
		if (ruleset->chain[i].family == NFPROTO_ARP &&
		    (ruleset->chain[i].rules || ruleset->chain[i].drops))
			return true;
	return has_legacy("/proc/net/arp_tables_names", "filter");
}

/* The family of a chain, as nft(8) names it. */
static const char *family_of(const struct chain *chain)
{
	if (chain->family == NFPROTO_INET)
		return "inet";
	return chain->family == NFPROTO_IPV6 ? "ip6" : "ip";
}

/* Append a word for a shell: quoted, if it has other characters than names have. */
static char *put_word(char *to, const char *word)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-";
	bool quoted = !*word || word[strspn(word, plain)];

	*to++ = ' ';
	if (quoted)
		*to++ = '\'';
	for (; *word; word++) {
		if (*word == '\'')
			to = stpcpy(to, "'\\'");
		*to++ = *word;
	}
	if (quoted)
		*to++ = '\'';
	*to = '\0';
	return to;
}

/**
 * ruleset_words() - name a chain as nft(8) takes it from a shell
 * @chain: the chain
 * @words: set; its family, its table and its name
 *
 * Return: @words.
 */
const char *ruleset_words(const struct chain *chain,
			  char words[RULESET_WORDS_MAX])
{
	char *end = stpcpy(words, family_of(chain));

	end = put_word(end, chain->table);
	put_word(end, chain->name);
	return words;
}
