/* Contractions of English, in one spelling: "isn't", "isnt" and "is not" are the same to a rule.
 *
 * Phrases go through the same function as posts, so that a table that is not perfect (is
 * "he'd" "he had" or "he would"?) still lets both meet. Other languages keep their words: an
 * apostrophe that no entry knows separates two words, as in "l'appli". */
#include "unfold.h"

struct contraction {
    struct str word;
    struct str full;
};

#define ENTRY(word, full) {{word, sizeof(word) - 1}, {full, sizeof(full) - 1}}

/* Sorted by length. */
static const struct contraction whole_words[] = {
    ENTRY("im", "i am"), ENTRY("ive", "i have"), ENTRY("aint", "is not"), ENTRY("cant", "can not"),
    ENTRY("dont", "do not"), ENTRY("isnt", "is not"), ENTRY("wont", "will not"),
    ENTRY("it's", "it is"), ENTRY("he's", "he is"), ENTRY("ain't", "is not"),
    ENTRY("arent", "are not"), ENTRY("can't", "can not"), ENTRY("didnt", "did not"),
    ENTRY("hadnt", "had not"), ENTRY("hasnt", "has not"), ENTRY("let's", "let us"),
    ENTRY("thats", "that is"), ENTRY("wasnt", "was not"), ENTRY("whats", "what is"),
    ENTRY("won't", "will not"), ENTRY("youre", "you are"), ENTRY("youve", "you have"),
    ENTRY("how's", "how is"), ENTRY("she's", "she is"), ENTRY("who's", "who is"),
    ENTRY("why's", "why is"), ENTRY("cannot", "can not"), ENTRY("doesnt", "does not"),
    ENTRY("havent", "have not"), ENTRY("shan't", "shall not"), ENTRY("theyre", "they are"),
    ENTRY("theyve", "they have"), ENTRY("werent", "were not"), ENTRY("here's", "here is"),
    ENTRY("that's", "that is"), ENTRY("what's", "what is"), ENTRY("when's", "when is"),
    ENTRY("couldnt", "could not"), ENTRY("wouldnt", "would not"), ENTRY("there's", "there is"),
    ENTRY("where's", "where is"), ENTRY("shouldnt", "should not"),
};

/* After these comes the tail; "acme's" is "acme". All have an apostrophe. */
static const struct contraction endings[] = {
    ENTRY("n't", " not"), ENTRY("'re", " are"),   ENTRY("'ve", " have"), ENTRY("'ll", " will"),
    ENTRY("'m", " am"),   ENTRY("'d", " would"), ENTRY("'s", ""),
};

static size_t common_prefix(struct str a, struct str b)
{
    size_t i = 0;

    while (i < a.len && i < b.len && a.s[i] == b.s[i])
        i++;
    return i;
}

static bool whole_unfold(struct str word, struct unfolding *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(whole_words) && whole_words[i].word.len <= word.len; i++) {
        const struct contraction *c = &whole_words[i];
        if (c->word.len != word.len || c->word.s[0] != word.s[0] || !str_eq(word, c->word))
            continue;
        size_t keep = common_prefix(word, c->full);
        *ret = (struct unfolding){keep, str_slice(c->full, keep, c->full.len)};
        return true;
    }
    return false;
}

static bool ending_unfold(struct str word, struct unfolding *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        const struct str ending = endings[i].word;
        if (word.len <= ending.len || word.s[word.len - 1] != ending.s[ending.len - 1] ||
            !str_ends_with(word, ending))
            continue;
        *ret = (struct unfolding){word.len - ending.len, endings[i].full};
        return true;
    }
    return false;
}

bool text_unfold(struct str word, bool apostrophes, struct unfolding *ret)
{
    if (text_may_unfold(word.s, word.len) && whole_unfold(word, ret))
        return true;
    return apostrophes && ending_unfold(word, ret);
}
