/* Outages as pages and tables. Names, notes and posts come from strangers or colleagues and go through
 * out_text(); the JSON is read with the forgiving json_get_*, so what is missing is a missing line. */
#include "outage_view.h"

#include <math.h>
#include <stdio.h>

#include "mentiond/clock.h"
#include "table.h"
#include "view.h"
#include "when.h"

#define LABEL 11
#define CURVE_WIDTH 60 /* columns where nobody knows how many there are */
#define CURVE_MINUTES_MAX 1440
#define MINUTE_MS 60000
#define EXCERPT 160
#define BAND 2.0 /* standard deviations */

static void label(struct out *out, const char *name)
{
    out_style(out, STYLE_DIM);
    out_printf(out, "%-*s", LABEL, name);
    out_style(out, STYLE_PLAIN);
}

static void put_line(struct out *out, const char *name, struct str text)
{
    if (!text.len)
        return;
    label(out, name);
    out_text(out, text);
    out_printf(out, "\n");
}

static void put_joined(struct out *out, const json_t *list, const char *otherwise)
{
    if (json_array_size(list) == 0)
        out_printf(out, "%s", otherwise);
    for (size_t i = 0; i < json_array_size(list); i++) {
        out_printf(out, i ? ", " : "");
        out_text(out, json_text(json_array_get(list, i)));
    }
}

void outage_view_what(struct out *out, const json_t *outage)
{
    struct str topic = json_get_text(outage, "topic");
    const json_t *places = json_get(outage, "places");

    if (topic.len)
        out_text(out, topic);
    else
        out_printf(out, "something");
    if (json_array_size(places)) {
        out_printf(out, " in ");
        put_joined(out, places, "");
    }
}

/* ---- the list --------------------------------------------------------------------------------- */

static struct str state_of(const json_t *outage)
{
    if (json_get(outage, "rejected"))
        return STR("rejected");
    if (json_get(outage, "missed"))
        return STR("missed");
    return json_get(outage, "resolved") ? STR("resolved") : json_get_text(outage, "state");
}

static void add_outage(struct table *t, const json_t *outage, int64_t now_ms)
{
    struct str state = state_of(outage), topic = json_get_text(outage, "topic");
    const json_t *places = json_get(outage, "places");
    char since[WHEN_TEXT];

    when_ago(json_get_i64(outage, "since", 0), now_ms, since);
    table_cell(t, STYLE_BOLD, json_get_text(outage, "id"));
    table_cell_printf(t, str_eq(state, STR("open")) ? STYLE_ALARM : STYLE_PLAIN, "%.*s%s", STR_FMT(state),
                      json_get(outage, "shadow") ? " (shadow)" : "");
    table_cell(t, STYLE_PLAIN, topic.len ? topic : STR("?"));
    table_cell(t, STYLE_PLAIN,
               json_array_size(places) ? json_text(json_array_get(places, 0)) : STR("everywhere"));
    table_cell_printf(t, STYLE_BOLD, "%lld", (long long)json_get_i64(outage, "people", 0));
    table_cell(t, STYLE_PLAIN, str_from(since));
    table_cell_printf(t, STYLE_PLAIN, "%lld", (long long)json_get_i64(outage, "waiting", 0));
    table_cell(t, STYLE_PLAIN, json_get_text(outage, "owner"));
    table_cell(t, STYLE_PLAIN, json_get_text(outage, "note"));
}

static void put_card(struct out *out, const json_t *card)
{
    int64_t confirmed = json_get_i64(card, "confirmed", 0), led_ms = json_get_i64(card, "led_ms", 0);
    char led[32];

    out_printf(out, "\n%lld found so far: %lld confirmed, %lld rejected; %lld missed",
               (long long)json_get_i64(card, "opened", 0), (long long)confirmed,
               (long long)json_get_i64(card, "rejected", 0), (long long)json_get_i64(card, "missed", 0));
    if (confirmed > 0) {
        clock_format_span(llabs(led_ms / confirmed), led);
        out_printf(out, ", told %s %s the status page at the mean", led, led_ms < 0 ? "after" : "before");
    }
    out_printf(out, "\n");
}

