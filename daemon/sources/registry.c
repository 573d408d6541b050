/* All drivers, and the sources of a configuration: each source's own options are decoded by its
 * driver's table, and sources find the account they share, by name or, without one, by the host
 * they ask. */
#include <stdio.h>

#include "mentiond/source.h"

#define SET_ARENA_MAX ((size_t)16 * 1024 * 1024)
#define WHERE_MAX 256
#define MAX_PER_MINUTE 3000 /* new mentions of one source, unless told */

extern const struct source_driver source_mastodon, source_bluesky, source_hackernews;
extern const struct source_driver source_x, source_reddit, source_youtube, source_lemmy;
extern const struct source_driver source_stackexchange;
extern const struct source_driver source_file, source_exec, source_push;
extern const struct source_driver source_discourse, source_github;
extern const struct source_driver source_feed, source_json;
extern const struct source_driver source_threads, source_facebook, source_instagram;
extern const struct source_driver source_telegram, source_discord;
extern const struct source_driver source_appstore, source_googleplay;

const struct source_driver *const source_drivers[] = {
    &source_mastodon,
    &source_bluesky,
    &source_hackernews,
    &source_x,
    &source_reddit,
    &source_youtube,
    &source_lemmy,
    &source_stackexchange,
    &source_discourse,
    &source_github,
    &source_telegram,
    &source_discord,
    &source_feed,
    &source_json,
    &source_threads,
    &source_facebook,
    &source_instagram,
    &source_appstore,
    &source_googleplay,
    &source_file,
    &source_exec,
    &source_push,
    NULL,
};

const struct source_driver *source_driver_find(struct str name)
{
    for (size_t i = 0; source_drivers[i]; i++) {
        if (str_eq(name, str_from(source_drivers[i]->name)))
            return source_drivers[i];
    }
    return NULL;
}

/* ---- decoding ------------------------------------------------------------------------------ */

struct building {
    struct source_set *set;
    const struct settings *settings;
    struct diag *d;
    bool ok;
};

static struct config_mark mark_of(const struct config_node *map, const char *key)
{
    const struct config_node *node = config_get(map, key);

    if (node)
        return node->mark;
    return map ? map->mark : (struct config_mark){0};
}

#define COMPLAIN(b, mark, ...)                                                                     \
    do {                                                                                           \
        (b)->ok = false;                                                                           \
        diag_error((b)->d, (b)->settings->doc, (mark), __VA_ARGS__);                               \
    } while (0)

static const struct source_driver *find_driver(struct building *b, struct str type, const char *where,
                                               const struct config_node *map)
{
    const struct source_driver *driver = source_driver_find(type);
    const char *names[ARRAY_LEN(source_drivers)] = {NULL}, *nearest;

    if (driver)
        return driver;
    for (size_t i = 0; source_drivers[i]; i++)
        names[i] = source_drivers[i]->name;
    nearest = str_nearest(type, names, sizeof(names[0]));
    if (nearest)
        COMPLAIN(b, mark_of(map, "type"), "%s.type: unknown type '%.*s' (did you mean '%s'?)", where,
                 STR_FMT(type), nearest);
    else
        COMPLAIN(b, mark_of(map, "type"), "%s.type: unknown type '%.*s'", where, STR_FMT(type));
    return NULL;
}

/* Into a fresh block; NULL without one. */
static void *decode(struct building *b, const struct option *common, const struct option *own, size_t size,
                    const char *where, const struct config_node *map)
{
    void *config = arena_zalloc(&b->set->arena, size ? size : 1);
    const struct option_target targets[] = {{common, NULL}, {own, config}};

    if (!config || !options_decode(targets, own ? 2 : 1, where, map, b->settings->doc, b->d))
        b->ok = false;
    return config;
}

/* ---- accounts ------------------------------------------------------------------------------ */

