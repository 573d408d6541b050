/* config.yaml as settings: decodes section after section by the tables of settings_tables.c, so
 * that one run finds everything that is wrong, and looks after what no table can say: names,
 * references, the paths. What belongs to one type of source stays in its node for the sources
 * module. The settings own the doc; all text and lists live in its arena.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/mask.h"
#include "config/settings_check.h"
#include "config/settings_tables.h"

#define WHERE_MAX 256 /* bytes of "brands.acme.sources.tags"; longer ones are cut */

static const struct config_mark whole_file;

static void where_print(char where[WHERE_MAX], const char *fmt, ...) PRINTF_LIKE(2, 3);

static void where_print(char where[WHERE_MAX], const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(where, WHERE_MAX, fmt, args);
    va_end(args);
}

/* ---- finding the file ---------------------------------------------------------------------- */

const char *settings_find(const char *path, struct error *err)
{
    static const char *const places[] = {"config.yaml", "/etc/mentiond/config.yaml"};
    const char *named = getenv("MENTIOND_CONFIG");
    struct stat st;

    if (path)
        return path;
    if (named && named[0])
        return named;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (stat(places[i], &st) == 0 || (errno != ENOENT && errno != ENOTDIR))
            return places[i];
    }
    error_set(err, -ENOENT,
              "no configuration: neither --config nor $MENTIOND_CONFIG is given, and there is no "
              "./config.yaml and no /etc/mentiond/config.yaml");
    return NULL;
}

/* ---- accounts ------------------------------------------------------------------------------ */

/* All but the type may be meant as a secret, and is until its driver has looked at it. */
static void account_mask(const struct settings_loader *l, const struct config_node *node)
{
    if (node->kind != CONFIG_MAP)
        config_mask(l->s->doc, node);
    for (size_t i = 0; node->kind == CONFIG_MAP && i < node->n; i++) {
        if (!str_eq(node->keys[i]->value, STR("type")))
            config_mask(l->s->doc, node->items[i]);
    }
}

/* False when it is no account at all. */
static bool account_load(const struct settings_loader *l, const struct config_node *key,
                         const struct config_node *node, struct account_settings *account)
{
    struct option_target target = {settings_account_options, account};
    char where[WHERE_MAX];

    where_print(where, "accounts.%.*s", STR_FMT(key->value));
    account_mask(l, node);
    settings_check_name(l, "accounts", key->value, key->mark);
    if (!settings_check_map(l, where, node))
        return false;
    options_decode_known(&target, 1, where, node, l->s->doc, l->d);
    account->name = key->value;
    account->node = node;
    return true;
}

static void accounts_load(const struct settings_loader *l, const struct config_node *map)
{
    size_t n;

    if (!map || !settings_check_map(l, "accounts", map))
        return;
    n = settings_check_count(l, "accounts", map, SETTINGS_ACCOUNTS_MAX);
    l->s->accounts = arena_zalloc(&l->s->doc->arena, n * sizeof(*l->s->accounts));
    if (n > 0 && !l->s->accounts) {
        diag_error(l->d, l->s->doc, whole_file, "out of memory");
        return;
    }
    for (size_t i = 0; i < n; i++)
        l->s->n_accounts +=
            account_load(l, map->keys[i], map->items[i], &l->s->accounts[l->s->n_accounts]);
}

/* ---- sources ------------------------------------------------------------------------------- */

/* False when it is no source at all. */
static bool source_load(const struct settings_loader *l, const char *brand_where, size_t index,
                        const struct config_node *node, struct source_settings *source)
{
    struct option_target target = {settings_source_options, source};
    const struct config_node *name = config_get(node, "name");
    char where[WHERE_MAX];

    if (name && name->kind == CONFIG_SCALAR)
        where_print(where, "%s.sources.%.*s", brand_where, STR_FMT(name->value));
    else
        where_print(where, "%s.sources[%zu]", brand_where, index);
    if (!settings_check_map(l, where, node))
        return false;
    options_decode_known(&target, 1, where, node, l->s->doc, l->d);
    source->node = node;
    source->mark = name ? name->mark : node->mark;
    if (!config_get(node, "overlap"))
        source->overlap_ms = -1;
    if (source->name.len > 0)
        settings_check_name(l, where, source->name, source->mark);
    settings_check_account(l, where, source);
    return true;
}

