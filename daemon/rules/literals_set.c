/* The arithmetic of the extractor: crossing, joining, weighing. It only ever forgets: when
 * something grows too large, less is known, never something false. */
#include "rules/literals_set.h"

#include "rules/rarity.h"

static const struct literal_set nothing;

static bool set_alloc(struct arena *arena, size_t n, struct literal_set *ret)
{
    *ret = (struct literal_set){.items = arena_alloc(arena, (n + 1) * sizeof(struct str))};
    return ret->items != NULL;
}

struct literal_set literal_set_one(struct arena *arena, struct str text)
{
    struct literal_set set;

    if (!set_alloc(arena, 1, &set))
        return nothing;
    set.items[set.n++] = arena_str(arena, text);
    return set;
}

static bool set_holds(const struct literal_set *set, struct str text)
{
    for (size_t i = 0; i < set->n; i++)
        if (str_eq(set->items[i], text))
            return true;
    return false;
}

static void set_put(struct literal_set *set, struct str text)
{
    if (!set_holds(set, text))
        set->items[set->n++] = text;
}

static struct str text_join(struct arena *arena, struct str a, struct str b)
{
    if (a.len == 0)
        return b;
    if (b.len == 0)
        return a;
    char *text = arena_alloc(arena, a.len + b.len);
    if (!text)
        return (struct str){0};
    memcpy(text, a.s, a.len);
    memcpy(text + a.len, b.s, b.len);
    return (struct str){text, a.len + b.len};
}

bool literal_set_cross(struct arena *arena, const struct literal_set *a,
                       const struct literal_set *b, struct literal_set *ret)
{
    if (a->n == 1 && a->items[0].len == 0) {
        *ret = *b;
        return true;
    }
    if (a->n * b->n > LITERALS_CROSS_MAX || !set_alloc(arena, a->n * b->n, ret))
        return false;
    for (size_t i = 0; i < a->n; i++) {
        for (size_t k = 0; k < b->n; k++) {
            if (a->items[i].len + b->items[k].len > LITERAL_LEN_MAX)
                return false;
            set_put(ret, text_join(arena, a->items[i], b->items[k]));
        }
    }
    return true;
}

bool literal_set_union(struct arena *arena, const struct literal_set *a,
                       const struct literal_set *b, struct literal_set *ret)
{
    if (a->n + b->n > LITERALS_IN_SET || !set_alloc(arena, a->n + b->n, ret))
        return false;
    if (a->n > 0)
        memcpy(ret->items, a->items, a->n * sizeof(*a->items));
    ret->n = a->n;
    for (size_t i = 0; i < b->n; i++)
        set_put(ret, b->items[i]);
    return true;
}

/* Single letters and spaces are everywhere. */
static bool is_telling(struct str text)
{
    if (text.len != 1)
        return text.len > 1;
    unsigned char c = (unsigned char)text.s[0];
    return c > ' ' && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9');
}

bool literal_set_weigh(struct literal_set *set)
{
    set->expected = 0;
    for (size_t i = 0; i < set->n; i++) {
        if (!is_telling(set->items[i]))
            return false;
        set->expected += rarity_literal(set->items[i]);
    }
    return set->n > 0;
}

void literal_part_require(struct literal_part *part, const struct literal_set *set)
{
    size_t at = 0;

    while (at < part->n_reqs && part->reqs[at].expected <= set->expected)
        at++;
    if (at == LITERAL_REQS_MAX)
        return;
    size_t moved = part->n_reqs - at - (part->n_reqs == LITERAL_REQS_MAX);
    memmove(&part->reqs[at + 1], &part->reqs[at], moved * sizeof(part->reqs[0]));
    part->reqs[at] = *set;
    part->n_reqs += part->n_reqs < LITERAL_REQS_MAX;
}

/* ---- a sequence ----------------------------------------------------------------------------- */

static void restart(struct literal_sequence *seq, const struct literal_set *last)
{
    seq->last = *last;
    seq->whole = false;
    seq->covered = false;
}

static void flush(struct literal_sequence *seq)
{
    if (!seq->covered && literal_set_weigh(&seq->last))
        literal_part_require(&seq->sum, &seq->last);
    seq->covered = true;
}

static void require_all(struct literal_sequence *seq, const struct literal_part *part)
{
    for (size_t i = 0; i < part->n_reqs; i++)
        literal_part_require(&seq->sum, &part->reqs[i]);
}

static bool is_empty_text(const struct literal_set *set)
{
    return set->n == 1 && set->items[0].len == 0;
}

void literal_sequence_begin(struct literal_sequence *seq, struct arena *arena)
{
    *seq = (struct literal_sequence){.arena = arena, .whole = true};
    seq->last = literal_set_one(arena, STR(""));
}

void literal_sequence_add(struct literal_sequence *seq, const struct literal_part *part)
{
    struct literal_set joined, empty;

    require_all(seq, part);
    if (part->is_exact && is_empty_text(&part->exact))
        return;
    if (part->is_exact && literal_set_cross(seq->arena, &seq->last, &part->exact, &joined)) {
        seq->last = joined;
        seq->covered = false;
        return;
    }
    flush(seq);
    empty = literal_set_one(seq->arena, STR(""));
    restart(seq, part->is_exact ? &part->exact : &empty);
}

void literal_sequence_repeat(struct literal_sequence *seq, const struct literal_part *part,
                             unsigned min, bool bounded)
{
    struct literal_part once = *part;
    unsigned times = min < 4 ? min : 4;

    for (unsigned i = 0; i < times; i++)
        literal_sequence_add(seq, part);
    if (!part->is_exact || (bounded && times == min))
        return;
    flush(seq);
    once.n_reqs = 0;
    restart(seq, &once.exact);
}

void literal_sequence_peek(struct literal_sequence *seq, const struct literal_part *part)
{
    struct literal_set joined;

    require_all(seq, part);
    if (!part->is_exact || is_empty_text(&part->exact) ||
        !literal_set_cross(seq->arena, &seq->last, &part->exact, &joined) ||
        !literal_set_weigh(&joined))
        return;
    literal_part_require(&seq->sum, &joined);
    seq->covered = true;
}

void literal_sequence_end(struct literal_sequence *seq, struct literal_part *ret)
{
    bool is_exact = seq->whole;

    if (!is_exact)
        flush(seq);
    *ret = seq->sum;
    ret->is_exact = is_exact;
    ret->exact = seq->last;
    ret->covered = seq->covered;
}
