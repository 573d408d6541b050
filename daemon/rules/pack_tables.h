/* The keys of packs, as tables. Internal to rules/.
 *
 * They are what the loader reads by, and what docs/rules.schema.json is held against. */
#ifndef MENTIOND_RULES_PACK_TABLES_H
#define MENTIOND_RULES_PACK_TABLES_H

#include "mentiond/config.h"

extern const struct option pack_head_options[], threshold_options[], margin_options[];
extern const struct option guard_options[], group_options[];
extern const struct option negation_options[], booster_options[];
extern const struct option rule_options[], rule_score_options[], rule_test_options[];
extern const struct option at_least_options[], override_options[];

struct pack_table {
    const char *name; /* of the definition in the schema; NULL ends the list */
    const struct option *options;
};
extern const struct pack_table pack_tables[];

#endif
