/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSR_METRICS_PAGE_H
#define DSR_METRICS_PAGE_H

#include <stddef.h>

char *page_make(const char *show, const char *stats, size_t *size);

#endif /* DSR_METRICS_PAGE_H */
