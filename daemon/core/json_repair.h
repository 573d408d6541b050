/* What json.c shares with json_repair.c: the repair that copies nothing when nothing is wrong. */
#ifndef MENTIOND_CORE_JSON_REPAIR_H
#define MENTIOND_CORE_JSON_REPAIR_H

#include "mentiond/json.h"

/* As json_repair(), but `out` stays empty and *ret_mended false if `text` can be used as it is. */
int json_repair_lazily(struct str text, struct buf *out, struct json_faults *faults, bool *ret_mended);

#endif
