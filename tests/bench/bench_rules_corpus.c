/* A small language for the benchmark: words made of syllables, frequent ones short, as people use
 * them (Zipf), so that the letters in a row, and with them the literal filter's work, are spread as
 * in real posts. */
#include "bench_rules.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>

#define WORDS 20000
#define WORD_MAX 16
#define POST_MAX 512
#define RARE_WORD_MIN 4

static char words[WORDS][WORD_MAX];
static double ranks[WORDS]; /* cumulated frequency */

/* ---- randomness ----------------------------------------------------------------------------- */

struct dice {
    uint64_t state;
};

static uint32_t roll(struct dice *d, uint32_t sides)
{
    d->state ^= d->state << 13;
    d->state ^= d->state >> 7;
    d->state ^= d->state << 17;
    return (uint32_t)(d->state >> 33) % sides;
}

/* ---- words ---------------------------------------------------------------------------------- */

static void word_make(struct dice *d, size_t rank, char out[WORD_MAX])
{
    static const char *const starts[] = {"b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s",
                                         "t", "w", "st", "tr", "ch", "th", "pl", "", "", "k", "v"};
    static const char *const middles[] = {"a", "e", "i", "o", "u", "ea", "ou", "e", "a", "i", "o"};
    static const char *const ends[] = {"", "", "n", "t", "s", "r", "l", "d", "ng", "ck", "m", "st"};
    unsigned syllables = rank < 60 ? 1 : rank < 2000 ? 1 + roll(d, 2) : 2 + roll(d, 2);
    size_t len = 0;

    out[0] = '\0';
    for (unsigned i = 0; i < syllables && len + 6 < WORD_MAX; i++)
        len += (size_t)snprintf(out + len, WORD_MAX - len, "%s%s%s",
                                starts[roll(d, ARRAY_LEN(starts))],
                                middles[roll(d, ARRAY_LEN(middles))],
                                ends[roll(d, ARRAY_LEN(ends))]);
}

static void words_make(void)
{
    struct dice d = {88172645463325252u};
    double sum = 0;

    if (words[0][0])
        return;
    for (size_t i = 0; i < WORDS; i++) {
        word_make(&d, i, words[i]);
        sum += 1.0 / pow((double)i + 3, 1.05);
        ranks[i] = sum;
    }
}

/* A word as often as people would say it. */
static const char *word_said(struct dice *d)
{
    double at = ranks[WORDS - 1] * roll(d, 1u << 30) / (double)(1u << 30);
    size_t low = 0, high = WORDS - 1;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (ranks[middle] < at)
            low = middle + 1;
        else
            high = middle;
    }
    return words[low];
}

/* ---- rules ---------------------------------------------------------------------------------- */

static bool rare_anywhere;

void bench_rare_word_anywhere(bool anywhere)
{
    rare_anywhere = anywhere;
}

/* The words of rule i: one rather rare, the others common. The rare one is the last and not short, or
 * any of them and of any length. */
struct rule_words {
    const char *w[4];
    size_t n;
};

static void rule_words(size_t i, struct rule_words *ret)
{
    struct dice d = {(i + 1) * 0x9E3779B97F4A7C15u};

    for (int k = 0; k < 8; k++)
        roll(&d, 2);
    ret->n = 2 + roll(&d, 3);
    for (size_t k = 0; k < ret->n; k++)
        ret->w[k] = words[50 + roll(&d, 3000)];
    if (rare_anywhere) {
        ret->w[roll(&d, (uint32_t)ret->n)] = words[3000 + roll(&d, WORDS - 3000)];
        return;
    }
    do
        ret->w[ret->n - 1] = words[3000 + roll(&d, WORDS - 3000)];
    while (strlen(ret->w[ret->n - 1]) < RARE_WORD_MIN);
}

static bool is_regex(size_t i)
{
    return i % 5 == 4;
}

static void put_words(const struct rule_words *w, const char *before, struct buf *out)
{
    for (size_t k = 0; k < w->n; k++)
        buf_printf(out, "%s%s", k > 0 ? " " : before, w->w[k]);
}

static void put_phrase(size_t i, const struct rule_words *w, struct buf *out)
{
    switch (i / 5 % 8) {
    case 0:
        buf_printf(out, "%s ~4 %s", w->w[0], w->w[w->n - 1]);
        break;
    case 1:
        put_words(w, "", out);
        buf_append_char(out, '*');
        break;
    case 2:
        buf_printf(out, "{service} ~3 %s %s", w->w[0], w->w[w->n - 1]);
        break;
    default:
        put_words(w, "", out);
    }
}

static void put_regex(size_t i, const struct rule_words *w, struct buf *out)
{
    const char *last = w->w[w->n - 1];

    switch (i / 5 % 4) {
    case 0:
        buf_printf(out, "(?:can(?:no|')?t|unable to|%s) %s ?%s", words[300], w->w[0], last);
        break;
    case 1:
        buf_printf(out, "\\b%s(?:ing|ed|s)?\\b.{0,20}\\b%s", w->w[0], last);
        break;
    case 2:
        buf_printf(out, "%s (\\d+ )?%s", w->w[0], last);
        break;
    default:
        buf_printf(out, "(?<topic>%s|%s) %s", w->w[0], w->w[1], last);
    }
}

