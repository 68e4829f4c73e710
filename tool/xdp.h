/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_XDP_H
#define DSRCTL_XDP_H

#include <stdbool.h>
#include <stdint.h>

bool xdp_is_attached(uint32_t ifindex, bool generic);
int xdp_attach(uint32_t ifindex, bool generic, int *link);

#endif /* DSRCTL_XDP_H */
