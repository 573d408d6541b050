/* How a regex is written, as far as that tells that it may be slow. It reads as much of PCRE2's
 * syntax as it takes to find groups and quantifiers; what it does not know it takes for a
 * character.
 *
 * - nested-quantifier: (a+)+ and its like, where the inner and the outer repetition can share a
 *   text in many ways. A group in which something else must be there each time, (a+,)+ or
 *   (\w+\s+)+, mostly cannot.
 * - lookahead: (?=.*x) with nothing before it is tried at each place of the text, to its end. */
#include "rules/lint.h"

struct level {
    bool look, look_ahead, atomic; /* what kind of group it is; a lookbehind only looks */
    bool repeats;     /* this alternative holds an endless repetition */
    bool fixed;       /* and something that must be there once */
    unsigned rows;    /* or so many endless repetitions that must be there */
    bool loose;       /* an alternative repeats and has nothing that parts the repetitions */
    bool ever;        /* any of them repeats */
    bool first;       /* nothing is before the group that a text must hold */
    size_t start;
};

/* The thing a quantifier stands behind. */
struct atom {
    bool any;         /* there is one */
    bool loose, repeats, width;
};

struct reader {
    struct str source;
    size_t at;
    struct level levels[REGEX_NESTING_MAX + 1];
    size_t depth;
    struct atom atom;
    bool anchored;
    struct regex_flaw flaw;
};

static void report(struct reader *r, const char *kind, const char *what, size_t at)
{
    if (!r->flaw.kind)
        r->flaw = (struct regex_flaw){kind, what, at};
}

static char peek(const struct reader *r, size_t ahead)
{
    return r->at + ahead < r->source.len ? r->source.s[r->at + ahead] : '\0';
}

/* The atom takes its place in the alternative: nothing may repeat it any more. */
static void settle(struct reader *r, bool endless, bool optional)
{
    struct level *level = &r->levels[r->depth];

    if (!r->atom.any)
        return;
    if (endless || r->atom.repeats)
        level->repeats = true;
    if (!endless && !optional && !r->atom.loose && r->atom.width)
        level->fixed = true;
    level->rows += endless && !optional && !r->atom.loose;
    r->atom = (struct atom){0};
}

static void alternative_end(struct reader *r)
{
    struct level *level = &r->levels[r->depth];

    settle(r, false, false);
    level->loose |= level->repeats && !level->fixed && level->rows < 2;
    level->ever |= level->repeats;
    level->repeats = level->fixed = false;
    level->rows = 0;
}

static void skip_class(struct reader *r)
{
    r->at++;
    if (peek(r, 0) == '^')
        r->at++;
    if (peek(r, 0) == ']')
        r->at++;
    while (r->at < r->source.len && r->source.s[r->at] != ']')
        r->at += r->source.s[r->at] == '\\' ? 2 : 1;
    r->at++;
}

/* Is anything that takes room before this place, at any depth? */
static bool is_first(const struct reader *r)
{
    for (size_t i = 0; i <= r->depth; i++)
        if (r->levels[i].fixed || r->levels[i].repeats)
            return false;
    return !r->anchored;
}

/* "?:", "?>", "?<name>", "?i:". False at ")": "(?i)" is no group. */
static bool skip_kind(struct reader *r)
{
    r->at++;
    while (peek(r, 0) && !memchr(":>)'(", peek(r, 0), 5))
        r->at++;
    if (peek(r, 0) == ')') {
        r->at++;
        return false;
    }
    r->at += peek(r, 0) && peek(r, 0) != '(';
    return true;
}

static void group_open(struct reader *r)
{
    struct level level = {.start = r->at};
    bool special = peek(r, 1) == '?';
    char kind = peek(r, 2), more = peek(r, 3);

    settle(r, false, false);
    level.first = is_first(r);
    level.look_ahead = special && (kind == '=' || kind == '!');
    level.look = level.look_ahead || (special && kind == '<' && (more == '=' || more == '!'));
    level.atomic = special && kind == '>';
    r->at++;
    if (level.look)
        r->at += level.look_ahead ? 2 : 3;
    else if (special && !skip_kind(r))
        return;
    if (r->depth < REGEX_NESTING_MAX)
        r->levels[++r->depth] = level;
}

static void group_close(struct reader *r)
{
    struct level level;

    alternative_end(r);
    r->at++;
    if (r->depth == 0)
        return;
    level = r->levels[r->depth--];
    if (level.look_ahead && level.ever && level.first)
        report(r, "lookahead", "a lookahead to the end of the text, tried at every place; begin "
                               "with ^ or with what must be there",
               level.start);
    r->atom = (struct atom){true, level.loose && !level.atomic && !level.look,
                            level.ever && !level.look, !level.look};
}

/* At * + ? or {. */
static void quantifier(struct reader *r)
{
    size_t start = r->at;
    char c = r->source.s[r->at++];
    bool endless = c == '*' || c == '+', optional = c == '*' || c == '?';

    if (c == '{') {
        optional = peek(r, 0) == '0' || peek(r, 0) == ',';
        while (peek(r, 0) && peek(r, 0) != '}')
            r->at++;
        endless = r->at > 0 && r->source.s[r->at - 1] == ',';
        r->at++;
    }
    bool possessive = peek(r, 0) == '+';
    if (possessive || peek(r, 0) == '?')
        r->at++;
    if (endless && !possessive && r->atom.loose)
        report(r, "nested-quantifier",
               "a repetition of what repeats by itself; a text can be shared between them in very "
               "many ways",
               start);
    settle(r, endless, optional);
}

static void character(struct reader *r)
{
    char c = r->source.s[r->at];

    settle(r, false, false);
    r->atom = (struct atom){.any = true, .width = true};
    if (c == '[') {
        skip_class(r);
        return;
    }
    if (c == '^' || (c == '\\' && (peek(r, 1) == 'A' || peek(r, 1) == 'G'))) {
        r->anchored |= r->depth == 0 && is_first(r);
        r->atom = (struct atom){0};
    } else if (c == '$' || (c == '\\' && memchr("bBzZ", peek(r, 1), 4) && peek(r, 1))) {
        r->atom = (struct atom){0};
    }
    r->at += c == '\\' ? 2 : 1;
}

struct regex_flaw lint_regex(struct str source)
{
    struct reader r = {.source = source};

    while (r.at < source.len) {
        char c = source.s[r.at];
        if (c == '(') {
            group_open(&r);
        } else if (c == ')') {
            group_close(&r);
        } else if (c == '|') {
            alternative_end(&r);
            r.anchored &= r.depth > 0;
            r.at++;
        } else if (c == '*' || c == '+' || c == '?' ||
                   (c == '{' && peek(&r, 1) >= '0' && peek(&r, 1) <= '9')) {
            quantifier(&r);
        } else {
            character(&r);
        }
    }
    return r.flaw;
}
