/* The literal filter.
 *
 * Each literal is represented by a window of its bytes. Many literals for texts of words are looked for
 * by the eight bytes (short ones by the four) from one of their spaces on, and only the spaces of a text
 * have to be looked at. Others by four bytes anywhere, and the four beside them, so that only every other
 * place has to be looked at: one of the two begins there. (Literals of four bytes have one window only. A
 * few of them are also looked for by their first three with any byte before; many, by a look at the places
 * between.)
 *
 * By the hash of the bytes at a place a bitmap is asked (at most 2^18 bits, so that it
 * stays in the first-level cache); nearly always it says no. Otherwise the literals with
 * windows of that hash are tried. */
#include "rules/matcher_fast_filter.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "rules/rarity.h"

#define HASH_MULTIPLIER 0x9E3779B1u
#define LONG_MULTIPLIER 0x9E3779B97F4A7C15u
#define MAP_BITS_MIN 15
#define MAP_BITS_MAX 18
#define MAP_SPARSE 64   /* bits for each window, within these bounds */
#define SECOND_SHIFT 8   /* where in a hash the second bit's place is: beside what the first one is by */
#define WINDOWS 2       /* of a literal at most, side by side */
#define LONG_WINDOW 8   /* bytes */
#define ODD_FEW 32      /* literals of four bytes */
#define BYTES 256       /* that may stand before one */
/* What is constant in each of its callers makes a loop of its own. */
#define INLINED static inline __attribute__((always_inline))
#define WINDOW_MAX 0x3FFFu /* places of a literal where a window may begin */

/* How a literal is looked for: at spaces, or at even and odd places; its windows. */
enum look { LOOK_SPACE_LONG, LOOK_SPACE_SHORT, LOOK_EVEN, LOOK_ODD, LOOKS };

struct entry {
    uint32_t text, id;         /* where in the texts it begins; as the caller calls it */
    uint16_t len;
    uint16_t window : 14;      /* the first window's place in it */
    uint16_t look : 2;         /* enum look; LOOK_ODD is at even places, too */
};

/* A bit for each hash that a window has, or two, of one word: of many windows one bit says yes by chance
 * too often. Those of LOOK_SPACE_LONG always have two, those of LOOK_SPACE_SHORT and LOOK_ODD never. */
struct map {
    uint64_t *bits; /* owned; NULL: there is no window */
    unsigned shift; /* from a hash of 32 bits */
    bool twice;     /* two bits */
};

/* Windows are put into buckets by their hash; a place is an entry and which of its windows. */
struct filter {
    const char *texts;     /* borrowed */
    struct map maps[LOOKS];
    uint32_t *buckets;     /* owned, as all below: where in places each begins, and the end of the last */
    uint32_t *places;      /* WINDOWS times the entry, plus the window */
    struct entry *entries;
    unsigned bucket_shift;
    bool no_odd;           /* literals of four bytes have windows for each byte before them */
    size_t n_entries, n_places;
};

static inline uint32_t load_window(const char *s)
{
    uint32_t window;

    memcpy(&window, s, sizeof(window));
    return window;
}

static inline uint32_t hash_window(uint32_t window)
{
    return window * HASH_MULTIPLIER;
}

static inline uint32_t hash_long_window(const char *s)
{
    uint64_t window;

    memcpy(&window, s, sizeof(window));
    return (uint32_t)((window * LONG_MULTIPLIER) >> 32);
}

/* ---- windows -------------------------------------------------------------------------------- */

/* The rarest of the windows of `size` bytes that begin with a space; SIZE_MAX if there is none. */
static size_t space_window(struct str literal, size_t size)
{
    size_t best = SIZE_MAX;
    double least = 2;

    for (size_t i = 0; i + size <= literal.len && i <= WINDOW_MAX; i++) {
        if (literal.s[i] != ' ')
            continue;
        double expected = rarity_window(literal.s + i) * (size > 4 ? rarity_window(literal.s + i + 4) : 1);
        if (expected < least) {
            least = expected;
            best = i;
        }
    }
    return best;
}