void outage_view_list(struct ctl *ctl, const json_t *answer)
{
    static const struct column columns[] = {
        {"OUTAGE", false, 0}, {"STATE", false, 0}, {"WHAT", false, 0},
        {"WHERE", false, 8},  {"PEOPLE", true, 0}, {"SINCE", false, 0},
        {"WAITING", true, 0}, {"OWNER", false, 6}, {"NOTE", false, 10},
    };
    const json_t *outages = json_get(answer, "outages");
    int64_t now_ms = clock_now_ms();
    struct table t;

    if (json_array_size(outages) == 0) {
        ctl_note("no outages");
        return;
    }
    table_init(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < json_array_size(outages); i++)
        add_outage(&t, json_array_get(outages, i), now_ms);
    table_print(&t, &ctl->out);
    table_finish(&t);
    put_card(&ctl->out, json_get(answer, "card"));
}

/* ---- the curve -------------------------------------------------------------------------------- */

struct curve {
    double reports[CURVE_MINUTES_MAX], expected;
    size_t n; /* columns */
    int64_t begins_ms, step_ms;
};

/* Columns of as many whole minutes as needed; what has no point had no reports. */
static bool curve_make(const json_t *series, size_t width, struct curve *ret)
{
    size_t n_points = json_array_size(series);
    int64_t first_ms = 0, last_ms = 0, minutes;

    *ret = (struct curve){0};
    for (size_t i = 0; i < n_points; i++) {
        int64_t at_ms = json_to_i64(json_array_get(json_array_get(series, i), 0), 0);

        first_ms = i == 0 || at_ms < first_ms ? at_ms : first_ms;
        last_ms = at_ms > last_ms ? at_ms : last_ms;
    }
    minutes = (last_ms - first_ms) / MINUTE_MS + 1;
    if (n_points == 0 || minutes < 1 || width == 0)
        return false;
    ret->begins_ms = first_ms;
    ret->step_ms = (minutes + (int64_t)width - 1) / (int64_t)width * MINUTE_MS;
    ret->n = (size_t)((last_ms - first_ms) / ret->step_ms + 1);
    for (size_t i = 0; i < n_points; i++) {
        const json_t *point = json_array_get(series, i);
        int64_t at_ms = json_to_i64(json_array_get(point, 0), 0);

        ret->reports[(at_ms - first_ms) / ret->step_ms] += json_number_value(json_array_get(point, 1));
        ret->expected = json_number_value(json_array_get(point, 2));
    }
    ret->expected *= (double)ret->step_ms / (double)MINUTE_MS;
    return true;
}

static void put_curve(struct out *out, const struct curve *c)
{
    static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    const size_t top = ARRAY_LEN(bars) - 1;
    double most = c->expected + BAND * sqrt(c->expected), peak = 1;

    for (size_t i = 0; i < c->n; i++)
        peak = fmax(peak, c->reports[i]);
    label(out, "reports");
    for (size_t i = 0; i < c->n; i++) {
        size_t height = (size_t)ceil(c->reports[i] / peak * (double)top);

        out_style(out, c->reports[i] > most ? STYLE_ALARM : STYLE_DIM);
        out_printf(out, "%s", c->reports[i] > 0 ? bars[height] : "·");
    }
    out_style(out, STYLE_PLAIN);
    out_printf(out, "\n");
    label(out, "");
    out_printf(out, "a column is %lld min, the highest %.0f reports; ordinarily %.2f, up to %.1f\n",
               (long long)(c->step_ms / MINUTE_MS), peak, c->expected, most);
}

/* ---- one outage ------------------------------------------------------------------------------- */

static void put_time(struct out *out, const char *name, int64_t at_ms)
{
    char clock[WHEN_TEXT], ago[WHEN_TEXT];

    if (at_ms <= 0)
        return;
    when_clock(at_ms, clock_now_ms(), clock);
    when_ago(at_ms, clock_now_ms(), ago);
    label(out, name);
    out_printf(out, "%s (%s)\n", clock, ago);
}

