// SPDX-License-Identifier: GPL-2.0
/*
 * The ends of a packet that a command line describes: an address and a port.
 */
#include <stdio.h>

#include "args.h"
#include "dsrctl.h"
#include "endpoint.h"

/**
 * endpoint_read() - read an operand that is an address with its port
 * @args: the words
 * @name: of the operand, for messages
 * @addr: set
 * @port: set
 *
 * Return: enum dsrctl_status.
 */
int endpoint_read(struct args *args, const char *name, struct addr *addr,
		  int *port)
{
	int status;

	status = args_operand(args, name);
	if (!status)
		status = addr_read_endpoint(args, addr, port, NULL);
	if (!status && *port < 0)
		status = args_usage(args, "the %s has no port", name);
	return status;
}

/**
 * endpoint_text() - write an address and a port as they are read
 * @addr: the address
 * @port: the port
 * @text: set, ENDPOINT_TEXT_MAX bytes
 *
 * Return: @text.
 */
const char *endpoint_text(const struct addr *addr, int port, char *text)
{
	char name[INET6_ADDRSTRLEN];

	snprintf(text, ENDPOINT_TEXT_MAX,
		 addr->family == AF_INET6 ? "[%s]:%d" : "%s:%d",
		 addr_name(addr, name), port);
	return text;
}

/**
 * endpoint_json() - add an address and a port to an object
 * @object: the object
 * @addr_key: key of the address
 * @addr: the address
 * @port_key: key of the port
 * @port: the port
 */
void endpoint_json(struct json_object *object, const char *addr_key,
		   const struct addr *addr, const char *port_key, int port)
{
	char name[INET6_ADDRSTRLEN];

	json_object_object_add(object, addr_key,
			       json_object_new_string(addr_name(addr, name)));
	json_object_object_add(object, port_key, json_object_new_int(port));
}