static void add_account(struct building *b, const struct account_settings *settings)
{
    struct source_account *account = arena_zalloc(&b->set->arena, sizeof(*account));
    const struct source_driver *driver;
    char where[WHERE_MAX];

    snprintf(where, sizeof(where), "accounts.%.*s", STR_FMT(settings->name));
    driver = find_driver(b, settings->type, where, settings->node);
    if (!account || !driver) {
        b->ok = false;
        return;
    }
    if (!driver->account_options) {
        COMPLAIN(b, mark_of(settings->node, "type"), "%s.type: %s sources use no account", where,
                 driver->name);
        return;
    }
    account->name = settings->name;
    account->settings = settings;
    account->config = decode(b, settings_account_options, driver->account_options, driver->account_size,
                             where, settings->node);
    b->set->accounts[b->set->n_accounts++] = account;
}

static struct source_account *find_account(const struct source_set *set, struct str name)
{
    for (size_t i = 0; i < set->n_accounts; i++) {
        if (str_eq(set->accounts[i]->name, name))
            return set->accounts[i];
    }
    return NULL;
}

static const struct account_settings *account_settings(const struct settings *settings, struct str name)
{
    for (size_t i = 0; i < settings->n_accounts; i++) {
        if (str_eq(settings->accounts[i].name, name))
            return &settings->accounts[i];
    }
    return NULL;
}

/* The configured account of a source; an empty stand-in where it has none or a wrong one. */
static void join_account(struct building *b, struct source *src, const char *where)
{
    struct str name = src->settings->account;
    const struct account_settings *settings = account_settings(b->settings, name);
    struct config_mark mark = mark_of(src->settings->node, "account");

    src->account = name.len ? find_account(b->set, name) : NULL;
    if (name.len > 0 && !settings)
        COMPLAIN(b, mark, "%s.account: there is no account '%.*s'", where, STR_FMT(name));
    else if (settings && !str_eq(settings->type, src->settings->type))
        COMPLAIN(b, mark, "%s.account: '%.*s' is of type %.*s", where, STR_FMT(name),
                 STR_FMT(settings->type));
    else if (name.len == 0 && src->driver->needs_account)
        COMPLAIN(b, mark, "%s: a %s source needs an account", where, src->driver->name);
    if (!src->account)
        src->account = arena_zalloc(&b->set->arena, sizeof(*src->account));
    if (!src->account)
        b->ok = false;
}

/* Sources without an account share what their host allows. */
static void join_host(struct building *b, struct source *src)
{
    struct str host;
    struct source_account *shared;

    if (src->account->name.len > 0)
        return;
    host = src->driver->host(src, &b->set->arena);
    shared = find_account(b->set, host);
    if (shared) {
        src->account = shared;
        return;
    }
    src->account->name = host;
    b->set->accounts[b->set->n_accounts++] = src->account;
}

/* ---- sources ------------------------------------------------------------------------------- */

static int64_t or_default(int64_t value, int64_t unset, int64_t otherwise)
{
    return value == unset ? otherwise : value;
}

static void fill_schedule(struct source *src)
{
    const struct source_settings *s = src->settings;
    const struct source_driver *driver = src->driver;

    src->interval_ms = or_default(s->interval_ms, 0, driver->interval_ms);
    src->interval_min_ms = or_default(s->interval_min_ms, 0, src->interval_ms / 4);
    if (src->interval_min_ms < driver->interval_min_ms)
        src->interval_min_ms = driver->interval_min_ms;
    src->interval_max_ms = or_default(s->interval_max_ms, 0, src->interval_ms);
    src->max_per_minute = or_default(s->max_per_minute, 0, driver->has_horizon ? MAX_PER_MINUTE : 0);
    src->overlap_ms = or_default(s->overlap_ms, -1, driver->overlap_ms);
    src->max_pages = or_default(s->max_pages, 0, driver->max_pages);
    src->backfill_ms = s->backfill_ms;
}

static void check_interval(struct building *b, const struct source *src, const char *where)
{
    const struct config_node *node = src->settings->node;
    char least[CONFIG_AMOUNT_MAX];

    config_format_duration(src->driver->interval_min_ms, least);
    if (src->interval_ms < src->driver->interval_min_ms)
        COMPLAIN(b, mark_of(node, "interval"), "%s.interval: below the minimum of %s for %s", where, least,
                 src->driver->name);
    else if (src->settings->interval_min_ms > 0 && src->settings->interval_min_ms < src->driver->interval_min_ms)
        COMPLAIN(b, mark_of(node, "interval_min"), "%s.interval_min: below the minimum of %s for %s", where,
                 least, src->driver->name);
    else if (src->interval_min_ms > src->interval_ms)
        COMPLAIN(b, mark_of(node, "interval_min"), "%s.interval_min: above the interval", where);
    else if (src->interval_max_ms < src->interval_ms)
        COMPLAIN(b, mark_of(node, "interval_max"), "%s.interval_max: below the interval", where);
}