static void sources_load(const struct settings_loader *l, const char *brand_where,
                         const struct config_node *list, struct brand_settings *brand)
{
    char where[WHERE_MAX], shown[CONFIG_SHOWN_MAX];
    size_t n;

    if (!list)
        return;
    where_print(where, "%s.sources", brand_where);
    if (list->kind != CONFIG_LIST) {
        diag_error(l->d, l->s->doc, list->mark, "%s: expected a list, got %s", where,
                   config_shown(list, shown));
        return;
    }
    n = settings_check_count(l, where, list, SETTINGS_SOURCES_MAX);
    brand->sources = arena_zalloc(&l->s->doc->arena, (n ? n : 1) * sizeof(*brand->sources));
    if (!brand->sources) {
        diag_error(l->d, l->s->doc, whole_file, "out of memory");
        return;
    }
    for (size_t i = 0; i < n; i++)
        brand->n_sources +=
            source_load(l, brand_where, i + 1, list->items[i], &brand->sources[brand->n_sources]);
    settings_check_source_names(l, where, brand);
}

/* ---- own accounts -------------------------------------------------------------------------- */

struct handles {
    struct str_list list;
};

/* One network's list, appended to the brand's. */
static bool handles_add(const struct settings_loader *l, const char *where,
                        const struct config_node *key, const struct config_node *map,
                        struct brand_settings *brand)
{
    struct handles handles;
    struct option options[2] = {
        {.key = key->value.s, .kind = OPTION_LIST, .max = SETTINGS_OWN_ACCOUNTS_MAX},
    };
    struct option_target target = {options, &handles};

    settings_check_name(l, where, key->value, key->mark);
    options_decode_known(&target, 1, where, map, l->s->doc, l->d);
    for (size_t i = 0; i < handles.list.n; i++) {
        struct own_account own = {key->value, handles.list.items[i]};

        if (brand->n_own_accounts == SETTINGS_OWN_ACCOUNTS_MAX) {
            diag_error(l->d, l->s->doc, key->mark, "%s: more than %d accounts", where,
                       SETTINGS_OWN_ACCOUNTS_MAX);
            return false;
        }
        if (settings_has_own_account(brand, &own))
            diag_warning(l->d, l->s->doc, key->mark, "%s.%.*s: '%.*s' is given twice", where,
                         STR_FMT(key->value), STR_FMT(own.handle));
        else
            brand->own_accounts[brand->n_own_accounts++] = own;
    }
    return true;
}

static size_t handles_count(const struct config_node *map)
{
    size_t n = 0;

    for (size_t i = 0; i < map->n && n < SETTINGS_OWN_ACCOUNTS_MAX; i++)
        n += map->items[i]->kind == CONFIG_LIST ? map->items[i]->n : 1;
    return n < SETTINGS_OWN_ACCOUNTS_MAX ? n : SETTINGS_OWN_ACCOUNTS_MAX;
}

static void own_accounts_load(const struct settings_loader *l, const char *brand_where,
                              const struct config_node *map, struct brand_settings *brand)
{
    char where[WHERE_MAX];

    where_print(where, "%s.own_accounts", brand_where);
    if (!map || !settings_check_map(l, where, map))
        return;
    brand->own_accounts =
        arena_zalloc(&l->s->doc->arena, (handles_count(map) + 1) * sizeof(*brand->own_accounts));
    if (!brand->own_accounts) {
        diag_error(l->d, l->s->doc, whole_file, "out of memory");
        return;
    }
    for (size_t i = 0; i < map->n; i++) {
        if (!handles_add(l, where, map->keys[i], map, brand))
            return;
    }
}

/* ---- brands -------------------------------------------------------------------------------- */

static void brand_load(const struct settings_loader *l, const struct config_node *key,
                       const struct config_node *node, struct brand_settings *brand)
{
    struct settings_brand_nodes nodes;
    struct option_target targets[] = {
        {settings_brand_options, brand},
        {settings_brand_node_options, &nodes},
    };
    struct option_target times = {settings_targets_options, brand};
    char where[WHERE_MAX], times_where[WHERE_MAX];

    where_print(where, "brands.%.*s", STR_FMT(key->value));
    where_print(times_where, "%s.targets", where);
    settings_check_name(l, "brands", key->value, key->mark);
    if (!settings_check_map(l, where, node))
        node = NULL; /* only defaults then */
    options_decode(targets, ARRAY_LEN(targets), where, node, l->s->doc, l->d);
    brand->name = key->value;
    brand->mark = key->mark;
    options_decode(&times, 1, times_where, nodes.targets, l->s->doc, l->d);
    own_accounts_load(l, where, nodes.own_accounts, brand);
    sources_load(l, where, nodes.sources, brand);
    settings_check_brand(l, where, node, brand);
}

