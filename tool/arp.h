/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_ARP_H
#define DSRCTL_ARP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct arp_answer - an answer to a request for a MAC address
 * @ifindex: the device that it came in by
 * @addr: the address that was asked for
 * @mac: the MAC address of the machine that has it
 */
struct arp_answer {
	int ifindex;
	struct in_addr addr;
	uint8_t mac[6];
};

/* arp.c, which the tests replace */
int arp_open(void);
void arp_ask(int fd, int ifindex, const uint8_t mac[6], struct in_addr from,
	     struct in_addr addr);
bool arp_read(int fd, struct arp_answer *answer);

#endif /* DSRCTL_ARP_H */
