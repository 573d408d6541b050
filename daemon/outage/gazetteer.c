/* Names in texts: of places, of other companies. A table of folded names by hash; a text is folded
 * once and asked at each word for the longest name that begins there. Nothing of a text is kept; names
 * and codes live in the gazetteer's arena. */
#include <errno.h>
#include <stdlib.h>
#include <utf8proc.h>

#include "mentiond/outage.h"

#define ARENA_MAX ((size_t)32 << 20)
#define WORDS_MAX 6        /* of a name */
#define JOINED_MIN 6       /* letters: "newyork", as tags are written */
#define TEXT_MAX (8 * 1024) /* looked at */
#define FIRST_CAP 64

struct entry {
    struct str name; /* folded; s NULL: free */
    struct str code;
};

struct gazetteer {
    struct arena arena;
    struct entry *entries; /* owned; open addressing, cap is a power of two */
    size_t cap, n;
    struct entry *codes; /* owned; the same of codes alone */
    size_t cap_codes, n_codes;
    size_t most_words;
};

int gazetteer_create(struct gazetteer **ret, struct error *err)
{
    struct gazetteer *g = calloc(1, sizeof(*g));

    if (!g)
        return error_oom(err);
    arena_init(&g->arena, ARENA_MAX);
    *ret = g;
    return 0;
}

void gazetteer_destroy(struct gazetteer *g)
{
    if (!g)
        return;
    arena_finish(&g->arena);
    free(g->entries);
    free(g->codes);
    free(g);
}

size_t gazetteer_count(const struct gazetteer *g)
{
    return g->n;
}

/* ---- folding ---------------------------------------------------------------------------------- */

static bool is_word_char(utf8proc_int32_t c)
{
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
        return true;
    default:
        return false;
    }
}

