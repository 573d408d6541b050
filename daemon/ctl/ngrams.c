/* Counting phrases. Text is normalised as rules see it, so that what is found here can be written
 * into a pack as it is; a phrase never crosses the end of a sentence, and words that would mean
 * something else in the rule language, or hold nothing but signs and numbers, end it too. */
#include "ngrams.h"

#include <errno.h>

#include "mentiond/text.h"
#include "reckon.h"

#define GRAMS_BYTES_MAX ((size_t)512 * 1024 * 1024)
#define TEXT_ARENA_MAX (4 * 1024 * 1024)
#define SLOTS_MIN 4096
#define PRIOR_SHARE 0.1 /* of all that was counted: how much the prior weighs */
#define EDGE_MIN 1.0    /* log-odds of the words that a phrase begins and ends with */

void ngrams_init(struct ngrams *grams)
{
    *grams = (struct ngrams){0};
    arena_init(&grams->arena, GRAMS_BYTES_MAX);
}

void ngrams_finish(struct ngrams *grams)
{
    free(grams->items);
    free(grams->slots);
    arena_finish(&grams->arena);
}

/* ---- the table ------------------------------------------------------------------------------- */

/* FNV-1a */
static uint64_t hash_text(struct str text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.s[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}

static uint32_t *find_slot(const struct ngrams *grams, struct str text)
{
    size_t at = hash_text(text) & (grams->n_slots - 1);

    while (grams->slots[at] && !str_eq(grams->items[grams->slots[at] - 1].text, text))
        at = (at + 1) & (grams->n_slots - 1);
    return &grams->slots[at];
}

static int grow_slots(struct ngrams *grams, struct error *err)
{
    size_t n = grams->n_slots ? 2 * grams->n_slots : SLOTS_MIN;
    uint32_t *slots = calloc(n, sizeof(*slots));

    if (!slots)
        return error_oom(err);
    free(grams->slots);
    grams->slots = slots;
    grams->n_slots = n;
    for (size_t i = 0; i < grams->n; i++)
        *find_slot(grams, grams->items[i].text) = (uint32_t)i + 1;
    return 0;
}

static int make_room(struct ngrams *grams, struct error *err)
{
    if (grams->n == grams->cap) {
        size_t cap = grams->cap ? 2 * grams->cap : SLOTS_MIN;
        struct ngram *more = realloc(grams->items, cap * sizeof(*more));

        if (!more)
            return error_oom(err);
        grams->items = more;
        grams->cap = cap;
    }
    return 2 * (grams->n + 1) > grams->n_slots ? grow_slots(grams, err) : 0;
}

/* NULL without an error: the table is full. */
static int find_or_add(struct ngrams *grams, struct str text, struct ngram **ret, struct error *err)
{
    uint32_t *slot;
    int r = make_room(grams, err);

    if (r < 0)
        return r;
    slot = find_slot(grams, text);
    if (*slot == 0) {
        struct str kept = {NULL, 0};

        if (grams->n < NGRAMS_MAX)
            kept = arena_str(&grams->arena, text);
        if (!kept.s) {
            grams->full = true;
            *ret = NULL;
            return 0;
        }
        grams->items[grams->n] = (struct ngram){.text = kept};
        *slot = (uint32_t)++grams->n;
    }
    *ret = &grams->items[*slot - 1];
    return 0;
}

/* ---- words of a post ------------------------------------------------------------------------- */

static bool is_word(struct str token)
{
    bool letter = false;

    for (size_t i = 0; i < token.len; i++) {
        unsigned char c = (unsigned char)token.s[i];

        if (strchr("*~^{}()|?!\"\\\n", c))
            return false;
        letter = letter || (c >= 'a' && c <= 'z') || c >= 0x80;
    }
    return letter;
}

static int count(struct ngrams *grams, enum corpus corpus, struct str text, uint32_t post,
                 struct error *err)
{
    struct ngram *gram = NULL;
    int r = find_or_add(grams, text, &gram, err);

    if (r < 0 || !gram || gram->seen_in == post + 1)
        return r;
    gram->seen_in = post + 1;
    if (corpus == CORPUS_HERE && gram->posts[corpus] < NGRAM_POSTS_KEPT)
        gram->examples[gram->posts[corpus]] = post;
    gram->posts[corpus]++;
    grams->total[corpus]++;
    return 0;
}

/* All phrases that end with the word at [start, end) of the text. */
static int count_ending(struct ngrams *grams, enum corpus corpus, struct str text, const size_t *starts,
                        size_t n_starts, size_t end, uint32_t post, struct error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < n_starts; i++)
        r = count(grams, corpus, str_slice(text, starts[i], end), post, err);
    return r;
}

