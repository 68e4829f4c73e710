// SPDX-License-Identifier: GPL-2.0
/* gate - see gate.h */

#include <linux/netdevice.h>

#include "core/gate.h"

/**
 * dsr_gate_arm() - have all decisions that begin from now on pass the gate
 * @dn: balancer
 *
 * Context: process context, holds dn->writer, sleeps.
 */
void dsr_gate_arm(struct dsr_net *dn)
{
	lockdep_assert_held(&dn->writer);
	WRITE_ONCE(dn->gated, true);
	synchronize_net();
}

/**
 * dsr_gate_disarm() - undo dsr_gate_arm()
 * @dn: balancer
 *
 * No packet uses any more what the transaction has replaced.
 *
 * Context: process context, holds dn->writer, sleeps.
 */
void dsr_gate_disarm(struct dsr_net *dn)
{
	lockdep_assert_held(&dn->writer);
	synchronize_net();
	WRITE_ONCE(dn->gated, false);
}