static void put_deed(struct out *out, const json_t *outage, const char *deed, const char *more)
{
    const json_t *value = json_get(outage, deed);
    char ago[WHEN_TEXT];

    if (!value)
        return;
    when_ago(json_get_i64(value, "at", 0), clock_now_ms(), ago);
    label(out, deed);
    out_printf(out, "by ");
    out_text(out, json_get_text(value, "by"));
    out_printf(out, ", %s", ago);
    if (json_get_text(value, more).len) {
        out_printf(out, ": ");
        out_text(out, json_get_text(value, more));
    }
    out_printf(out, "\n");
}

static void put_head(struct out *out, const json_t *outage)
{
    out_styled(out, STYLE_ALARM, STR("outage"));
    out_printf(out, "  ");
    out_styled(out, STYLE_BOLD, json_get_text(outage, "id"));
    out_printf(out, "  ");
    outage_view_what(out, outage);
    out_printf(out, "\n");
    label(out, "state");
    out_text(out, state_of(outage));
    out_printf(out, json_get(outage, "shadow") ? " (shadow: nobody was told)\n" : "\n");
    label(out, "people");
    out_printf(out, "%lld, who wrote %lld reports", (long long)json_get_i64(outage, "people", 0),
               (long long)json_get_i64(outage, "reports", 0));
    if (json_array_size(json_get(outage, "networks"))) {
        out_printf(out, " on ");
        put_joined(out, json_get(outage, "networks"), "");
    }
    out_printf(out, "\n");
    put_time(out, "since", json_get_i64(outage, "since", 0));
    put_time(out, "told", json_get_i64(outage, "opened_at", 0));
    put_time(out, "over", json_get_i64(outage, "over_at", 0));
    put_time(out, "confirmed", json_get_i64(outage, "confirmed_at", 0));
}

static void put_deeds(struct out *out, const json_t *outage)
{
    put_deed(out, outage, "acknowledged", "");
    put_line(out, "note", json_get_text(outage, "note"));
    put_line(out, "status", json_get_text(outage, "status_url"));
    put_time(out, "eta", json_get_i64(outage, "eta", 0));
    put_deed(out, outage, "resolved", "outcome");
    put_deed(out, outage, "rejected", "why");
    put_line(out, "owner", json_get_text(outage, "owner"));
    put_line(out, "beside", json_get_text(outage, "beside"));
    label(out, "waiting");
    out_printf(out, "%lld of its %lld mentions\n", (long long)json_get_i64(outage, "waiting", 0),
               (long long)json_get_i64(outage, "members", 0));
}

static void put_post(struct out *out, const char *name, struct str id, const json_t *mention)
{
    label(out, name);
    if (json_get_text(mention, "text").len)
        out_text(out, str_cut_utf8(json_get_text(mention, "text"), EXCERPT));
    out_printf(out, "\n");
    label(out, "");
    out_style(out, STYLE_DIM);
    view_id(out, id);
    out_style(out, STYLE_PLAIN);
    out_printf(out, "\n");
}

/* What people wrote: asked for one by one, and left out where it is not kept any more. */
static void put_examples(struct ctl *ctl, const json_t *ids)
{
    for (size_t i = 0; i < json_array_size(ids); i++) {
        CLEANUP(ask_finish) struct ask ask = {0};
        struct str id = json_text(json_array_get(ids, i));

        if (ask_begin(&ask, ctl, "mention_get", ASK_LOOK) != CTL_DONE)
            return;
        ask_text(&ask, "id", id);
        if (ask_send(&ask, ASK_LOOK) == CTL_DONE)
            put_post(&ctl->out, i ? "" : "examples", id, json_get(ask.value, "mention"));
    }
}

void outage_view(struct ctl *ctl, const json_t *outage)
{
    size_t width = ctl->out.width > LABEL + OUT_WIDTH_MIN ? ctl->out.width - LABEL - 1 : CURVE_WIDTH;
    struct curve curve;

    put_head(&ctl->out, outage);
    if (curve_make(json_get(outage, "series"), width < CURVE_MINUTES_MAX ? width : CURVE_MINUTES_MAX, &curve))
        put_curve(&ctl->out, &curve);
    put_deeds(&ctl->out, outage);
    put_examples(ctl, json_get(outage, "examples"));
}