static void look_choose(struct entry *e, struct str literal, bool spaces)
{
    size_t window = spaces ? space_window(literal, LONG_WINDOW) : SIZE_MAX;

    e->look = LOOK_SPACE_LONG;
    if (window == SIZE_MAX && spaces) {
        window = space_window(literal, FILTER_LITERAL_MIN);
        e->look = LOOK_SPACE_SHORT;
    }
    if (window == SIZE_MAX) {
        literal.len = literal.len < WINDOW_MAX ? literal.len : WINDOW_MAX;
        window = literal.len > FILTER_LITERAL_MIN ? rarity_best_windows(literal) : 0;
        e->look = literal.len > FILTER_LITERAL_MIN ? LOOK_EVEN : LOOK_ODD;
    }
    e->window = (uint16_t)window & WINDOW_MAX;
}

static unsigned entry_windows(const struct filter *f, const struct entry *e)
{
    if (e->look == LOOK_ODD)
        return f->no_odd ? 1 + BYTES : 1;
    return e->look == LOOK_EVEN ? WINDOWS : 1;
}

static uint32_t entry_hash(const struct filter *f, const struct entry *e, unsigned which)
{
    const char *s = f->texts + e->text + e->window;

    if (e->look == LOOK_SPACE_LONG)
        return hash_long_window(s);
    if (e->look == LOOK_ODD && which > 0) {
        char preceded[FILTER_LITERAL_MIN] = {(char)(which - 1), s[0], s[1], s[2]};
        return hash_window(load_window(preceded));
    }
    return hash_window(load_window(s + which));
}

/* Where a literal begins whose window was met at `at`; beyond any text, where that is before the text. */
static size_t entry_start(const struct entry *e, unsigned which, size_t at)
{
    return e->look == LOOK_ODD ? at + which : at - e->window - which;
}

/* ---- building ------------------------------------------------------------------------------- */

static unsigned bits_for(size_t n, unsigned min, unsigned max)
{
    unsigned bits = min;

    while (bits < max && n >> bits > 0)
        bits++;
    return bits;
}

static size_t map_words(const struct map *map)
{
    return map->bits ? ((size_t)1 << (32 - map->shift)) / 64 : 0;
}

static bool map_init(struct map *map, enum look look, size_t n_windows)
{
    if (n_windows == 0)
        return true;
    map->twice = look == LOOK_SPACE_LONG ||
                 (look == LOOK_EVEN && MAP_SPARSE * n_windows > 1u << MAP_BITS_MAX);
    map->shift = 32 - bits_for(MAP_SPARSE * n_windows, MAP_BITS_MIN, MAP_BITS_MAX);
    map->bits = calloc(((size_t)1 << (32 - map->shift)) / 64, sizeof(*map->bits));
    return map->bits != NULL;
}

static void map_put(struct map *map, uint32_t hash)
{
    uint64_t *word = &map->bits[(hash >> map->shift) / 64];

    *word |= 1ull << ((hash >> map->shift) % 64);
    if (map->twice)
        *word |= 1ull << (hash >> SECOND_SHIFT) % 64;
}

static bool maps_fill(struct filter *f)
{
    size_t n_windows[LOOKS] = {0};

    for (size_t i = 0; i < f->n_entries; i++)
        n_windows[f->entries[i].look] += entry_windows(f, &f->entries[i]);
    n_windows[LOOK_EVEN] += n_windows[LOOK_ODD];
    n_windows[LOOK_ODD] = f->no_odd ? 0 : n_windows[LOOK_ODD];
    for (size_t i = 0; i < LOOKS; i++)
        if (!map_init(&f->maps[i], (enum look)i, n_windows[i]))
            return false;
    for (size_t i = 0; i < f->n_entries; i++) {
        const struct entry *e = &f->entries[i];
        enum look look = e->look == LOOK_ODD ? LOOK_EVEN : e->look;
        for (unsigned w = 0; w < entry_windows(f, e); w++)
            map_put(&f->maps[look], entry_hash(f, e, w));
        if (e->look == LOOK_ODD && !f->no_odd)
            map_put(&f->maps[LOOK_ODD], entry_hash(f, e, 0));
    }
    return true;
}

/* Counts the windows of each bucket into it, sums up, and fills from the ends. */
static bool buckets_fill(struct filter *f)
{
    size_t n = (size_t)1 << (32 - f->bucket_shift);

    for (size_t i = 0; i < f->n_entries; i++)
        for (unsigned w = 0; w < entry_windows(f, &f->entries[i]); w++)
            f->buckets[entry_hash(f, &f->entries[i], w) >> f->bucket_shift]++;
    for (size_t i = 1; i <= n; i++)
        f->buckets[i] += f->buckets[i - 1];
    f->n_places = f->buckets[n];
    f->places = calloc(f->n_places + 1, sizeof(*f->places));
    if (!f->places)
        return false;
    for (size_t i = f->n_entries; i-- > 0;)
        for (unsigned w = entry_windows(f, &f->entries[i]); w-- > 0;)
            f->places[--f->buckets[entry_hash(f, &f->entries[i], w) >> f->bucket_shift]] =
                (uint32_t)i * WINDOWS + (w > 0);
    return true;
}

