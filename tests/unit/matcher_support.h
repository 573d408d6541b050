/* What the tests of the engines share: patterns without packs, and both engines beside each other.
 * */
#ifndef TESTS_MATCHER_SUPPORT_H
#define TESTS_MATCHER_SUPPORT_H

#include <stdio.h>

#include "rules/matcher.h"
#include "rules/phrase.h"

#define PAIR_PATTERNS_MAX 256
#define PAIR_HITS_MAX (PAIR_PATTERNS_MAX * PATTERN_HITS_MAX)

struct pair_hit {
    size_t pattern;
    uint32_t start, end;
    uint64_t spans; /* a hash of the groups' */
};

struct pair_hits {
    struct pair_hit items[PAIR_HITS_MAX];
    size_t n;
    unsigned limited;
};

/* A set of patterns and both engines over it. */
struct pair {
    struct arena arena;
    struct pattern patterns[PAIR_PATTERNS_MAX];
    size_t n;
    struct matcher *fast, *reference;
    struct pair_hits by_fast, by_reference;
};

static const struct word_list *pair_list(void *user, struct str name)
{
    static struct word_item service[] = {{{"site", 4}, {0}}, {{"app*", 4}, {0}},
                                         {{"web page", 8}, {0}}};
    static struct word_item bad[] = {{{"down", 4}, {0}}, {{"not working", 11}, {"x", 1}},
                                     {{"b", 1}, {0}}};
    static const struct word_list lists[] = {{{"service", 7}, service, ARRAY_LEN(service)},
                                             {{"bad", 3}, bad, ARRAY_LEN(bad)}};

    (void)user;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        if (str_eq(lists[i].name, name))
            return &lists[i];
    return NULL;
}

static struct str pair_capture(void *user, struct str list)
{
    (void)user;
    return str_eq(list, STR("bad")) ? STR("topic") : (struct str){0};
}

static const char *pair_guess(void *user, struct str name)
{
    (void)user;
    (void)name;
    return NULL;
}

static void pair_init(struct pair *pair)
{
    memset(pair, 0, offsetof(struct pair, by_fast));
    pair->by_fast.n = pair->by_reference.n = 0;
    arena_init(&pair->arena, 64 << 20);
}

static void pair_finish(struct pair *pair)
{
    matcher_fast.destroy(pair->fast);
    matcher_reference.destroy(pair->reference);
    for (size_t i = 0; i < pair->n; i++)
        regex_destroy(pair->patterns[i].regex);
    arena_finish(&pair->arena);
}

static bool pair_attach(struct pair *pair, struct str source, bool on_plain, unsigned flags)
{
    struct pattern *p = &pair->patterns[pair->n];
    size_t at;

    *p = (struct pattern){.on_plain = on_plain, .source = arena_str(&pair->arena, source)};
    if (regex_create(p->source, flags, &p->regex, &at, NULL) < 0)
        return false;
    p->owner = (uint32_t)pair->n++;
    return true;
}

static inline bool pair_add_regex(struct pair *pair, struct str source)
{
    return pair->n < PAIR_PATTERNS_MAX && pair_attach(pair, source, true, REGEX_CASELESS);
}

static inline bool pair_add_phrase(struct pair *pair, struct str phrase)
{
    const struct phrase_scope scope = {.list_find = pair_list, .capture_find = pair_capture,
                                       .list_guess = pair_guess};
    CLEANUP(buf_finish) struct buf source = BUF_INIT(REGEX_SOURCE_MAX);
    struct pattern_group groups[REGEX_GROUPS_MAX];
    unsigned n_groups = 0;

    if (pair->n == PAIR_PATTERNS_MAX ||
        phrase_compile(phrase, &scope, &source, groups, &n_groups, NULL) < 0 ||
        !pair_attach(pair, buf_str(&source), false, 0))
        return false;
    pair->patterns[pair->n - 1].n_groups = n_groups;
    return true;
}

static int pair_start(struct pair *pair)
{
    int r = matcher_fast.create(pair->patterns, pair->n, &pair->fast, NULL);

    return r < 0 ? r : matcher_reference.create(pair->patterns, pair->n, &pair->reference, NULL);
}

static void pair_collect(void *user, const struct matcher_hit *hit)
{
    struct pair_hits *hits = user;
    uint64_t spans = 14695981039346656037u;

    for (unsigned i = 0; i < 2 * (regex_groups(hit->pattern->regex) + 1); i++)
        spans = (spans ^ hit->spans[i]) * 1099511628211u;
    hits->items[hits->n++] =
        (struct pair_hit){hit->pattern->owner, hit->start, hit->end, spans};
}

/* Runs both; true if they found the same. */
static bool pair_agrees(struct pair *pair, struct str text, struct arena *arena)
{
    static const bool sets[] = {true};
    struct text_normal normal;

    if (text_normalise(text, arena, &normal) < 0)
        return false;
    pair->by_fast.n = pair->by_reference.n = 0;
    matcher_fast.find(pair->fast, &normal, sets, pair_collect, &pair->by_fast);
    matcher_reference.find(pair->reference, &normal, sets, pair_collect, &pair->by_reference);
    if (pair->by_fast.n != pair->by_reference.n)
        return false;
    for (size_t i = 0; i < pair->by_fast.n; i++) {
        const struct pair_hit *a = &pair->by_fast.items[i], *b = &pair->by_reference.items[i];
        if (a->pattern != b->pattern || a->start != b->start || a->end != b->end ||
            a->spans != b->spans)
            return false;
    }
    return true;
}

/* What the engines do not agree about, for people. */
static inline void pair_explain(const struct pair *pair, struct str text)
{
    fprintf(stderr, "text (%zu): '%.*s'\n", text.len, STR_FMT(text));
    for (size_t i = 0; i < pair->n; i++) {
        int by_fast = 0, by_reference = 0;
        for (size_t k = 0; k < pair->by_fast.n; k++)
            by_fast += pair->by_fast.items[k].pattern == i;
        for (size_t k = 0; k < pair->by_reference.n; k++)
            by_reference += pair->by_reference.items[k].pattern == i;
        if (by_fast != by_reference)
            fprintf(stderr, "  %s '%.*s': fast %d, reference %d\n",
                    pair->patterns[i].on_plain ? "regex" : "phrase",
                    STR_FMT(pair->patterns[i].source), by_fast, by_reference);
    }
}

#endif
