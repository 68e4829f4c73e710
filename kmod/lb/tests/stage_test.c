// SPDX-License-Identifier: GPL-2.0
/* A stage: its changes build on each other, and nothing but the stage changes. */

#include "control/stage.h"
#include "fixture.h"
#include "limit.h"

static struct dsr_service_key key_of(u32 fwmark)
{
	return (struct dsr_service_key) {
		.fwmark = fwmark,
		.family = AF_INET,
		.port_last = U16_MAX,
	};
}

static struct dsr_service_key vip_of(u16 port, u16 last)
{
	return (struct dsr_service_key) {
		.vip.ip = htonl(0x0a0a1f64),
		.family = AF_INET,
		.proto = IPPROTO_TCP,
		.port = port,
		.port_last = last,
	};
}

static const struct dsr_service_config plain = {
	.scheduler = &dsr_sched_rr,
	.fwmark_mask = U32_MAX,
};

static union nf_inet_addr addr_of(u32 host)
{
	return (union nf_inet_addr) { .ip = htonl(0x0a000000 + host) };
}

static struct dsr_stage *stage_of(struct kunit *test, struct fixture *f)
{
	struct dsr_stage *stage;

	list_add(&f->service.list, &f->dn.services);
	stage = dsr_stage_new(&f->dn);
	KUNIT_ASSERT_NOT_NULL(test, stage);
	return stage;
}

static int add(struct dsr_stage *stage, struct dsr_service_key key,
	       u32 probe_marks)
{
	struct dsr_service_config config = plain;

	config.probe_marks = probe_marks;
	return dsr_stage_service_change(stage, DSR_CMD_SERVICE_ADD, NULL, &key,
					&config, NULL, NULL);
}

static int weigh(struct dsr_stage *stage, struct dsr_stage_service *service,
		 u32 host, u32 weight)
{
	struct dsr_backend_config config = { .weight = weight };
	union nf_inet_addr addr = addr_of(host);

	return dsr_stage_backend_change(stage, DSR_CMD_BACKEND_REPLACE,
					service, &addr, &config, NULL, NULL);
}

/* Return the weight of a backend in the stage; -1: it has none. */
static int weight_of(struct dsr_stage *stage,
		     struct dsr_stage_service *service, u32 host)
{
	union nf_inet_addr addr = addr_of(host);
	struct dsr_backend_config config;

	return dsr_stage_has_backend(stage, service, &addr, &config) ?
	       (int)config.weight : -1;
}

static void stage_keeps_the_configuration(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend = fixture_backend(test, f, 1, 5);
	struct dsr_stage *stage = stage_of(test, f);
	struct dsr_service_key key = key_of(FIXTURE_MARK);
	struct dsr_stage_service *service = dsr_stage_find(stage, &key);
	union nf_inet_addr addr = addr_of(1);

	KUNIT_ASSERT_NOT_NULL(test, service);
	KUNIT_EXPECT_FALSE(test, dsr_stage_is_touched(service));
	KUNIT_EXPECT_EQ(test, weight_of(stage, service, 1), 5);
	KUNIT_EXPECT_EQ(test, weigh(stage, service, 1, 6), 0);
	KUNIT_EXPECT_EQ(test, weigh(stage, service, 2, 7), 0);
	KUNIT_EXPECT_EQ(test, weight_of(stage, service, 1), 6);
	KUNIT_EXPECT_EQ(test, weight_of(stage, service, 2), 7);
	KUNIT_EXPECT_EQ(test, service->backends_count, 2);
	KUNIT_EXPECT_EQ(test, backend->config.weight, 5);
	KUNIT_EXPECT_EQ(test, f->service.backends_count, 1);

	/* one that goes and comes again is the same one */
	KUNIT_EXPECT_EQ(test, dsr_stage_backend_delete(stage, service, &addr,
						       NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, weight_of(stage, service, 1), -1);
	KUNIT_EXPECT_EQ(test, service->backends_count, 1);
	KUNIT_EXPECT_EQ(test, weigh(stage, service, 1, 8), 0);
	KUNIT_EXPECT_PTR_EQ(test, list_first_entry(&service->changes,
						   struct dsr_stage_backend,
						   list)->live, backend);
	KUNIT_EXPECT_EQ(test, service->changes_count, 2);
	dsr_stage_service_delete(stage, service);
	KUNIT_EXPECT_NULL(test, dsr_stage_find(stage, &key));
	KUNIT_EXPECT_EQ(test, add(stage, key, 0), 0);
	KUNIT_ASSERT_NOT_NULL(test, dsr_stage_find(stage, &key));
	KUNIT_EXPECT_EQ(test, weight_of(stage, dsr_stage_find(stage, &key), 1),
			-1);
	dsr_stage_free(stage);
}

static void stage_checks_keys(struct kunit *test)
{
	struct dsr_stage *stage = stage_of(test, test->priv);
	struct dsr_service_key key = vip_of(80, 90);

	KUNIT_EXPECT_EQ(test, add(stage, key, 0), 0);
	KUNIT_EXPECT_EQ(test, add(stage, vip_of(85, 95), 0), -EEXIST);
	KUNIT_EXPECT_EQ(test, add(stage, vip_of(85, 85), 0), 0);
	dsr_stage_service_delete(stage, dsr_stage_find(stage, &key));
	KUNIT_EXPECT_EQ(test, add(stage, vip_of(85, 95), 0), 0);

	/* marks of probes and of services */
	KUNIT_EXPECT_EQ(test, add(stage, vip_of(1, 1), 1), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, add(stage, vip_of(1, 1), 1000), 0);
	KUNIT_EXPECT_EQ(test, add(stage, vip_of(2, 2), 1255), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, add(stage, vip_of(2, 2), 745), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, add(stage, vip_of(2, 2), 1256), 0);
	KUNIT_EXPECT_EQ(test, add(stage, key_of(1255), 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, add(stage, key_of(999), 0), 0);
	KUNIT_EXPECT_EQ(test, add(stage, key_of(5000), 4900), -EADDRINUSE);
	dsr_stage_free(stage);
}

static void stage_is_bounded(struct kunit *test)
{
	struct dsr_stage *stage = stage_of(test, test->priv);
	struct dsr_service_key key = key_of(FIXTURE_MARK);
	struct dsr_stage_service *service = dsr_stage_find(stage, &key);
	int err = 0;
	u32 n;

	for (n = 0; n < DSR_BACKENDS_MAX && !err; n++)
		err = weigh(stage, service, 1 + n, 1);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, weigh(stage, service, 1 + n, 1), -ENOSPC);
	KUNIT_EXPECT_EQ(test, service->changes_count, DSR_BACKENDS_MAX);
	KUNIT_EXPECT_EQ(test, weigh(stage, service, 1, 9), 0);
	KUNIT_EXPECT_EQ(test, weigh(stage, service, 1, DSR_WEIGHT_MAX + 1),
			-ERANGE);
	KUNIT_EXPECT_EQ(test, weight_of(stage, service, 1), 9);

	for (n = 1; n < DSR_LIMIT_LIST && !err; n++)
		err = add(stage, key_of(0x10000 + n), 0);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, add(stage, key_of(0x10000), 0), -ENOSPC);
	dsr_stage_service_delete(stage, service);
	KUNIT_EXPECT_EQ(test, add(stage, key_of(0x10000), 0), 0);
	dsr_stage_free(stage);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(stage_keeps_the_configuration),
	KUNIT_CASE(stage_checks_keys),
	KUNIT_CASE(stage_is_bounded),
	{ }
};

FIXTURE_SUITE("dsr_stage");
