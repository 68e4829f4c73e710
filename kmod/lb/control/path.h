/* SPDX-License-Identifier: GPL-2.0 */
/*
 * path - the devices of a namespace that have a path; see core/path.h
 *
 * Locking: struct dsr_net.paths_lock.
 */
#ifndef _DSR_CONTROL_PATH_H
#define _DSR_CONTROL_PATH_H

#include "core/path.h"

/**
 * struct dsr_path_config - what a request says about a path
 * @recheck: as in struct dsr_path_dev
 * @via: as in struct dsr_path_dev
 * @link: link of an XDP program, see link.h; %NULL without one
 */
struct dsr_path_config {
	u32 recheck;
	u8 via;
	struct file *link;
};

struct dsr_path_dev *dsr_path_find(struct dsr_net *dn, int ifindex);
int dsr_path_add(struct dsr_net *dn, int ifindex,
		 const struct dsr_path_config *config,
		 struct netlink_ext_ack *extack);
void dsr_path_set(struct dsr_net *dn, struct dsr_path_dev *path, u32 recheck);
void dsr_path_delete(struct dsr_net *dn, struct dsr_path_dev *path);
void dsr_path_remove(struct dsr_net *dn, struct dsr_path_dev *path);
void dsr_path_flush(struct dsr_net *dn);
void dsr_path_net_init(struct dsr_net *dn);
int dsr_path_start(struct dsr_net *dn);
void dsr_path_stop(struct dsr_net *dn);
int dsr_path_init(void);
void dsr_path_exit(void);

#endif /* _DSR_CONTROL_PATH_H */
