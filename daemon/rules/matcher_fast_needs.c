/* Building what the fast engine knows: each pattern's literals are extracted, and equal literals
 * and equal sets are kept once. Tables of hashes live only while that is done. */
#include <errno.h>

#include "rules/matcher_fast.h"
#include "rules/matcher_fast_filter.h"

#define TEXTS_MAX (256u * 1024 * 1024) /* bytes of literals */
#define LITERAL_MAX UINT16_MAX           /* bytes of one; phrases and what is extracted are far shorter */
#define RARE 1e-4 /* expected at a byte of a text: in one post of 70 */
#define SCRATCH_MAX (64 * 1024 * 1024) /* of extracting one pattern */

/* Open addressing; slots hold an index plus one. */
struct index {
    uint32_t *slots; /* owned */
    size_t size, n;  /* size is a power of two */
};

struct builder {
    struct needs *needs;
    const struct fold *fold;
    struct arena scratch;
    struct index literals, sets;
    uint32_t *ids; /* owned: LITERALS_IN_SET, the set at hand */
};

/* Room for item n. */
static void *grow(void *items, size_t n, size_t *cap, size_t item_size)
{
    if (n < *cap)
        return items;
    size_t larger = *cap ? *cap : 256;
    while (larger <= n)
        larger *= 2;
    void *moved = realloc(items, larger * item_size);
    if (moved)
        *cap = larger;
    else
        free(items);
    return moved;
}

/* ---- the indexes ---------------------------------------------------------------------------- */

static uint32_t hash_bytes(const void *bytes, size_t len, uint32_t seed)
{
    const unsigned char *b = bytes;
    uint32_t hash = 2166136261u ^ seed;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ b[i]) * 16777619u;
    return hash ^ hash >> 15;
}

static uint32_t literal_hash(const struct builder *b, uint32_t id)
{
    struct str text = need_text(b->needs, id);

    return hash_bytes(text.s, text.len, b->needs->literals[id].on_plain);
}

static uint32_t set_hash(const struct builder *b, uint32_t id)
{
    const struct need_set *set = &b->needs->sets[id];

    return hash_bytes(b->needs->items + set->first, set->n * sizeof(uint32_t), 7);
}

/* Room for one more: the table is never more than half full. */
static bool index_grow(const struct builder *b, struct index *index,
                       uint32_t (*hash)(const struct builder *, uint32_t))
{
    struct index larger = {.size = index->size ? 2 * index->size : 1024, .n = index->n};

    if (2 * index->n < index->size)
        return true;
    larger.slots = calloc(larger.size, sizeof(*larger.slots));
    if (!larger.slots)
        return false;
    for (size_t i = 0; i < index->size; i++) {
        if (index->slots[i] == 0)
            continue;
        size_t at = hash(b, index->slots[i] - 1) & (larger.size - 1);
        while (larger.slots[at] != 0)
            at = (at + 1) & (larger.size - 1);
        larger.slots[at] = index->slots[i];
    }
    free(index->slots);
    *index = larger;
    return true;
}

/* Behind the others, not counted yet. Also the end mark behind it has room. */
static bool literal_add(struct needs *needs, struct str text, bool on_plain)
{
    if (text.len > LITERAL_MAX || needs->n_texts + text.len > TEXTS_MAX)
        return false;
    needs->literals = grow(needs->literals, needs->n_literals + 1, &needs->cap_literals,
                           sizeof(*needs->literals));
    needs->texts = grow(needs->texts, needs->n_texts + text.len, &needs->cap_texts, 1);
    if (!needs->literals || !needs->texts)
        return false;
    memcpy(needs->texts + needs->n_texts, text.s, text.len);
    needs->literals[needs->n_literals] = (struct need_literal){
        .text = (uint32_t)needs->n_texts, .len = (uint16_t)text.len, .on_plain = on_plain};
    needs->n_texts += text.len;
    return true;
}

