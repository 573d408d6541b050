/* Private to config: the tables of config.yaml, section by section. */
#ifndef MENTIOND_CONFIG_SETTINGS_TABLES_H
#define MENTIOND_CONFIG_SETTINGS_TABLES_H

#include "mentiond/settings.h"

/* Sections that are decoded in a second step; NULL where the file has none. */
struct settings_root_nodes {
    const struct config_node *redis, *log, *http, *events, *alerts, *accounts, *brands;
};

struct settings_brand_nodes {
    const struct config_node *own_accounts, *targets, *sources;
};

extern const struct option settings_root_options[];      /* struct settings */
extern const struct option settings_root_node_options[]; /* struct settings_root_nodes */
extern const struct option settings_redis_options[];
extern const struct option settings_log_options[];
extern const struct option settings_http_options[];
extern const struct option settings_events_options[]; /* struct settings */
extern const struct option settings_alerts_options[]; /* struct alert_settings */
extern const struct option settings_brand_options[];
extern const struct option settings_brand_node_options[]; /* struct settings_brand_nodes */
extern const struct option settings_targets_options[];    /* struct brand_settings */

/* All of the above in the order of the file, for help and for the test of config.yaml. */
struct settings_section {
    const char *prefix;  /* "brands.NAME" */
    const char *top_key; /* "brands"; "" for keys that stand at the top themselves */
    const struct option *options;
    const char *help; /* NULL: goes on with the section before */
};
extern const struct settings_section settings_sections[]; /* prefix NULL ends it */

#endif
