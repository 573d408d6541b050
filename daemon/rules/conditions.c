/* Built-in conditions: what is in the way of writing, not in the words.
 *
 * Phrases see lower case, short vowels and one mark for a row of them; here the text is looked at
 * as it was written (`plain`). Handles, hashtags and addresses are names, and nobody shouts a
 * name, so words that begin with @ or # or look like an address are left out. */
#include "rules/conditions.h"

#include "text/chars.h"
#include "text/utf8.h"

#define SHOUTED_WORDS 2   /* in a row */
#define SHOUTED_LETTERS 7 /* in all of them; HSBC UK does not shout */
#define ELONGATED_RUN 3   /* of one letter */

const char *const condition_names[] = {
    [CONDITION_QUESTION] = "question",   [CONDITION_SHOUTING] = "shouting",
    [CONDITION_ELONGATED] = "elongated", [CONDITION_EMPHATIC] = "emphatic",
    [CONDITION_COUNT] = NULL,
};

bool condition_parse(struct str name, enum condition *ret)
{
    for (int i = 0; i < CONDITION_COUNT; i++) {
        if (!str_eq(name, str_from(condition_names[i])))
            continue;
        *ret = (enum condition)i;
        return true;
    }
    return false;
}

struct finding {
    const struct text_normal *text;
    condition_fn found;
    void *user;
    /* words in capitals without one in small letters between them, in one sentence */
    size_t row_start, row_end;
    unsigned row_words, row_letters;
    uint32_t row_sentence;
};

/* Bytes of `plain`. */
static void report(const struct finding *f, enum condition condition, size_t start, size_t end)
{
    uint32_t from, to;

    text_plain_span(f->text, start, end, &from, &to);
    if (to > from)
        f->found(f->user, condition, from, to);
}

/* ---- words ---------------------------------------------------------------------------------- */

struct written {
    unsigned upper, lower; /* letters; what has no case counts as lower */
    bool elongated;
};

static bool is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

/* "sooo", but not "xxx" (kisses), "www" and "000". */
static struct written look_at(struct str word)
{
    struct written w = {0};
    uint32_t last = 0, first = 0;
    unsigned run = 0;
    bool varied = false, long_run = false;
    size_t len;

    for (size_t i = 0; i < word.len; i += len) {
        uint32_t c = utf8_decode(word, i, &len);
        enum char_kind kind = c == UTF8_BAD ? CHAR_SEPARATOR : char_kind(c);
        bool letter = (kind == CHAR_WORD || kind == CHAR_UPPER) && !is_digit(c);

        run = letter && c == last ? run + 1 : letter;
        last = letter ? c : 0;
        long_run |= run >= ELONGATED_RUN;
        if (!letter)
            continue;
        first = first ? first : c;
        varied |= c != first;
        w.upper += kind == CHAR_UPPER;
        w.lower += kind == CHAR_WORD;
    }
    w.elongated = long_run && varied;
    return w;
}

static bool is_name(struct str word)
{
    return word.s[0] == '@' || word.s[0] == '#' || str_starts_with(word, STR("www.")) ||
           str_find(word, STR("://")) != SIZE_MAX;
}

static void row_finish(struct finding *f)
{
    if (f->row_words >= SHOUTED_WORDS && f->row_letters >= SHOUTED_LETTERS)
        report(f, CONDITION_SHOUTING, f->row_start, f->row_end);
    f->row_words = f->row_letters = 0;
}

static void row_add(struct finding *f, size_t start, size_t end, const struct written *w)
{
    uint32_t at, unused;

    text_plain_span(f->text, start, end, &at, &unused);
    uint32_t sentence = text_sentence(f->text, at);
    if (f->row_words > 0 && sentence != f->row_sentence)
        row_finish(f);
    if (f->row_words == 0)
        f->row_start = start;
    f->row_sentence = sentence;
    f->row_end = end;
    f->row_words++;
    f->row_letters += w->upper;
}

static void word_seen(struct finding *f, size_t start, size_t end)
{
    struct str word = str_slice(f->text->plain, start, end);

    if (is_name(word))
        return;
    struct written w = look_at(word);
    if (w.elongated)
        report(f, CONDITION_ELONGATED, start, end);
    if (w.lower > 0)
        row_finish(f);
    else if (w.upper > 1)
        row_add(f, start, end, &w);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void look_at_words(struct finding *f)
{
    struct str text = f->text->plain;
    size_t start = 0;

    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && !is_space(text.s[i]))
            continue;
        if (i > start)
            word_seen(f, start, i);
        start = i + 1;
    }
    row_finish(f);
}

/* ---- marks ---------------------------------------------------------------------------------- */

static void look_at_marks(const struct finding *f)
{
    struct str text = f->text->plain;
    size_t start = 0;

    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && (text.s[i] == '!' || text.s[i] == '?'))
            continue;
        if (i > start + 1)
            report(f, CONDITION_EMPHATIC, start, i);
        start = i + 1;
    }
}

/* A question mark is a word of `normal`, and the last of its sentence. */
static void look_at_questions(const struct finding *f)
{
    struct str text = f->text->normal;

    for (size_t i = 1; i + 1 < text.len; i++) {
        uint32_t start, end;
        if (text.s[i] != '?' || text.s[i - 1] != ' ')
            continue;
        text_original_span(f->text, i, i + 1, &start, &end);
        if (end > start)
            f->found(f->user, CONDITION_QUESTION, start, end);
    }
}

void conditions_find(const struct text_normal *text, condition_fn found, void *user)
{
    struct finding f = {.text = text, .found = found, .user = user};

    look_at_questions(&f);
    look_at_words(&f);
    look_at_marks(&f);
}
