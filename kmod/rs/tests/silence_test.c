// SPDX-License-Identifier: GPL-2.0
/* Test which address is silenced on which device, by the user and by rules. */

#include "control/hush.h"
#include "core/silence.h"
#include "fixture.h"

struct silence_fixture {
	struct dsr_rs_net rs;
	struct net_device dev;
};

static const union nf_inet_addr vip = { .ip = VIP };
static const union nf_inet_addr vip2 = { .ip = VIP2 };

static bool is_silent(struct silence_fixture *f, const char *dev,
		      const union nf_inet_addr *addr)
{
	bool silent;

	strscpy(f->dev.name, dev, IFNAMSIZ);
	rcu_read_lock();
	silent = dsr_rs_silence_match(&f->rs.silences, AF_INET, addr,
				      &f->dev);
	rcu_read_unlock();
	return silent;
}

/* Silence the VIP on @count devices; 0: on all. */
static void want(struct kunit *test, struct silence_fixture *f,
		 const char *const *names, u32 count)
{
	struct dsr_rs_silence_devs *devs = NULL;

	if (count) {
		devs = kzalloc(struct_size(devs, name, count), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, devs);
	}
	for (; devs && devs->count < count; devs->count++)
		strscpy(devs->name[devs->count], names[devs->count], IFNAMSIZ);
	mutex_lock(&f->rs.lock);
	KUNIT_EXPECT_EQ(test, 0, dsr_rs_hush_want(&f->rs, AF_INET, &vip,
						  devs));
	mutex_unlock(&f->rs.lock);
}

static void unwant(struct silence_fixture *f)
{
	mutex_lock(&f->rs.lock);
	dsr_rs_hush_unwant(&f->rs, dsr_rs_silence_find(&f->rs, AF_INET,
						       &vip));
	mutex_unlock(&f->rs.lock);
}

static void hold(struct kunit *test, struct silence_fixture *f)
{
	mutex_lock(&f->rs.lock);
	KUNIT_EXPECT_EQ(test, 0, dsr_rs_hush_hold(&f->rs, AF_INET, &vip));
	mutex_unlock(&f->rs.lock);
}

static void release(struct silence_fixture *f)
{
	mutex_lock(&f->rs.lock);
	dsr_rs_hush_release(&f->rs, AF_INET, &vip);
	mutex_unlock(&f->rs.lock);
}

static int silence_test_init(struct kunit *test)
{
	struct silence_fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->rs.net = &init_net;
	mutex_init(&f->rs.lock);
	dsr_rs_silence_init(&f->rs.silences);
	test->priv = f;
	return 0;
}

static void silence_test_exit(struct kunit *test)
{
	struct silence_fixture *f = test->priv;

	mutex_lock(&f->rs.lock);
	dsr_rs_hush_exit(&f->rs);
	mutex_unlock(&f->rs.lock);
	KUNIT_EXPECT_EQ(test, 0, f->rs.silences.inet);
	/* Wait for hooks that have seen the addresses. */
	synchronize_net();
}

static void silence_devices(struct kunit *test)
{
	static const char *const names[] = { "eth0", "vlan+", "a23456789012345" };
	struct silence_fixture *f = test->priv;

	KUNIT_EXPECT_FALSE(test, is_silent(f, "eth0", &vip));
	want(test, f, names, ARRAY_SIZE(names));
	KUNIT_EXPECT_TRUE(test, is_silent(f, "eth0", &vip));
	KUNIT_EXPECT_FALSE(test, is_silent(f, "eth0", &vip2));
	KUNIT_EXPECT_FALSE(test, is_silent(f, "eth", &vip));
	KUNIT_EXPECT_FALSE(test, is_silent(f, "eth00", &vip));
	KUNIT_EXPECT_TRUE(test, is_silent(f, "vlan", &vip));
	KUNIT_EXPECT_TRUE(test, is_silent(f, "vlan12", &vip));
	KUNIT_EXPECT_FALSE(test, is_silent(f, "vla", &vip));
	KUNIT_EXPECT_TRUE(test, is_silent(f, "a23456789012345", &vip));
	KUNIT_EXPECT_FALSE(test, is_silent(f, "a23456789012346", &vip));
	want(test, f, NULL, 0);
	KUNIT_EXPECT_TRUE(test, is_silent(f, "eth9", &vip));
	f->dev.flags = IFF_LOOPBACK;
	KUNIT_EXPECT_FALSE(test, is_silent(f, "lo", &vip));
}

/* Test that a rule silences on all devices, and that the user's request
 * outlasts the rule.
 */
static void silence_rules(struct kunit *test)
{
	static const char *const names[] = { "eth0" };
	struct silence_fixture *f = test->priv;

	hold(test, f);
	hold(test, f);
	KUNIT_EXPECT_TRUE(test, is_silent(f, "eth1", &vip));
	want(test, f, names, 1);
	KUNIT_EXPECT_TRUE(test, is_silent(f, "eth1", &vip));
	release(f);
	KUNIT_EXPECT_TRUE(test, is_silent(f, "eth1", &vip));
	release(f);
	KUNIT_EXPECT_FALSE(test, is_silent(f, "eth1", &vip));
	KUNIT_EXPECT_TRUE(test, is_silent(f, "eth0", &vip));
	hold(test, f);
	unwant(f);
	KUNIT_EXPECT_TRUE(test, is_silent(f, "eth1", &vip));
	release(f);
	KUNIT_EXPECT_FALSE(test, is_silent(f, "eth0", &vip));
	KUNIT_EXPECT_EQ(test, 0, f->rs.silences.inet);
}

static struct kunit_case silence_cases[] = {
	KUNIT_CASE(silence_devices),
	KUNIT_CASE(silence_rules),
	{}
};

static struct kunit_suite silence_suite = {
	.name = "dsr_rs_silence",
	.init = silence_test_init,
	.exit = silence_test_exit,
	.test_cases = silence_cases,
};

kunit_test_suite(silence_suite);
