/* The fast engine: what a text does not hold is not looked for.
 *
 * The normalised text (for phrases) and the folded plain text (for regexes) are each passed once by
 * a literal filter. What it saw makes patterns candidates; a candidate whose other required
 * literals are there too is run, in the order of the patterns, by the very code that the reference
 * engine uses. A phrase that is one literal needs no regex. So the filter decides what is not run,
 * PCRE2 what hits.
 *
 * All that is written to while matching is here; a regex is compiled for the processor when it is
 * first run. */
#include "rules/matcher_fast.h"

#include <errno.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "rules/matcher_fast_filter.h"
#include "rules/rarity.h"

#define FOLDED_MAX (3 * TEXT_JUDGED_MAX)
#define SPACES_FROM 1000 /* literals; fewer are found faster by looking at every other place */
#define LEARN_EVERY 64 /* texts */

struct matcher {
    const struct pattern *patterns; /* borrowed */
    size_t n;
    struct needs needs;
    struct filter *normal, *plain;  /* owned; NULL if no literal is looked for there */
    struct fold fold;
    struct regex_scratch *scratch;  /* owned, as all below */
    struct pattern_tally *tallies;
    struct pattern_clock started;
    uint32_t *unfiltered;           /* patterns that are no matter of the filter */
    size_t n_unfiltered;
    bool any_on_plain;
    /* of the text at hand */
    struct filter_seen seen;
    struct str text, folded;
    uint32_t *set_asked;            /* text for which set i was looked for last */
    bool *set_there;                /* and whether it was there */
    uint32_t *marked;               /* text in which pattern i became a candidate last */
    uint32_t *candidates;
    size_t n_candidates;
    char folded_bytes[FOLDED_MAX + FOLD_SLACK + FILTER_PADDING];
};

/* ---- making --------------------------------------------------------------------------------- */

static void fast_destroy(struct matcher *m)
{
    if (!m)
        return;
    needs_finish(&m->needs);
    filter_destroy(m->normal);
    filter_destroy(m->plain);
    regex_scratch_destroy(m->scratch);
    free(m->tallies);
    free(m->unfiltered);
    free(m->seen.last);
    free(m->seen.at);
    free(m->seen.ids);
    free(m->set_asked);
    free(m->set_there);
    free(m->marked);
    free(m->candidates);
    free(m);
}

static bool state_alloc(struct matcher *m)
{
    size_t literals = m->needs.n_literals + 1, sets = m->needs.n_sets + 1;

    m->tallies = calloc(m->n + 1, sizeof(*m->tallies));
    m->unfiltered = calloc(m->n + 1, sizeof(*m->unfiltered));
    m->marked = calloc(m->n + 1, sizeof(*m->marked));
    m->candidates = calloc(m->n + 1, sizeof(*m->candidates));
    m->seen.last = calloc(literals, sizeof(*m->seen.last));
    m->seen.at = calloc(literals, sizeof(*m->seen.at));
    m->seen.ids = calloc(literals, sizeof(*m->seen.ids));
    m->set_asked = calloc(sets, sizeof(*m->set_asked));
    m->set_there = calloc(sets, sizeof(*m->set_there));
    return m->tallies && m->unfiltered && m->marked && m->candidates && m->seen.last &&
           m->seen.at && m->seen.ids && m->set_asked && m->set_there;
}

/* Literals that make somebody a candidate, of one form of the text. */
static int filter_make(const struct needs *needs, bool on_plain, struct filter **ret)
{
    struct filter_literal *literals = calloc(needs->n_literals + 1, sizeof(*literals));
    size_t n = 0;

    if (!literals)
        return -ENOMEM;
    for (uint32_t i = 0; i < needs->n_literals; i++) {
        const struct need_literal *l = &needs->literals[i];
        if (need_users(needs, i) == 0 || l->on_plain != on_plain)
            continue;
        literals[n++] = (struct filter_literal){l->text, i, l->len};
    }
    *ret = n > 0 ? filter_create(needs->texts, literals, n, !on_plain && n >= SPACES_FROM) : NULL;
    free(literals);
    return n > 0 && !*ret ? -ENOMEM : 0;
}

static void unfiltered_list(struct matcher *m)
{
    for (size_t i = 0; i < m->n; i++) {
        uint8_t kind = m->needs.patterns[i].kind;
        m->any_on_plain |= m->patterns[i].on_plain;
        if (kind == NEED_NOTHING || kind == NEED_CHECKED)
            m->unfiltered[m->n_unfiltered++] = (uint32_t)i;
    }
}

static int fast_build(struct matcher *m)
{
    int r = needs_init(&m->needs, &m->fold, m->patterns, m->n);

    if (r == 0)
        r = filter_make(&m->needs, false, &m->normal);
    if (r == 0)
        r = filter_make(&m->needs, true, &m->plain);
    if (r == 0 && !state_alloc(m))
        r = -ENOMEM;
    if (r == 0)
        unfiltered_list(m);
    return r;
}

