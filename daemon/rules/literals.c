/* The extractor: one walk over a PCRE2 source that PCRE2 has accepted already.
 *
 * It knows literals, classes, escapes, quantifiers, alternations, all groups, lookarounds, \Q..\E,
 * comments and inline options. What matches "some text" (a dot, \w, a back reference, a subroutine
 * call) is a part without requirements. Verbs, conditions, callouts, octal numbers and whatever
 * else is not in the tables below make it give up on the whole regex: that regex is then always
 * run.
 *
 * Reading is char by char, and options matter only where they change what is a literal: x and xx.
 * */
#include "rules/literals.h"

#include <ctype.h>
#include <errno.h>

#include "rules/literals_set.h"

#define CLASS_CHARS_MAX 16 /* a larger class counts as any character */
#define REPEAT_MAX 65535

struct parser {
    const char *at, *end;
    const struct fold *fold;
    struct arena *arena;
    bool extended, extended_more; /* (?x), (?xx) */
    bool quoting;                 /* behind \Q */
    bool lost;                    /* nothing is known any more */
};

/* What an atom does to the sequence it stands in. */
enum atom_kind { ATOM_PART, ATOM_AHEAD, ATOM_NONE };

static const struct literal_part any_text;

static void parse_alternatives(struct parser *p, struct literal_part *ret);

static bool more(const struct parser *p)
{
    return p->at < p->end && !p->lost;
}

static bool next_is(const struct parser *p, char c)
{
    return more(p) && *p->at == c;
}

static bool next_in(const struct parser *p, const char *chars)
{
    return more(p) && *p->at != '\0' && strchr(chars, *p->at) != NULL;
}

static bool take(struct parser *p, const char *text)
{
    size_t len = strlen(text);

    if ((size_t)(p->end - p->at) < len || memcmp(p->at, text, len) != 0)
        return false;
    p->at += len;
    return true;
}

