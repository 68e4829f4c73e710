/* SPDX-License-Identifier: GPL-2.0 */
/*
 * balancer - let dsr_rs know that dsr_lb balances in a namespace
 *
 * On a machine that is balancer and real server, dsr_lb handles packets for its
 * services first, and dsr_rs delivers only packets that dsr_lb leaves here. So
 * dsr_rs has to know about dsr_lb; but neither module needs the other to be
 * loaded. They talk over the kernel's netevent notifier chain; other listeners
 * ignore events that they do not know.
 *
 * Any context that may call an atomic notifier chain.
 */
#ifndef _DSR_BALANCER_H
#define _DSR_BALANCER_H

#include <net/net_namespace.h>
#include <net/netevent.h>

/* Far from the kernel's own events. */
#define DSR_BALANCER_EVENT	0x44535201

/**
 * struct dsr_balancer - message about a namespace
 * @net: the namespace
 * @ask: a question to dsr_lb; else dsr_lb announces a change
 * @live: answer: the namespace has services
 */
struct dsr_balancer {
	struct net *net;
	bool ask;
	bool live;
};

/** dsr_balancer_is_live() - true if a namespace has services */
static inline bool dsr_balancer_is_live(struct net *net)
{
	struct dsr_balancer balancer = { .net = net, .ask = true };

	call_netevent_notifiers(DSR_BALANCER_EVENT, &balancer);
	return balancer.live;
}

/** dsr_balancer_changed() - announce that a namespace has services, or none */
static inline void dsr_balancer_changed(struct net *net)
{
	struct dsr_balancer balancer = { .net = net };

	call_netevent_notifiers(DSR_BALANCER_EVENT, &balancer);
}

#endif /* _DSR_BALANCER_H */