static int fast_create(const struct pattern *patterns, size_t n, struct matcher **ret,
                       struct error *err)
{
    struct matcher *m = calloc(1, sizeof(*m));
    int r;

    if (!m)
        return error_oom(err);
    m->patterns = patterns;
    m->n = n;
    m->started = pattern_clock_start();
    fold_init(&m->fold);
    r = fast_build(m) < 0 ? error_oom(err) : regex_scratch_create(&m->scratch, err);
    if (r < 0) {
        fast_destroy(m);
        return r;
    }
    *ret = m;
    return 0;
}

/* ---- what a text holds ---------------------------------------------------------------------- */

/* By its second byte: the first is a space in most. */
static size_t literal_find_slow(struct str literal, struct str text, size_t from)
{
    size_t probe = literal.len > 1;

    while (from + literal.len <= text.len) {
        const char *at = text.s + from + probe;
        at = memchr(at, literal.s[probe], text.len - literal.len - from + 1);
        if (!at)
            return SIZE_MAX;
        from = (size_t)(at - text.s) - probe;
        if (memcmp(text.s + from, literal.s, literal.len) == 0)
            return from;
        from++;
    }
    return SIZE_MAX;
}

/* The first place of the literal at or after `from`; SIZE_MAX: none. Texts are short: memmem()
 * would spend more on getting ready than on looking. Sixteen places at a time are tried by the
 * literal's first and last byte. */
static size_t literal_find(struct str literal, struct str text, size_t from)
{
#ifdef __SSE2__
    size_t len = literal.len;
    __m128i first = _mm_set1_epi8(literal.s[0]), last = _mm_set1_epi8(literal.s[len - 1]);

    for (; from + len - 1 + 16 <= text.len; from += 16) {
        const char *s = text.s + from;
        __m128i a = _mm_loadu_si128((const __m128i *)(const void *)s);
        __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(s + len - 1));
        __m128i both = _mm_and_si128(_mm_cmpeq_epi8(a, first), _mm_cmpeq_epi8(b, last));
        for (unsigned mask = (unsigned)_mm_movemask_epi8(both); mask; mask &= mask - 1) {
            unsigned at = (unsigned)__builtin_ctz(mask);
            if (memcmp(s + at, literal.s, len) == 0)
                return from + at;
        }
    }
#endif
    return literal_find_slow(literal, text, from);
}

static bool literal_is_there(struct matcher *m, uint32_t id)
{
    struct str text = m->needs.literals[id].on_plain ? m->folded : m->text;

    if (need_users(&m->needs, id) > 0)
        return m->seen.last[id] == m->seen.now;
    if (m->seen.last[id] != m->seen.now) {
        m->seen.last[id] = m->seen.now;
        m->seen.at[id] = literal_find(need_text(&m->needs, id), text, 0) != SIZE_MAX;
    }
    return m->seen.at[id] != 0;
}

static bool set_is_there(struct matcher *m, uint32_t id)
{
    const struct need_set *set = &m->needs.sets[id];

    if (m->set_asked[id] == m->seen.now)
        return m->set_there[id];
    bool there = false;
    for (uint32_t i = 0; i < set->n && !there; i++)
        there = literal_is_there(m, m->needs.items[set->first + i]);
    m->set_asked[id] = m->seen.now;
    m->set_there[id] = there;
    return there;
}

static bool needs_are_there(struct matcher *m, const struct need *need)
{
    for (uint8_t i = need->kind == NEED_FILTERED; i < need->n_sets; i++)
        if (!set_is_there(m, need->sets[i]))
            return false;
    return true;
}

/* ---- candidates ----------------------------------------------------------------------------- */

static void candidate_add(struct matcher *m, const bool *sets, uint32_t pattern)
{
    const struct need *need = &m->needs.patterns[pattern];

    if (m->marked[pattern] == m->seen.now || !sets[m->patterns[pattern].set])
        return;
    m->marked[pattern] = m->seen.now;
    if (need->kind == NEED_WHOLE || needs_are_there(m, need))
        m->candidates[m->n_candidates++] = pattern;
}