/* ---- why -------------------------------------------------------------------------------------- */

static const char *reason_words(struct str reason)
{
    static const struct {
        const char *name, *words;
    } reasons[] = {
        {"again", "the same person again"},         {"repost", "a repost"},
        {"young", "a new account that few follow"}, {"copy", "a near-copy of another text"},
        {"faint", "too few words of an outage"},    {"maintenance", "announced work"},
    };

    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (str_eq(reason, str_from(reasons[i].name)))
            return reasons[i].words;
    }
    return "?";
}

static void put_lessened(struct out *out, const json_t *why)
{
    const json_t *less = json_get(why, "less");

    for (size_t i = 0; i < json_array_size(less); i++) {
        const json_t *one = json_array_get(less, i), *reasons = json_get(one, "why");

        label(out, i ? "" : "weighed");
        out_printf(out, "%-5.4g", json_number_value(json_get(one, "weight")));
        for (size_t k = 0; k < json_array_size(reasons); k++)
            out_printf(out, "%s%s", k ? ", " : "", reason_words(json_text(json_array_get(reasons, k))));
        out_printf(out, ": ");
        view_id(out, json_get_text(one, "id"));
        out_printf(out, "\n");
    }
}

static void put_counts(struct out *out, const json_t *why)
{
    struct str topic = json_get_text(why, "topic"), place = json_get_text(why, "place");

    label(out, "counted");
    out_printf(out, "reports ");
    if (topic.len) {
        out_printf(out, "about ");
        out_text(out, topic);
        out_printf(out, " ");
    }
    if (place.len) {
        out_printf(out, "from ");
        out_text(out, place);
    } else {
        out_printf(out, topic.len ? "from everywhere" : "of the whole brand");
    }
    out_printf(out, "\n");
    label(out, "people");
    out_printf(out, "%.4g (weight) within %.1f min; ordinarily %.3f\n",
               json_number_value(json_get(why, "weight")), json_number_value(json_get(why, "minutes")),
               json_number_value(json_get(why, "expected")));
    label(out, "score");
    out_printf(out, "%.1f, and %.1f opens an outage\n", json_number_value(json_get(why, "score")),
               json_number_value(json_get(why, "threshold")));
    label(out, "members");
    out_printf(out, "%lld at that moment, %lld of them with less than full weight\n",
               (long long)json_get_i64(why, "reports", 0), (long long)json_get_i64(why, "lessened", 0));
}

void outage_view_why(struct ctl *ctl, const json_t *outage)
{
    struct str text = json_get_text(outage, "why");
    json_t *why = text.len ? json_loadb(text.s, text.len, 0, NULL) : NULL;

    out_styled(&ctl->out, STYLE_BOLD, json_get_text(outage, "id"));
    out_printf(&ctl->out, "  ");
    outage_view_what(&ctl->out, outage);
    out_printf(&ctl->out, "\n");
    if (why) {
        put_counts(&ctl->out, why);
        put_lessened(&ctl->out, why);
    } else {
        out_printf(&ctl->out, "nobody wrote down why it opened\n");
    }
    json_decref(why);
}

/* ---- claimed ---------------------------------------------------------------------------------- */

void outage_view_claimed(struct ctl *ctl, const json_t *answer)
{
    const json_t *outage = json_get(answer, "outage"), *examples = json_get(answer, "examples");
    struct out *out = &ctl->out;

    put_head(out, outage);
    put_deeds(out, outage);
    for (size_t i = 0; i < json_array_size(examples); i++) {
        const json_t *one = json_array_get(examples, i);

        put_post(out, i ? "" : "examples", json_get_text(one, "id"), json_get(one, "mention"));
    }
    put_time(out, "yours until", json_get_i64(answer, "lease_until", 0));
    out_printf(out, "\n");
    label(out, "next");
    out_printf(out, "mentionctl outages ack %.*s --note 'what everybody may know'\n",
               STR_FMT(json_get_text(outage, "id")));
    label(out, "");
    out_printf(out, "mentionctl outages resolve %.*s --outcome fixed\n",
               STR_FMT(json_get_text(outage, "id")));
}
