/* Phrases and rules that say what others say already.
 *
 * Only phrases of plain words are compared, in the normal form: that finds what people write
 * twice, and never accuses a rule that does something of its own. A phrase that holds another one
 * hits only where that one hits. */
#include "rules/lint.h"

#define WORDS_MAX 16
#define SUFFIX STR("(?= )")

struct overlap {
    struct lint *l;
    struct name_index phrases; /* literal phrase: its pattern, of the first that says it */
    struct str *literals;      /* of each pattern; empty: it is more than words */
    struct arena arena;
};

/* " is down" of a phrase that is only words. */
static struct str literal_of(const struct pattern *p, struct arena *arena)
{
    struct str source = p->source;
    char *text;
    size_t len = 0;

    if (p->on_plain || p->n_groups > 0 || !str_ends_with(source, SUFFIX))
        return (struct str){0};
    source.len -= SUFFIX.len;
    text = arena_alloc(arena, source.len + 1);
    for (size_t i = 0; text && i < source.len; i++) {
        if (source.s[i] == '\\' && i + 1 < source.len)
            i++;
        else if (memchr("()[]{}*+?.^$|\\", source.s[i], 14))
            return (struct str){0};
        text[len++] = source.s[i];
    }
    return (struct str){text, text ? len : 0};
}

static const struct rule *rule_of(const struct overlap *o, size_t pattern)
{
    return &o->l->set->rules[o->l->set->patterns[pattern].owner];
}

static bool is_rules(const struct overlap *o, size_t pattern)
{
    return !(o->l->set->patterns[pattern].owner & OWNER_GUARD);
}

/* Do both speak in the same posts, for the same? */
static bool says_the_same(const struct overlap *o, const struct rule *a, const struct rule *b)
{
    const struct pack *packs = o->l->set->packs;

    return a->class == b->class && a->signal == b->signal &&
           pack_shares(&packs[b->pack], &packs[a->pack]);
}

/* ---- the same ------------------------------------------------------------------------------- */

static void check_double(struct overlap *o, size_t pattern, size_t first)
{
    const struct rule *rule = rule_of(o, pattern), *other = rule_of(o, first);
    const struct config_node *node = o->l->set->origins[pattern];
    unsigned line = o->l->set->origins[first]->mark.line;

    if (rule == other)
        lint_report(o->l, rule, node, "duplicate", "the phrase stands in line %u already", line);
    else if (says_the_same(o, other, rule))
        lint_report(o->l, rule, node, "duplicate", "%.*s has the same phrase, in line %u",
                    STR_FMT(other->name), line);
}

/* ---- one in the other ----------------------------------------------------------------------- */

/* Calls back for each shorter row of words in a phrase that is a phrase itself. */
static void each_inner(const struct overlap *o, size_t pattern,
                       bool (*found)(void *user, uint32_t inner), void *user)
{
    struct str text = o->literals[pattern];
    size_t starts[WORDS_MAX + 1], n = 0;
    uint32_t inner;

    for (size_t i = 0; i < text.len; i++) {
        if (text.s[i] != ' ')
            continue;
        if (n == WORDS_MAX)
            return;
        starts[n++] = i;
    }
    starts[n] = text.len;
    for (size_t from = 0; from < n; from++)
        for (size_t to = from + 1; to <= n; to++)
            if (to - from < n &&
                name_index_find(&o->phrases, str_slice(text, starts[from], starts[to]), &inner) &&
                !found(user, inner))
                return;
}

struct seeking {
    const struct overlap *o;
    const struct rule *rule; /* whose phrase is looked for */
    const struct rule *not;  /* and whose is not, while rule is NULL */
    uint32_t found;          /* UINT32_MAX: none */
};

static bool seek(void *user, uint32_t inner)
{
    struct seeking *s = user;
    const struct rule *rule = rule_of(s->o, inner);

    if (s->rule ? rule != s->rule : rule == s->not)
        return true;
    s->found = inner;
    return false;
}

