/* What people said, as the detector is to know it: guards of rejected outages and windows of maintenance,
 * from the store when reading begins and from the stream later. All of them begin and end by the stream's
 * clock. */
#include "outage/reader.h"

#define RATE_UNKNOWN 0.5 /* reports a minute, of a rejected outage that is long forgotten */

struct str reader_field(const struct str *fields, size_t n_fields, const char *name)
{
    for (size_t i = 0; i + 1 < n_fields; i += 2) {
        if (str_eq(fields[i], str_from(name)))
            return fields[i + 1];
    }
    return STR("");
}

static void hand_over(struct outage_reader *r)
{
    struct outage_guard guards[OUTAGE_GUARDS_MAX];

    for (size_t i = 0; i < r->n_guards; i++)
        guards[i] = r->guards[i].guard;
    outage_set_guards(r->d, guards, r->n_guards);
}

static void forget(struct outage_reader *r, struct str id)
{
    size_t kept = 0;

    for (size_t i = 0; i < r->n_guards; i++) {
        if (!str_eq(str_from(r->guards[i].id), id) && r->guards[i].guard.until_ms > r->now_ms)
            r->guards[kept++] = r->guards[i];
    }
    r->n_guards = kept;
}

static void keep(struct outage_reader *r, struct str id, const struct outage_guard *guard)
{
    struct reader_guard *kept;

    if (r->n_guards == OUTAGE_GUARDS_MAX)
        return;
    kept = &r->guards[r->n_guards++];
    *kept = (struct reader_guard){.guard = *guard};
    snprintf(kept->id, sizeof(kept->id), "%.*s", STR_FMT(id));
}

/* A topic that the detector does not know would guard everything: such a guard is passed over. */
static bool parse_topic(struct str name, int *ret)
{
    *ret = name.len ? outage_topic(name) : -1;
    return !name.len || *ret >= 0;
}

static double rate_of(const struct outage_reader *r, struct str outage)
{
    uint64_t id;

    for (size_t i = 0; outage_id_parse(outage, &id) && i < r->n_known; i++) {
        if (r->known[i].id == id && r->known[i].per_minute > 0)
            return r->known[i].per_minute;
    }
    return RATE_UNKNOWN;
}

static void keep_each_place(struct outage_reader *r, struct str id, struct outage_guard guard,
                            struct str places)
{
    if (!places.len) {
        keep(r, id, &guard);
        return;
    }
    while (places.len) {
        guard.place = outage_place_number(str_split(places, ',', &places));
        keep(r, id, &guard);
    }
}

static void on_guard(struct outage_reader *r, const struct str *fields, size_t n)
{
    struct outage_guard guard = {.per_minute = rate_of(r, reader_field(fields, n, "outage"))};
    struct str id = reader_field(fields, n, "id");

    if (parse_topic(reader_field(fields, n, "topic"), &guard.topic) &&
        str_to_i64(reader_field(fields, n, "from"), 0, INT64_MAX, &guard.from_ms) &&
        str_to_i64(reader_field(fields, n, "until"), 0, INT64_MAX, &guard.until_ms))
        keep_each_place(r, id, guard, reader_field(fields, n, "places"));
}

static void on_maintenance(struct outage_reader *r, const struct str *fields, size_t n)
{
    struct outage_guard guard = {.maintenance = true};

    if (parse_topic(reader_field(fields, n, "topic"), &guard.topic) &&
        str_to_i64(reader_field(fields, n, "from"), 0, INT64_MAX, &guard.from_ms) &&
        str_to_i64(reader_field(fields, n, "until"), 0, INT64_MAX, &guard.until_ms))
        keep(r, reader_field(fields, n, "id"), &guard);
}

static void on_removed(struct outage_reader *r, const struct str *fields, size_t n)
{
    (void)r; /* the caller forgets what the entry names in any case */
    (void)fields;
    (void)n;
}

/* A rejected outage is none: its reports open no other. */
static void on_rejected(struct outage_reader *r, const struct str *fields, size_t n)
{
    uint64_t id;

    if (outage_id_parse(reader_field(fields, n, "id"), &id))
        outage_drop(r->d, id);
}

static const struct {
    const char *type;
    void (*take)(struct outage_reader *r, const struct str *fields, size_t n);
} kinds[] = {
    {"guard.added", on_guard},
    {"guard.removed", on_removed},
    {"maintenance.added", on_maintenance},
    {"maintenance.removed", on_removed},
    {"outage.rejected", on_rejected},
};

bool reader_take_guard(struct outage_reader *r, const struct str *fields, size_t n_fields)
{
    struct str type = reader_field(fields, n_fields, "type");

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (!str_eq(type, str_from(kinds[i].type)))
            continue;
        forget(r, reader_field(fields, n_fields, "id"));
        kinds[i].take(r, fields, n_fields);
        hand_over(r);
        return true;
    }
    return false;
}

/* ---- from the store --------------------------------------------------------------------------- */

static void know_guard(struct outage_reader *r, const json_t *value, bool maintenance)
{
    struct outage_guard guard = {.maintenance = maintenance,
                                 .from_ms = json_get_i64(value, "from", 0),
                                 .until_ms = json_get_i64(value, "until", 0)};
    const json_t *places = json_get(value, "places");
    struct str id = json_get_text(value, "id");

    if (!parse_topic(json_get_text(value, "topic"), &guard.topic))
        return;
    if (!maintenance)
        guard.per_minute = rate_of(r, json_get_text(value, "outage"));
    if (json_array_size(places) == 0)
        keep(r, id, &guard);
    for (size_t i = 0; i < json_array_size(places); i++) {
        guard.place = outage_place_number(json_text(json_array_get(places, i)));
        keep(r, id, &guard);
    }
}

void outage_reader_know_guards(struct outage_reader *r, const json_t *guards)
{
    const json_t *lists[] = {json_get(guards, "guards"), json_get(guards, "maintenance")};

    for (size_t k = 0; k < ARRAY_LEN(lists); k++) {
        for (size_t i = 0; i < json_array_size(lists[k]); i++)
            know_guard(r, json_array_get(lists[k], i), k == 1);
    }
    hand_over(r);
}
