/* The reference engine: a plain loop over all patterns. It is the oracle of what a hit is; it is
 * not quick. */
#include "rules/matcher.h"

struct matcher {
    const struct pattern *patterns; /* borrowed */
    size_t n;
    struct regex_scratch *scratch;  /* owned, as the tallies, one for each pattern */
    struct pattern_tally *tallies;
    struct pattern_clock started;
};

static void reference_destroy(struct matcher *m)
{
    if (!m)
        return;
    regex_scratch_destroy(m->scratch);
    free(m->tallies);
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
    m->started = pattern_clock_start();
    m->tallies = calloc(n + 1, sizeof(*m->tallies));
    r = m->tallies ? regex_scratch_create(&m->scratch, err) : error_oom(err);
    if (r < 0) {
        reference_destroy(m);
        return r;
    }
    *ret = m;
    return 0;
}

static unsigned reference_find(struct matcher *m, const struct text_normal *text, const bool *sets,
                               matcher_hit_fn hit, void *user)
{
    uint64_t limited = 0;

    for (size_t i = 0; i < m->n; i++) {
        if (!sets[m->patterns[i].set])
            continue;
        limited -= m->tallies[i].limited;
        pattern_run(&m->patterns[i], m->scratch, text, &m->tallies[i], hit, user);
        limited += m->tallies[i].limited;
    }
    return (unsigned)limited;
}

static const struct pattern_tally *reference_tally(const struct matcher *m, size_t pattern)
{
    return &m->tallies[pattern];
}

static uint64_t reference_tally_ns(const struct matcher *m, size_t pattern)
{
    return pattern_clock_ns(&m->started, m->tallies[pattern].ticks);
}

static bool reference_is_unfiltered(const struct matcher *m, size_t pattern)
{
    (void)m;
    (void)pattern;
    return false;
}

const struct matcher_engine matcher_reference = {
    .name = "reference",
    .create = reference_create,
    .destroy = reference_destroy,
    .find = reference_find,
    .tally = reference_tally,
    .tally_ns = reference_tally_ns,
    .is_unfiltered = reference_is_unfiltered,
};
