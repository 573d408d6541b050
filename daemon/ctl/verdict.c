/* The JSON form of verdicts that filters rely on; written by hand because it is written millions of
 * times. */
#include "verdict.h"

static void append_scores(const struct mention *m, struct buf *out)
{
    buf_append_str(out, STR(",\"scores\":{"));
    for (int class = CLASS_COUNT - 1; class > CLASS_NONE; class --) {
        buf_append_char(out, '"');
        buf_append_str(out, str_from(mention_class_name((enum mention_class) class)));
        buf_append_str(out, STR("\":"));
        buf_append_i64(out, m->scores[class]);
        if (class > CLASS_NONE + 1)
            buf_append_char(out, ',');
    }
    buf_append_char(out, '}');
}

static void append_hits(const struct mention *m, struct buf *out)
{
    buf_append_str(out, STR(",\"hits\":["));
    for (size_t i = 0; i < m->n_hits; i++) {
        const struct mention_hit *hit = &m->hits[i];

        buf_append_str(out, i ? STR(",{\"rule\":") : STR("{\"rule\":"));
        buf_append_json(out, hit->rule);
        buf_append_str(out, STR(",\"class\":\""));
        buf_append_str(out, str_from(mention_class_name(hit->class)));
        buf_append_str(out, STR("\",\"score\":"));
        buf_append_i64(out, hit->score);
        buf_append_str(out, STR(",\"start\":"));
        buf_append_i64(out, hit->start);
        buf_append_str(out, STR(",\"end\":"));
        buf_append_i64(out, hit->end);
        buf_append_char(out, '}');
    }
    buf_append_char(out, ']');
}

static bool is_first_of_name(const struct mention *m, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (str_eq(m->captures[i].name, m->captures[at].name))
            return false;
    }
    return true;
}

/* {"topic":["login","app"]}: captures are lists, in the order of their hits. */
static void append_captures(const struct mention *m, struct buf *out)
{
    bool first = true;

    buf_append_str(out, STR(",\"captures\":{"));
    for (size_t i = 0; i < m->n_captures; i++) {
        if (!is_first_of_name(m, i))
            continue;
        if (!first)
            buf_append_char(out, ',');
        first = false;
        buf_append_json(out, m->captures[i].name);
        buf_append_str(out, STR(":["));
        buf_append_json(out, m->captures[i].value);
        for (size_t j = i + 1; j < m->n_captures; j++) {
            if (!str_eq(m->captures[i].name, m->captures[j].name))
                continue;
            buf_append_char(out, ',');
            buf_append_json(out, m->captures[j].value);
        }
        buf_append_char(out, ']');
    }
    buf_append_char(out, '}');
}

void verdict_to_json(const struct mention *m, struct str id, struct buf *out)
{
    buf_append_str(out, STR("{\"id\":"));
    buf_append_str(out, id);
    buf_append_str(out, STR(",\"label\":\""));
    buf_append_str(out, str_from(mention_class_name(m->class)));
    buf_append_str(out, STR("\",\"score\":"));
    buf_append_i64(out, m->score);
    append_scores(m, out);
    append_hits(m, out);
    append_captures(m, out);
    buf_append_char(out, '}');
}

void verdict_bad_to_json(struct str id, struct buf *out)
{
    buf_append_str(out, STR("{\"id\":"));
    buf_append_str(out, id);
    buf_append_str(out,
                   STR(",\"label\":null,\"score\":0,\"scores\":{},\"hits\":[],\"captures\":{}}"));
}
