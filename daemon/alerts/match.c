/* Which events a route or a silence means. */
#include <errno.h>

#include "mentiond/alert_route.h"

#define AT(field) .offset = offsetof(struct alert_matcher, field)
#define NAMES_MAX 64

const struct option alert_matcher_options[] = {
    {"event", OPTION_LIST, AT(event), .max = NAMES_MAX,
     .help = "Types of events: outage.opened, or outage.* for all that begin so. docs/alerts.md lists them."},
    {"brand", OPTION_LIST, AT(brand), .max = NAMES_MAX, .help = "Names of brands."},
    {"class", OPTION_LIST, AT(class_), .max = 4, .help = "outage, complaint, praise, none."},
    {"topic", OPTION_LIST, AT(topic), .max = NAMES_MAX,
     .help = "One of the event's topics: login, payments."},
    {"place", OPTION_LIST, AT(place), .max = NAMES_MAX, .help = "One of the event's places."},
    {"source", OPTION_LIST, AT(source), .max = NAMES_MAX, .help = "Names of sources."},
    {"network", OPTION_LIST, AT(network), .max = NAMES_MAX, .help = "mastodon, bluesky, …"},
    {"agent", OPTION_LIST, AT(agent), .max = NAMES_MAX, .help = "Who did it, or holds it."},
    {"id", OPTION_LIST, AT(id), .max = NAMES_MAX, .help = "Of the mention or outage it is about."},
    {"followers", OPTION_INT, AT(followers), .max = INT64_C(1) << 40,
     .help = "The author has at least so many."},
    {"score", OPTION_INT, AT(score), .max = 1000000, .help = "The rules gave at least so many points."},
    {"people", OPTION_INT, AT(people), .max = INT64_C(1) << 40,
     .help = "The outage is reported by at least so many."},
    {"overdue", OPTION_DURATION, AT(overdue_ms), .max = INT64_C(366) * 86400000,
     .help = "Nobody answered for at least so long after it was due."},
    {0},
};

/* ---- reading ------------------------------------------------------------------------------- */

static bool read_list(const json_t *value, struct arena *arena, struct str_list *ret)
{
    size_t n = json_is_array(value) ? json_array_size(value) : 1;

    if (n > NAMES_MAX)
        return false;
    ret->items = arena_zalloc(arena, (n + 1) * sizeof(*ret->items));
    for (size_t i = 0; ret->items && i < n; i++) {
        struct str item = json_text(json_is_array(value) ? json_array_get(value, i) : value);

        if (item.len == 0)
            return false;
        ret->items[ret->n++] = arena_str(arena, item);
    }
    return ret->items && !arena->failed;
}

static bool read_number(const struct option *option, const json_t *value, int64_t *ret)
{
    if (option->kind == OPTION_DURATION && json_is_string(value))
        return config_parse_duration(json_text(value), ret);
    *ret = json_to_i64(value, -1);
    return *ret >= option->min && *ret <= option->max;
}

static bool read_one(const struct option *option, const json_t *value, struct arena *arena,
                     struct alert_matcher *ret)
{
    char *to = (char *)ret + option->offset;
    struct str_list list = {0};
    int64_t number;

    if (option->kind == OPTION_LIST) {
        if (!read_list(value, arena, &list))
            return false;
        memcpy(to, &list, sizeof(list));
        return true;
    }
    if (!read_number(option, value, &number))
        return false;
    memcpy(to, &number, sizeof(number));
    return true;
}

int alert_matcher_read(const json_t *object, struct arena *arena, struct alert_matcher *ret,
                       struct error *err)
{
    struct alert_matcher matcher = {0};
    const char *key;
    json_t *value;

    if (!json_is_object(object))
        return error_set(err, -EINVAL, "match: wanted: an object");
    json_object_foreach((json_t *)object, key, value) {
        const struct option *option = alert_matcher_options;

        while (option->key && strcmp(option->key, key) != 0)
            option++;
        if (!option->key)
            return error_set(err, -EINVAL, "match: there is no key '%.64s'", key);
        if (!read_one(option, value, arena, &matcher))
            return error_set(err, -EINVAL, "match.%s: not a value of that kind", key);
    }
    *ret = matcher;
    return 0;
}