/* Past the next `c`. */
static void skip_past(struct parser *p, char c)
{
    const char *found = memchr(p->at, c, (size_t)(p->end - p->at));

    if (found)
        p->at = found + 1;
    else
        p->lost = true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ---- single characters ---------------------------------------------------------------------- */

static size_t encode(uint32_t c, char out[4])
{
    static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (size_t i = len; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(leads[len == 1 ? 0 : len] | c);
    return len;
}

static uint32_t take_char(struct parser *p)
{
    unsigned char lead = (unsigned char)*p->at++;
    unsigned tail = lead < 0xC0 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    uint32_t c = tail == 0 ? lead : lead & (0x3Fu >> tail);

    for (; tail > 0 && p->at < p->end; tail--)
        c = c << 6 | ((unsigned char)*p->at++ & 0x3F);
    return c;
}

/* False if a literal cannot hold it. */
static bool spell(const struct parser *p, uint32_t c, struct str *ret, char storage[4])
{
    if (p->fold && !fold_knows(c))
        return false;
    *ret = (struct str){storage, encode(p->fold ? fold_char(p->fold, c) : c, storage)};
    return true;
}

static void part_exact(struct parser *p, struct str text, struct literal_part *ret)
{
    ret->is_exact = true;
    ret->n_reqs = 0;
    ret->exact = literal_set_one(p->arena, text);
}

static void part_any(struct literal_part *ret)
{
    ret->is_exact = false;
    ret->n_reqs = 0;
}

static void part_char(struct parser *p, uint32_t c, struct literal_part *ret)
{
    char storage[4];
    struct str text;

    if (spell(p, c, &text, storage))
        part_exact(p, text, ret);
    else
        part_any(ret);
}

/* ---- escapes -------------------------------------------------------------------------------- */

enum escape { ESCAPE_LOST, ESCAPE_CHAR, ESCAPE_ANY, ESCAPE_EMPTY };

static const struct {
    char letter;
    enum escape kind;
    char c; /* of ESCAPE_CHAR */
} escapes[] = {
    {'d', ESCAPE_ANY, 0},   {'D', ESCAPE_ANY, 0},   {'w', ESCAPE_ANY, 0},   {'W', ESCAPE_ANY, 0},
    {'s', ESCAPE_ANY, 0},   {'S', ESCAPE_ANY, 0},   {'h', ESCAPE_ANY, 0},   {'H', ESCAPE_ANY, 0},
    {'v', ESCAPE_ANY, 0},   {'V', ESCAPE_ANY, 0},   {'R', ESCAPE_ANY, 0},   {'X', ESCAPE_ANY, 0},
    {'b', ESCAPE_EMPTY, 0}, {'B', ESCAPE_EMPTY, 0}, {'A', ESCAPE_EMPTY, 0}, {'Z', ESCAPE_EMPTY, 0},
    {'z', ESCAPE_EMPTY, 0}, {'G', ESCAPE_EMPTY, 0}, {'K', ESCAPE_EMPTY, 0}, {'E', ESCAPE_EMPTY, 0},
    {'a', ESCAPE_CHAR, 7},  {'e', ESCAPE_CHAR, 27}, {'f', ESCAPE_CHAR, 12}, {'n', ESCAPE_CHAR, 10},
    {'r', ESCAPE_CHAR, 13}, {'t', ESCAPE_CHAR, 9},
};

static uint32_t take_hex(struct parser *p, unsigned max_digits)
{
    uint32_t c = 0;

    for (unsigned i = 0; i < max_digits && more(p) && hex_value(*p->at) >= 0; i++)
        c = c << 4 | (uint32_t)hex_value(*p->at++);
    return c;
}

/* Behind \x, or behind \N{U+. */
static enum escape escape_hex(struct parser *p, bool braced, uint32_t *ret_c)
{
    *ret_c = take_hex(p, braced ? 8 : 2);
    if (braced && !take(p, "}"))
        return ESCAPE_LOST;
    return *ret_c <= 0x10FFFF ? ESCAPE_CHAR : ESCAPE_LOST;
}

/* Behind \g or \k: a reference or a call. */
static enum escape escape_reference(struct parser *p)
{
    static const char pairs[][2] = {{'{', '}'}, {'<', '>'}, {'\'', '\''}};

    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        if (!next_is(p, pairs[i][0]))
            continue;
        p->at++;
        skip_past(p, pairs[i][1]);
        return ESCAPE_ANY;
    }
    if (next_in(p, "+-"))
        p->at++;
    while (more(p) && is_digit(*p->at))
        p->at++;
    return ESCAPE_ANY;
}

static enum escape escape_letter(struct parser *p, char letter, uint32_t *ret_c)
{
    for (size_t i = 0; i < ARRAY_LEN(escapes); i++) {
        if (escapes[i].letter != letter)
            continue;
        *ret_c = (uint32_t)escapes[i].c;
        return escapes[i].kind;
    }
    switch (letter) {
    case 'x':
        return escape_hex(p, take(p, "{"), ret_c);
    case 'N':
        return take(p, "{U+") ? escape_hex(p, true, ret_c) : ESCAPE_ANY;
    case 'p':
    case 'P':
        if (take(p, "{"))
            skip_past(p, '}');
        else if (more(p))
            p->at++;
        return ESCAPE_ANY;
    case 'g':
    case 'k':
        return escape_reference(p);
    default:
        return ESCAPE_LOST;
    }
}

/* Behind a backslash that is not \Q. */
static enum escape take_escape(struct parser *p, uint32_t *ret_c)
{
    if (!more(p))
        return ESCAPE_LOST;
    unsigned char c = (unsigned char)*p->at++;
    bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

    *ret_c = c;
    if (c >= '1' && c <= '9')
        return more(p) && is_digit(*p->at) ? ESCAPE_LOST : ESCAPE_ANY;
    if (is_letter)
        return escape_letter(p, (char)c, ret_c);
    return c < 0x80 && c != '0' ? ESCAPE_CHAR : ESCAPE_LOST;
}

/* ---- classes -------------------------------------------------------------------------------- */

struct class {
    struct literal_set set;
    bool any; /* more than the set can say */
};

static void class_put(struct parser *p, struct class *class, uint32_t c)
{
    char storage[4];
    struct str text;

    if (class->set.n >= CLASS_CHARS_MAX || !spell(p, c, &text, storage)) {
        class->any = true;
        return;
    }
    for (size_t i = 0; i < class->set.n; i++)
        if (str_eq(class->set.items[i], text))
            return;
    class->set.items[class->set.n++] = arena_str(p->arena, text);
}

/* Behind "[:" inside a class. */
static void class_posix(struct parser *p)
{
    const char *at = p->at;

    while (at < p->end && (*at == '^' || (*at >= 'a' && *at <= 'z')))
        at++;
    if (p->end - at < 2 || at[0] != ':' || at[1] != ']')
        p->lost = true;
    else
        p->at = at + 2;
}

/* One character of a class; false if it was something else, which was passed. */
static bool class_char(struct parser *p, struct class *class, uint32_t *ret_c)
{
    if (next_is(p, '[') && p->at + 1 < p->end && strchr(":.=", p->at[1])) {
        p->at += 2;
        class->any = true;
        if (p->at[-1] == ':')
            class_posix(p);
        else
            p->lost = true;
        return false;
    }
    if (!take(p, "\\")) {
        *ret_c = take_char(p);
        return true;
    }
    if (next_is(p, 'b')) {
        p->at++;
        *ret_c = '\b';
        return true;
    }
    if (next_in(p, "QEgkBAZzGKRX123456789")) {
        p->lost = true; /* \Q inside a class, and what means something else in here */
        return false;
    }
    enum escape kind = take_escape(p, ret_c);
    p->lost |= kind == ESCAPE_LOST;
    class->any |= kind == ESCAPE_ANY;
    return kind == ESCAPE_CHAR;
}

static void class_item(struct parser *p, struct class *class)
{
    uint32_t first, last;

    if (p->extended_more && next_in(p, " \t")) {
        p->at++;
        return;
    }
    if (!class_char(p, class, &first))
        return;
    bool range = next_is(p, '-') && p->at + 1 < p->end && p->at[1] != ']';
    if (!range) {
        class_put(p, class, first);
        return;
    }
    p->at++;
    if (p->extended_more || !more(p) || !class_char(p, class, &last) || last < first ||
        last - first >= CLASS_CHARS_MAX) {
        class->any = true;
        return;
    }
    for (uint32_t c = first; c <= last; c++)
        class_put(p, class, c);
}

/* Behind "[". */
static void parse_class(struct parser *p, struct literal_part *ret)
{
    struct class class = {.any = false};

    class.set.items = arena_alloc(p->arena, CLASS_CHARS_MAX * sizeof(*class.set.items));
    if (!class.set.items) {
        p->lost = true;
        return;
    }
    if (next_is(p, ':'))
        p->lost = true;
    class.any = take(p, "^");
    if (next_in(p, " \t") && p->extended_more)
        p->lost = true; /* what comes first behind it would be special */
    if (take(p, "]"))
        class_put(p, &class, ']');
    while (more(p) && !next_is(p, ']'))
        class_item(p, &class);
    if (!take(p, "]"))
        p->lost = true;
    part_any(ret);
    ret->is_exact = !class.any;
    ret->exact = class.set;
}

/* ---- groups --------------------------------------------------------------------------------- */

static void set_extended(struct parser *p, bool on)
{
    p->extended = on;
    p->extended_more = false;
}

/* "i", "x-s", "^": behind "(?"; up to the ")" or ":" that follows, which is passed. */
static bool parse_options(struct parser *p, bool *ret_group)
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
static void parse_inside(struct parser *p, bool extended, bool extended_more,
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
static bool is_call(const struct parser *p)
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

static enum atom_kind finish_group(struct parser *p, enum group kind, struct literal_part *part)
{
    if (kind == GROUP_AHEAD)
        return ATOM_AHEAD;
    if (kind == GROUP_NOT)
        part_exact(p, STR(""), part);
    if (kind != GROUP_BEHIND)
        return ATOM_PART;
    if (part->is_exact && literal_set_weigh(&part->exact))
        literal_part_require(part, &part->exact);
    part->is_exact = true;
    part->exact = literal_set_one(p->arena, STR(""));
    return ATOM_PART;
}

/* Behind "(?". */
static enum atom_kind parse_special(struct parser *p, struct literal_part *ret)
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
static enum atom_kind parse_group(struct parser *p, struct literal_part *ret)
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

static void skip_extended_char(struct parser *p)
{
    if (take(p, "#")) {
        const char *line_end = memchr(p->at, '\n', (size_t)(p->end - p->at));
        p->at = line_end ? line_end + 1 : p->end;
    } else {
        p->at++;
    }
}

/* What is nothing: comments, and in (?x) white space; \E and \Q too, but that changes the state. */
static void skip_nothing(struct parser *p)
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

static void part_escape(struct parser *p, struct literal_part *ret)
{
    uint32_t c = 0;

    switch (take_escape(p, &c)) {
    case ESCAPE_CHAR:
        part_char(p, c, ret);
        return;
    case ESCAPE_EMPTY:
        part_exact(p, STR(""), ret);
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

static enum atom_kind parse_atom(struct parser *p, struct literal_part *ret)
{
    part_any(ret);
    if (p->quoting) {
        part_char(p, take_char(p), ret);
    } else if (take(p, "(")) {
        return parse_group(p, ret);
    } else if (take(p, "[")) {
        parse_class(p, ret);
    } else if (take(p, "\\")) {
        part_escape(p, ret);
    } else if (take(p, "^") || take(p, "$")) {
        part_exact(p, STR(""), ret);
    } else if (!take(p, ".")) {
        uint32_t c = take_char(p);
        p->lost |= p->extended && is_far_blank(c);
        part_char(p, c, ret);
    }
    return ATOM_PART;
}

/* ---- quantifiers ---------------------------------------------------------------------------- */

struct repeat {
    unsigned min;
    bool once, bounded; /* {1}; a fixed number */
    bool optional;      /* ? */
};

static unsigned take_number(struct parser *p)
{
    unsigned n = 0;

    for (; more(p) && is_digit(*p->at); p->at++)
        n = n > REPEAT_MAX ? n : 10 * n + (unsigned)(*p->at - '0');
    return n;
}

/* "{2}", "{2,}", "{2,3}"; anything else in braces is literal, or too new for us. */
static bool take_braces(struct parser *p, struct repeat *ret)
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

static bool take_quantifier(struct parser *p, struct repeat *ret)
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

static struct repeat parse_repeat(struct parser *p)
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

static void add_optional(struct parser *p, struct literal_sequence *seq, struct literal_part *atom)
{
    struct literal_set empty = literal_set_one(p->arena, STR("")), either;

    atom->n_reqs = 0;
    if (atom->is_exact && literal_set_union(p->arena, &atom->exact, &empty, &either))
        atom->exact = either;
    else
        part_any(atom);
    literal_sequence_add(seq, atom);
}

static void parse_item(struct parser *p, struct literal_sequence *seq)
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

static void parse_sequence(struct parser *p, struct literal_part *ret)
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

static void either(struct parser *p, struct literal_part *a, struct literal_part *b)
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
    part_any(a);
    if (known)
        literal_part_require(a, &joined);
}

static void parse_alternatives(struct parser *p, struct literal_part *ret)
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
    struct parser p = {.at = source.s, .end = source.s + source.len, .fold = fold, .arena = arena};
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

/* Copies the literal's bytes to `out` unless that is NULL; false if the source is more than a
 * literal. */
static bool whole_copy(struct str source, char *out)
{
    for (size_t i = 0; i < source.len; i++) {
        unsigned char c = (unsigned char)source.s[i];
        if (c == '\\' && i + 1 < source.len) {
            c = (unsigned char)source.s[++i];
            if ((c < 0x80 && isalnum(c)) || c == '\0')
                return false;
        } else if (strchr("\\^$.[|()?*+{", c)) {
            return false;
        }
        if (out)
            *out++ = (char)c;
    }
    return source.len > 0;
}

static bool whole_cut(struct str *source)
{
    static const struct str ahead = {"(?= )", 5};

    if (!str_ends_with(*source, ahead))
        return false;
    source->len -= ahead.len;
    return true;
}

bool literals_are_whole(struct str source)
{
    return whole_cut(&source) && whole_copy(source, NULL);
}

struct str literals_whole(struct str source, struct arena *arena)
{
    char *text;
    size_t escapes_len = 0;

    if (!whole_cut(&source) || !whole_copy(source, NULL))
        return (struct str){0};
    text = arena_alloc(arena, source.len + 1);
    if (!text)
        return (struct str){0};
    whole_copy(source, text);
    for (size_t i = 0; i < source.len; i++)
        if (source.s[i] == '\\') {
            escapes_len++;
            i++;
        }
    text[source.len - escapes_len] = ' ';
    return (struct str){text, source.len - escapes_len + 1};
}