void bench_pack(size_t n, struct buf *ret_yaml)
{
    struct rule_words w;

    words_make();
    buf_printf(ret_yaml, "pack: bench\nlists:\n  service: [site, app*, web page, login]\nrules:\n");
    for (size_t i = 0; i < n; i++) {
        rule_words(i, &w);
        buf_printf(ret_yaml, "- {id: r%zu, class: complaint, %s: \"", i,
                   is_regex(i) ? "regex" : "phrases");
        CLEANUP(buf_finish) struct buf source = BUF_INIT(1024);
        if (is_regex(i))
            put_regex(i, &w, &source);
        else
            put_phrase(i, &w, &source);
        struct str text = buf_str(&source);
        for (size_t k = 0; k < text.len; k++) {
            if (text.s[k] == '\\')
                buf_append_char(ret_yaml, '\\');
            buf_append_char(ret_yaml, text.s[k]);
        }
        buf_append_str(ret_yaml, STR("\"}\n"));
    }
}

/* What rule i looks for. */
static void put_hit(size_t i, struct buf *out)
{
    struct rule_words w;

    rule_words(i, &w);
    if (is_regex(i))
        buf_printf(out, " %s%s %s", i / 5 % 4 == 0 ? "can't " : "", w.w[0], w.w[w.n - 1]);
    else if (i / 5 % 8 == 0)
        buf_printf(out, " %s and so %s", w.w[0], w.w[w.n - 1]);
    else if (i / 5 % 8 == 2)
        buf_printf(out, " app %s %s", w.w[0], w.w[w.n - 1]);
    else
        put_words(&w, " ", out);
}

/* ---- posts ---------------------------------------------------------------------------------- */

static void put_word(struct dice *d, size_t at, bool strange, struct buf *out)
{
    static const char *const marks[] = {" ", " ", " ", " ", " ", " ", " ", ", ", ". ", "! ", "? ",
                                        " \u2019", "\u2026 ", " \U0001F621 ", " @acme ", " #"};
    char word[WORD_MAX];

    snprintf(word, sizeof(word), "%s", word_said(d));
    for (char *c = word; strange && *c; c++)
        *c = (char)('z' - (*c - 'a')); /* as varied, but other letters in a row */
    if (at == 0 || roll(d, 12) == 0)
        word[0] = (char)(word[0] & ~0x20);
    buf_append_str(out, str_from(word));
    bool plain = roll(d, 8) > 0;
    buf_append_str(out, str_from(marks[roll(d, plain ? 11 : ARRAY_LEN(marks))]));
}

void bench_posts_create(size_t n, size_t n_rules, struct bench_posts *ret)
{
    struct dice d = {0x2545F4914F6CDD1Du + n_rules};
    size_t used = 0;

    words_make();
    ret->bytes = malloc(n * POST_MAX);
    ret->texts = calloc(n, sizeof(*ret->texts));
    ret->n = n;
    for (size_t i = 0; i < n; i++) {
        CLEANUP(buf_finish) struct buf post = BUF_INIT(POST_MAX);
        size_t count = 12 + roll(&d, 26), hit = i % 5 == 0 && n_rules > 0 ? roll(&d, 12) : SIZE_MAX;
        for (size_t k = 0; k < count; k++) {
            put_word(&d, k, n_rules == 0, &post);
            if (k == hit) {
                put_hit(roll(&d, (uint32_t)n_rules), &post);
                buf_append_char(&post, ' ');
            }
        }
        struct str text = buf_str(&post);
        memcpy(ret->bytes + used, text.s, text.len);
        ret->texts[i] = (struct str){ret->bytes + used, text.len};
        used += text.len;
    }
}

bool bench_posts_load(const char *path, struct bench_posts *ret)
{
    FILE *file = fopen(path, "r");
    size_t used = 0, cap = 16u << 20, line_cap = 0;
    char *line = NULL;

    if (!file)
        return false;
    *ret = (struct bench_posts){.bytes = malloc(cap), .texts = calloc(100000, sizeof(struct str))};
    while (ret->n < 100000 && getline(&line, &line_cap, file) > 0) {
        json_t *post = json_loads(line, 0, NULL);
        const char *text = json_string_value(json_object_get(post, "text"));
        size_t len = text ? strlen(text) : 0;
        if (len > 0 && used + len <= cap) {
            memcpy(ret->bytes + used, text, len);
            ret->texts[ret->n++] = (struct str){ret->bytes + used, len};
            used += len;
        }
        json_decref(post);
    }
    free(line);
    fclose(file);
    return ret->n > 0;
}

void bench_posts_destroy(struct bench_posts *posts)
{
    free(posts->bytes);
    free(posts->texts);
}
