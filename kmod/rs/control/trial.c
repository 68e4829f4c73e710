// SPDX-License-Identifier: GPL-2.0
/* trial - a packet that tries the site's rules, shared with dsr_lb */
#include "../../common/trial.c"
