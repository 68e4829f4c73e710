// SPDX-License-Identifier: GPL-2.0
/*
 * Usage: btf_id BASE SPLIT NAME
 *
 * Print the ID of the function NAME in the BTF of a module: SPLIT is raw BTF whose
 * types and strings follow those of BASE, the kernel's. Runs on the machine that
 * builds, where the kernel's own resolve_btfids is missing.
 */
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct blob {
	const struct btf_header *head;
	const char *types;
	const char *strings;
};

static void fail(const char *path, const char *what)
{
	fprintf(stderr, "%s: %s\n", path, what);
	exit(1);
}

static struct blob blob_read(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct blob blob;
	long size = -1;
	size_t end;
	char *data;

	if (file && !fseek(file, 0, SEEK_END))
		size = ftell(file);
	if (size < 0)
		fail(path, "cannot be read");
	rewind(file);
	data = malloc(size + 1);
	if (!data || fread(data, 1, size, file) != (size_t)size)
		fail(path, "cannot be read");
	fclose(file);
	data[size] = '\0';

	blob.head = (const void *)data;
	if ((size_t)size < sizeof(*blob.head) || blob.head->magic != BTF_MAGIC)
		fail(path, "is no BTF");
	end = (size_t)blob.head->hdr_len + blob.head->str_off +
	      blob.head->str_len;
	if (end > (size_t)size || blob.head->type_off + blob.head->type_len >
	    blob.head->str_off)
		fail(path, "is cut off");
	blob.types = data + blob.head->hdr_len + blob.head->type_off;
	blob.strings = data + blob.head->hdr_len + blob.head->str_off;
	return blob;
}

/* Return the length of a type. */
static size_t type_length(const char *path, const struct btf_type *type)
{
	unsigned int count = BTF_INFO_VLEN(type->info);
	size_t length = sizeof(*type);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return length;
	case BTF_KIND_INT:
		return length + sizeof(__u32);
	case BTF_KIND_ARRAY:
		return length + sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return length + count * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return length + count * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return length + count * sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return length + count * sizeof(struct btf_param);
	case BTF_KIND_VAR:
		return length + sizeof(struct btf_var);
	case BTF_KIND_DATASEC:
		return length + count * sizeof(struct btf_var_secinfo);
	case BTF_KIND_DECL_TAG:
		return length + sizeof(struct btf_decl_tag);
	}
	fail(path, "has a type of an unknown kind");
	return 0;
}

/* Count the types of @blob, up to the function @name if that is not NULL; its
 * name is at an offset after the @before bytes of the base.
 *
 * Return: the number of types before it, or -1 without the function.
 */
static long count(const char *path, const struct blob *blob, const char *name,
		  unsigned int before)
{
	const char *end = blob->types + blob->head->type_len;
	const char *at = blob->types;
	const struct btf_type *type;
	unsigned int offset;
	long types = 0;

	while (at < end) {
		type = (const void *)at;
		offset = type->name_off - before;
		if (name && BTF_INFO_KIND(type->info) == BTF_KIND_FUNC &&
		    type->name_off >= before && offset < blob->head->str_len &&
		    !strcmp(blob->strings + offset, name))
			return types;
		at += type_length(path, type);
		types++;
	}
	return name ? -1 : types;
}

int main(int argc, char **argv)
{
	struct blob base, split;
	long before, found;

	if (argc != 4)
		fail(argv[0], "usage: btf_id BASE SPLIT NAME");
	base = blob_read(argv[1]);
	split = blob_read(argv[2]);
	before = count(argv[1], &base, NULL, 0);
	found = count(argv[2], &split, argv[3], base.head->str_len);
	if (found < 0)
		fail(argv[3], "is no function in the BTF");
	/* 0 is void, which is in no BTF */
	printf("%ld\n", 1 + before + found);
	return 0;
}
