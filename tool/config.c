// SPDX-License-Identifier: GPL-2.0
/*
 * Read and check a configuration file. Each object in the file becomes the words
 * of the command that creates it, and the command itself checks these words. So
 * the file knows what the command line knows.
 */
#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "absent.h"
#include "args.h"
#include "config.h"
#include "netlink.h"
#include "report.h"
#include "text.h"

/* files that include each other: more than any configuration has */
#define INCLUDES_MAX	8

/* mistakes to report: a longer list helps less */
#define MISTAKES_MAX	20

/* words of an object: more than any command takes */
#define WORDS_MAX	64

static const struct {
	const char *name;
	enum item_kind kind;
} sections[] = {
	{ "connections", ITEM_CONNECTIONS },
	{ "services", ITEM_SERVICE },
	{ "paths", ITEM_PATH },
	{ "rules", ITEM_RULE },
	{ "silence", ITEM_SILENCE },
	{ "flows", ITEM_FLOWS },
};

static const char *const root_keys[] = {
	"include", "services", "other-services", "removed-backends",
	"connections", "paths", "rules", "silence", "flows", NULL
};

/**
 * struct reading - a configuration while it is read
 * @ctl: the run
 * @config: the configuration
 * @depth: number of files that include the present one
 * @mistakes: number of mistakes so far
 */
struct reading {
	struct dsrctl *ctl;
	struct config *config;
	int depth;
	int mistakes;
};

/**
 * struct command_words - the words of an object while they are collected
 * @word: the words, ended by NULL
 * @count: their number
 */
struct command_words {
	char *word[WORDS_MAX + 1];
	size_t count;
};

/* The object whose words are checked, for find_keyword(). */
static const struct node *checked;

/* Report the place of a keyword's value, or of the whole object. */
static void find_keyword(const char *keyword)
{
	const struct node *node;

	report_place(&checked->place);
	if (!keyword || checked->kind != NODE_MAP)
		return;
	for (node = checked->first; node; node = node->next)
		if (!strcmp(node->name, keyword))
			report_place(&node->place);
}

static int mistake(struct reading *reading, const struct place *place,
		   const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Report a mistake. Return: DSRCTL_USAGE. */
static int mistake(struct reading *reading, const struct place *place,
		   const char *format, ...)
{
	struct text text;
	va_list list;
	char *sentence;

	text_begin(&text);
	va_start(list, format);
	vfprintf(text.out, format, list);
	va_end(list);
	sentence = text_end(&text);
	if (reading->mistakes++ < MISTAKES_MAX) {
		report_place(place);
		report_error(DSRCTL_USAGE, "%s", sentence);
		report_place(NULL);
	}
	free(sentence);
	return DSRCTL_USAGE;
}

static int refuse_key(struct reading *reading, const struct node *node,
		      const char *const *names)
{
	char *list = args_list(names);
	int status = mistake(reading, &node->name_place,
			     "unknown key '%s': expected %s", node->name,
			     list);

	free(list);
	return status;
}

/* Find the keywords of the command that creates such objects. */
static const struct keyword *keywords_of(enum item_kind kind)
{
	static const struct object *const objects[ITEM_KINDS] = {
		[ITEM_CONNECTIONS] = &connection_object,
		[ITEM_SERVICE] = &service_object,
		[ITEM_BACKEND] = &backend_object,
		[ITEM_PATH] = &path_object,
		[ITEM_RULE] = &real_object,
		[ITEM_SILENCE] = &silence_object,
		[ITEM_FLOWS] = &flow_object,
	};
	const struct command *command = objects[kind]->commands;

	while (strcmp(command->name, item_types[kind].change))
		command++;
	return command->keywords;
}

static const struct keyword *find_key(const struct keyword *keywords,
				      const char *name)
{
	for (; keywords->name; keywords++)
		if (!strcmp(keywords->name, name))
			return keywords;
	return NULL;
}

static int add_word(struct reading *reading, struct command_words *words,
		    const struct node *node, const char *word)
{
	if (words->count == WORDS_MAX)
		return mistake(reading, &node->place, "too many words");
	words->word[words->count++] = (char *)word;
	words->word[words->count] = NULL;
	return DSRCTL_OK;
}

/* A backend's service is named by its key, not by its options. */
static bool is_name(const char *keyword)
{
	static const char *const names[] = {
		"fwmark", "family", "vip", "proto", "port"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], keyword))
			return true;
	return false;
}

