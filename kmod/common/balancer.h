/* SPDX-License-Identifier: GPL-2.0 */
/*
 * balancer - how a real server's module learns that a namespace balances
 *
 * On a machine that is both, what is for a service is balanced first, and only
 * what that leaves here is delivered. So dsr_rs has to know, but neither module
 * needs the other to be there: they talk over the chain of the kernel that
 * everybody who forwards packets listens to, and who does not know an event
 * passes it over.
 *
 * Any context that may call an atomic notifier chain.
 */
#ifndef _DSR_BALANCER_H
#define _DSR_BALANCER_H

#include <net/net_namespace.h>
#include <net/netevent.h>

/* Far from those of the kernel. */
#define DSR_BALANCER_EVENT	0x44535201

/**
 * struct dsr_balancer - what is said of a namespace
 * @net: the namespace
 * @ask: a question, for dsr_lb to answer; else dsr_lb says that it is changed
 * @live: there are services in it
 */
struct dsr_balancer {
	struct net *net;
	bool ask;
	bool live;
};

/** dsr_balancer_is_live() - whether there are services in a namespace */
static inline bool dsr_balancer_is_live(struct net *net)
{
	struct dsr_balancer balancer = { .net = net, .ask = true };

	call_netevent_notifiers(DSR_BALANCER_EVENT, &balancer);
	return balancer.live;
}

/** dsr_balancer_changed() - there are services in a namespace from now on, or none */
static inline void dsr_balancer_changed(struct net *net)
{
	struct dsr_balancer balancer = { .net = net };

	call_netevent_notifiers(DSR_BALANCER_EVENT, &balancer);
}

#endif /* _DSR_BALANCER_H */