static uint32_t seek_inner(const struct overlap *o, size_t pattern, const struct rule *rule,
                           const struct rule *not)
{
    struct seeking s = {o, rule, not, UINT32_MAX};

    each_inner(o, pattern, seek, &s);
    return s.found;
}

/* Two phrases of one rule. */
static void check_needless(struct overlap *o, size_t pattern)
{
    const struct rule *rule = rule_of(o, pattern);
    uint32_t inner = seek_inner(o, pattern, rule, NULL);

    if (inner != UINT32_MAX)
        lint_report(o->l, rule, o->l->set->origins[pattern], "shadowed",
                    "the phrase in line %u hits wherever this one does",
                    o->l->set->origins[inner]->mark.line);
}

static bool has_guard(const struct rule *rule, uint32_t guard)
{
    for (size_t i = 0; i < rule->n_guards; i++)
        if (rule->guards[i] == guard)
            return true;
    return false;
}

/* Does `a` count wherever its phrase hits and `b` counts, and for as much? */
static bool outdoes(const struct overlap *o, const struct rule *a, const struct rule *b)
{
    if (!says_the_same(o, a, b) || a->n_when > 0 || a->needs_others || a->negated != b->negated ||
        a->priority < b->priority || a->scores[a->class] < b->scores[b->class] ||
        b->n_captures > 0)
        return false;
    for (size_t i = 0; i < a->n_guards; i++)
        if (!has_guard(b, a->guards[i]))
            return false;
    return true;
}

/* Patterns [first, end) are all that a rule has. */
static void check_shadowed(struct overlap *o, size_t first, size_t end)
{
    const struct rule *rule = rule_of(o, first), *other;
    uint32_t inner;

    for (size_t i = first; i < end; i++)
        if (o->literals[i].len == 0)
            return;
    inner = seek_inner(o, first, NULL, rule);
    if (inner == UINT32_MAX || !outdoes(o, other = rule_of(o, inner), rule))
        return;
    for (size_t i = first + 1; i < end; i++)
        if (seek_inner(o, i, other, NULL) == UINT32_MAX)
            return;
    lint_report(o->l, rule, rule->node, "shadowed",
                "%.*s, line %u, hits wherever this rule does, for at least as much",
                STR_FMT(other->name), other->node->mark.line);
}

/* ---- all of them ---------------------------------------------------------------------------- */

static void index_phrases(struct overlap *o)
{
    const struct ruleset *set = o->l->set;
    uint32_t first;

    for (size_t i = 0; i < set->n_patterns; i++) {
        if (!is_rules(o, i))
            continue;
        o->literals[i] = literal_of(&set->patterns[i], &o->arena);
        if (o->literals[i].len == 0)
            continue;
        if (name_index_find(&o->phrases, o->literals[i], &first))
            check_double(o, i, first);
        else
            name_index_add(&o->phrases, o->literals[i], (uint32_t)i);
    }
}

void lint_overlaps(struct lint *l)
{
    const struct ruleset *set = l->set;
    struct overlap o = {.l = l};
    size_t end;

    arena_init(&o.arena, RULES_ARENA_MAX);
    o.literals = arena_zalloc(&o.arena, (set->n_patterns + 1) * sizeof(*o.literals));
    if (o.literals)
        index_phrases(&o);
    for (size_t i = 0; o.literals && i < set->n_patterns; i = end) {
        for (end = i + 1; end < set->n_patterns; end++)
            if (set->patterns[end].owner != set->patterns[i].owner)
                break;
        if (!is_rules(&o, i))
            continue;
        for (size_t k = i; k < end; k++)
            check_needless(&o, k);
        if (!rule_of(&o, i)->needs_others)
            check_shadowed(&o, i, end);
    }
    name_index_finish(&o.phrases);
    arena_finish(&o.arena);
}
