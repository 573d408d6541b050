/* The section `alerts` of the configuration: channels, routes, silences, all checked at once. */
#include "mentiond/alert_route.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "mentiond/clock.h"

#define PLAN_ARENA_MAX ((size_t)4 * 1024 * 1024)
#define WHERE_MAX 256
#define GROUP_FIELDS_MAX 8

/* ---- tables -------------------------------------------------------------------------------- */

struct route_keys {
    struct alert_route route;
    const struct config_node *match, *quiet;
    struct str_list channels;
};

#define ROUTE(field) .offset = offsetof(struct route_keys, route.field)
#define SECOND_MS INT64_C(1000)
#define DAY_MS (86400 * SECOND_MS)

static const char *const digests[] = {
    [ALERT_DIGEST_OFF] = "off", [ALERT_DIGEST_HOURLY] = "hourly", [ALERT_DIGEST_DAILY] = "daily", NULL};

static const struct option route_options[] = {
    {"name", OPTION_STRING, ROUTE(name), .max = 64,
     .help = "For logs and for `mentionctl alerts routes test`."},
    {"match", OPTION_NODE, .offset = offsetof(struct route_keys, match),
     .help = "Which events it takes; without it all."},
    {"channels", OPTION_LIST, .offset = offsetof(struct route_keys, channels), .required = true, .min = 1,
     .max = ALERT_ROUTE_CHANNELS_MAX, .help = "Names from alerts.channels."},
    {"group_by", OPTION_LIST, ROUTE(group_by), .max = GROUP_FIELDS_MAX,
     .help = "Fields: events that have the same there are told as one. Without it: what the event is about."},
    {"group_wait", OPTION_DURATION, ROUTE(group_wait_ms), .def = "10s", .max = DAY_MS,
     .help = "The first message of a group waits so long for others."},
    {"repeat_every", OPTION_DURATION, ROUTE(repeat_ms), .def = "4h", .max = 30 * DAY_MS,
     .help = "What is still so is said again; 0 never. What somebody looks after is not."},
    {"resolved", OPTION_BOOL, ROUTE(resolved), .def = "true", .help = "Also says that it is over."},
    {"continue", OPTION_BOOL, ROUTE(go_on), .def = "false", .help = "The routes behind it are asked, too."},
    {"quiet", OPTION_NODE, .offset = offsetof(struct route_keys, quiet),
     .help = "Hours in which nothing is said; it is said after them if it is still so."},
    {"digest", OPTION_ENUM, ROUTE(digest), .def = "off", .choices = digests,
     .help = "One summary an hour or a day instead of single messages."},
    {"title", OPTION_STRING, ROUTE(title), .max = ALERT_TEMPLATE_MAX,
     .help = "The line that is read first, with {fields}. Without it: the event type's own."},
    {"text", OPTION_STRING, ROUTE(text), .max = ALERT_TEMPLATE_MAX, .help = "What stands below it."},
    {0},
};

struct quiet_keys {
    struct str from, to, time_zone;
};

static const struct option quiet_options[] = {
    {"from", OPTION_STRING, .offset = offsetof(struct quiet_keys, from), .required = true, .help = "22:00"},
    {"to", OPTION_STRING, .offset = offsetof(struct quiet_keys, to), .required = true, .help = "07:00"},
    {"time_zone", OPTION_STRING, .offset = offsetof(struct quiet_keys, time_zone), .def = "UTC", .max = 63,
     .help = "Of the tz database: Europe/London."},
    {0},
};

struct silence_keys {
    const struct config_node *match;
    struct str from, until, reason;
};

static const struct option silence_options[] = {
    {"match", OPTION_NODE, .offset = offsetof(struct silence_keys, match), .required = true,
     .help = "What is not told, as in a route."},
    {"from", OPTION_STRING, .offset = offsetof(struct silence_keys, from),
     .help = "ISO 8601; without it: from now on."},
    {"until", OPTION_STRING, .offset = offsetof(struct silence_keys, until), .required = true,
     .help = "ISO 8601."},
    {"reason", OPTION_STRING, .offset = offsetof(struct silence_keys, reason), .required = true, .max = 256,
     .help = "Why, for those who wonder."},
    {0},
};

/* ---- loading ------------------------------------------------------------------------------- */

struct loader {
    struct alert_plan *plan;
    const struct settings *settings;
    struct diag *d;
    bool ok;
};

#define COMPLAIN(l, mark, ...)                                                                     \
    do {                                                                                           \
        (l)->ok = false;                                                                           \
        diag_error((l)->d, (l)->settings->doc, (mark), __VA_ARGS__);                               \
    } while (0)

