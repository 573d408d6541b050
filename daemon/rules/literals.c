/* The extractor: one walk over a PCRE2 source that PCRE2 has accepted already.
 *
 * It knows literals, classes, escapes, quantifiers, alternations, all groups, lookarounds, \Q..\E,
 * comments and inline options. What matches "some text" (a dot, \w, a back reference, a subroutine
 * call) is a part without requirements. Verbs, conditions, callouts, octal numbers and whatever
 * else is not in the tables below (and in literals_read.c) make it give up on the whole regex: that
 * regex is then always run.
 *
 * Reading is char by char, and options matter only where they change what is a literal: x and xx.
 * */
#include "rules/literals.h"

#include <errno.h>

#include "rules/literals_read.h"

#define REPEAT_MAX 65535

/* What an atom does to the sequence it stands in. */
enum atom_kind { ATOM_PART, ATOM_AHEAD, ATOM_NONE };

static const struct literal_part any_text;

static void parse_alternatives(struct literal_parser *p, struct literal_part *ret);

/* ---- groups --------------------------------------------------------------------------------- */

static void set_extended(struct literal_parser *p, bool on)
{
    p->extended = on;
    p->extended_more = false;
}

/* "i", "x-s", "^": behind "(?"; up to the ")" or ":" that follows, which is passed. */
static bool parse_options(struct literal_parser *p, bool *ret_group)
{
    bool on = true;

    for (; more(p) && !next_in(p, ":)"); p->at++) {
        char c = *p->at;
        if (c == '^')
            set_extended(p, false);
        else if (c == '-')
            on = false;
        else if (c == 'x' && on && p->extended && p->at[-1] == 'x')
            p->extended_more = true;
        else if (c == 'x')
            set_extended(p, on);
        else if (!strchr("imsnJU", c) || (c == 'i' && !p->fold))
            return false;
    }
    if (!more(p))
        return false;
    *ret_group = *p->at++ == ':';
    return true;
}

/* Up to the ")" of the group, which is passed. Options end with it. */
static void parse_inside(struct literal_parser *p, bool extended, bool extended_more,
                         struct literal_part *ret)
{
    parse_alternatives(p, ret);
    p->extended = extended;
    p->extended_more = extended_more;
    if (!take(p, ")"))
        p->lost = true;
}

/* Behind "(?": a call or a reference, "(?1)", "(?-1)", "(?R)", "(?&name)", "(?P>name)",
 * "(?P=name)". */
static bool is_call(const struct literal_parser *p)
{
    size_t left = (size_t)(p->end - p->at);

    if (left < 2)
        return false;
    return is_digit(p->at[0]) || p->at[0] == 'R' || p->at[0] == '&' ||
           ((p->at[0] == '+' || p->at[0] == '-') && is_digit(p->at[1])) ||
           (p->at[0] == 'P' && (p->at[1] == '>' || p->at[1] == '='));
}

enum group { GROUP_PLAIN, GROUP_AHEAD, GROUP_BEHIND, GROUP_NOT };

static const struct {
    const char *start;
    enum group kind;
    char name_end; /* a name follows up to it; 0: none */
} groups[] = {
    {":", GROUP_PLAIN, 0},  {"|", GROUP_PLAIN, 0},    {">", GROUP_PLAIN, 0},
    {"=", GROUP_AHEAD, 0},  {"!", GROUP_NOT, 0},      {"<=", GROUP_BEHIND, 0},
    {"<!", GROUP_NOT, 0},   {"P<", GROUP_PLAIN, '>'}, {"'", GROUP_PLAIN, '\''},
};

static enum atom_kind finish_group(struct literal_parser *p, enum group kind, struct literal_part *part)
{
    if (kind == GROUP_AHEAD)
        return ATOM_AHEAD;
    if (kind == GROUP_NOT)
        literal_part_exact(p, STR(""), part);
    if (kind != GROUP_BEHIND)
        return ATOM_PART;
    if (part->is_exact && literal_set_weigh(&part->exact))
        literal_part_require(part, &part->exact);
    part->is_exact = true;
    part->exact = literal_set_one(p->arena, STR(""));
    return ATOM_PART;
}

/* Behind "(?". */
static enum atom_kind parse_special(struct literal_parser *p, struct literal_part *ret)
{
    bool extended = p->extended, extended_more = p->extended_more, is_group;

