/* What the verbs about alerts share. */
#ifndef CTL_ALERTS_H
#define CTL_ALERTS_H

#include "ctl.h"
#include "mentiond/alert_route.h"

/* The configuration and its section alerts; the caller owns both. On anything but CTL_DONE the reason has
 * been told. */
enum exit_code alerts_load(struct ctl *ctl, struct settings **ret_settings, struct alert_plan **ret_plan);

#endif
