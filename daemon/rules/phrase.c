/* The phrase compiler: one walk over the text of a phrase, writing PCRE2 as it goes.
 *
 *     phrase       = [ "^" ] element { space element } [ "^" ]
 *     element      = word | word "*" | "*" | "{" list "}" [ "?" ] | "~" N | "~~" N
 *                  | "(" phrase { "|" phrase } ")" [ "?" ]
 *
 * Each element writes its words with the space before them, so that an optional element takes
 * its space along. Words go through text_normalise(), as posts do. What stands on both sides of
 * "~~" is written twice, in either order. */
#include "rules/phrase.h"

#include <errno.h>

#include "rules/builtins.h"

#define SWAPS_MAX 16 /* each doubles what it writes */
#define SENTENCE_START "(?<![^\\n])"
#define SENTENCE_END "(?= (?:\\n|\\z))"
#define SCRATCH_MAX (1024 * 1024) /* far more than a word of PHRASE_MAX bytes takes */

struct compiler {
    const struct phrase_scope *scope;
    struct arena scratch; /* for one word at a time: what is normalised goes to `out` */
    struct buf *out;
    struct pattern_group *groups;
    unsigned *n_groups;
    struct error *err;
    unsigned depth;
    unsigned words; /* that a hit must hold */
    unsigned swaps;
};

static int compile_sequence(struct compiler *c, struct str *rest, bool in_group);

/* ---- words ---------------------------------------------------------------------------------- */

