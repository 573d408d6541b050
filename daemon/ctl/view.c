/* The page about one mention. Everything in it may come from strangers and is printed by
 * out_text(); the JSON is read with the forgiving json_get_*, so a missing or wrong member is a
 * missing line. */
#include "view.h"

#include <stdio.h>

#include "mentiond/clock.h"
#include "outage_view.h"
#include "when.h"

#define LABEL 9     /* columns of the labels */
#define EXCERPT 160 /* bytes of other mentions' text */
#define OTHERS_SHOWN 5
#define CAPTURES_SHOWN 8

static void label(struct out *out, const char *name)
{
    out_style(out, STYLE_DIM);
    out_printf(out, "%-*s", LABEL, name);
    out_style(out, STYLE_PLAIN);
}

/* ---- pieces --------------------------------------------------------------------------------- */

enum style view_class_style(struct str class)
{
    static const struct {
        const char *name;
        enum style style;
    } styles[] = {{"outage", STYLE_ALARM}, {"complaint", STYLE_WARN}, {"praise", STYLE_GOOD}};

    for (size_t i = 0; i < ARRAY_LEN(styles); i++) {
        if (str_eq(class, str_from(styles[i].name)))
            return styles[i].style;
    }
    return STYLE_PLAIN;
}

static bool is_plain_word(struct str word)
{
    for (size_t i = 0; i < word.len; i++) {
        char c = word.s[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (!letter && !(c && strchr(":/._@-", c)))
            return false;
    }
    return word.len > 0;
}

void view_id(struct out *out, struct str id)
{
    if (is_plain_word(id)) {
        out_text(out, id);
        return;
    }
    out_printf(out, "'");
    while (id.s) {
        out_text(out, str_split(id, '\'', &id));
        out_printf(out, "%s", id.s ? "'\\''" : "'");
    }
}

void view_author(struct out *out, const struct mention *m)
{
    bool named = m->author.name.len > 0;

    if (named)
        out_styled(out, STYLE_BOLD, m->author.name);
    if (m->author.handle.len) {
        out_printf(out, named ? " (@" : "@");
        out_text(out, m->author.handle);
        out_printf(out, named ? ")" : "");
    } else if (!named) {
        out_text(out, m->author.id);
    }
}

/* 1,234,567 */
static void print_count(struct out *out, int64_t n)
{
    if (n >= 1000) {
        print_count(out, n / 1000);
        out_printf(out, ",%03d", (int)(n % 1000));
    } else {
        out_printf(out, "%d", (int)n);
    }
}

void view_state(struct out *out, const json_t *answer)
{
    static const char *const people[] = {"owner", "by", "waits_for"};
    struct str outcome = json_get_text(answer, "outcome"), cause = json_get_text(answer, "cause");

    out_text(out, json_get_text(answer, "state"));
    if (outcome.len) {
        out_printf(out, " (");
        out_text(out, outcome);
        out_printf(out, cause.len ? ", " : "");
        out_text(out, cause);
        out_printf(out, ")");
    }
    for (size_t i = 0; i < ARRAY_LEN(people); i++) {
        struct str name = json_get_text(answer, people[i]);

        if (name.len == 0)
            continue;
        out_printf(out, i == 2 ? " for " : " by ");
        out_text(out, name);
        return;
    }
}

/* ---- the page, from top to bottom ------------------------------------------------------------ */

static void print_head(struct ctl *ctl, const json_t *answer, const struct mention *m)
{
    struct out *out = &ctl->out;
    struct str class = json_get_text(answer, "class");
    int64_t due_ms = json_get_i64(answer, "due_at", 0), now_ms = clock_now_ms();
    bool open = !json_get(answer, "outcome") && !json_get(answer, "by");
    char due[WHEN_TEXT];

    if (class.len == 0)
        class = str_from(mention_class_name(m->class));
    out_styled(out, view_class_style(class), class);
    out_printf(out, "  ");
    out_text(out, json_get_text(answer, "id"));
    if (due_ms > 0 && open) {
        when_due(due_ms, now_ms, due);
        out_printf(out, "  ");
        out_styled(out, due_ms < now_ms ? STYLE_ALARM : STYLE_BOLD, str_from(due));
    }
    out_printf(out, "\n");
}

static void print_who(struct ctl *ctl, const struct mention *m)
{
    struct out *out = &ctl->out;
    char when[WHEN_TEXT];

    label(out, "who");
    view_author(out, m);
    if (m->author.followers >= 0) {
        out_printf(out, ", ");
        print_count(out, m->author.followers);
        out_printf(out, m->author.followers == 1 ? " follower" : " followers");
    }
    out_printf(out, m->author.verified ? ", verified\n" : "\n");
    label(out, "said");
    when_ago(m->created_at_ms, clock_now_ms(), when);
    out_printf(out, "%s on ", when);
    out_text(out, m->network);
    if (!str_eq(m->lang, STR("und"))) {
        out_printf(out, " (");
        out_text(out, m->lang);
        out_printf(out, ")");
    }
    if (m->place.len) {
        out_printf(out, ", ");
        out_text(out, m->place);
    }
    out_printf(out, "%s\n", m->addressed ? ", to the brand" : "");
}

/* Hits as marks: sorted, overlapping ones become one. */
static size_t hits_to_marks(const struct mention *m, struct span *ret_marks)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n_hits; i++) {
        struct span mark = {m->hits[i].start, m->hits[i].end};
        size_t at = n++;

        for (; at > 0 && ret_marks[at - 1].start > mark.start; at--)
            ret_marks[at] = ret_marks[at - 1];
        ret_marks[at] = mark;
    }
    for (size_t i = 1; i < n; i++) {
        if (ret_marks[i].start < ret_marks[i - 1].end)
            ret_marks[i].start = ret_marks[i - 1].end;
        if (ret_marks[i].end < ret_marks[i].start)
            ret_marks[i].end = ret_marks[i].start;
    }
    return n;
}