int ngrams_add(struct ngrams *grams, enum corpus corpus, struct str text, uint32_t post,
               struct error *err)
{
    size_t starts[NGRAM_WORDS_MAX]; /* of the last words of this sentence */
    size_t n_starts = 0, at = 0;
    struct text_normal normal;
    struct arena arena;
    int r;

    arena_init(&arena, TEXT_ARENA_MAX);
    r = text_normalise(text, &arena, &normal);
    if (r < 0)
        error_oom(err);
    while (r == 0 && at < normal.normal.len) {
        const char *space = memchr(normal.normal.s + at, ' ', normal.normal.len - at);
        size_t end = space ? (size_t)(space - normal.normal.s) : normal.normal.len;

        if (end > at && !is_word(str_slice(normal.normal, at, end))) {
            n_starts = 0;
        } else if (end > at) {
            if (n_starts == NGRAM_WORDS_MAX)
                memmove(starts, starts + 1, --n_starts * sizeof(*starts));
            starts[n_starts++] = at;
            r = count_ending(grams, corpus, normal.normal, starts, n_starts, end, post, err);
        }
        at = end + 1;
    }
    arena_finish(&arena);
    return r;
}

/* ---- scores ---------------------------------------------------------------------------------- */

/* Where two are as telling, the longer one says more exactly what is meant. */
static int compare_scores(const void *a, const void *b)
{
    const struct ngram *x = a, *y = b;

    if (x->log_odds != y->log_odds)
        return x->log_odds < y->log_odds ? 1 : -1;
    if (x->text.len != y->text.len)
        return x->text.len < y->text.len ? 1 : -1;
    return str_compare(x->text, y->text);
}

static double score(const struct ngrams *grams, const struct ngram *gram)
{
    struct word_use use = {
        .here = gram->posts[CORPUS_HERE],
        .there = gram->posts[CORPUS_THERE],
        .n_here = grams->total[CORPUS_HERE],
        .n_there = grams->total[CORPUS_THERE],
        .prior = PRIOR_SHARE * (double)(gram->posts[CORPUS_HERE] + gram->posts[CORPUS_THERE]),
        .n_prior = PRIOR_SHARE * (double)(grams->total[CORPUS_HERE] + grams->total[CORPUS_THERE]),
    };

    return reckon_log_odds(&use);
}

/* "hello you charged me twice" is as telling as "you charged me twice": what adds nothing by itself
 * does not belong to the phrase. */
static bool has_telling_edges(const struct ngrams *grams, const struct ngram *gram)
{
    size_t first = 0, last = gram->text.len;
    uint32_t at[2];

    while (first < gram->text.len && gram->text.s[first] != ' ')
        first++;
    while (last > 0 && gram->text.s[last - 1] != ' ')
        last--;
    at[0] = *find_slot(grams, str_slice(gram->text, 0, first));
    at[1] = *find_slot(grams, str_slice(gram->text, last, gram->text.len));
    for (size_t i = 0; i < ARRAY_LEN(at); i++) {
        if (at[i] == 0 || grams->items[at[i] - 1].log_odds < EDGE_MIN)
            return false;
    }
    return true;
}

void ngrams_score(struct ngrams *grams)
{
    for (size_t i = 0; i < grams->n; i++)
        grams->items[i].log_odds = score(grams, &grams->items[i]);
    for (size_t i = 0; i < grams->n; i++)
        grams->items[i].vague = !has_telling_edges(grams, &grams->items[i]);
    if (grams->n > 0)
        qsort(grams->items, grams->n, sizeof(*grams->items), compare_scores);
}

static bool stands_in(struct str inner, struct str outer)
{
    for (size_t at = 0; at + inner.len <= outer.len; at++) {
        bool begins = at == 0 || outer.s[at - 1] == ' ';
        bool ends = at + inner.len == outer.len || outer.s[at + inner.len] == ' ';

        if (begins && ends && memcmp(outer.s + at, inner.s, inner.len) == 0)
            return true;
    }
    return false;
}

bool ngram_overlaps(struct str a, struct str b)
{
    return stands_in(a, b) || stands_in(b, a);
}

bool ngram_same_posts(const struct ngram *a, const struct ngram *b)
{
    size_t n = a->posts[CORPUS_HERE] < NGRAM_POSTS_KEPT ? a->posts[CORPUS_HERE] : NGRAM_POSTS_KEPT;

    return a->posts[CORPUS_HERE] == b->posts[CORPUS_HERE] &&
           memcmp(a->examples, b->examples, n * sizeof(*a->examples)) == 0;
}
