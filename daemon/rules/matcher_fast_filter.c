/* The literal filter.
 *
 * Each literal is represented by a window of four of its bytes, and by the one beside it, so that
 * only every other place of a text has to be looked at: one of the two begins there. Literals of
 * four bytes have one window only, and a bitmap of their own for the places between. By the hash of
 * the four bytes at the place a bitmap is asked (at most 2^18 bits, so that it stays in the
 * first-level cache); nearly always it says no. Otherwise the literals with windows of that hash are
 * tried by memcmp. */
#include "rules/matcher_fast_filter.h"

#include "rules/rarity.h"

#define HASH_MULTIPLIER 0x9E3779B1u
#define MAP_BITS_MIN 15
#define MAP_BITS_MAX 18
#define MAP_SPARSE 64   /* bits for each window, within these bounds */
#define WINDOWS 2       /* of a literal at most, side by side */

struct entry {
    uint32_t text, id;         /* where in the texts it begins; as the caller calls it */
    uint16_t len, window;      /* of the text, and the first window's place in it */
};

/* Windows are put into buckets by their hash; a place is an entry and which of its windows. */
struct filter {
    const char *texts;     /* borrowed */
    uint64_t *map;         /* owned, as all below: a bit for each hash that a window has */
    uint64_t *odd_map;     /* the same for literals of one window; NULL: there is none */
    uint32_t *buckets;     /* where in places each begins; one more, for the end of the last */
    uint32_t *places;      /* WINDOWS times the entry, plus the window */
    struct entry *entries;
    unsigned map_bits, bucket_bits;
    size_t n_entries, n_places;
};

static inline uint32_t load_window(const char *s)
{
    uint32_t window;

    memcpy(&window, s, sizeof(window));
    return window;
}

static inline uint32_t bucket_of(const struct filter *f, uint32_t window)
{
    return (window * HASH_MULTIPLIER) >> (32 - f->bucket_bits);
}

/* ---- building ------------------------------------------------------------------------------- */

static size_t map_words(const struct filter *f)
{
    return ((size_t)1 << f->map_bits) / 64;
}

static unsigned bits_for(size_t n, unsigned min, unsigned max)
{
    unsigned bits = min;

    while (bits < max && n >> bits > 0)
        bits++;
    return bits;
}

static void map_put(uint64_t *map, unsigned bits, uint32_t window)
{
    uint32_t hash = (window * HASH_MULTIPLIER) >> (32 - bits);

    map[hash / 64] |= 1ull << (hash % 64);
}

/* One, or two. */
static unsigned entry_windows(const struct entry *e)
{
    return e->len > FILTER_LITERAL_MIN ? WINDOWS : 1;
}

static uint32_t entry_window(const struct filter *f, const struct entry *e, unsigned which)
{
    return load_window(f->texts + e->text + e->window + which);
}

static void entry_map(struct filter *f, const struct entry *e)
{
    for (unsigned w = 0; w < entry_windows(e); w++)
        map_put(f->map, f->map_bits, entry_window(f, e, w));
    if (entry_windows(e) == 1)
        map_put(f->odd_map, f->map_bits, entry_window(f, e, 0));
}

/* Counts the windows of each bucket into the one behind it, sums up, and fills from the ends. */
static void buckets_fill(struct filter *f)
{
    size_t n = (size_t)1 << f->bucket_bits;

    for (size_t i = 0; i < f->n_entries; i++)
        for (unsigned w = 0; w < entry_windows(&f->entries[i]); w++)
            f->buckets[bucket_of(f, entry_window(f, &f->entries[i], w))]++;
    for (size_t i = 1; i <= n; i++)
        f->buckets[i] += f->buckets[i - 1];
    for (size_t i = f->n_entries; i-- > 0;)
        for (unsigned w = 0; w < entry_windows(&f->entries[i]); w++)
            f->places[--f->buckets[bucket_of(f, entry_window(f, &f->entries[i], w))]] =
                (uint32_t)i * WINDOWS + w;
    f->n_places = f->buckets[n];
}

static void filter_fill(struct filter *f, const struct filter_literal *literals, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        f->entries[i] = (struct entry){literals[i].text, literals[i].id, literals[i].len,
                                       literals[i].window};
        entry_map(f, &f->entries[i]);
    }
    f->n_entries = n;
    buckets_fill(f);
}

static bool any_short(const struct filter_literal *literals, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (literals[i].len == FILTER_LITERAL_MIN)
            return true;
    return false;
}

uint16_t filter_window(struct str literal)
{
    return literal.len > FILTER_LITERAL_MIN ? (uint16_t)rarity_best_windows(literal) : 0;
}

