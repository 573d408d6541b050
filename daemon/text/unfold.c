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

static const struct contraction whole_words[] = {
    ENTRY("ain't", "is not"),       ENTRY("aint", "is not"),       ENTRY("arent", "are not"),
    ENTRY("can't", "can not"),      ENTRY("cannot", "can not"),    ENTRY("cant", "can not"),
    ENTRY("couldnt", "could not"),  ENTRY("didnt", "did not"),     ENTRY("doesnt", "does not"),
    ENTRY("dont", "do not"),        ENTRY("hadnt", "had not"),     ENTRY("hasnt", "has not"),
    ENTRY("havent", "have not"),    ENTRY("im", "i am"),           ENTRY("isnt", "is not"),
    ENTRY("ive", "i have"),         ENTRY("let's", "let us"),      ENTRY("shan't", "shall not"),
    ENTRY("shouldnt", "should not"), ENTRY("thats", "that is"),    ENTRY("theyre", "they are"),
    ENTRY("theyve", "they have"),   ENTRY("wasnt", "was not"),     ENTRY("werent", "were not"),
    ENTRY("whats", "what is"),      ENTRY("won't", "will not"),    ENTRY("wont", "will not"),
    ENTRY("wouldnt", "would not"),  ENTRY("youre", "you are"),     ENTRY("youve", "you have"),
    ENTRY("here's", "here is"),     ENTRY("how's", "how is"),      ENTRY("it's", "it is"),
    ENTRY("he's", "he is"),         ENTRY("she's", "she is"),      ENTRY("that's", "that is"),
    ENTRY("there's", "there is"),   ENTRY("what's", "what is"),    ENTRY("when's", "when is"),
    ENTRY("where's", "where is"),   ENTRY("who's", "who is"),      ENTRY("why's", "why is"),
};

/* After these comes the tail; "acme's" is "acme". */
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

bool text_unfold(struct str word, struct unfolding *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(whole_words); i++) {
        const struct contraction *c = &whole_words[i];
        if (c->word.len != word.len || c->word.s[0] != word.s[0] || !str_eq(word, c->word))
            continue;
        size_t keep = common_prefix(word, c->full);
        *ret = (struct unfolding){keep, str_slice(c->full, keep, c->full.len)};
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        if (word.len <= endings[i].word.len || !str_ends_with(word, endings[i].word))
            continue;
        *ret = (struct unfolding){word.len - endings[i].word.len, endings[i].full};
        return true;
    }
    return false;
}