/* Add a keyword, which may have to be repeated for each value of a list. */
static int add_value(struct reading *reading, struct command_words *words,
		     const struct node *node, const struct keyword *keyword)
{
	const struct node *element;
	int status = DSRCTL_OK;

	if (node->kind == NODE_MAP)
		return mistake(reading, &node->place, "%s takes a word",
			       node->name);
	if (keyword->values == keyword_flag) {
		if (node->kind == NODE_WORD && !strcmp(node->word, "no"))
			return DSRCTL_OK;
		if (node->kind == NODE_WORD && !strcmp(node->word, "yes"))
			return add_word(reading, words, node, keyword->name);
		return mistake(reading, &node->place, "%s is yes or no",
			       node->name);
	}
	if (node->kind == NODE_WORD) {
		status = add_word(reading, words, node, keyword->name);
		if (!status)
			status = add_word(reading, words, node, node->word);
		return status;
	}
	if (keyword->values != keyword_repeated)
		return mistake(reading, &node->place,
			       "%s takes one value: separate several by commas",
			       node->name);
	for (element = node->first; element && !status;
	     element = element->next) {
		if (element->kind != NODE_WORD)
			return mistake(reading, &element->place,
				       "%s takes a word", node->name);
		status = add_word(reading, words, node, keyword->name);
		if (!status)
			status = add_word(reading, words, element,
					  element->word);
	}
	return status;
}

static int unknown_keyword(struct reading *reading, enum item_kind kind,
			   const struct node *node)
{
	const struct keyword *keyword = keywords_of(kind);
	const char *names[WORDS_MAX] = { NULL };
	size_t count = 0;

	if (kind == ITEM_SILENCE)
		names[count++] = "address";
	if (kind == ITEM_SERVICE)
		names[count++] = "backends";
	/* the service of a backend is the one that lists it */
	for (; keyword->name; keyword++)
		if (kind != ITEM_BACKEND || !is_name(keyword->name))
			names[count++] = keyword->name;
	return refuse_key(reading, node, names);
}

/* Add the words of an object. */
static int add_map(struct reading *reading, enum item_kind kind,
		   const struct node *map, struct command_words *words)
{
	const struct keyword *keywords = keywords_of(kind), *keyword;
	const struct node *node;
	int status = DSRCTL_OK;

	for (node = map->first; node; node = node->next) {
		if (kind == ITEM_SERVICE && !strcmp(node->name, "backends"))
			continue;
		if (kind == ITEM_SILENCE && !strcmp(node->name, "address"))
			continue;
		keyword = find_key(keywords, node->name);
		if (!keyword ||
		    (kind == ITEM_BACKEND && is_name(node->name)))
			status = unknown_keyword(reading, kind, node);
		else if (add_value(reading, words, node, keyword))
			status = DSRCTL_USAGE;
	}
	return status;
}

/* An address or a device alone stands for an object with all defaults. */
static int add_short(struct reading *reading, enum item_kind kind,
		     const struct node *node, struct command_words *words)
{
	int status = DSRCTL_OK;

	if (kind == ITEM_BACKEND)
		status = add_word(reading, words, node, "via");
	else if (kind == ITEM_PATH)
		status = add_word(reading, words, node, "dev");
	else if (kind != ITEM_SILENCE)
		return mistake(reading, &node->place,
			       "a list of keys and values is missing");
	return status ? status : add_word(reading, words, node, node->word);
}

static const struct node *find_node(const struct node *map, const char *name)
{
	const struct node *node;

	for (node = map->first; node; node = node->next)
		if (!strcmp(node->name, name))
			return node;
	return NULL;
}

/* The address of a silence is no keyword, and comes first. */
static int add_address(struct reading *reading, const struct node *map,
		       struct command_words *words)
{
	const struct node *node = find_node(map, "address");

