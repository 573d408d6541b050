/* What daemons have seen rules do, since when (daemon/poller/uses.c writes it). */
#ifndef CTL_USES_H
#define CTL_USES_H

#include "ctl.h"

#include <jansson.h>

/* By "pack/rule": ms since the epoch, and how often a limit was reached. Owned. */
struct uses {
    json_t *known, *fired, *limited;
};

/* From Redis; finish it in any case. */
int uses_fetch(struct uses *uses, struct ctl *ctl, struct error *err);
void uses_finish(struct uses *uses);

/* 0: never, or not known. */
int64_t uses_number(const json_t *of, struct str rule);

#endif