static int compare_ids(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void candidates_sort(struct matcher *m)
{
    if (m->n_candidates > 16) {
        qsort(m->candidates, m->n_candidates, sizeof(*m->candidates), compare_ids);
        return;
    }
    for (size_t i = 1; i < m->n_candidates; i++) {
        uint32_t id = m->candidates[i];
        size_t to = i;
        for (; to > 0 && m->candidates[to - 1] > id; to--)
            m->candidates[to] = m->candidates[to - 1];
        m->candidates[to] = id;
    }
}

static void candidates_collect(struct matcher *m, const bool *sets)
{
    m->n_candidates = 0;
    for (uint32_t i = 0; i < m->seen.n; i++) {
        const struct need_literal *l = &m->needs.literals[m->seen.ids[i]];
        for (uint32_t k = l[0].first_user; k < l[1].first_user; k++)
            candidate_add(m, sets, m->needs.users[k]);
    }
    for (size_t i = 0; i < m->n_unfiltered; i++)
        candidate_add(m, sets, m->unfiltered[i]);
    candidates_sort(m);
}

/* ---- hits ----------------------------------------------------------------------------------- */

/* The match is the literal without its last byte, the space that follows. */
static void whole_report(struct matcher *m, uint32_t pattern, const struct text_normal *text,
                         matcher_hit_fn hit, void *user)
{
    const struct need_set *set = &m->needs.sets[m->needs.patterns[pattern].sets[0]];
    uint32_t id = m->needs.items[set->first];
    size_t at = m->seen.at[id] & ~FILTER_AGAIN, len = m->needs.literals[id].len;

    for (unsigned hits = 0; hits < PATTERN_HITS_MAX; hits++) {
        const size_t spans[2] = {at, at + len - 1};
        pattern_report(&m->patterns[pattern], text, spans, hit, user);
        m->tallies[pattern].hits++;
        if (!(m->seen.at[id] & FILTER_AGAIN))
            return;
        at = literal_find(need_text(&m->needs, id), text->normal, spans[1]);
        if (at == SIZE_MAX)
            return;
    }
}

/* Texts are numbered, so that nothing needs to be cleared between them but when numbers run out. */
static void text_begin(struct matcher *m, const struct text_normal *text)
{
    if (++m->seen.now == 0) {
        m->seen.now = 1;
        memset(m->seen.last, 0, m->needs.n_literals * sizeof(*m->seen.last));
        memset(m->set_asked, 0, m->needs.n_sets * sizeof(*m->set_asked));
        memset(m->marked, 0, m->n * sizeof(*m->marked));
    }
    m->seen.n = 0;
    m->text = text->normal;
    m->folded = (struct str){m->folded_bytes, 0};
    if (m->any_on_plain)
        m->folded.len = fold_text(&m->fold, text->plain, m->folded_bytes);
    if (m->seen.now % LEARN_EVERY == 0) {
        rarity_learn(m->text);
        rarity_learn(m->folded);
    }
}

static unsigned fast_find(struct matcher *m, const struct text_normal *text, const bool *sets,
                          matcher_hit_fn hit, void *user)
{
    uint64_t limited = 0;

    text_begin(m, text);
    if (m->normal)
        filter_scan(m->normal, m->text, &m->seen);
    if (m->plain)
        filter_scan(m->plain, m->folded, &m->seen);
    candidates_collect(m, sets);
    for (size_t i = 0; i < m->n_candidates; i++) {
        uint32_t pattern = m->candidates[i];
        if (m->needs.patterns[pattern].kind == NEED_WHOLE) {
            whole_report(m, pattern, text, hit, user);
            continue;
        }
        limited -= m->tallies[pattern].limited;
        pattern_run(&m->patterns[pattern], m->scratch, text, &m->tallies[pattern], hit, user);
        limited += m->tallies[pattern].limited;
    }
    return (unsigned)limited;
}

/* ---- about it ------------------------------------------------------------------------------- */

static const struct pattern_tally *fast_tally(const struct matcher *m, size_t pattern)
{
    return &m->tallies[pattern];
}

static uint64_t fast_tally_ns(const struct matcher *m, size_t pattern)
{
    return pattern_clock_ns(&m->started, m->tallies[pattern].ticks);
}

static bool fast_is_unfiltered(const struct matcher *m, size_t pattern)
{
    return m->needs.patterns[pattern].kind == NEED_NOTHING;
}

size_t matcher_fast_memory(const struct matcher *m)
{
    size_t by_pattern = sizeof(*m->tallies) + sizeof(*m->unfiltered) + sizeof(*m->marked) +
                        sizeof(*m->candidates);
    size_t by_literal = sizeof(*m->seen.last) + sizeof(*m->seen.at) + sizeof(*m->seen.ids);

    return sizeof(*m) + needs_memory(&m->needs) + m->n * by_pattern +
           m->needs.n_literals * by_literal +
           m->needs.n_sets * (sizeof(*m->set_asked) + sizeof(*m->set_there)) +
           (m->normal ? filter_memory(m->normal) : 0) + (m->plain ? filter_memory(m->plain) : 0);
}

const struct matcher_engine matcher_fast = {
    .name = "fast",
    .create = fast_create,
    .destroy = fast_destroy,
    .find = fast_find,
    .tally = fast_tally,
    .tally_ns = fast_tally_ns,
    .is_unfiltered = fast_is_unfiltered,
};