	if (!node)
		return mistake(reading, &map->place, "address is missing");
	if (node->kind != NODE_WORD)
		return mistake(reading, &node->place, "address takes a word");
	return add_word(reading, words, node, node->word);
}

/* The kernel knows this scheduler by two names, and tells the first. */
static void rename_scheduler(struct command_words *words)
{
	size_t i;

	for (i = 1; i < words->count; i++)
		if (!strcmp(words->word[i - 1], "scheduler") &&
		    !strcmp(words->word[i], "mh"))
			words->word[i] = (char *)"maglev";
}

/* Let the command check the words, and keep the request that it would send. */
static int run_words(struct reading *reading, const struct node *node,
		     struct command_words *words)
{
	struct netlink *nl = reading->ctl->netlink;
	int status;

	checked = node;
	find_keyword(NULL);
	if (reading->mistakes >= MISTAKES_MAX)
		report_errors(false);
	report_find(find_keyword);
	netlink_capture(nl, true);
	status = dsrctl_run(reading->ctl, words->word);
	netlink_capture(nl, false);
	report_find(NULL);
	report_errors(true);
	report_place(NULL);
	if (status)
		reading->mistakes++;
	return status;
}

static int check_words(struct reading *reading, enum item_kind kind,
		       const struct node *node, struct command_words *words)
{
	const char *absent = NULL;
	struct nl_msg *msg;
	struct item item;
	int status;

	if (reading->config->wait && kind == ITEM_PATH)
		absent = absent_take(words->word);
	status = run_words(reading, node, words);
	if (status)
		return status;
	msg = netlink_captured(reading->ctl->netlink);
	if (!msg || !item_make(&item, kind, nlmsg_hdr(msg))) {
		status = mistake(reading, &node->place,
				 "the object is incomplete");
	} else {
		item.place = node->place;
		if (absent)
			absent_put(&item, absent);
		items_add(&reading->config->items, &item);
	}
	nlmsg_free(msg);
	return status;
}

/* Begin with the words of the object and of the command. */
static void begin_words(enum item_kind kind, struct command_words *words)
{
	const struct item_type *type = &item_types[kind];

	words->count = 0;
	if (kind == ITEM_SILENCE)
		words->word[words->count++] = (char *)"real";
	words->word[words->count++] = kind == ITEM_SILENCE ?
		(char *)"silence" : (char *)type->object;
	words->word[words->count++] = (char *)type->change;
	words->word[words->count] = NULL;
}

/* @service: the service of a backend, else NULL */
static int read_object(struct reading *reading, enum item_kind kind,
		       const struct node *node, const struct node *service)
{
	struct command_words words;
	int status = DSRCTL_OK;
	const struct node *key;

	begin_words(kind, &words);
	for (key = service ? service->first : NULL; key && !status;
	     key = key->next)
		if (is_name(key->name) && key->kind == NODE_WORD) {
			status = add_word(reading, &words, key, key->name);
			if (!status)
				status = add_word(reading, &words, key,
						  key->word);
		}
	if (!status && node->kind == NODE_WORD) {
		status = add_short(reading, kind, node, &words);
	} else if (!status && node->kind == NODE_MAP) {
		if (kind == ITEM_SILENCE)
			status = add_address(reading, node, &words);
		if (!status)
			status = add_map(reading, kind, node, &words);
	} else if (!status) {
		status = mistake(reading, &node->place,
				 "a list of keys and values is missing");
	}
	if (status)
		return status;
	rename_scheduler(&words);
	return check_words(reading, kind, node, &words);
}

static int read_list(struct reading *reading, enum item_kind kind,
		     const struct node *list, const struct node *service);

static int read_service(struct reading *reading, const struct node *node)
{
	const struct node *backends;
	int status;

	status = read_object(reading, ITEM_SERVICE, node, NULL);
	if (status || node->kind != NODE_MAP)
		return status;
	backends = find_node(node, "backends");
	return backends ? read_list(reading, ITEM_BACKEND, backends, node) :
			  DSRCTL_OK;
}