    if (is_call(p)) {
        skip_past(p, ')');
        return ATOM_PART;
    }
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        if (!take(p, groups[i].start))
            continue;
        if (groups[i].name_end)
            skip_past(p, groups[i].name_end);
        parse_inside(p, extended, extended_more, ret);
        return finish_group(p, groups[i].kind, ret);
    }
    if (next_is(p, '<') && p->at + 1 < p->end && p->at[1] != '*') {
        skip_past(p, '>');
        parse_inside(p, extended, extended_more, ret);
        return ATOM_PART;
    }
    if (!parse_options(p, &is_group)) {
        p->lost = true;
        return ATOM_NONE;
    }
    if (!is_group)
        return ATOM_NONE;
    parse_inside(p, extended, extended_more, ret);
    return ATOM_PART;
}

/* Behind "(". */
static enum atom_kind parse_group(struct literal_parser *p, struct literal_part *ret)
{
    if (next_is(p, '*')) {
        p->lost = true;
        return ATOM_NONE;
    }
    if (take(p, "?"))
        return parse_special(p, ret);
    parse_inside(p, p->extended, p->extended_more, ret);
    return ATOM_PART;
}

/* ---- atoms ---------------------------------------------------------------------------------- */

static void skip_extended_char(struct literal_parser *p)
{
    if (take(p, "#")) {
        const char *line_end = memchr(p->at, '\n', (size_t)(p->end - p->at));
        p->at = line_end ? line_end + 1 : p->end;
    } else {
        p->at++;
    }
}

/* What is nothing: comments, and in (?x) white space; \E and \Q too, but that changes the state. */
static void skip_nothing(struct literal_parser *p)
{
    for (;;) {
        if (take(p, "\\E"))
            p->quoting = false;
        else if (!p->quoting && take(p, "\\Q"))
            p->quoting = true;
        else if (p->quoting)
            return;
        else if (take(p, "(?#"))
            skip_past(p, ')');
        else if (p->extended && next_in(p, " \t\n\v\f\r#"))
            skip_extended_char(p);
        else
            return;
    }
}

static void part_escape(struct literal_parser *p, struct literal_part *ret)
{
    uint32_t c = 0;

    switch (literal_read_escape(p, &c)) {
    case ESCAPE_CHAR:
        literal_part_char(p, c, ret);
        return;
    case ESCAPE_EMPTY:
        literal_part_exact(p, STR(""), ret);
        return;
    case ESCAPE_ANY:
        return;
    case ESCAPE_LOST:
        p->lost = true;
    }
}

/* PCRE2 skips some characters in (?x) that are not ASCII. */
static bool is_far_blank(uint32_t c)
{
    return c == 0x85 || c == 0x200E || c == 0x200F || c == 0x2028 || c == 0x2029;
}

static enum atom_kind parse_atom(struct literal_parser *p, struct literal_part *ret)
{
    literal_part_any(ret);
    if (p->quoting) {
        literal_part_char(p, literal_read_char(p), ret);
    } else if (take(p, "(")) {
        return parse_group(p, ret);
    } else if (take(p, "[")) {
        literal_read_class(p, ret);
    } else if (take(p, "\\")) {
        part_escape(p, ret);
    } else if (take(p, "^") || take(p, "$")) {
        literal_part_exact(p, STR(""), ret);
    } else if (!take(p, ".")) {
        uint32_t c = literal_read_char(p);
        p->lost |= p->extended && is_far_blank(c);
        literal_part_char(p, c, ret);
    }
    return ATOM_PART;
}

/* ---- quantifiers ---------------------------------------------------------------------------- */

struct repeat {
    unsigned min;
    bool once, bounded; /* {1}; a fixed number */
    bool optional;      /* ? */
};

static unsigned take_number(struct literal_parser *p)
{
    unsigned n = 0;

    for (; more(p) && is_digit(*p->at); p->at++)
        n = n > REPEAT_MAX ? n : 10 * n + (unsigned)(*p->at - '0');
    return n;
}

/* "{2}", "{2,}", "{2,3}"; anything else in braces is literal, or too new for us. */
static bool take_braces(struct literal_parser *p, struct repeat *ret)
{
    const char *start = p->at;
    unsigned max;

    p->at++;
    if (next_in(p, " ,\t"))
        p->lost = true;
    if (!more(p) || !is_digit(*p->at)) {
        p->at = start;
        return false;
    }
    ret->min = max = take_number(p);
    if (take(p, ",")) {
        max = REPEAT_MAX;
        if (more(p) && is_digit(*p->at))
            max = take_number(p);
    }
    if (next_in(p, " \t"))
        p->lost = true;
    if (!take(p, "}")) {
        p->at = start;
        return false;
    }
    ret->bounded = max == ret->min;
    ret->once = ret->bounded && ret->min == 1;
    ret->optional = ret->min == 0 && max == 1;
    return true;
}

