/* Looking at the tree: what every decoder needs and no parser. */
#include <stdio.h>

#include "mentiond/config.h"

const struct config_node *config_get(const struct config_node *map, const char *key)
{
    struct str wanted = str_from(key);

    if (!map || map->kind != CONFIG_MAP)
        return NULL;
    for (size_t i = 0; i < map->n; i++) {
        if (str_eq(map->keys[i]->value, wanted))
            return map->items[i];
    }
    return NULL;
}

bool config_is_null(const struct config_node *node)
{
    static const struct str words[] = {
        {"", 0}, {"~", 1}, {"null", 4}, {"Null", 4}, {"NULL", 4},
    };

    if (!node || node->kind != CONFIG_SCALAR || node->quoted)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_eq(node->value, words[i]))
            return true;
    }
    return false;
}

const char *config_kind_shown(const struct config_node *node)
{
    if (node->kind == CONFIG_MAP)
        return "a map";
    if (node->kind == CONFIG_LIST)
        return "a list";
    return config_is_null(node) ? "nothing" : "text";
}

const char *config_shown(const struct config_node *node, char storage[CONFIG_SHOWN_MAX])
{
    struct str value;

    if (node->kind != CONFIG_SCALAR || config_is_null(node))
        return config_kind_shown(node);
    value = str_cut_utf8(node->value, CONFIG_SHOWN_MAX - 8);
    snprintf(storage, CONFIG_SHOWN_MAX, "'%.*s%s'", STR_FMT(value),
             value.len < node->value.len ? "..." : "");
    return storage;
}