static void print_text(struct ctl *ctl, const struct mention *m)
{
    struct span marks[MENTION_HITS_MAX];
    size_t n_marks = hits_to_marks(m, marks);

    out_printf(&ctl->out, "\n");
    out_post(&ctl->out, "", 2, m->text, marks, n_marks);
    out_printf(&ctl->out, m->truncated ? "  (cut off here)\n\n" : "\n");
}

static void print_why(struct ctl *ctl, const struct mention *m)
{
    struct out *out = &ctl->out;

    for (size_t i = 0; i < m->n_hits; i++) {
        const struct mention_hit *hit = &m->hits[i];
        bool inside = hit->start < hit->end && hit->end <= m->text.len;

        label(out, i ? "" : "why");
        if (hit->class != CLASS_NONE)
            out_printf(out, "%s %+d  ", mention_class_name(hit->class), hit->score);
        out_text(out, hit->rule);
        if (inside) {
            out_printf(out, "  \"");
            out_text(out, str_cut_utf8(str_slice(m->text, hit->start, hit->end), EXCERPT));
            out_printf(out, "\"");
        }
        out_printf(out, "\n");
    }
    for (size_t i = 0; i < m->n_captures && i < CAPTURES_SHOWN; i++) {
        label(out, i ? "" : "found");
        out_text(out, m->captures[i].name);
        out_printf(out, ": ");
        out_text(out, m->captures[i].value);
        out_printf(out, "\n");
    }
    if (m->url.len) {
        label(out, "link");
        out_text(out, m->url);
        out_printf(out, "\n");
    }
}

static void print_other(struct out *out, const json_t *other, const char *name)
{
    const json_t *mention = json_get(other, "mention");
    int64_t created_ms = json_get_i64(mention, "created_at", 0);
    char when[WHEN_TEXT];

    label(out, name);
    if (created_ms > 0) {
        when_ago(created_ms, clock_now_ms(), when);
        out_printf(out, "%s, ", when);
    }
    view_state(out, other);
    out_printf(out, ": ");
    out_text(out, str_cut_utf8(json_get_text(mention, "text"), EXCERPT));
    out_printf(out, "\n");
}

static void print_others(struct out *out, const json_t *list, const char *name)
{
    size_t n = json_array_size(list);

    for (size_t i = 0; i < n && i < OTHERS_SHOWN; i++)
        print_other(out, json_array_get(list, i), i ? "" : name);
    if (n > OTHERS_SHOWN) {
        label(out, "");
        out_printf(out, "and %zu more ('mentionctl show --json' has them)\n", n - OTHERS_SHOWN);
    }
}