static int literal_intern(struct builder *b, struct str text, bool on_plain, uint32_t *ret)
{
    struct needs *needs = b->needs;

    if (!index_grow(b, &b->literals, literal_hash))
        return -ENOMEM;
    size_t mask = b->literals.size - 1, at = hash_bytes(text.s, text.len, on_plain) & mask;
    for (; b->literals.slots[at] != 0; at = (at + 1) & mask) {
        *ret = b->literals.slots[at] - 1;
        if (needs->literals[*ret].on_plain == on_plain && str_eq(need_text(needs, *ret), text))
            return 0;
    }
    if (!literal_add(needs, text, on_plain))
        return -ENOMEM;
    *ret = (uint32_t)needs->n_literals++;
    b->literals.slots[at] = *ret + 1;
    b->literals.n++;
    return 0;
}

static int set_append(struct needs *needs, const uint32_t *ids, size_t n)
{
    needs->sets = grow(needs->sets, needs->n_sets, &needs->cap_sets, sizeof(*needs->sets));
    if (!needs->sets)
        return -ENOMEM;
    needs->sets[needs->n_sets++] = (struct need_set){(uint32_t)needs->n_items, (uint32_t)n};
    for (size_t i = 0; i < n; i++) {
        needs->items = grow(needs->items, needs->n_items, &needs->cap_items, sizeof(*needs->items));
        if (!needs->items)
            return -ENOMEM;
        needs->items[needs->n_items++] = ids[i];
    }
    return 0;
}

static int set_intern(struct builder *b, const uint32_t *ids, size_t n, uint32_t *ret)
{
    struct needs *needs = b->needs;

    if (!index_grow(b, &b->sets, set_hash))
        return -ENOMEM;
    size_t mask = b->sets.size - 1, at = hash_bytes(ids, n * sizeof(*ids), 7) & mask;
    for (; b->sets.slots[at] != 0; at = (at + 1) & mask) {
        *ret = b->sets.slots[at] - 1;
        const struct need_set *set = &needs->sets[*ret];
        if (set->n == n && memcmp(needs->items + set->first, ids, n * sizeof(*ids)) == 0)
            return 0;
    }
    *ret = (uint32_t)needs->n_sets;
    b->sets.slots[at] = *ret + 1;
    b->sets.n++;
    return set_append(needs, ids, n);
}

/* ---- patterns ------------------------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static int need_add(struct builder *b, const struct literal_set *set, bool on_plain,
                    struct need *need)
{
    int r = 0;

    for (size_t i = 0; i < set->n && r == 0; i++)
        r = literal_intern(b, set->items[i], on_plain, &b->ids[i]);
    if (r < 0)
        return r;
    qsort(b->ids, set->n, sizeof(*b->ids), compare_ids);
    return set_intern(b, b->ids, set->n, &need->sets[need->n_sets++]);
}

/* The first set that has no literal shorter than that; how many there are if none. */
static size_t find_set(const struct literals *literals, size_t least_len)
{
    for (size_t i = 0; i < literals->n_sets; i++) {
        const struct literal_set *set = &literals->sets[i];
        size_t k = 0;
        while (k < set->n && set->items[k].len >= least_len)
            k++;
        if (k == set->n && k > 0)
            return i;
    }
    return literals->n_sets;
}

/* The rarest set that the filter can look for comes first; rather one that spares it another look at the
 * text, if that is rare as well. */
static uint8_t need_sort(struct literals *literals)
{
    size_t best = find_set(literals, FILTER_LITERAL_MIN), cheap = find_set(literals, FILTER_LITERAL_CHEAP);

    if (best == literals->n_sets)
        return best > 0 ? NEED_CHECKED : NEED_NOTHING;
    if (cheap < literals->n_sets && literals->sets[cheap].expected < RARE)
        best = cheap;
    struct literal_set first = literals->sets[best];
    memmove(&literals->sets[1], &literals->sets[0], best * sizeof(first));
    literals->sets[0] = first;
    return NEED_FILTERED;
}

static int need_read(struct builder *b, const struct pattern *p, struct need *need)
{
    struct literals literals = {.n_sets = 0};
    struct str whole = {0};
    int r = 0;

    arena_reset(&b->scratch);
    if (!p->on_plain && p->n_groups == 0)
        whole = literals_whole(p->source, &b->scratch);
    if (whole.len >= FILTER_LITERAL_MIN) {
        literals.sets[literals.n_sets++] = (struct literal_set){.items = &whole, .n = 1};
        need->kind = NEED_WHOLE;
    } else {
        r = literals_extract(p->source, p->on_plain ? b->fold : NULL, &b->scratch, &literals);
        need->kind = need_sort(&literals);
    }
    for (size_t i = 0; i < literals.n_sets && r == 0; i++)
        r = need_add(b, &literals.sets[i], p->on_plain, need);
    return r;
}