/* ---- fields -------------------------------------------------------------------------------- */

static struct str field(const struct alert_event *event, struct str name)
{
    for (size_t i = 0; i + 1 < event->n_fields; i += 2) {
        if (str_eq(event->fields[i], name))
            return event->fields[i + 1];
    }
    return STR("");
}

struct str alert_event_get(const struct alert_event *event, const char *name)
{
    static const char *const plural[][2] = {{"topic", "topics"}, {"place", "places"}};
    struct str value;

    if (strcmp(name, "brand") == 0)
        return event->brand;
    if (strcmp(name, "type") == 0 || strcmp(name, "event_type") == 0)
        return event->type;
    value = field(event, str_from(name));
    for (size_t i = 0; value.len == 0 && i < ARRAY_LEN(plural); i++) {
        if (strcmp(name, plural[i][0]) == 0)
            value = field(event, str_from(plural[i][1]));
    }
    return value;
}

int64_t alert_event_get_i64(const struct alert_event *event, const char *name, int64_t otherwise)
{
    int64_t number = otherwise;
    struct str fraction;

    str_to_i64(str_split(alert_event_get(event, name), '.', &fraction), INT64_MIN, INT64_MAX, &number);
    return number;
}

struct str alert_event_type(struct str stream_type, struct str state)
{
    if (str_eq(stream_type, STR("overdue")))
        return STR("mention.overdue");
    if (str_eq(stream_type, STR("mention.heard")))
        return str_eq(state, STR("queued")) ? STR("mention.queued") : STR("");
    return alert_kind_find(stream_type) ? stream_type : STR("");
}

/* ---- matching ------------------------------------------------------------------------------ */

static bool item_fits(struct str item, struct str value)
{
    if (str_ends_with(item, STR("*")))
        return str_starts_with(value, str_slice(item, 0, item.len - 1));
    return str_eq_nocase(item, value);
}

/* One of the comma-parted values fits one of the items. */
static bool list_fits(const struct str_list *list, struct str values)
{
    if (list->n == 0)
        return true;
    do {
        struct str value = str_trim(str_split(values, ',', &values));

        for (size_t i = 0; i < list->n; i++) {
            if (item_fits(list->items[i], value))
                return true;
        }
    } while (values.len > 0);
    return false;
}

bool alert_matches(const struct alert_matcher *m, const struct alert_event *event)
{
    const struct {
        const struct str_list *list;
        const char *name;
    } lists[] = {
        {&m->event, "type"},      {&m->brand, "brand"}, {&m->class_, "class"},
        {&m->topic, "topic"},     {&m->place, "place"}, {&m->source, "source"},
        {&m->network, "network"}, {&m->agent, "by"},    {&m->id, "id"},
    };
    const struct {
        int64_t least;
        const char *name;
    } numbers[] = {{m->followers, "followers"}, {m->score, "score"}, {m->people, "people"}};

    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        if (!list_fits(lists[i].list, alert_event_get(event, lists[i].name)))
            return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        if (numbers[i].least > 0 && alert_event_get_i64(event, numbers[i].name, 0) < numbers[i].least)
            return false;
    }
    return m->overdue_ms == 0 ||
           event->at_ms - alert_event_get_i64(event, "due_at", INT64_MAX) >= m->overdue_ms;
}

const struct alert_silence *alert_silenced(const struct alert_silence *silences, size_t n,
                                           const struct alert_event *event, int64_t now_ms)
{
    for (size_t i = 0; i < n; i++) {
        if (now_ms >= silences[i].from_ms && now_ms < silences[i].until_ms &&
            alert_matches(&silences[i].match, event))
            return &silences[i];
    }
    return NULL;
}