static bool is_plain_byte(char byte)
{
    unsigned char b = (unsigned char)byte;

    return b >= 0x80 || (b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') || b == '_' || b == ' ';
}

static void write_escaped(struct buf *out, struct str words)
{
    for (size_t i = 0; i < words.len; i++) {
        if (!is_plain_byte(words.s[i]))
            buf_append_char(out, '\\');
        buf_append_char(out, words.s[i]);
    }
}

/* "isn't*": normalised, its last word open at the end. */
static int compile_word(struct compiler *c, struct str word)
{
    bool open = word.s[word.len - 1] == '*';
    struct str stem = open ? str_slice(word, 0, word.len - 1) : word;
    struct text_normal normal;

    if (stem.len == 0) {
        buf_append_str(c->out, STR(" [^ \\n]+"));
        return 0;
    }
    if (memchr(stem.s, '*', stem.len))
        return error_set(c->err, -EINVAL, "'%.*s': * stands at the end of a word only",
                         STR_FMT(word));
    arena_reset(&c->scratch);
    if (text_normalise(stem, &c->scratch, &normal) < 0)
        return error_oom(c->err);
    if (normal.normal.len < 3)
        return error_set(c->err, -EINVAL, "'%.*s' has no letters, so it can never match",
                         STR_FMT(word));
    write_escaped(c->out, str_slice(normal.normal, 0, normal.normal.len - 1));
    if (open)
        buf_append_str(c->out, STR("[^ \\n]*"));
    c->words++;
    return 0;
}

/* ---- lists ---------------------------------------------------------------------------------- */

static int group_open(struct compiler *c, struct str name, struct str value)
{
    if (*c->n_groups == REGEX_GROUPS_MAX)
        return error_set(c->err, -EINVAL, "captures more than %d values", REGEX_GROUPS_MAX);
    c->groups[(*c->n_groups)++] = (struct pattern_group){name, value};
    buf_append_char(c->out, '(');
    return 0;
}

/* The items that share the value of the first, behind "(" or "(?:". Returns how many, or an
 * error. */
static int compile_alike(struct compiler *c, const struct word_item *items, size_t n)
{
    size_t i = 0;
    int r = 0;

    do {
        struct str rest = items[i].phrase;
        unsigned words = c->words;
        if (i > 0)
            buf_append_char(c->out, '|');
        r = compile_sequence(c, &rest, false);
        c->words = words;
        i++;
    } while (r == 0 && i < n && str_eq(items[i].value, items[0].value));
    buf_append_char(c->out, ')');
    return r < 0 ? r : (int)i;
}

/* A captured list is a numbered group for each value that it says, so that the groups tell
 * which it was. */
static int compile_items(struct compiler *c, const struct word_list *list, struct str capture)
{
    int r = 0;

    buf_append_str(c->out, STR("(?:"));
    for (size_t i = 0; i < list->n; i += (size_t)r) {
        if (i > 0)
            buf_append_char(c->out, '|');
        if (capture.len > 0)
            r = group_open(c, capture, list->items[i].value);
        else
            buf_append_str(c->out, STR("(?:"));
        if (r >= 0)
            r = compile_alike(c, list->items + i, list->n - i);
        if (r < 0)
            return r;
    }
    buf_append_char(c->out, ')');
    return 0;
}

static int compile_builtin(struct compiler *c, const char *source, struct str phrase,
                           struct str capture)
{
    int r = capture.len > 0 ? group_open(c, capture, (struct str){0}) : 0;

    if (r < 0)
        return r;
    if (source)
        buf_append_str(c->out, str_from(source));
    else
        r = compile_sequence(c, &phrase, false);
    if (capture.len > 0)
        buf_append_char(c->out, ')');
    return r;
}

static int compile_list(struct compiler *c, struct str name)
{
    const struct word_list *list = c->scope->list_find(c->scope->user, name);
    const char *builtin = builtin_source(name, c->scope->lang), *guess;
    struct str meaning = str_from(builtin_phrase(name));
    struct str capture = c->scope->capture_find(c->scope->user, name);
    int r;

    c->words++;
    if (builtin || meaning.len > 0)
        return compile_builtin(c, builtin, meaning, capture);
    if (list && c->depth >= PHRASE_NESTING_MAX)
        return error_set(c->err, -EINVAL, "list '%.*s' is nested too deep; does it contain itself?",
                         STR_FMT(name));
    if (list) {
        c->depth++;
        r = compile_items(c, list, capture);
        c->depth--;
        return r;
    }
    guess = c->scope->list_guess(c->scope->user, name);
    guess = guess ? guess : builtin_guess(name);
    if (guess)
        return error_set(c->err, -EINVAL, "no list is called '%.*s' (did you mean '%s'?)",
                         STR_FMT(name), guess);
    return error_set(c->err, -EINVAL, "no list is called '%.*s'", STR_FMT(name));
}

/* ---- structure ------------------------------------------------------------------------------ */

static int compile_gap(struct compiler *c, struct str number)
{
    int64_t n;

    if (!str_to_i64(number, 1, PHRASE_GAP_MAX, &n))
        return error_set(c->err, -EINVAL, "'%.*s' is no distance: 1 to %d words",
                         STR_FMT(number), PHRASE_GAP_MAX);
    buf_printf(c->out, "(?: [^ \\n]+){0,%d}?", (int)n);
    return 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Up to white space or one of the characters of the structure. */
static struct str take_word(struct str *rest)
{
    size_t len = 0;

    while (len < rest->len && !is_blank(rest->s[len]) && !memchr("(){}|", rest->s[len], 5))
        len++;
    struct str word = str_slice(*rest, 0, len);
    *rest = str_slice(*rest, len, rest->len);
    return word;
}

static bool take_char(struct str *rest, char c)
{
    if (rest->len == 0 || rest->s[0] != c)
        return false;
    *rest = str_slice(*rest, 1, rest->len);
    return true;
}

/* Behind "(": alternatives up to ")". */
static int compile_alternatives(struct compiler *c, struct str *rest)
{
    int r;

    if (c->depth >= PHRASE_NESTING_MAX)
        return error_set(c->err, -EINVAL, "more than %d groups in each other", PHRASE_NESTING_MAX);
    c->depth++;
    do {
        r = compile_sequence(c, rest, true);
        if (r < 0)
            return r;
        if (rest->len == 0)
            return error_set(c->err, -EINVAL, "a ( is never closed");
        if (rest->s[0] == '|')
            buf_append_char(c->out, '|');
    } while (take_char(rest, '|'));
    c->depth--;
    take_char(rest, ')');
    return 0;
}

static int compile_braces(struct compiler *c, struct str *rest)
{
    struct str name = str_trim(take_word(rest));

    if (!take_char(rest, '}'))
        return error_set(c->err, -EINVAL, "a { is never closed");
    return compile_list(c, name);
}

/* "(…)", "{…}" and what may follow them. */
static int compile_bracket(struct compiler *c, struct str *rest)
{
    unsigned words = c->words;
    int r;

    buf_append_str(c->out, STR("(?:"));
    r = take_char(rest, '(') ? compile_alternatives(c, rest)
                             : (take_char(rest, '{'), compile_braces(c, rest));
    buf_append_char(c->out, ')');
    if (r == 0 && take_char(rest, '?')) {
        buf_append_char(c->out, '?');
        c->words = words;
    }
    if (r == 0 && rest->len > 0 && !is_blank(rest->s[0]) && !memchr("|)", rest->s[0], 2))
        return error_set(c->err, -EINVAL, "a space is missing before '%c'", rest->s[0]);
    return r;
}

static int compile_element(struct compiler *c, struct str *rest)
{
    char first = rest->s[0];

    if (c->out->failed)
        return error_set(c->err, -EINVAL, "becomes too large (%zu bytes)", c->out->max_len);
    if (first == '(' || first == '{')
        return compile_bracket(c, rest);
    if (first == '}')
        return error_set(c->err, -EINVAL, "a } without its {");
    struct str word = take_word(rest);
    if (first == '~')
        return compile_gap(c, str_slice(word, 1, word.len));
    return compile_word(c, word);
}

static void skip_blanks(struct str *rest)
{
    while (rest->len > 0 && is_blank(rest->s[0]))
        *rest = str_slice(*rest, 1, rest->len);
}

static bool at_end(struct str rest, bool in_group)
{
    return rest.len == 0 || (in_group && memchr("|)", rest.s[0], 2));
}

/* "^" by itself. */
static bool take_caret(struct str *rest)
{
    if (rest->len == 0 || rest->s[0] != '^' ||
        (rest->len > 1 && !is_blank(rest->s[1]) && !memchr("|)", rest->s[1], 2)))
        return false;
    *rest = str_slice(*rest, 1, rest->len);
    skip_blanks(rest);
    return true;
}

/* Where a sequence began, to begin it anew. */
struct sequence {
    struct str text;
    size_t out_len;
    unsigned n_groups;
};

/* left ~N right. Where right ends goes to *rest. */
static int compile_ordered(struct compiler *c, struct str first, struct str number,
                           struct str second, struct str *rest, bool in_group, bool second_is_last)
{
    int r = compile_sequence(c, &first, in_group && !second_is_last);

    if (r == 0)
        r = compile_gap(c, number);
    if (r == 0)
        r = compile_sequence(c, &second, in_group && second_is_last);
    *rest = second_is_last ? second : first;
    return r;
}

/* At "~~N": what the sequence holds so far and the rest of it, in this order or the other. */
static int compile_either_order(struct compiler *c, const struct sequence *start, struct str *rest,
                                bool in_group)
{
    struct str left = str_slice(start->text, 0, start->text.len - rest->len), word, right;
    int r;

    if (c->swaps++ == SWAPS_MAX)
        return error_set(c->err, -EINVAL, "too many distances ~~N");
    word = take_word(rest);
    word = str_slice(word, 2, word.len);
    right = *rest;
    if (!c->out->failed)
        c->out->len = start->out_len;
    *c->n_groups = start->n_groups;
    buf_append_str(c->out, STR("(?:"));
    r = compile_ordered(c, left, word, right, rest, in_group, true);
    buf_append_char(c->out, '|');
    if (r == 0)
        r = compile_ordered(c, right, word, left, rest, in_group, false);
    buf_append_char(c->out, ')');
    return r;
}

static int compile_elements(struct compiler *c, struct str *rest, bool in_group)
{
    const struct sequence start = {*rest, c->out->len, *c->n_groups};
    bool after_gap = true;
    int r;

    for (skip_blanks(rest); !at_end(*rest, in_group); skip_blanks(rest)) {
        bool gap = rest->s[0] == '~';
        if (memchr("|)", rest->s[0], 2))
            return error_set(c->err, -EINVAL, "a %c without its (", rest->s[0]);
        if (gap && after_gap)
            return error_set(c->err, -EINVAL, "a distance ~N stands between words");
        if (str_starts_with(*rest, STR("~~")))
            return compile_either_order(c, &start, rest, in_group);
        if (!gap && !after_gap && take_caret(rest)) {
            buf_append_str(c->out, STR(SENTENCE_END));
            return at_end(*rest, in_group)
                       ? 0
                       : error_set(c->err, -EINVAL, "a ^ stands at the beginning or the end");
        }
        r = compile_element(c, rest);
        if (r < 0)
            return r;
        after_gap = gap;
    }
    return after_gap ? error_set(c->err, -EINVAL, "a distance ~N stands between words") : 0;
}

static int compile_sequence(struct compiler *c, struct str *rest, bool in_group)
{
    skip_blanks(rest);
    if (take_caret(rest))
        buf_append_str(c->out, STR(SENTENCE_START));
    if (at_end(*rest, in_group))
        return error_set(c->err, -EINVAL, "is empty");
    return compile_elements(c, rest, in_group);
}

int phrase_compile(struct str phrase, const struct phrase_scope *scope, struct buf *out,
                   struct pattern_group *groups, unsigned *n_groups, struct error *err)
{
    struct compiler c = {
        .scope = scope, .out = out, .groups = groups, .n_groups = n_groups, .err = err};
    struct str rest = phrase;
    int r;

    if (phrase.len > PHRASE_MAX)
        return error_set(err, -EINVAL, "longer than %d bytes", PHRASE_MAX);
    arena_init(&c.scratch, SCRATCH_MAX);
    r = compile_sequence(&c, &rest, false);
    arena_finish(&c.scratch);
    if (r < 0)
        return r;
    if (c.words == 0)
        return error_set(err, -EINVAL, "would match anything: no word in it is required");
    buf_append_str(out, STR("(?= )"));
    return out->failed ? error_set(err, -EINVAL, "becomes too large (%zu bytes)", out->max_len) : 0;
}