/* ---- who uses a literal --------------------------------------------------------------------- */

/* The literals that make pattern i a candidate. */
static struct need_set trigger_of(const struct needs *needs, size_t i)
{
    const struct need *need = &needs->patterns[i];
    bool filtered = need->kind == NEED_FILTERED || need->kind == NEED_WHOLE;

    return filtered ? needs->sets[need->sets[0]] : (struct need_set){0};
}

/* Each literal's users are counted into the next one, summed up, and filled in from behind. */
static int users_fill(struct needs *needs)
{
    struct need_literal *literals = needs->literals;

    for (size_t i = 0; i < needs->n_patterns; i++) {
        struct need_set set = trigger_of(needs, i);
        for (uint32_t k = 0; k < set.n; k++)
            literals[needs->items[set.first + k]].first_user++;
    }
    for (size_t i = 0; i < needs->n_literals; i++) {
        needs->n_users += literals[i].first_user;
        literals[i].first_user = (uint32_t)needs->n_users;
    }
    needs->users = malloc((needs->n_users + 1) * sizeof(*needs->users));
    if (!needs->users)
        return -ENOMEM;
    for (size_t i = needs->n_patterns; i-- > 0;) {
        struct need_set set = trigger_of(needs, i);
        for (uint32_t k = 0; k < set.n; k++)
            needs->users[--literals[needs->items[set.first + k]].first_user] = (uint32_t)i;
    }
    if (needs->n_literals > 0)
        literals[needs->n_literals] = (struct need_literal){.first_user = (uint32_t)needs->n_users};
    return 0;
}

/* What was room to grow goes back. */
static void *trim(void *items, size_t n, size_t *cap, size_t item_size)
{
    void *moved = n < *cap ? realloc(items, (n + 1) * item_size) : NULL;

    if (moved)
        *cap = n + 1;
    return moved ? moved : items;
}

static void needs_trim(struct needs *needs)
{
    needs->texts = trim(needs->texts, needs->n_texts, &needs->cap_texts, 1);
    needs->literals = trim(needs->literals, needs->n_literals, &needs->cap_literals,
                           sizeof(*needs->literals));
    needs->sets = trim(needs->sets, needs->n_sets, &needs->cap_sets, sizeof(*needs->sets));
    needs->items = trim(needs->items, needs->n_items, &needs->cap_items, sizeof(*needs->items));
}

/* ---- the whole ------------------------------------------------------------------------------ */

int needs_init(struct needs *needs, const struct fold *fold, const struct pattern *patterns,
               size_t n)
{
    struct builder b = {.needs = needs, .fold = fold};
    int r = 0;

    *needs = (struct needs){.n_patterns = n};
    arena_init(&b.scratch, SCRATCH_MAX);
    needs->patterns = calloc(n + 1, sizeof(*needs->patterns));
    b.ids = malloc(LITERALS_IN_SET * sizeof(*b.ids));
    if (!needs->patterns || !b.ids)
        r = -ENOMEM;
    for (size_t i = 0; i < n && r == 0; i++)
        r = need_read(&b, &patterns[i], &needs->patterns[i]);
    if (r == 0)
        r = users_fill(needs);
    needs_trim(needs);
    free(b.ids);
    free(b.literals.slots);
    free(b.sets.slots);
    arena_finish(&b.scratch);
    return r;
}

void needs_finish(struct needs *needs)
{
    free(needs->patterns);
    free(needs->texts);
    free(needs->literals);
    free(needs->sets);
    free(needs->items);
    free(needs->users);
}

size_t needs_memory(const struct needs *needs)
{
    return needs->cap_texts + needs->n_patterns * sizeof(*needs->patterns) +
           needs->cap_literals * sizeof(*needs->literals) +
           needs->cap_sets * sizeof(*needs->sets) + needs->cap_items * sizeof(*needs->items) +
           needs->n_users * sizeof(*needs->users);
}
