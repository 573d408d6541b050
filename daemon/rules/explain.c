/* A judgement told to people. */
#include "rules/ruleset.h"

static void write_words(struct buf *out, const struct judgement *j, const struct judged_hit *hit)
{
    buf_append_char(out, '"');
    text_for_terminal(str_slice(j->text.original, hit->start, hit->end), out);
    buf_printf(out, "\" at %u-%u", hit->start, hit->end);
}

/* The normal form, with a bar where a sentence ends. */
static void write_normal(struct buf *out, struct str normal)
{
    struct str rest = str_trim(normal);

    while (rest.len > 0) {
        text_for_terminal(str_trim(str_split(rest, '\n', &rest)), out);
        if (rest.len > 0)
            buf_append_str(out, STR(" | "));
    }
}

static void write_captures(struct buf *out, const struct rule_capture *captures, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_append_str(out, i == 0 ? STR("  ") : STR(", "));
        text_for_terminal(captures[i].name, out);
        buf_append_char(out, '=');
        text_for_terminal(captures[i].value, out);
    }
}

static void write_effect(struct buf *out, const struct rule *rule)
{
    if (rule->signal)
        buf_printf(out, "  signal %-12s", mention_signal_name(rule->signal));
    else if (rule->class == CLASS_NONE)
        buf_printf(out, "  %-19s", "extract");
    else
        buf_printf(out, "  %-12s %+4d  ", mention_class_name(rule->class),
                   rule->scores[rule->class]);
}

static void write_further_scores(struct buf *out, const struct rule *rule)
{
    for (int class = CLASS_OUTAGE; class > CLASS_NONE; class --)
        if (rule->scores[class] != 0 && class != (int)rule->class)
            buf_printf(out, "  %s %+d", mention_class_name((enum mention_class)class),
                       rule->scores[class]);
}

static void write_hit(struct buf *out, const struct ruleset *set, const struct judgement *j,
                      const struct judged_hit *hit)
{
    const struct rule *rule = &set->rules[hit->rule];
    char reason[256];

    write_effect(out, rule);
    text_for_terminal(rule->name, out);
    buf_append_str(out, STR("  "));
    write_words(out, j, hit);
    write_further_scores(out, rule);
    if (hit->negated && hit->held_by == HELD_BY_NOBODY)
        buf_printf(out, "  negated: %s", mention_class_name(windows_flip(rule->class)));
    if (hit->boost != 0)
        buf_printf(out, "  boosted %+d", hit->boost);
    write_captures(out, rule->captures, rule->n_captures);
    write_captures(out, j->captures + hit->first_capture, hit->n_captures);
    if (hit->held_by != HELD_BY_NOBODY) {
        judged_hit_reason(set, hit, reason, sizeof(reason));
        buf_printf(out, "\n%21s%s", "", reason);
    } else if (rule->priority < j->priority) {
        buf_printf(out, "\n%21sadds nothing: rules of priority %d decide", "", j->priority);
    }
    buf_append_char(out, '\n');
}

static void write_verdict(struct buf *out, const struct judgement *j)
{
    buf_append_str(out, STR("scores  "));
    for (int class = CLASS_OUTAGE; class > CLASS_NONE; class --) {
        buf_printf(out, "%s %d of %d", mention_class_name((enum mention_class)class),
                   j->scores[class], j->thresholds[class]);
        if (j->margins[class] > 0)
            buf_printf(out, " and %d ahead", j->margins[class]);
        buf_append_str(out, class > CLASS_PRAISE ? STR(", ") : STR("\n"));
    }
    buf_printf(out, "verdict  %s%s\n", mention_class_name(j->class),
               j->limited ? " (a regex reached its limit and counts as no hit)" : "");
}

int ruleset_explain(struct ruleset *set, const struct mention *m, struct buf *out,
                    struct error *err)
{
    struct judgement j;
    int r = judgement_make(set, m, &j);

    if (r == 0) {
        buf_append_str(out, STR("text     "));
        text_for_terminal(m->text, out);
        buf_append_str(out, STR("\nread as  "));
        write_normal(out, j.text.normal);
        buf_append_str(out, j.n_hits > 0 ? STR("\nhits\n") : STR("\nhits     none\n"));
        for (size_t i = 0; i < j.n_hits; i++)
            write_hit(out, set, &j, &j.hits[i]);
        if (j.dropped)
            buf_printf(out, "  further hits, after %d, were not looked at\n", JUDGED_HITS_MAX);
        write_verdict(out, &j);
    }
    judgement_finish(&j);
    return r < 0 || out->failed ? error_oom(err) : 0;
}
