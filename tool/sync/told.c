// SPDX-License-Identifier: GPL-2.0
/* told - see told.h */

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "../report.h"
#include "told.h"

#define BUCKETS_MIN	1024

/**
 * struct told_key - names an exception; without holes, since its bytes are compared
 * @src: the client
 * @dst: the VIP
 * @fwmark: mark of the service, or 0
 * @sport: the client's port
 * @dport: the port of the VIP
 * @proto: IPPROTO_*, or 0
 * @family: AF_INET or AF_INET6
 */
struct told_key {
	struct in6_addr src;
	struct in6_addr dst;
	uint32_t fwmark;
	uint16_t sport;
	uint16_t dport;
	uint32_t proto;
	uint32_t family;
};

/**
 * struct told_entry - an exception
 * @next: in its bucket
 * @deadline: milliseconds of the clock: the others forget it then
 * @backend: address of the backend that they know
 * @key: its name
 */
struct told_entry {
	struct told_entry *next;
	uint64_t deadline;
	struct in6_addr backend;
	struct told_key key;
};

/**
 * told_init() - make an empty table
 * @told: set; for told_free()
 */
void told_init(struct told *told)
{
	told->buckets = BUCKETS_MIN;
	told->count = 0;
	if (getrandom(&told->seed, sizeof(told->seed), GRND_NONBLOCK) < 0)
		told->seed = 14695981039346656037u;
	told->bucket = report_alloc(NULL, BUCKETS_MIN * sizeof(*told->bucket));
	memset(told->bucket, 0, BUCKETS_MIN * sizeof(*told->bucket));
}

static void put_addr(struct in6_addr *to, const struct addr *addr)
{
	if (addr->family == AF_INET)
		memcpy(to, &addr->in, sizeof(addr->in));
	else if (addr->family == AF_INET6)
		*to = addr->in6;
}

static void make_key(struct told_key *key, const struct restore_entry *entry)
{
	memset(key, 0, sizeof(*key));
	put_addr(&key->src, &entry->src);
	put_addr(&key->dst, &entry->dst);
	key->fwmark = entry->fwmark;
	key->sport = entry->sport;
	key->dport = entry->dport;
	key->proto = entry->proto;
	key->family = entry->src.family;
}

/* FNV-1a, Fowler, Noll and Vo, from a random start. */
static size_t hash_of(const struct told *told, const struct told_key *key)
{
	const uint8_t *byte = (const void *)key;
	uint64_t hash = told->seed;
	size_t i;

	for (i = 0; i < sizeof(*key); i++)
		hash = (hash ^ byte[i]) * 1099511628211u;
	return hash ^ hash >> 32;
}

static struct told_entry **find(struct told *told, const struct told_key *key)
{
	struct told_entry **at;

	at = &told->bucket[hash_of(told, key) & (told->buckets - 1)];
	while (*at && memcmp(&(*at)->key, key, sizeof(*key)))
		at = &(*at)->next;
	return at;
}

static bool same_backend(const struct told_entry *known,
			 const struct restore_entry *entry)
{
	struct in6_addr backend = { 0 };

	put_addr(&backend, &entry->backend);
	return !memcmp(&backend, &known->backend, sizeof(backend));
}

/**
 * told_is_news() - tell if the others have to be told an exception
 * @told: the table
 * @entry: the exception, as this machine has it
 * @now: milliseconds of the clock
 *
 * If the others have it, they are told again in the second half of its life, or
 * if a later packet has gone to another backend.
 */
bool told_is_news(struct told *told, const struct restore_entry *entry,
		  uint64_t now)
{
	uint64_t deadline = now + entry->expires;
	struct told_entry *known;
	struct told_key key;

	make_key(&key, entry);
	known = *find(told, &key);
	if (!known || known->deadline <= now)
		return true;
	if (deadline < known->deadline + TOLD_LATER)
		return false;
	return !same_backend(known, entry) ||
	       known->deadline - now < (uint64_t)entry->expires / 2;
}

static void grow(struct told *told)
{
	struct told_entry **old = told->bucket, *entry, *next, **at;
	size_t buckets = told->buckets, i;

	told->buckets *= 2;
	told->bucket = report_alloc(NULL, told->buckets * sizeof(*old));
	memset(told->bucket, 0, told->buckets * sizeof(*old));
	for (i = 0; i < buckets; i++) {
		for (entry = old[i]; entry; entry = next) {
			next = entry->next;
			at = &told->bucket[hash_of(told, &entry->key) &
					   (told->buckets - 1)];
			entry->next = *at;
			*at = entry;
		}
	}
	free(old);
}

/**
 * told_note() - note that the others know an exception
 * @told: the table
 * @entry: the exception, as they know it
 * @now: milliseconds of the clock
 */
void told_note(struct told *told, const struct restore_entry *entry,
	       uint64_t now)
{
	uint64_t deadline = now + entry->expires;
	struct told_entry **at, *known;
	struct told_key key;

	make_key(&key, entry);
	at = find(told, &key);
	known = *at;
	if (!known) {
		known = report_alloc(NULL, sizeof(*known));
		memset(known, 0, sizeof(*known));
		known->key = key;
		*at = known;
		told->count++;
	} else if (known->deadline > deadline) {
		return;
	}
	known->deadline = deadline;
	memset(&known->backend, 0, sizeof(known->backend));
	put_addr(&known->backend, &entry->backend);
	if (told->count > told->buckets)
		grow(told);
}

/**
 * told_expire() - forget what the others have forgotten
 * @told: the table
 * @now: milliseconds of the clock
 */
void told_expire(struct told *told, uint64_t now)
{
	struct told_entry **at, *entry;
	size_t i;

	for (i = 0; i < told->buckets; i++) {
		at = &told->bucket[i];
		while ((entry = *at)) {
			if (entry->deadline > now) {
				at = &entry->next;
				continue;
			}
			*at = entry->next;
			free(entry);
			told->count--;
		}
	}
}

/** told_free() - free the table */
void told_free(struct told *told)
{
	told_expire(told, UINT64_MAX);
	free(told->bucket);
}