static int read_list(struct reading *reading, enum item_kind kind,
		     const struct node *list, const struct node *service)
{
	const struct node *node;
	int status = DSRCTL_OK;

	if (list->kind != NODE_LIST)
		return mistake(reading, &list->place,
			       "%s is a list: write [] if it is empty",
			       list->name);
	for (node = list->first; node; node = node->next)
		if (kind == ITEM_SERVICE ? read_service(reading, node) :
					   read_object(reading, kind, node,
						       service))
			status = DSRCTL_USAGE;
	return status;
}

static int read_section(struct reading *reading, enum item_kind kind,
			const struct node *node)
{
	struct config *config = reading->config;

	if (!item_types[kind].table) {
		config->has[kind] = true;
		if (kind == ITEM_SERVICE)
			config->has[ITEM_BACKEND] = true;
		return read_list(reading, kind, node, NULL);
	}
	if (config->has[kind])
		return mistake(reading, &node->name_place,
			       "another file has %s, too", node->name);
	config->has[kind] = true;
	if (node->kind != NODE_MAP)
		return mistake(reading, &node->place,
			       "%s takes keys and values", node->name);
	return read_object(reading, kind, node, NULL);
}

static int read_others(struct reading *reading, const struct node *node)
{
	const char *word = node->kind == NODE_WORD ? node->word : "";

	reading->config->keep_services = !strcmp(word, "keep");
	if (reading->config->keep_services || !strcmp(word, "delete"))
		return DSRCTL_OK;
	return mistake(reading, &node->place, "%s is delete or keep",
		       node->name);
}

/* Let the command check the time that a backend is drained for. */
static int check_deadline(struct reading *reading, const struct node *node,
			  const char *deadline)
{
	static const char *const begin[] = {
		"backend", "drain", "fwmark", "1", "via", "0.0.0.0", "deadline"
	};
	struct command_words words = { .count = 0 };
	int status = DSRCTL_OK;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(begin); i++)
		status = add_word(reading, &words, node, begin[i]);
	if (!status)
		status = add_word(reading, &words, node, deadline);
	if (!status)
		status = run_words(reading, node, &words);
	nlmsg_free(netlink_captured(reading->ctl->netlink));
	return status;
}

static int read_removed(struct reading *reading, const struct node *node)
{
	const char *word = node->kind == NODE_WORD ? node->word : "";
	struct config *config = reading->config;

	config->drain = !strcmp(word, "drain") || !strncmp(word, "drain ", 6);
	config->deadline = config->drain && word[5] ? word + 6 : NULL;
	if (config->deadline)
		return check_deadline(reading, node, config->deadline);
	if (config->drain || !strcmp(word, "delete"))
		return DSRCTL_OK;
	return mistake(reading, &node->place,
		       "%s is delete, drain or drain TIME", node->name);
}

static int read_file(struct reading *reading, const char *path);

/* Return the path of a file that @node includes; to be freed. */
static char *path_beside(const struct node *node)
{
	const char *slash = strrchr(node->place.file, '/');
	struct text text;

	text_begin(&text);
	if (slash && node->word[0] != '/')
		fprintf(text.out, "%.*s",
			(int)(slash - node->place.file + 1),
			node->place.file);
	fputs(node->word, text.out);
	return text_end(&text);
}

/* A directory that is not there has no files. If another cannot be read, its files would
 * be missing, and what they configure would be deleted.
 */
static int stop_glob(const char *path, int err)
{
	(void)path;
	return err != ENOENT;
}

static int read_include(struct reading *reading, const struct node *node)
{
	int err, status = DSRCTL_OK;
	glob_t found;
	char *path;
	size_t i;

	if (node->kind != NODE_WORD || !*node->word)
		return mistake(reading, &node->place,
			       "include takes the name of a file, or a list");
	if (reading->depth == INCLUDES_MAX)
		return mistake(reading, &node->place,
			       "files include each other more than %d deep",
			       INCLUDES_MAX);
	path = path_beside(node);
	err = glob(path, strpbrk(node->word, "*?[") ? 0 : GLOB_NOCHECK,
		   stop_glob, &found);
	if (err && err != GLOB_NOMATCH)
		status = mistake(reading, &node->place, "cannot read '%s'",
				 path);
	reading->depth++;
	for (i = 0; !err && i < found.gl_pathc; i++)
		if (read_file(reading, found.gl_pathv[i]))
			status = DSRCTL_USAGE;
	reading->depth--;
	if (!err)
		globfree(&found);
	free(path);
	return status;
}

