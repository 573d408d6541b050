/* The literal filter.
 *
 * Each literal is represented by a window of four of its bytes, and by the one beside it, so that
 * only every other place of a text has to be looked at: one of the two begins there. Literals of
 * four bytes have one window only, and a bitmap of their own for the places between. By the hash of
 * the four bytes at the place a bitmap is asked (at most 2^18 bits, so that it stays in the
 * first-level cache); nearly always it says no. Otherwise a hash table has the literals of that
 * very window, and memcmp decides. */
#include "rules/matcher_fast_filter.h"

#include "rules/rarity.h"

#define HASH_MULTIPLIER 0x9E3779B1u
#define MAP_BITS_MIN 15
#define MAP_BITS_MAX 18
#define MAP_SPARSE 64   /* bits for each window, within these bounds */
#define WINDOWS 2       /* of a literal at most, side by side */
#define NO_ENTRY UINT32_MAX

struct entry {
    const char *text;
    uint32_t id;
    uint32_t next;             /* entry of the same window; NO_ENTRY: none */
    uint16_t len, window;      /* of the text, and the window's place in it */
};

struct filter {
    uint64_t *map;         /* owned, as all: a bit for each hash that a window has */
    uint64_t *odd_map;     /* the same for literals of one window; NULL: there is none */
    uint32_t *slots;       /* open addressing: the first entry of a window, or NO_ENTRY */
    struct entry *entries;
    unsigned map_bits, slot_bits;
    size_t n_entries;
};

static inline uint32_t load_window(const char *s)
{
    uint32_t window;

    memcpy(&window, s, sizeof(window));
    return window;
}

static uint32_t *slot_find(const struct filter *f, uint32_t window)
{
    size_t mask = ((size_t)1 << f->slot_bits) - 1;
    size_t at = (window * HASH_MULTIPLIER) >> (32 - f->slot_bits);

    for (; f->slots[at] != NO_ENTRY; at = (at + 1) & mask) {
        const struct entry *e = &f->entries[f->slots[at]];
        if (load_window(e->text + e->window) == window)
            break;
    }
    return &f->slots[at];
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

static void entry_add(struct filter *f, const struct filter_literal *l, uint32_t window)
{
    uint32_t bytes = load_window(l->text.s + window);
    uint32_t *slot = slot_find(f, bytes);
    struct entry *e = &f->entries[f->n_entries];

    map_put(f->map, f->map_bits, bytes);
    if (l->text.len == FILTER_LITERAL_MIN)
        map_put(f->odd_map, f->map_bits, bytes);
    *e = (struct entry){.text = l->text.s, .id = l->id, .next = *slot,
                        .len = (uint16_t)l->text.len, .window = (uint16_t)window};
    *slot = (uint32_t)f->n_entries++;
}

static void filter_fill(struct filter *f, const struct filter_literal *literals, size_t n)
{
    for (size_t i = 0; i < (size_t)1 << f->slot_bits; i++)
        f->slots[i] = NO_ENTRY;
    for (size_t i = 0; i < n; i++) {
        entry_add(f, &literals[i], literals[i].window);
        if (literals[i].text.len > FILTER_LITERAL_MIN)
            entry_add(f, &literals[i], literals[i].window + 1);
    }
}

static bool any_short(const struct filter_literal *literals, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (literals[i].text.len == FILTER_LITERAL_MIN)
            return true;
    return false;
}

uint32_t filter_window(struct str literal)
{
    return literal.len > FILTER_LITERAL_MIN ? (uint32_t)rarity_best_windows(literal) : 0;
}

struct filter *filter_create(const struct filter_literal *literals, size_t n)
{
    struct filter *f = calloc(1, sizeof(*f));
    unsigned n_maps = 2;

    if (!f)
        return NULL;
    f->map_bits = bits_for(MAP_SPARSE * WINDOWS * n, MAP_BITS_MIN, MAP_BITS_MAX);
    f->slot_bits = bits_for(2 * WINDOWS * n, 4, 31);
    f->map = calloc(map_words(f), sizeof(*f->map));
    if (any_short(literals, n))
        f->odd_map = calloc(map_words(f), sizeof(*f->map));
    else
        n_maps = 1;
    f->slots = calloc((size_t)1 << f->slot_bits, sizeof(*f->slots));
    f->entries = calloc(WINDOWS * n + 1, sizeof(*f->entries));
    if (!f->map || (n_maps == 2 && !f->odd_map) || !f->slots || !f->entries) {
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
    free(f->slots);
    free(f->entries);
    free(f);
}

size_t filter_memory(const struct filter *f)
{
    size_t maps = f->odd_map ? 2 : 1;

    return sizeof(*f) + maps * map_words(f) * sizeof(*f->map) +
           ((size_t)1 << f->slot_bits) * sizeof(*f->slots) +
           (f->n_entries + 1) * sizeof(*f->entries);
}

/* ---- scanning ------------------------------------------------------------------------------- */

static bool entry_matches(const struct entry *e, struct str text, size_t at)
{
    return at >= e->window && at - e->window + e->len <= text.len &&
           memcmp(text.s + at - e->window, e->text, e->len) == 0;
}

/* Of two that overlap, the second may be found before the first. */
static void seen_add(struct filter_seen *seen, uint32_t id, uint32_t start)
{
    if (seen->last[id] == seen->now) {
        seen->again[id] = seen->now;
        if (start < seen->at[id])
            seen->at[id] = start;
        return;
    }
    seen->last[id] = seen->now;
    seen->at[id] = start;
    seen->ids[seen->n++] = id;
}

static void place_scan(const struct filter *f, struct str text, size_t at, struct filter_seen *seen)
{
    const struct entry *e;

    for (uint32_t i = *slot_find(f, load_window(text.s + at)); i != NO_ENTRY; i = e->next) {
        e = &f->entries[i];
        if (entry_matches(e, text, at))
            seen_add(seen, e->id, (uint32_t)(at - e->window));
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
