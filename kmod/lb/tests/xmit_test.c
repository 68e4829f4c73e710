// SPDX-License-Identifier: GPL-2.0
/* Packets merged by LRO are not forwarded. */

#include <kunit/test.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <net/net_namespace.h>

#include "core/service.h"
#include "datapath/xmit.h"

/* Make a packet as a device with LRO merges two segments: data in pages and
 * gso_size set, but no gso_type, so that the packet cannot be segmented again.
 */
static struct sk_buff *merged_by_lro(struct kunit *test, unsigned int header)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct sk_buff *skb = alloc_skb(256, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb->dev = init_net.loopback_dev;
	skb_reserve(skb, 64);
	memset(skb_put(skb, header), 0, header);
	skb_reset_network_header(skb);
	skb_add_rx_frag(skb, 0, page, 0, 2920, PAGE_SIZE);
	skb_shinfo(skb)->gso_size = 1460;
	return skb;
}

/* Complaint 12 about other balancers: packets that the receiving device has
 * merged are forwarded as they are, larger than the MTU. The kernel segments
 * packets merged by GRO again, see test_bulk.py and test_odd.py. Packets merged
 * by LRO cannot be segmented; a message in the kernel log asks to disable LRO.
 */
static void merged_by_lro_is_not_sent(struct kunit *test)
{
	struct sk_buff *v4 = merged_by_lro(test, sizeof(struct iphdr));
	struct sk_buff *v6 = merged_by_lro(test, sizeof(struct ipv6hdr));
	struct dsr_service service = { };

	v4->protocol = htons(ETH_P_IP);
	v6->protocol = htons(ETH_P_IPV6);
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, dsr_xmit4_prepare(&init_net, v4, &service, NULL),
			DSR_DROP_TOO_BIG);
	KUNIT_EXPECT_EQ(test, dsr_xmit6_prepare(&init_net, v6, &service, NULL),
			DSR_DROP_TOO_BIG);
	rcu_read_unlock();
	kfree_skb(v4);
	kfree_skb(v6);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(merged_by_lro_is_not_sent),
	{}
};

static struct kunit_suite suite = {
	.name = "dsr_xmit",
	.test_cases = cases,
};

kunit_test_suites(&suite);
