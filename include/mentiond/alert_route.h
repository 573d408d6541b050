/* From events to notices: which events go to which channels, what quiets them, and what is said of them. All
 * pure: no I/O, no clock, no Redis. The alerter brings events, keeps groups and sends.
 *
 * An event is an entry of a stream as the readers see it, with what the alerter adds
 * from the mention it is about. */
#ifndef MENTIOND_ALERT_ROUTE_H
#define MENTIOND_ALERT_ROUTE_H

#include "mentiond/alert.h"
#include "mentiond/json.h"

#define ALERT_ROUTES_MAX 128
#define ALERT_SILENCES_MAX 256
#define ALERT_ROUTE_CHANNELS_MAX 16
#define ALERT_TEMPLATE_MAX 2000 /* bytes of a template */
#define ALERT_TEXT_MAX 8000     /* bytes of what a template becomes */
/* Of an event, put there by the alerter. */
#define ALERT_EXAMPLE_FIELDS {{"example1_who", "example1_text", "example1_url"}, \
                              {"example2_who", "example2_text", "example2_url"}, \
                              {"example3_who", "example3_text", "example3_url"}}

struct alert_event {
    struct str type;  /* as routes name it: alert_event_type() */
    struct str brand; /* "" for the daemon's own */
    int64_t at_ms;    /* wall, of the entry's id */
    const struct str *fields; /* name, value, name, value … borrowed */
    size_t n_fields;          /* of both, so an even number */
};

/* "" when there is none. `topic` also finds `topics`, `place` `places`: lists, parted by commas. */
struct str alert_event_get(const struct alert_event *event, const char *name);
int64_t alert_event_get_i64(const struct alert_event *event, const char *name, int64_t otherwise);

/* What routes call a stream's entry: "overdue" is mention.overdue, a heard mention that is queued is
 * mention.queued. "" for entries that nobody can be told of. */
struct str alert_event_type(struct str stream_type, struct str state);

/* ---- matching ------------------------------------------------------------------------------ */

/* All that is given must fit; of a list one item is enough, and an item may end with "*". Decoded by
 * alert_matcher_options. */
struct alert_matcher {
    struct str_list event, brand, class_, topic, place, source, network, agent, id;
    int64_t followers, score, people; /* at least; 0: any */
    int64_t overdue_ms;               /* at least so long; 0: any */
};
extern const struct option alert_matcher_options[];

/* A matcher as mentionctl silence stores it: an object of the same keys, text or lists of text, numbers,
 * durations as text. Text is copied into the arena. -EINVAL says which key is wrong. */
int alert_matcher_read(const json_t *object, struct arena *arena, struct alert_matcher *ret,
                       struct error *err);

bool alert_matches(const struct alert_matcher *matcher, const struct alert_event *event);

struct alert_silence {
    struct alert_matcher match;
    int64_t from_ms, until_ms; /* wall */
    struct str reason, id, by; /* `id` "" for those of the configuration */
};
/* The silence that keeps quiet about the event at this time, or NULL. */
const struct alert_silence *alert_silenced(const struct alert_silence *silences, size_t n,
                                           const struct alert_event *event, int64_t now_ms);

/* ---- routes -------------------------------------------------------------------------------- */

/* Between `from` and `to` of a day there (minutes after midnight; from > to: over midnight; equal: never). */
struct alert_quiet {
    int64_t from_min, to_min;
    struct str time_zone; /* of the tz database */
};
/* When the quiet hours that now_ms lies in end; 0 if it does not. */
int64_t alert_quiet_until(const struct alert_quiet *quiet, int64_t now_ms);

enum alert_digest { ALERT_DIGEST_OFF, ALERT_DIGEST_HOURLY, ALERT_DIGEST_DAILY };
/* The end of the hour or day (of that zone) that now_ms is in. */
int64_t alert_digest_at(enum alert_digest digest, struct str time_zone, int64_t now_ms);

struct alert_route {
    struct str name; /* "route 3" where it has none */
    struct alert_matcher match;
    const struct alert_target *targets[ALERT_ROUTE_CHANNELS_MAX];
    size_t n_targets;
    struct str_list group_by; /* fields; what they have in common is one notice */
    int64_t group_wait_ms;    /* the first message of a group waits for others */
    int64_t repeat_ms;        /* 0: never again while nothing changes */
    bool go_on;               /* the next routes are asked, too */
    bool resolved;            /* also says that it is over */
    struct alert_quiet quiet;
    int digest;               /* enum alert_digest */
    struct str title, text;   /* templates; "": the event type's own */
};

struct alert_plan {
    struct alert_targets *targets; /* owned */
    struct alert_route *routes;
    size_t n_routes;
    struct alert_silence *silences; /* of the configuration */
    size_t n_silences;
    struct arena arena;
};

/* Everything of the section `alerts`, with all templates checked against every event type that their route
 * lets through. What is wrong goes to `d` and NULL comes back. */
struct alert_plan *alert_plan_create(const struct settings *settings, struct diag *d);
void alert_plan_destroy(struct alert_plan *plan);

/* The routes that take the event, in order: at most `max`. */
size_t alert_plan_route(const struct alert_plan *plan, const struct alert_event *event,
                        const struct alert_route **ret, size_t max);

/* "acme/outage/o1": the same for all events of the group. In the arena. */
struct str alert_group_key(const struct alert_route *route, const struct alert_event *event,
                           struct arena *arena);

/* ---- what is said -------------------------------------------------------------------------- */

/* A type of event that people can be told of. */
struct alert_kind {
    const char *type;
    enum alert_phase phase;
    enum alert_severity severity;
    const char *subject;       /* the field that says what it is about: "id" of an outage, "source" */
    const char *const *fields; /* that a template may use, NULL-terminated */
    const char *title, *text;  /* templates */
};
const struct alert_kind *alert_kind_find(struct str type);
extern const struct alert_kind alert_kinds[]; /* type NULL ends it */

/* Fills a notice (all but json) from the newest event of a group; `n_events` is how many it stands for.
 * Text is cleaned and in the arena. -ENOMEM. */
int alert_notice_fill(const struct alert_route *route, const struct alert_event *event, unsigned n_events,
                      struct arena *arena, struct alert_notice *ret, struct error *err);

/* Replaces {field} and {field|filter|filter:argument}. Filters: upper, lower, cut:N
 * (characters), number (37,000), time (2026-11-21 17:30 UTC), ago (12 min), list (a, b), or:TEXT
 * (when it is empty). {{ is a brace. */
int alert_template_expand(struct str template, const struct alert_event *event, struct arena *arena,
                          struct str *ret, struct error *err);
/* -EINVAL with what is wrong: an unknown field of this kind (or of all, NULL) or filter, an open brace. */
int alert_template_check(struct str template, const struct alert_kind *kind, struct error *err);

#endif