static int read_includes(struct reading *reading, const struct node *node)
{
	const struct node *element;
	int status = DSRCTL_OK;

	if (node->kind != NODE_LIST)
		return read_include(reading, node);
	for (element = node->first; element; element = element->next)
		if (read_include(reading, element))
			status = DSRCTL_USAGE;
	return status;
}

static int read_key(struct reading *reading, const struct node *node)
{
	size_t i;

	if (!strcmp(node->name, "include"))
		return read_includes(reading, node);
	if (!strcmp(node->name, "other-services"))
		return read_others(reading, node);
	if (!strcmp(node->name, "removed-backends"))
		return read_removed(reading, node);
	for (i = 0; i < ARRAY_SIZE(sections); i++)
		if (!strcmp(node->name, sections[i].name))
			return read_section(reading, sections[i].kind, node);
	return refuse_key(reading, node, root_keys);
}

static int read_file(struct reading *reading, const char *path)
{
	struct config_file *file = report_alloc(NULL, sizeof(*file));
	const struct node *node;
	int status;

	file->path = strcpy(report_alloc(NULL, strlen(path) + 1), path);
	file->next = reading->config->files;
	reading->config->files = file;
	status = document_read(file->path, &file->root);
	if (status) {
		reading->mistakes++;
		return status;
	}
	if (file->root->kind != NODE_MAP)
		return mistake(reading, &file->root->place,
			       "the file has no keys: it begins with one like 'services:'");
	for (node = file->root->first; node; node = node->next)
		if (read_key(reading, node))
			status = DSRCTL_USAGE;
	return status;
}

/* Find objects that are in the file twice. */
static int check_unique(struct reading *reading)
{
	const struct items *items = &reading->config->items;
	const struct item *one, *other, *swap;
	int status = DSRCTL_OK;
	size_t i;

	for (i = 1; i < items->count; i++) {
		one = &items->item[i - 1];
		other = &items->item[i];
		if (one->kind != other->kind ||
		    strcmp(one->name, other->name))
			continue;
		/* the order is that of the sort: report the later one */
		if (!strcmp(one->place.file, other->place.file) &&
		    one->place.line > other->place.line) {
			swap = one;
			one = other;
			other = swap;
		}
		status = mistake(reading, &other->place,
				 "%s %s is also at %s:%u:%u",
				 item_types[one->kind].object, one->name,
				 one->place.file, one->place.line,
				 one->place.column);
	}
	return status;
}

/**
 * config_read() - read and check a configuration file
 * @ctl: the run
 * @path: its name, or "-" for stdin
 * @wait: a device that is missing is no mistake
 * @config: set; for config_free() in any case
 *
 * Return: enum dsrctl_status; each mistake is reported, with its place.
 */
int config_read(struct dsrctl *ctl, const char *path, bool wait,
		struct config *config)
{
	struct reading reading = { .ctl = ctl, .config = config };
	int status;

	memset(config, 0, sizeof(*config));
	config->wait = wait;
	status = read_file(&reading, path);
	items_sort(&config->items);
	if (!status)
		status = check_unique(&reading);
	if (reading.mistakes > MISTAKES_MAX)
		report_error(DSRCTL_USAGE, "and %d more mistakes",
			     reading.mistakes - MISTAKES_MAX);
	return status ? DSRCTL_USAGE : DSRCTL_OK;
}

/**
 * config_free() - free a configuration
 * @config: from config_read()
 */
void config_free(struct config *config)
{
	struct config_file *file;

	items_free(&config->items);
	while ((file = config->files)) {
		config->files = file->next;
		document_free(file->root);
		free(file->path);
		free(file);
	}
}