static bool decode(struct loader *l, const struct option *options, void *base, const char *where,
                   const struct config_node *map)
{
    const struct option_target target = {options, base};
    bool ok = options_decode(&target, 1, where, map, l->settings->doc, l->d);

    l->ok = l->ok && ok;
    return ok;
}

static void load_match(struct loader *l, struct alert_matcher *match, const struct config_node *map,
                       const char *where)
{
    char inner[WHERE_MAX + 8];

    snprintf(inner, sizeof(inner), "%s.match", where);
    decode(l, alert_matcher_options, match, inner, map);
}

/* Minutes after midnight of "07:30"; -1 for what is no time. */
static int64_t minutes(struct str text)
{
    struct str rest;
    int64_t hour, minute;

    if (!str_to_i64(str_split(text, ':', &rest), 0, 23, &hour) || rest.len != 2 ||
        !str_to_i64(rest, 0, 59, &minute))
        return -1;
    return hour * 60 + minute;
}

static bool zone_exists(struct str zone)
{
    char path[128];

    if (str_eq(zone, STR("UTC")))
        return true;
    if (str_find(zone, STR("..")) != SIZE_MAX || str_starts_with(zone, STR("/")))
        return false;
    snprintf(path, sizeof(path), "/usr/share/zoneinfo/%.*s", STR_FMT(zone));
    return access(path, R_OK) == 0;
}

static void load_quiet(struct loader *l, struct alert_quiet *quiet, const struct config_node *map,
                       const char *where)
{
    struct quiet_keys keys = {0};
    char inner[WHERE_MAX + 8];

    if (!map)
        return;
    snprintf(inner, sizeof(inner), "%s.quiet", where);
    if (!decode(l, quiet_options, &keys, inner, map))
        return;
    *quiet = (struct alert_quiet){minutes(keys.from), minutes(keys.to), keys.time_zone};
    if (quiet->from_min < 0 || quiet->to_min < 0)
        COMPLAIN(l, map->mark, "%s: wanted: from and to as HH:MM", inner);
    if (!zone_exists(keys.time_zone))
        COMPLAIN(l, map->mark, "%s.time_zone: there is no time zone '%.*s'", inner, STR_FMT(keys.time_zone));
}

static void load_channels(struct loader *l, struct alert_route *route, const struct str_list *names,
                          const struct config_node *map, const char *where)
{
    const struct config_node *node = config_get(map, "channels");

    for (size_t i = 0; l->plan->targets && i < names->n; i++) {
        const struct alert_target *target = alert_target_find(l->plan->targets, names->items[i]);

        if (target)
            route->targets[route->n_targets++] = target;
        else
            COMPLAIN(l, node ? node->mark : map->mark, "%s.channels: there is no channel '%.*s'", where,
                     STR_FMT(names->items[i]));
    }
}

/* Every event type that the route lets through must have all fields that its template names. */
static void check_template(struct loader *l, const struct alert_route *route, const char *key,
                           struct str template, const struct config_node *map, const char *where)
{
    const struct config_node *node = config_get(map, key);
    struct error err = {0};

    for (const struct alert_kind *kind = alert_kinds; kind->type && template.len > 0; kind++) {
        const struct alert_matcher by_type = {.event = route->match.event};
        const struct alert_event event = {.type = str_from(kind->type)};

        if (!alert_matches(&by_type, &event) || alert_template_check(template, kind, &err) == 0)
            continue;
        COMPLAIN(l, node ? node->mark : map->mark, "%s.%s: %s", where, key, err.text);
        return;
    }
}

/* A misspelt type would be a route that never takes anything. */
static void check_events(struct loader *l, const struct alert_route *route, const struct config_node *map,
                         const char *where)
{
    for (size_t i = 0; i < route->match.event.n; i++) {
        const struct alert_matcher by_type = {.event = {&route->match.event.items[i], 1}};
        bool found = false;

        for (const struct alert_kind *kind = alert_kinds; kind->type && !found; kind++)
            found = alert_matches(&by_type, &(struct alert_event){.type = str_from(kind->type)});
        if (!found)
            COMPLAIN(l, map->mark, "%s.match.event: no event is called '%.*s'", where,
                     STR_FMT(route->match.event.items[i]));
    }
}