/* Words of letters and digits without case and accents, one space between: "l ile de france". */
static bool fold(struct str text, struct buf *ret)
{
    utf8proc_uint8_t *folded = NULL;
    utf8proc_ssize_t len;
    bool gap = false;

    text = str_cut_utf8(text, TEXT_MAX);
    len = utf8proc_map((const utf8proc_uint8_t *)text.s, (utf8proc_ssize_t)text.len, &folded,
                       UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK |
                           UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
    for (utf8proc_ssize_t at = 0; at < len;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t size = utf8proc_iterate(folded + at, len - at, &c);

        if (size <= 0)
            break;
        if (!is_word_char(c)) {
            gap = true;
        } else {
            if (gap && ret->len > 0)
                buf_append_char(ret, ' ');
            gap = false;
            buf_append(ret, folded + at, (size_t)size);
        }
        at += size;
    }
    free(folded);
    return !ret->failed;
}

/* ---- the table -------------------------------------------------------------------------------- */

static struct entry *slot_of(struct entry *entries, size_t cap, struct str name)
{
    size_t at = outage_hash(name) & (cap - 1);

    while (entries[at].name.s && !str_eq(entries[at].name, name))
        at = (at + 1) & (cap - 1);
    return &entries[at];
}

static int make_room(struct entry **entries, size_t *cap, size_t n)
{
    size_t more_cap = *cap ? 2 * *cap : FIRST_CAP;
    struct entry *more;

    if (2 * n < *cap)
        return 0;
    more = calloc(more_cap, sizeof(*more));
    if (!more)
        return -ENOMEM;
    for (size_t i = 0; i < *cap; i++) {
        if ((*entries)[i].name.s)
            *slot_of(more, more_cap, (*entries)[i].name) = (*entries)[i];
    }
    free(*entries);
    *entries = more;
    *cap = more_cap;
    return 0;
}

/* The gazetteer's own copy of a code. */
static struct str keep_code(struct gazetteer *g, struct str code)
{
    struct entry *slot;

    if (make_room(&g->codes, &g->cap_codes, g->n_codes) < 0)
        return (struct str){NULL, 0};
    slot = slot_of(g->codes, g->cap_codes, code);
    if (!slot->name.s) {
        slot->name = arena_str(&g->arena, code);
        g->n_codes += slot->name.s != NULL;
    }
    return slot->name;
}

static int add_folded(struct gazetteer *g, struct str code, struct str folded, struct error *err)
{
    struct entry *slot;

    if (make_room(&g->entries, &g->cap, g->n) < 0)
        return error_oom(err);
    slot = slot_of(g->entries, g->cap, folded);
    if (slot->name.s && str_eq(slot->code, code))
        return 0;
    if (slot->name.s)
        return error_set(err, -EEXIST, "'%.*s' is a name of '%.*s' already", STR_FMT(folded),
                         STR_FMT(slot->code));
    if (g->n == GAZETTEER_NAMES_MAX)
        return error_set(err, -E2BIG, "more than %d names", GAZETTEER_NAMES_MAX);
    slot->code = keep_code(g, code);
    folded = arena_str(&g->arena, folded);
    if (!slot->code.s || !folded.s)
        return error_oom(err);
    slot->name = folded;
    g->n++;
    return 0;
}

static size_t count_words(struct str folded)
{
    size_t n = 1;

    for (size_t i = 0; i < folded.len; i++)
        n += folded.s[i] == ' ';
    return n;
}

static void add_joined(struct gazetteer *g, struct str code, struct str folded)
{
    char joined[GAZETTEER_NAME_MAX];
    size_t len = 0;

    for (size_t i = 0; i < folded.len; i++) {
        if (folded.s[i] != ' ')
            joined[len++] = folded.s[i];
    }
    if (len >= JOINED_MIN) /* a name of another place stays that: no error */
        add_folded(g, code, (struct str){joined, len}, NULL);
}

int gazetteer_add(struct gazetteer *g, struct str code, struct str name, struct error *err)
{
    CLEANUP(buf_finish) struct buf folded = BUF_INIT(TEXT_MAX);
    struct str words;
    size_t n;
    int r;

    if (!fold(name, &folded) || folded.len == 0 || code.len == 0)
        return error_set(err, -EINVAL, "'%.*s' has no letters", STR_FMT(name));
    words = buf_str(&folded);
    n = count_words(words);
    if (words.len > GAZETTEER_NAME_MAX || n > WORDS_MAX)
        return error_set(err, -EINVAL, "'%.*s' has more than %d words or %d bytes", STR_FMT(name),
                         WORDS_MAX, GAZETTEER_NAME_MAX);
    r = add_folded(g, code, words, err);
    if (r < 0)
        return r;
    if (n > g->most_words)
        g->most_words = n;
    if (n > 1)
        add_joined(g, code, words);
    return 0;
}

bool gazetteer_has_code(const struct gazetteer *g, struct str code)
{
    return code.len > 0 && g->n_codes > 0 && slot_of(g->codes, g->cap_codes, code)->name.s;
}

struct str gazetteer_code(const struct gazetteer *g, uint32_t number)
{
    for (size_t i = 0; number && i < g->cap_codes; i++) {
        if (g->codes[i].name.s && outage_place_number(g->codes[i].name) == number)
            return g->codes[i].name;
    }
    return (struct str){NULL, 0};
}

/* The longest name that begins at `start`. */
static struct str find_at(const struct gazetteer *g, struct str text, size_t start)
{
    struct str best = {NULL, 0};
    size_t end = start, n = 0;

    while (end < text.len && n < g->most_words) {
        const struct entry *found;

        while (end < text.len && text.s[end] != ' ')
            end++;
        found = slot_of(g->entries, g->cap, str_slice(text, start, end));
        if (found->name.s)
            best = found->code;
        end++;
        n++;
    }
    return best;
}

struct str gazetteer_find(const struct gazetteer *g, struct str text)
{
    CLEANUP(buf_finish) struct buf folded = BUF_INIT(4 * TEXT_MAX);
    struct str words, found = {NULL, 0};

    if (g->n == 0 || !fold(text, &folded))
        return found;
    words = buf_str(&folded);
    for (size_t at = 0; at < words.len && !found.s; at++) {
        if (at == 0 || words.s[at - 1] == ' ')
            found = find_at(g, words, at);
    }
    return found;
}