/* Two sources at one path: the second would never hear anything. */
static void check_inlet(struct building *b, const struct source *src, const char *where)
{
    const struct source_set *set = b->set;
    const struct source_inlet *inlet = src->driver->inlet;
    struct str path = inlet ? inlet->path(src, &b->set->arena) : STR("");

    for (size_t i = 0; inlet && i < set->n_sources; i++) {
        const struct source *other = &set->sources[i];

        if (other->driver->inlet && str_eq(other->driver->inlet->path(other, &b->set->arena), path))
            COMPLAIN(b, mark_of(src->settings->node, "path"),
                     "%s.path: '%.*s' is that of source '%.*s'", where, STR_FMT(path),
                     STR_FMT(other->name));
    }
}

/* Everything about one source; b->ok says whether it is right. */
static void build_source(struct building *b, struct source *src, const char *where)
{
    const struct config_node *node = src->settings->node;

    src->driver = find_driver(b, src->settings->type, where, node);
    if (!src->driver)
        return;
    fill_schedule(src);
    check_interval(b, src, where);
    src->config = decode(b, settings_source_options, src->driver->options, src->driver->config_size, where,
                         node);
    join_account(b, src, where);
    if (b->ok && src->driver->check)
        b->ok = src->driver->check(src, b->settings, b->d);
    if (b->ok)
        check_inlet(b, src, where);
    if (b->ok && src->settings->enabled) {
        join_host(b, src);
        b->set->sources[b->set->n_sources++] = *src;
    }
}

static void add_source(struct building *b, const struct brand_settings *brand,
                       const struct source_settings *settings)
{
    struct source src = {.name = settings->name, .brand = brand->name, .settings = settings};
    char where[WHERE_MAX];
    bool ok_before = b->ok;

    snprintf(where, sizeof(where), "brands.%.*s.sources.%.*s", STR_FMT(brand->name),
             STR_FMT(settings->name));
    b->ok = true; /* each source is checked as far as its own mistakes let it */
    build_source(b, &src, where);
    b->ok = b->ok && ok_before;
}

static void add_brand(struct building *b, const struct brand_settings *brand)
{
    for (size_t i = 0; i < brand->n_sources; i++)
        add_source(b, brand, &brand->sources[i]);
}

static bool make_room(struct source_set *set, const struct settings *settings)
{
    size_t n_sources = 0;

    for (size_t i = 0; i < settings->n_brands; i++)
        n_sources += settings->brands[i].n_sources;
    set->sources = arena_zalloc(&set->arena, n_sources * sizeof(*set->sources));
    set->accounts =
        arena_zalloc(&set->arena, (n_sources + settings->n_accounts) * sizeof(*set->accounts));
    return set->sources && set->accounts;
}

struct source_set *source_set_create(const struct settings *settings, struct diag *d)
{
    struct building b = {.settings = settings, .d = d, .ok = true};

    b.set = calloc(1, sizeof(*b.set));
    if (b.set)
        arena_init(&b.set->arena, SET_ARENA_MAX);
    if (!b.set || !make_room(b.set, settings)) {
        diag_error(d, NULL, (struct config_mark){0}, "sources: out of memory");
        source_set_destroy(b.set);
        return NULL;
    }
    for (size_t i = 0; i < settings->n_accounts; i++)
        add_account(&b, &settings->accounts[i]);
    for (size_t i = 0; i < settings->n_brands; i++)
        add_brand(&b, &settings->brands[i]);
    if (b.ok)
        return b.set;
    source_set_destroy(b.set);
    return NULL;
}

void source_set_destroy(struct source_set *set)
{
    if (!set)
        return;
    arena_finish(&set->arena);
    free(set);
}