static bool take_quantifier(struct literal_parser *p, struct repeat *ret)
{
    *ret = (struct repeat){.min = 1, .once = true};
    if (p->quoting || !next_in(p, "*+?{"))
        return false;
    if (next_is(p, '{'))
        return take_braces(p, ret);
    *ret = (struct repeat){.min = next_is(p, '+'), .optional = next_is(p, '?')};
    p->at++;
    return true;
}

static struct repeat parse_repeat(struct literal_parser *p)
{
    struct repeat repeat, again;

    skip_nothing(p);
    if (!take_quantifier(p, &repeat))
        return repeat;
    skip_nothing(p);
    if (!p->quoting && next_in(p, "+?")) {
        p->at++;
        skip_nothing(p);
    }
    if (take_quantifier(p, &again))
        p->lost = true;
    return repeat;
}

/* ---- structure ------------------------------------------------------------------------------ */

static void add_optional(struct literal_parser *p, struct literal_sequence *seq, struct literal_part *atom)
{
    struct literal_set empty = literal_set_one(p->arena, STR("")), either;

    atom->n_reqs = 0;
    if (atom->is_exact && literal_set_union(p->arena, &atom->exact, &empty, &either))
        atom->exact = either;
    else
        literal_part_any(atom);
    literal_sequence_add(seq, atom);
}

static void parse_item(struct literal_parser *p, struct literal_sequence *seq)
{
    struct literal_part atom;
    enum atom_kind kind = parse_atom(p, &atom);

    if (kind == ATOM_NONE || p->lost)
        return;
    struct repeat repeat = parse_repeat(p);
    if (kind == ATOM_AHEAD) {
        if (repeat.min > 0)
            literal_sequence_peek(seq, &atom);
    } else if (repeat.once) {
        literal_sequence_add(seq, &atom);
    } else if (repeat.optional) {
        add_optional(p, seq, &atom);
    } else if (repeat.min == 0) {
        literal_sequence_add(seq, &any_text);
    } else {
        literal_sequence_repeat(seq, &atom, repeat.min, repeat.bounded);
    }
}

static void parse_sequence(struct literal_parser *p, struct literal_part *ret)
{
    struct literal_sequence seq;

    literal_sequence_begin(&seq, p->arena);
    for (;;) {
        skip_nothing(p);
        if (!more(p) || (!p->quoting && next_in(p, "|)")))
            break;
        parse_item(p, &seq);
    }
    literal_sequence_end(&seq, ret);
}

/* The rarest thing known about a part; NULL if there is none. */
static const struct literal_set *best_of(struct literal_part *part)
{
    const struct literal_set *best = part->n_reqs > 0 ? &part->reqs[0] : NULL;

    if (part->is_exact && literal_set_weigh(&part->exact) &&
        (!best || part->exact.expected < best->expected))
        best = &part->exact;
    return best;
}

static void either(struct literal_parser *p, struct literal_part *a, struct literal_part *b)
{
    const struct literal_set *best_a, *best_b;
    struct literal_set joined;

    if (a->is_exact && b->is_exact &&
        literal_set_union(p->arena, &a->exact, &b->exact, &joined)) {
        a->exact = joined;
        a->n_reqs = 0;
        a->covered = false;
        return;
    }
    best_a = best_of(a);
    best_b = best_of(b);
    bool known = best_a && best_b && literal_set_union(p->arena, best_a, best_b, &joined) &&
                 literal_set_weigh(&joined);
    literal_part_any(a);
    if (known)
        literal_part_require(a, &joined);
}

static void parse_alternatives(struct literal_parser *p, struct literal_part *ret)
{
    struct literal_part other;

    parse_sequence(p, ret);
    while (more(p) && !p->quoting && take(p, "|")) {
        parse_sequence(p, &other);
        either(p, ret, &other);
    }
}

/* ---- the whole ------------------------------------------------------------------------------ */

int literals_extract(struct str source, const struct fold *fold, struct arena *arena,
                     struct literals *ret)
{
    struct literal_parser p = {.at = source.s, .end = source.s + source.len, .fold = fold, .arena = arena};
    struct literal_part all;

    parse_alternatives(&p, &all);
    *ret = (struct literals){.understood = !p.lost && p.at == p.end};
    if (arena->failed)
        return -ENOMEM;
    if (!ret->understood)
        return 0;
    if (all.is_exact && !all.covered && literal_set_weigh(&all.exact))
        literal_part_require(&all, &all.exact);
    for (size_t i = 0; i < all.n_reqs && i < LITERAL_SETS_MAX; i++)
        ret->sets[ret->n_sets++] = all.reqs[i];
    return 0;
}