static bool filter_fill(struct filter *f, const struct filter_literal *literals, size_t n, bool spaces)
{
    size_t n_odd = 0;

    for (size_t i = 0; i < n; i++) {
        struct entry *e = &f->entries[f->n_entries++];
        *e = (struct entry){.text = literals[i].text, .id = literals[i].id, .len = literals[i].len};
        look_choose(e, (struct str){f->texts + e->text, e->len}, spaces);
        n_odd += e->look == LOOK_ODD;
    }
    f->no_odd = n_odd <= ODD_FEW;
    return buckets_fill(f) && maps_fill(f);
}

struct filter *filter_create(const char *texts, const struct filter_literal *literals, size_t n, bool spaces)
{
    struct filter *f = calloc(1, sizeof(*f));

    if (!f)
        return NULL;
    f->texts = texts;
    f->bucket_shift = 32 - bits_for(WINDOWS * n, 4, 31);
    f->buckets = calloc(((size_t)1 << (32 - f->bucket_shift)) + 1, sizeof(*f->buckets));
    f->entries = calloc(n + 1, sizeof(*f->entries));
    if (f->buckets && f->entries && filter_fill(f, literals, n, spaces))
        return f;
    filter_destroy(f);
    return NULL;
}

void filter_destroy(struct filter *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < LOOKS; i++)
        free(f->maps[i].bits);
    free(f->buckets);
    free(f->places);
    free(f->entries);
    free(f);
}

size_t filter_memory(const struct filter *f)
{
    size_t words = 0;

    for (size_t i = 0; i < LOOKS; i++)
        words += map_words(&f->maps[i]);
    return sizeof(*f) + words * sizeof(*f->maps[0].bits) +
           (((size_t)1 << (32 - f->bucket_shift)) + 1) * sizeof(*f->buckets) +
           f->n_places * sizeof(*f->places) + f->n_entries * sizeof(*f->entries);
}

/* ---- scanning ------------------------------------------------------------------------------- */

/* Does the literal stand at `start`? Its ends are looked at first. */
static bool entry_matches(const struct filter *f, const struct entry *e, struct str text, size_t start)
{
    const char *wanted = f->texts + e->text, *there;
    size_t last = e->len - sizeof(uint32_t);

    if (start > text.len || e->len > text.len - start)
        return false;
    there = text.s + start;
    return load_window(there) == load_window(wanted) &&
           load_window(there + last) == load_window(wanted + last) && memcmp(there, wanted, e->len) == 0;
}

/* Of two that overlap, the second may be found before the first. One may be found twice, by two of its
 * windows that have the same hash. */
static void seen_add(struct filter_seen *seen, uint32_t id, uint32_t start)
{
    if (seen->last[id] == seen->now) {
        uint32_t first = seen->at[id] & ~FILTER_AGAIN;
        if (start != first)
            seen->at[id] = (start < first ? start : first) | FILTER_AGAIN;
        return;
    }
    seen->last[id] = seen->now;
    seen->at[id] = start;
    seen->ids[seen->n++] = id;
}

static void place_scan(const struct filter *f, struct str text, size_t at, uint32_t hash,
                       struct filter_seen *seen)
{
    const uint32_t *bucket = &f->buckets[hash >> f->bucket_shift];

    for (uint32_t i = bucket[0]; i < bucket[1]; i++) {
        const struct entry *e = &f->entries[f->places[i] / WINDOWS];
        size_t start = entry_start(e, f->places[i] % WINDOWS, at);
        if (entry_matches(f, e, text, start))
            seen_add(seen, e->id, (uint32_t)start);
    }
}

/* `twice` is map.twice, a constant where this is inlined. */
static inline uint64_t map_has(struct map map, uint32_t hash, bool twice)
{
    uint32_t second = hash >> SECOND_SHIFT;

    hash >>= map.shift;
    if (!twice)
        return map.bits[hash / 64] >> (hash % 64) & 1;
    return (map.bits[hash / 64] >> (hash % 64) & map.bits[hash / 64] >> (second % 64)) & 1;
}

