/* Maps to structs by tables. Responsible for which keys a map may and must hold, for defaults, and
 * for where a complaint points; what a value of a kind looks like is option_kinds.c's. Before a map
 * is decoded the values that are or may be meant as secrets are masked, so that no excerpt shows
 * them.
 */
#include "config/mask.h"
#include "config/option_kinds.h"

#define PATH_MAX_LEN 256 /* bytes of "brands.acme.sources.tags.interval"; longer ones are cut */

struct decoding {
    const struct option_target *targets;
    size_t n_targets;
    const char *where;
    struct config_doc *doc;
    struct diag *d;
};

static const char *path_of(const struct decoding *x, struct str key, char storage[PATH_MAX_LEN])
{
    snprintf(storage, PATH_MAX_LEN, "%s%s%.*s", x->where, x->where[0] ? "." : "", STR_FMT(key));
    return storage;
}

static const char *prefix_of(const struct decoding *x, char storage[PATH_MAX_LEN])
{
    snprintf(storage, PATH_MAX_LEN, "%s%s", x->where, x->where[0] ? ": " : "");
    return storage;
}

static const struct option *option_find(const struct decoding *x, struct str key)
{
    for (size_t t = 0; t < x->n_targets; t++) {
        for (const struct option *o = x->targets[t].options; o->key; o++) {
            if (str_eq(key, str_from(o->key)))
                return o;
        }
    }
    return NULL;
}

/* ---- secrets stay unseen ------------------------------------------------------------------- */

void config_mask(struct config_doc *doc, const struct config_node *node)
{
    if (node->kind != CONFIG_SCALAR) {
        for (size_t i = 0; i < node->n; i++)
            config_mask(doc, node->items[i]);
        return;
    }
    if (doc->n_masks < CONFIG_MASKS_MAX && !option_is_secret_spec(node->value))
        doc->masks[doc->n_masks++] = node->mark;
}

static bool has_secret(const struct decoding *x)
{
    for (size_t t = 0; t < x->n_targets; t++) {
        for (const struct option *o = x->targets[t].options; o->key; o++) {
            if (o->kind == OPTION_SECRET)
                return true;
        }
    }
    return false;
}

/* Beside secrets an unknown key may be a mistyped secret. */
static void mask_secrets(const struct decoding *x, const struct config_node *map)
{
    if (!has_secret(x))
        return;
    for (size_t i = 0; i < map->n; i++) {
        const struct option *o = option_find(x, map->keys[i]->value);

        if (!o || o->kind == OPTION_SECRET)
            config_mask(x->doc, map->items[i]);
    }
}

/* ---- keys ---------------------------------------------------------------------------------- */

static void report_unknown(const struct decoding *x, const struct config_node *key)
{
    const char *nearest = NULL;
    char prefix[PATH_MAX_LEN], shown[CONFIG_SHOWN_MAX];

    for (size_t t = 0; t < x->n_targets && !nearest; t++)
        nearest = str_nearest(key->value, x->targets[t].options, sizeof(struct option));
    if (nearest)
        diag_error(x->d, x->doc, key->mark, "%sunknown key %s (did you mean '%s'?)",
                   prefix_of(x, prefix), config_shown(key, shown), nearest);
    else
        diag_error(x->d, x->doc, key->mark, "%sunknown key %s", prefix_of(x, prefix),
                   config_shown(key, shown));
}

static void check_keys(const struct decoding *x, const struct config_node *map)
{
    for (size_t i = 0; i < map->n; i++) {
        if (!option_find(x, map->keys[i]->value))
            report_unknown(x, map->keys[i]);
    }
}

/* ---- defaults ------------------------------------------------------------------------------ */

/* "[a, b]" or "a, b". */
static struct str_list list_from_default(struct str text, struct arena *arena)
{
    struct str_list list = {0};
    size_t n = 1;

    if (str_starts_with(text, STR("[")) && str_ends_with(text, STR("]")))
        text = str_slice(text, 1, text.len - 1);
    text = str_trim(text);
    if (text.len == 0)
        return list;
    for (size_t i = 0; i < text.len; i++)
        n += text.s[i] == ',';
    list.items = arena_alloc(arena, n * sizeof(*list.items));
    if (!list.items)
        return list;
    while (list.n < n) {
        struct str rest;

        list.items[list.n++] = str_trim(str_split(text, ',', &rest));
        text = rest;
    }
    return list;
}

static void default_set(const struct decoding *x, const struct option *o, void *field)
{
    const struct option_kind_info *kind = option_kind_info(o->kind);
    char reason[OPTION_REASON_MAX];

    memset(field, 0, kind->field_size);
    if (!o->def)
        return;
    if (o->kind == OPTION_LIST)
        *(struct str_list *)field = list_from_default(str_from(o->def), &x->doc->arena);
    else if (kind->parse)
        kind->parse(o, str_from(o->def), x->doc, field, reason);
}

/* ---- values -------------------------------------------------------------------------------- */