static void brands_load(const struct settings_loader *l, const struct config_node *map)
{
    size_t n;

    if (!map || !settings_check_map(l, "brands", map))
        return;
    n = settings_check_count(l, "brands", map, SETTINGS_BRANDS_MAX);
    if (n == 0) {
        diag_error(l->d, l->s->doc, map->mark, "brands: is empty");
        return;
    }
    l->s->brands = arena_zalloc(&l->s->doc->arena, n * sizeof(*l->s->brands));
    if (!l->s->brands) {
        diag_error(l->d, l->s->doc, whole_file, "out of memory");
        return;
    }
    for (size_t i = 0; i < n; i++)
        brand_load(l, map->keys[i], map->items[i], &l->s->brands[i]);
    l->s->n_brands = n;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void sections_load(const struct settings_loader *l, const struct settings_root_nodes *nodes)
{
    struct settings *s = l->s;
    const struct {
        const char *where;
        const struct config_node *node;
        struct option_target target;
    } sections[] = {
        {"redis", nodes->redis, {settings_redis_options, &s->redis}},
        {"log", nodes->log, {settings_log_options, &s->log}},
        {"http", nodes->http, {settings_http_options, &s->http_client}},
        {"events", nodes->events, {settings_events_options, s}},
        {"alerts", nodes->alerts, {settings_alerts_options, &s->alerts}},
    };

    for (size_t i = 0; i < ARRAY_LEN(sections); i++)
        options_decode(&sections[i].target, 1, sections[i].where, sections[i].node, s->doc, l->d);
    settings_check_redis(l, nodes->redis);
    accounts_load(l, nodes->accounts);
    brands_load(l, nodes->brands);
}

struct settings *settings_read(const char *path, struct diag *d)
{
    struct settings *s = calloc(1, sizeof(*s));
    struct settings_root_nodes nodes = {0};
    struct settings_loader l = {s, d};
    struct option_target targets[] = {
        {settings_root_options, s},
        {settings_root_node_options, &nodes},
    };

    if (!s) {
        diag_error(d, NULL, whole_file, "%s: out of memory", path);
        return NULL;
    }
    s->doc = config_doc_load(path, d);
    if (!s->doc) {
        free(s);
        return NULL;
    }
    options_decode(targets, ARRAY_LEN(targets), "", s->doc->root, s->doc, d);
    sections_load(&l, &nodes);
    if (s->generation == 0)
        s->generation = s->doc->mtime_ms;
    return s;
}

struct settings *settings_load(const char *path, struct diag *d)
{
    size_t n_before = d->n_errors + d->n_dropped;
    struct settings *s = settings_read(path, d);

    if (d->n_errors + d->n_dropped == n_before)
        return s;
    settings_destroy(s);
    return NULL;
}

void settings_destroy(struct settings *s)
{
    if (!s)
        return;
    config_doc_destroy(s->doc);
    free(s);
}

/* ---- paths --------------------------------------------------------------------------------- */

struct str settings_path(const struct settings *s, struct str path)
{
    struct str file = s->doc->path;
    size_t dir_len = file.len;
    char cwd[4096];

    if (str_starts_with(path, STR("/")))
        return path;
    while (str_starts_with(path, STR("./")))
        path = str_slice(path, 2, path.len);
    while (dir_len > 0 && file.s[dir_len - 1] != '/')
        dir_len--;
    if (str_starts_with(file, STR("/")) || !getcwd(cwd, sizeof(cwd)))
        return arena_printf(&s->doc->arena, "%.*s%.*s", (int)dir_len, file.s, STR_FMT(path));
    if (str_starts_with(file, STR("./"))) {
        file = str_slice(file, 2, file.len);
        dir_len -= 2;
    }
    return arena_printf(&s->doc->arena, "%s/%.*s%.*s", cwd, (int)dir_len, file.s, STR_FMT(path));
}

struct str settings_rules_path(const struct settings *s, struct str pack)
{
    struct str beside = settings_path(s, pack);
    struct str base;

    if (!beside.s || str_starts_with(pack, STR("/")) || access(beside.s, F_OK) == 0)
        return beside;
    base = settings_path(s, s->rules_path);
    return arena_printf(&s->doc->arena, "%.*s/%.*s", STR_FMT(base), STR_FMT(pack));
}

const struct brand_settings *settings_brand(const struct settings *s, struct str name)
{
    for (size_t i = 0; i < s->n_brands; i++) {
        if (str_eq(s->brands[i].name, name))
            return &s->brands[i];
    }
    return NULL;
}

void settings_print_help(const char *format, FILE *out)
{
    bool man = strcmp(format, "man") == 0;

    for (const struct settings_section *section = settings_sections; section->prefix; section++) {
        if (section->help)
            fprintf(out, man ? ".SS %s\n" : "%s\n\n", section->help);
        options_print(section->options, section->prefix, format, out);
        if (!man)
            fputc('\n', out);
    }
}