struct filter *filter_create(const char *texts, const struct filter_literal *literals, size_t n)
{
    struct filter *f = calloc(1, sizeof(*f));
    bool two_maps = any_short(literals, n);

    if (!f)
        return NULL;
    f->texts = texts;
    f->map_bits = bits_for(MAP_SPARSE * WINDOWS * n, MAP_BITS_MIN, MAP_BITS_MAX);
    f->bucket_bits = bits_for(WINDOWS * n, 4, 31);
    f->map = calloc(map_words(f), sizeof(*f->map));
    f->odd_map = two_maps ? calloc(map_words(f), sizeof(*f->map)) : NULL;
    f->buckets = calloc(((size_t)1 << f->bucket_bits) + 1, sizeof(*f->buckets));
    f->places = calloc(WINDOWS * n + 1, sizeof(*f->places));
    f->entries = calloc(n + 1, sizeof(*f->entries));
    if (!f->map || (two_maps && !f->odd_map) || !f->buckets || !f->places || !f->entries) {
        filter_destroy(f);
        return NULL;
    }
    filter_fill(f, literals, n);
    return f;
}

void filter_destroy(struct filter *f)
{
    if (!f)
        return;
    free(f->map);
    free(f->odd_map);
    free(f->buckets);
    free(f->places);
    free(f->entries);
    free(f);
}

size_t filter_memory(const struct filter *f)
{
    size_t maps = f->odd_map ? 2 : 1;

    return sizeof(*f) + maps * map_words(f) * sizeof(*f->map) +
           (((size_t)1 << f->bucket_bits) + 1) * sizeof(*f->buckets) +
           f->n_places * sizeof(*f->places) + f->n_entries * sizeof(*f->entries);
}

/* ---- scanning ------------------------------------------------------------------------------- */

/* Does the literal stand where its window does at `at`? */
static bool entry_matches(const struct filter *f, const struct entry *e, struct str text, size_t at,
                          size_t window)
{
    return at >= window && at - window + e->len <= text.len &&
           memcmp(text.s + at - window, f->texts + e->text, e->len) == 0;
}

/* Of two that overlap, the second may be found before the first. */
static void seen_add(struct filter_seen *seen, uint32_t id, uint32_t start)
{
    if (seen->last[id] == seen->now) {
        uint32_t first = seen->at[id] & ~FILTER_AGAIN;
        seen->at[id] = (start < first ? start : first) | FILTER_AGAIN;
        return;
    }
    seen->last[id] = seen->now;
    seen->at[id] = start;
    seen->ids[seen->n++] = id;
}

static void place_scan(const struct filter *f, struct str text, size_t at, struct filter_seen *seen)
{
    uint32_t bucket = bucket_of(f, load_window(text.s + at));

    for (uint32_t i = f->buckets[bucket]; i < f->buckets[bucket + 1]; i++) {
        const struct entry *e = &f->entries[f->places[i] / WINDOWS];
        size_t window = e->window + f->places[i] % WINDOWS;
        if (entry_matches(f, e, text, at, window))
            seen_add(seen, e->id, (uint32_t)(at - window));
    }
}

static inline uint64_t map_has(const uint64_t *map, uint32_t window, unsigned shift)
{
    uint32_t hash = (window * HASH_MULTIPLIER) >> shift;

    return map[hash / 64] >> (hash % 64) & 1;
}

/* Every other place, from 0 or 1 on, four at a time: nearly always one branch answers for all of
 * them. Places at the end may reach into the padding, where no literal ends. */
static inline void scan_from(const struct filter *f, const uint64_t *map, size_t from,
                             struct str text, struct filter_seen *seen)
{
    const unsigned shift = 32 - f->map_bits;

    for (size_t at = from; at + FILTER_LITERAL_MIN <= text.len; at += 8) {
        uint64_t first, second;
        memcpy(&first, text.s + at, sizeof(first));
        memcpy(&second, text.s + at + 4, sizeof(second));
        uint64_t a = map_has(map, (uint32_t)first, shift);
        uint64_t b = map_has(map, (uint32_t)(first >> 16), shift);
        uint64_t c = map_has(map, (uint32_t)second, shift);
        uint64_t d = map_has(map, (uint32_t)(second >> 16), shift);
        if (__builtin_expect((a | b | c | d) == 0, 1))
            continue;
        if (a)
            place_scan(f, text, at, seen);
        if (b)
            place_scan(f, text, at + 2, seen);
        if (c)
            place_scan(f, text, at + 4, seen);
        if (d)
            place_scan(f, text, at + 6, seen);
    }
}

void filter_scan(const struct filter *f, struct str text, struct filter_seen *seen)
{
    scan_from(f, f->map, 0, text, seen);
    if (f->odd_map)
        scan_from(f, f->odd_map, 1, text, seen);
}
