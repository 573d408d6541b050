/* What PCRE2 writes single characters and sets of them like. A construct that is not known here makes
 * the parser lost: its regex is always run. */
#include "rules/literals_read.h"

#include "mentiond/codec.h"

#define CLASS_CHARS_MAX 16 /* a larger class counts as any character */

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

uint32_t literal_read_char(struct literal_parser *p)
{
    unsigned char lead = (unsigned char)*p->at++;
    unsigned tail = lead < 0xC0 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    uint32_t c = tail == 0 ? lead : lead & (0x3Fu >> tail);

    for (; tail > 0 && p->at < p->end; tail--)
        c = c << 6 | ((unsigned char)*p->at++ & 0x3F);
    return c;
}

/* False if a literal cannot hold it. */
static bool spell(const struct literal_parser *p, uint32_t c, struct str *ret, char storage[4])
{
    if (p->fold && !fold_knows(c))
        return false;
    *ret = (struct str){storage, encode(p->fold ? fold_char(p->fold, c) : c, storage)};
    return true;
}

void literal_part_exact(struct literal_parser *p, struct str text, struct literal_part *ret)
{
    ret->is_exact = true;
    ret->n_reqs = 0;
    ret->exact = literal_set_one(p->arena, text);
}

void literal_part_any(struct literal_part *ret)
{
    ret->is_exact = false;
    ret->n_reqs = 0;
}

void literal_part_char(struct literal_parser *p, uint32_t c, struct literal_part *ret)
{
    char storage[4];
    struct str text;

    if (spell(p, c, &text, storage))
        literal_part_exact(p, text, ret);
    else
        literal_part_any(ret);
}

/* ---- escapes -------------------------------------------------------------------------------- */

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

static uint32_t take_hex(struct literal_parser *p, unsigned max_digits)
{
    uint32_t c = 0;

    for (unsigned i = 0; i < max_digits && more(p) && hex_value(*p->at) >= 0; i++)
        c = c << 4 | (uint32_t)hex_value(*p->at++);
    return c;
}

/* Behind \x, or behind \N{U+. */
static enum escape escape_hex(struct literal_parser *p, bool braced, uint32_t *ret_c)
{
    *ret_c = take_hex(p, braced ? 8 : 2);
    if (braced && !take(p, "}"))
        return ESCAPE_LOST;
    return *ret_c <= 0x10FFFF ? ESCAPE_CHAR : ESCAPE_LOST;
}

/* Behind \g or \k: a reference or a call. */
static enum escape escape_reference(struct literal_parser *p)
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

static enum escape escape_letter(struct literal_parser *p, char letter, uint32_t *ret_c)
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

enum escape literal_read_escape(struct literal_parser *p, uint32_t *ret_c)
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

static void class_put(struct literal_parser *p, struct class *class, uint32_t c)
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
static void class_posix(struct literal_parser *p)
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
static bool class_char(struct literal_parser *p, struct class *class, uint32_t *ret_c)
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
        *ret_c = literal_read_char(p);
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
    enum escape kind = literal_read_escape(p, ret_c);
    p->lost |= kind == ESCAPE_LOST;
    class->any |= kind == ESCAPE_ANY;
    return kind == ESCAPE_CHAR;
}

static void class_item(struct literal_parser *p, struct class *class)
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
void literal_read_class(struct literal_parser *p, struct literal_part *ret)
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
    literal_part_any(ret);
    ret->is_exact = !class.any;
    ret->exact = class.set;
}