static void report_value(const struct decoding *x, const struct option *o,
                         const struct config_node *node, const char *reason)
{
    char path[PATH_MAX_LEN];

    diag_error(x->d, x->doc, node->mark, "%s: %s", path_of(x, str_from(o->key), path), reason);
}

static void report_kind(const struct decoding *x, const struct option *o,
                        const struct config_node *node)
{
    char reason[OPTION_REASON_MAX], shown[CONFIG_SHOWN_MAX];

    snprintf(reason, sizeof(reason), "expected %s, got %s", option_kind_info(o->kind)->expected,
             config_shown(node, shown));
    report_value(x, o, node, reason);
}

static bool item_decode(const struct decoding *x, const struct option *o,
                        const struct config_node *node, struct str *ret)
{
    char reason[OPTION_REASON_MAX], shown[CONFIG_SHOWN_MAX];

    if (node->kind != CONFIG_SCALAR || config_is_null(node))
        snprintf(reason, sizeof(reason), "expected text as an item, got %s",
                 config_shown(node, shown));
    else if (option_kind_info(OPTION_LIST)->parse(o, node->value, x->doc, ret, reason))
        return true;
    report_value(x, o, node, reason);
    return false;
}

static void list_decode(const struct decoding *x, const struct option *o,
                        const struct config_node *node, struct str_list *field)
{
    struct config_node *const *items = node->items;
    struct config_node *single[] = {(struct config_node *)node};
    size_t n = node->n;
    struct str_list list = {0};
    char reason[OPTION_REASON_MAX];

    if (node->kind == CONFIG_MAP) {
        report_kind(x, o, node);
        return;
    }
    if (node->kind == CONFIG_SCALAR) {
        items = single;
        n = 1;
    }
    if (!option_check_count(o, n, "items", reason)) {
        report_value(x, o, node, reason);
        return;
    }
    list.items = arena_alloc(&x->doc->arena, (n ? n : 1) * sizeof(*list.items));
    if (!list.items) {
        report_value(x, o, node, "out of memory");
        return;
    }
    for (size_t i = 0; i < n; i++)
        list.n += item_decode(x, o, items[i], &list.items[list.n]);
    *field = list;
}

static void value_decode(const struct decoding *x, const struct option *o,
                         const struct config_node *node, void *field)
{
    const struct option_kind_info *kind = option_kind_info(o->kind);
    char reason[OPTION_REASON_MAX];

    if (o->kind == OPTION_NODE)
        *(const struct config_node **)field = node;
    else if (o->kind == OPTION_LIST)
        list_decode(x, o, node, field);
    else if (node->kind != CONFIG_SCALAR)
        report_kind(x, o, node);
    else if (!kind->parse(o, node->value, x->doc, field, reason))
        report_value(x, o, node, reason);
}

static void option_decode(const struct decoding *x, const struct option *o, void *base,
                          const struct config_node *map)
{
    const struct config_node *node = config_get(map, o->key);
    void *field = (char *)base + o->offset;
    char path[PATH_MAX_LEN];

    default_set(x, o, field);
    if (node && !config_is_null(node))
        value_decode(x, o, node, field);
    else if (o->required && node)
        report_value(x, o, node, "has no value");
    else if (o->required && map)
        diag_error(x->d, x->doc, map->mark, "%s: is missing", path_of(x, str_from(o->key), path));
}

/* ---- the map ------------------------------------------------------------------------------- */

/* The map to decode: NULL when it is not there, null, or something else, which is then reported. */
static const struct config_node *check_map(const struct decoding *x, const struct config_node *map)
{
    char prefix[PATH_MAX_LEN];

    if (!map || map->kind == CONFIG_MAP)
        return map;
    if (!config_is_null(map))
        diag_error(x->d, x->doc, map->mark, "%sexpected a map, got %s", prefix_of(x, prefix),
                   config_kind_shown(map));
    return NULL;
}

static bool decode(const struct decoding *x, const struct config_node *node, bool strict)
{
    const struct config_node *map;
    size_t n_before = x->d->n_errors + x->d->n_dropped;

    if (node && node->kind == CONFIG_MAP)
        mask_secrets(x, node);
    map = check_map(x, node);
    if (map && strict)
        check_keys(x, map);
    for (size_t t = 0; t < x->n_targets; t++) {
        if (!x->targets[t].base)
            continue;
        for (const struct option *o = x->targets[t].options; o->key; o++)
            option_decode(x, o, x->targets[t].base, map);
    }
    return x->d->n_errors + x->d->n_dropped == n_before && !x->doc->flawed;
}

bool options_decode(const struct option_target *targets, size_t n_targets, const char *where,
                    const struct config_node *map, struct config_doc *doc, struct diag *d)
{
    struct decoding x = {targets, n_targets, where, doc, d};

    return decode(&x, map, true);
}

bool options_decode_known(const struct option_target *targets, size_t n_targets, const char *where,
                          const struct config_node *map, struct config_doc *doc, struct diag *d)
{
    struct decoding x = {targets, n_targets, where, doc, d};

    return decode(&x, map, false);
}
