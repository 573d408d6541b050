/* The reference engine: a plain loop over all patterns. It is the oracle of what a hit is; it
 * is not quick. */
#include <errno.h>

#include "rules/matcher.h"

struct matcher {
    const struct pattern *patterns; /* borrowed */
    size_t n;
    struct regex_scratch *scratch; /* owned */
};

static void reference_destroy(struct matcher *m)
{
    if (!m)
        return;
    regex_scratch_destroy(m->scratch);
    free(m);
}

static int reference_create(const struct pattern *patterns, size_t n, struct matcher **ret,
                            struct error *err)
{
    struct matcher *m = calloc(1, sizeof(*m));
    int r;

    if (!m)
        return error_oom(err);
    m->patterns = patterns;
    m->n = n;
    r = regex_scratch_create(&m->scratch, err);
    if (r < 0) {
        reference_destroy(m);
        return r;
    }
    *ret = m;
    return 0;
}

/* A phrase's match includes the space before it. */
static void report(const struct pattern *p, const struct text_normal *text, const size_t *spans,
                   matcher_hit_fn hit, void *user)
{
    struct matcher_hit h = {.pattern = p, .spans = spans};

    if (p->on_plain) {
        h.form = text->plain;
        text_plain_span(text, spans[0], spans[1], &h.start, &h.end);
    } else {
        h.form = text->normal;
        text_original_span(text, spans[0] + 1, spans[1], &h.start, &h.end);
    }
    hit(user, &h);
}

/* The start of the next character. */
static size_t advance(struct str text, size_t at)
{
    do
        at++;
    while (at < text.len && ((unsigned char)text.s[at] & 0xC0) == 0x80);
    return at;
}

static bool pattern_find(const struct matcher *m, const struct pattern *p,
                         const struct text_normal *text, matcher_hit_fn hit, void *user)
{
    struct str form = p->on_plain ? text->plain : text->normal;
    const size_t *spans = NULL;
    size_t from = 0;

    for (unsigned hits = 0; hits < PATTERN_HITS_MAX && from <= form.len;) {
        enum regex_result result = regex_find(p->regex, m->scratch, form, from, &spans);
        if (result != REGEX_HIT)
            return result == REGEX_NO_HIT;
        if (spans[1] <= spans[0]) {
            from = advance(form, spans[1] > from ? spans[1] : from);
            continue;
        }
        report(p, text, spans, hit, user);
        from = spans[1] > from ? spans[1] : advance(form, from);
        hits++;
    }
    return true;
}

static unsigned reference_find(struct matcher *m, const struct text_normal *text, const bool *sets,
                               matcher_hit_fn hit, void *user)
{
    unsigned limited = 0;

    for (size_t i = 0; i < m->n; i++)
        if (sets[m->patterns[i].set])
            limited += !pattern_find(m, &m->patterns[i], text, hit, user);
    return limited;
}

const struct matcher_engine matcher_reference = {
    .name = "reference",
    .create = reference_create,
    .destroy = reference_destroy,
    .find = reference_find,
};
