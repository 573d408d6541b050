/* Private to config: what no option table can say about settings. Each reports by itself. */
#ifndef MENTIOND_CONFIG_SETTINGS_CHECK_H
#define MENTIOND_CONFIG_SETTINGS_CHECK_H

#include "mentiond/settings.h"

struct settings_loader {
    struct settings *s; /* its doc is there already */
    struct diag *d;
};

/* 1 to 64 of a-z, 0-9, _ and -: names become parts of Redis keys, file names and URLs. */
void settings_check_name(const struct settings_loader *l, const char *where, struct str name,
                         struct config_mark mark);

/* Whether the node is a map; `where` is its own path. */
bool settings_check_map(const struct settings_loader *l, const char *where,
                        const struct config_node *node);

/* The number of entries to read: at most max, which is then reported. */
size_t settings_check_count(const struct settings_loader *l, const char *where,
                            const struct config_node *node, size_t max);

void settings_check_redis(const struct settings_loader *l, const struct config_node *redis);

/* The account that a source names is there and of its type. */
void settings_check_account(const struct settings_loader *l, const char *where,
                            const struct source_settings *source);
void settings_check_source_names(const struct settings_loader *l, const char *where,
                                 const struct brand_settings *brand);
/* Time zone and languages. */
void settings_check_brand(const struct settings_loader *l, const char *where,
                          const struct config_node *node, const struct brand_settings *brand);

bool settings_has_own_account(const struct brand_settings *brand, const struct own_account *own);

#endif