/* Every other place, from 0 or 1 on, four at a time: nearly always one branch answers for all of
 * them. Places at the end may reach into the padding, where no literal ends. */
INLINED void scan_places(const struct filter *f, struct map map, bool twice, size_t from, struct str text,
                         struct filter_seen *seen)
{
    for (size_t at = from; at + FILTER_LITERAL_MIN <= text.len; at += 8) {
        uint64_t first, second;
        memcpy(&first, text.s + at, sizeof(first));
        memcpy(&second, text.s + at + 4, sizeof(second));
        uint32_t a = hash_window((uint32_t)first), b = hash_window((uint32_t)(first >> 16));
        uint32_t c = hash_window((uint32_t)second), d = hash_window((uint32_t)(second >> 16));
        uint64_t has_a = map_has(map, a, twice), has_b = map_has(map, b, twice);
        uint64_t has_c = map_has(map, c, twice), has_d = map_has(map, d, twice);
        if (__builtin_expect((has_a | has_b | has_c | has_d) == 0, 1))
            continue;
        if (has_a)
            place_scan(f, text, at, a, seen);
        if (has_b)
            place_scan(f, text, at + 2, b, seen);
        if (has_c)
            place_scan(f, text, at + 4, c, seen);
        if (has_d)
            place_scan(f, text, at + 6, d, seen);
    }
}

static void scan_once(const struct filter *f, struct map map, size_t from, struct str text,
                      struct filter_seen *seen)
{
    scan_places(f, map, false, from, text, seen);
}

static void scan_twice(const struct filter *f, struct map map, size_t from, struct str text,
                       struct filter_seen *seen)
{
    scan_places(f, map, true, from, text, seen);
}

/* Bits: which of the 64 bytes from `from` on are spaces. Reads all of them, also behind the text. */
static uint64_t spaces_of(struct str text, size_t from)
{
    const char *s = text.s + from;
    uint64_t bits = 0;

#ifdef __SSE2__
    for (unsigned i = 0; i < FILTER_PADDING; i += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(s + i));
        bytes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(' '));
        bits |= (uint64_t)(unsigned)_mm_movemask_epi8(bytes) << i;
    }
#else
    for (unsigned i = 0; i < FILTER_PADDING; i++)
        bits |= (uint64_t)(s[i] == ' ') << i;
#endif
    return text.len - from < FILTER_PADDING ? bits & ((1ull << (text.len - from)) - 1) : bits;
}

/* The spaces of the text; `longs` and `shorts` are constants where this is inlined. */
INLINED void scan_spaces(const struct filter *f, struct str text, bool longs, bool shorts,
                         struct filter_seen *seen)
{
    const struct map long_map = f->maps[LOOK_SPACE_LONG], short_map = f->maps[LOOK_SPACE_SHORT];

    for (size_t block = 0; block < text.len; block += FILTER_PADDING) {
        for (uint64_t bits = spaces_of(text, block); bits; bits &= bits - 1) {
            size_t at = block + (size_t)__builtin_ctzll(bits);
            uint32_t a = hash_long_window(text.s + at), b = hash_window(load_window(text.s + at));
            uint64_t has_a = longs ? map_has(long_map, a, true) : 0;
            uint64_t has_b = shorts ? map_has(short_map, b, false) : 0;
            if (__builtin_expect((has_a | has_b) == 0, 1))
                continue;
            if (has_a)
                place_scan(f, text, at, a, seen);
            if (has_b)
                place_scan(f, text, at, b, seen);
        }
    }
}

void filter_scan(const struct filter *f, struct str text, struct filter_seen *seen)
{
    bool longs = f->maps[LOOK_SPACE_LONG].bits, shorts = f->maps[LOOK_SPACE_SHORT].bits;

    if (longs && shorts)
        scan_spaces(f, text, true, true, seen);
    else if (longs)
        scan_spaces(f, text, true, false, seen);
    else if (shorts)
        scan_spaces(f, text, false, true, seen);
    if (f->maps[LOOK_EVEN].twice)
        scan_twice(f, f->maps[LOOK_EVEN], 0, text, seen);
    else if (f->maps[LOOK_EVEN].bits)
        scan_once(f, f->maps[LOOK_EVEN], 0, text, seen);
    if (f->maps[LOOK_ODD].bits)
        scan_once(f, f->maps[LOOK_ODD], 1, text, seen);
}