/* Nobody has to prove what forty others report. */
static void print_outage(struct out *out, const json_t *outage)
{
    int64_t others = json_get_i64(outage, "others", 0);
    char since[WHEN_TEXT];

    if (!outage)
        return;
    when_ago(json_get_i64(outage, "since", 0), clock_now_ms(), since);
    label(out, "outage");
    outage_view_what(out, outage);
    out_printf(out, ": %lld other%s say%s so, since %s (", (long long)others, others == 1 ? "" : "s",
               others == 1 ? "s" : "", since);
    out_text(out, json_get_text(outage, "id"));
    out_printf(out, str_eq(json_get_text(outage, "state"), STR("over")) ? ", over)\n" : ")\n");
    if (json_get_text(outage, "note").len)
        out_post(out, "", LABEL, json_get_text(outage, "note"), NULL, 0);
    if (json_get_text(outage, "status_url").len)
        out_post(out, "", LABEL, json_get_text(outage, "status_url"), NULL, 0);
    if (json_get_i64(outage, "eta", 0) > 0) {
        when_ago(json_get_i64(outage, "eta", 0), clock_now_ms(), since);
        label(out, "");
        out_printf(out, "expected to end %s\n", since);
    }
}

static void print_case(struct ctl *ctl, const json_t *answer)
{
    const json_t *context = json_get(answer, "context");
    size_t n_waiting = json_array_size(json_get(answer, "waiting"));

    if (n_waiting) {
        label(&ctl->out, "case");
        out_printf(&ctl->out, "%zu more of this conversation %s for you\n", n_waiting,
                   n_waiting == 1 ? "waits" : "wait");
    }
    print_others(&ctl->out, json_get(context ? context : answer, context ? "case" : "others"),
                 "so far");
    print_others(&ctl->out, json_get(context, "author"), "before");
}

static void print_words(struct out *out, const char *name, struct str text)
{
    if (text.len)
        out_post(out, name, LABEL, text, NULL, 0);
}

static void print_state(struct ctl *ctl, const json_t *answer)
{
    struct out *out = &ctl->out;
    int64_t until_ms = json_get_i64(answer, "lease_until", 0), now_ms = clock_now_ms();
    int64_t wake_ms = json_get_i64(answer, "wake", 0);
    char clock[WHEN_TEXT], in[WHEN_TEXT];

    label(out, "state");
    view_state(out, answer);
    if (until_ms == 0)
        until_ms = wake_ms;
    if (until_ms > 0) {
        when_clock(until_ms, now_ms, clock);
        when_ago(until_ms, now_ms, in);
        out_printf(out, ", until %s (%s)", clock, in);
    }
    out_printf(out, "\n");
    if (json_get_text(answer, "hint").len) {
        label(out, "");
        out_text(out, json_get_text(answer, "hint"));
        out_printf(out, " answered this conversation before\n");
    }
    if (json_get_i64(answer, "answered_at", 0) > 0) {
        when_ago(json_get_i64(answer, "answered_at", 0), now_ms, in);
        label(out, "");
        out_printf(out, "the brand's account answered %s\n", in);
    }
    print_words(out, "note", json_get_text(answer, "note"));
    print_words(out, "reply", json_get_text(answer, "reply_url"));
}

static void print_next(struct ctl *ctl, const json_t *answer)
{
    static const struct {
        const char *before, *after;
    } lines[] = {
        {"mentionctl resolve ", " --outcome fixed"},
        {"mentionctl snooze ", " --for 2h"},
        {"mentionctl release ", ""},
    };
    struct out *out = &ctl->out;

    out_printf(out, "\n");
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        label(out, i ? "" : "next");
        out_printf(out, "%s", lines[i].before);
        view_id(out, json_get_text(answer, "id"));
        out_printf(out, "%s\n", lines[i].after);
    }
    label(out, "");
    out_printf(out, "(outcomes: fixed, answered, compensated, refused, duplicate)\n");
}

static bool is_mine(const struct ctl *ctl, const json_t *answer)
{
    return str_eq(json_get_text(answer, "state"), STR("claimed")) &&
           str_eq(json_get_text(answer, "owner"), str_from(ctl_agent(ctl)));
}

void view_mention(struct ctl *ctl, const json_t *answer)
{
    CLEANUP(arena_finish) struct arena arena;
    struct mention m;
    struct error err;
    bool known;

    arena_init(&arena, VIEW_ARENA_MAX);
    mention_init(&m);
    known = json_get(answer, "mention") &&
            mention_from_json(json_get(answer, "mention"), &arena, &m, &err) == 0;
    print_head(ctl, answer, &m);
    if (known) {
        print_who(ctl, &m);
        print_text(ctl, &m);
        print_why(ctl, &m);
    } else {
        out_printf(&ctl->out, "         its text is not kept any more\n");
    }
    print_outage(&ctl->out, json_path(answer, "context.outage"));
    print_case(ctl, answer);
    print_state(ctl, answer);
    if (is_mine(ctl, answer))
        print_next(ctl, answer);
}
