/* Word hashes for the search for near-copies: 32-bit FNV-1a of normalised words. Names, links, tags,
 * numbers and the brand's own words are left out, or all short reports about one brand would look
 * alike. */
#include "mentiond/outage.h"
#include "mentiond/settings.h"
#include "mentiond/text.h"

static uint32_t fnv1a(struct str word)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < word.len; i++)
        hash = (hash ^ (unsigned char)word.s[i]) * 16777619u;
    return hash;
}

static bool has_digit(struct str word)
{
    for (size_t i = 0; i < word.len; i++) {
        if (word.s[i] >= '0' && word.s[i] <= '9')
            return true;
    }
    return false;
}

/* The word as it stands in the text: behind "@" or "#", or inside of a link, it does not count. */
static bool is_marked(struct str text, uint32_t start)
{
    uint32_t from = start;

    if (start > 0 && (text.s[start - 1] == '@' || text.s[start - 1] == '#'))
        return true;
    while (from > 0 && (unsigned char)text.s[from - 1] > ' ')
        from--;
    return str_find(str_slice(text, from, start), STR("://")) != SIZE_MAX ||
           str_starts_with(str_slice(text, from, text.len), STR("http"));
}

/* "Acme Go" has two own words. */
static bool is_brand_word(const struct brand_settings *brand, struct str word)
{
    for (size_t i = 0; i < brand->terms.n; i++) {
        struct str rest = brand->terms.items[i];

        while (rest.len > 0) {
            if (str_eq_nocase(str_split(rest, ' ', &rest), word))
                return true;
        }
    }
    return str_eq_nocase(brand->name, word);
}

static void add_hash(struct mention *m, uint32_t hash)
{
    for (size_t i = 0; i < m->n_words; i++) {
        if (m->words[i] == hash)
            return;
    }
    m->words[m->n_words++] = hash;
}

void mention_hash_words(struct mention *m, const struct brand_settings *brand, struct arena *arena)
{
    struct text_normal normal;
    size_t start = 0;

    m->n_words = 0;
    if (text_normalise(m->text, arena, &normal) < 0)
        return;
    for (size_t i = 0; i <= normal.normal.len && m->n_words < MENTION_WORDS_MAX; i++) {
        struct str word;
        uint32_t from, to;

        if (i < normal.normal.len && normal.normal.s[i] != ' ')
            continue;
        word = str_slice(normal.normal, start, i);
        if (word.len > 0) {
            text_original_span(&normal, start, i, &from, &to);
            if (!has_digit(word) && !is_brand_word(brand, word) && !is_marked(m->text, from))
                add_hash(m, fnv1a(word));
        }
        start = i + 1;
    }
}
