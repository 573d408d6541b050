/* What is said of an event: by its type's own words, or the route's. */
#include <errno.h>

#include "alerts/text.h"
#include "mentiond/alert_route.h"

/* Facts that are worth a line of their own, as people call them. */
static const struct {
    const char *field, *name, *template;
} facts[] = {
    {"people", "people", "{people|number}"},
    {"per_minute", "reports a minute", "{per_minute}"},
    {"expected", "otherwise", "{expected}"},
    {"place", "places", "{place|list}"},
    {"since", "since", "{since|time}"},
    {"networks", "networks", "{networks|list}"},
    {"followers", "followers", "{followers|number}"},
    {"due_at", "was due", "{due_at|time}"},
};

static int fill_facts(const struct alert_event *event, struct arena *arena, struct alert_notice *ret,
                      struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(facts) && ret->n_facts < ALERT_FACTS_MAX; i++) {
        struct str value;
        int code;

        if (alert_event_get(event, facts[i].field).len == 0)
            continue;
        code = alert_template_expand(str_from(facts[i].template), event, arena, &value, err);
        if (code < 0)
            return code;
        ret->facts[ret->n_facts++] =
            (struct alert_fact){str_from(facts[i].name), alert_clean(value, false, arena)};
    }
    return 0;
}

static void fill_examples(const struct alert_event *event, struct arena *arena, struct alert_notice *ret)
{
    static const char *const names[ALERT_EXAMPLES_MAX][3] = ALERT_EXAMPLE_FIELDS;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct alert_example *example = &ret->examples[ret->n_examples];

        *example = (struct alert_example){
            .who = alert_clean(alert_event_get(event, names[i][0]), false, arena),
            .text = alert_clean(alert_event_get(event, names[i][1]), true, arena),
            .url = alert_safe_url(alert_event_get(event, names[i][2])),
        };
        ret->n_examples += example->text.len > 0 || example->url.len > 0;
    }
}

static int say(struct str own, const char *usual, bool lines, const struct alert_event *event,
               struct arena *arena, struct str *ret, struct error *err)
{
    struct str text;
    int code = alert_template_expand(own.len ? own : str_from(usual), event, arena, &text, err);

    if (code == 0)
        *ret = str_trim(alert_clean(text, lines, arena));
    return code;
}

int alert_notice_fill(const struct alert_route *route, const struct alert_event *event, unsigned n_events,
                      struct arena *arena, struct alert_notice *ret, struct error *err)
{
    const struct alert_kind *kind = alert_kind_find(event->type);
    int code;

    if (!kind)
        return error_set(err, -EINVAL, "nobody can be told of '%.*s'", STR_FMT(event->type));
    *ret = (struct alert_notice){
        .key = alert_group_key(route, event, arena),
        .phase = kind->phase,
        .severity = kind->severity,
        .event = str_from(kind->type),
        .brand = event->brand,
        .at_ms = event->at_ms,
        .since_ms = alert_event_get_i64(event, "since", 0),
        .until_ms = kind->phase == ALERT_RESOLVED ? event->at_ms : 0,
        .url = alert_safe_url(alert_event_get(event, "url")),
    };
    code = say(route->title, kind->title, false, event, arena, &ret->title, err);
    if (code == 0)
        code = say(route->text, kind->text, true, event, arena, &ret->text, err);
    if (code == 0)
        code = fill_facts(event, arena, ret, err);
    fill_examples(event, arena, ret);
    if (code == 0 && n_events > 1)
        ret->title = arena_printf(arena, "%.*s (and %u more)", STR_FMT(ret->title), n_events - 1);
    if (code < 0 || !ret->key.s || !ret->title.s)
        return code < 0 ? code : error_oom(err);
    return 0;
}
