/* All tables of keys, by the names that the schema gives them. */
#include "rules/pack_tables.h"

const struct pack_table pack_tables[] = {
    {"pack", pack_head_options},     {"thresholds", threshold_options},
    {"margins", margin_options},     {"guard", guard_options},
    {"group", group_options},        {"negation", negation_options},
    {"booster", booster_options},    {"rule", rule_options},
    {"scores", rule_score_options},  {"tests", rule_test_options},
    {"at_least", at_least_options},  {"override", override_options},
    {NULL, NULL},
};