static void load_route(struct loader *l, const struct config_node *map, size_t number)
{
    struct route_keys keys = {0};
    struct alert_route *route = &l->plan->routes[l->plan->n_routes];
    char where[WHERE_MAX];

    snprintf(where, sizeof(where), "alerts.routes[%zu]", number);
    if (!decode(l, route_options, &keys, where, map))
        return;
    *route = keys.route;
    l->plan->n_routes++;
    if (route->name.len == 0)
        route->name = arena_printf(&l->plan->arena, "route %zu", number);
    load_match(l, &route->match, keys.match, where);
    load_quiet(l, &route->quiet, keys.quiet, where);
    load_channels(l, route, &keys.channels, map, where);
    check_events(l, route, map, where);
    check_template(l, route, "title", route->title, map, where);
    check_template(l, route, "text", route->text, map, where);
}

static void load_silence(struct loader *l, const struct config_node *map, size_t number)
{
    struct silence_keys keys = {0};
    struct alert_silence *silence = &l->plan->silences[l->plan->n_silences];
    char where[WHERE_MAX];

    snprintf(where, sizeof(where), "alerts.silences[%zu]", number);
    if (!decode(l, silence_options, &keys, where, map))
        return;
    *silence = (struct alert_silence){.reason = keys.reason};
    if (keys.from.len && !clock_parse_iso(keys.from, &silence->from_ms))
        COMPLAIN(l, map->mark, "%s.from: wanted: an ISO 8601 time", where);
    if (!clock_parse_iso(keys.until, &silence->until_ms))
        COMPLAIN(l, map->mark, "%s.until: wanted: an ISO 8601 time", where);
    load_match(l, &silence->match, keys.match, where);
    l->plan->n_silences++;
}

typedef void load_fn(struct loader *l, const struct config_node *map, size_t number);

static void load_list(struct loader *l, const struct config_node *list, const char *where, size_t max,
                      load_fn *load)
{
    if (!list || config_is_null(list))
        return;
    if (list->kind != CONFIG_LIST || list->n > max) {
        COMPLAIN(l, list->mark, "%s: wanted: a list of at most %zu", where, max);
        return;
    }
    for (size_t i = 0; i < list->n; i++)
        load(l, list->items[i], i + 1);
}

struct alert_plan *alert_plan_create(const struct settings *settings, struct diag *d)
{
    struct loader l = {calloc(1, sizeof(*l.plan)), settings, d, true};

    if (!l.plan) {
        diag_error(d, NULL, (struct config_mark){0}, "alerts: out of memory");
        return NULL;
    }
    arena_init(&l.plan->arena, PLAN_ARENA_MAX);
    l.plan->targets = alert_targets_create(settings, d);
    l.ok = l.plan->targets != NULL;
    l.plan->routes = arena_zalloc(&l.plan->arena, ALERT_ROUTES_MAX * sizeof(*l.plan->routes));
    l.plan->silences = arena_zalloc(&l.plan->arena, ALERT_SILENCES_MAX * sizeof(*l.plan->silences));
    if (l.plan->routes && l.plan->silences) {
        load_list(&l, settings->alerts.routes, "alerts.routes", ALERT_ROUTES_MAX, load_route);
        load_list(&l, settings->alerts.silences, "alerts.silences", ALERT_SILENCES_MAX, load_silence);
    }
    if (l.ok && l.plan->routes && l.plan->silences)
        return l.plan;
    alert_plan_destroy(l.plan);
    return NULL;
}

void alert_plan_destroy(struct alert_plan *plan)
{
    if (!plan)
        return;
    alert_targets_destroy(plan->targets);
    arena_finish(&plan->arena);
    free(plan);
}

/* ---- routing ------------------------------------------------------------------------------- */

size_t alert_plan_route(const struct alert_plan *plan, const struct alert_event *event,
                        const struct alert_route **ret, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->n_routes && n < max; i++) {
        if (!alert_matches(&plan->routes[i].match, event))
            continue;
        ret[n++] = &plan->routes[i];
        if (!plan->routes[i].go_on)
            break;
    }
    return n;
}

struct str alert_group_key(const struct alert_route *route, const struct alert_event *event,
                           struct arena *arena)
{
    const struct alert_kind *kind = alert_kind_find(event->type);
    struct str key = event->brand.len ? event->brand : STR("mentiond"), family, rest;

    if (route->group_by.n == 0) {
        family = str_split(event->type, '.', &rest);
        return arena_printf(arena, "%.*s/%.*s/%.*s", STR_FMT(key), STR_FMT(family),
                            STR_FMT(alert_event_get(event, kind ? kind->subject : "id")));
    }
    for (size_t i = 0; i < route->group_by.n && key.s; i++) {
        char name[64];

        snprintf(name, sizeof(name), "%.*s", STR_FMT(route->group_by.items[i]));
        key = arena_printf(arena, "%.*s/%.*s", STR_FMT(key), STR_FMT(alert_event_get(event, name)));
    }
    return key.s ? key : STR("");
}
