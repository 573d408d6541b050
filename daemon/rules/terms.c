/* Terms of brands: literal words in the normal form of a post, links included ("acme.example"
 * in an address is a mention of it too). */
#include <errno.h>

#include "mentiond/rules.h"
#include "mentiond/text.h"

#define TERMS_MEMORY_MAX (16 * 1024 * 1024)
#define TEXT_MEMORY_MAX (8 * 1024 * 1024)

struct term_set {
    struct arena arena;
    struct str *terms; /* normalised, with a space at both ends */
    size_t n;
};

static int term_add(struct term_set *set, struct str term, struct error *err)
{
    struct text_normal normal;

    if (text_normalise_with(term, TEXT_KEEP_LINKS, &set->arena, &normal) < 0)
        return error_oom(err);
    if (normal.normal.len < 3)
        return error_set(err, -EINVAL, "term '%.*s' has no letters or digits", STR_FMT(term));
    set->terms[set->n++] = normal.normal;
    return 0;
}

int term_set_create(const struct str *terms, size_t n_terms, struct term_set **ret,
                    struct error *err)
{
    struct term_set *set = calloc(1, sizeof(*set));
    int r = 0;

    if (!set)
        return error_oom(err);
    arena_init(&set->arena, TERMS_MEMORY_MAX);
    set->terms = arena_alloc(&set->arena, (n_terms + 1) * sizeof(*set->terms));
    if (!set->terms)
        r = error_oom(err);
    for (size_t i = 0; i < n_terms && r == 0; i++)
        r = term_add(set, terms[i], err);
    if (r < 0) {
        term_set_destroy(set);
        return r;
    }
    *ret = set;
    return 0;
}

void term_set_destroy(struct term_set *set)
{
    if (!set)
        return;
    arena_finish(&set->arena);
    free(set);
}

bool term_set_match(const struct term_set *set, struct str text)
{
    struct text_normal normal;
    struct arena arena;
    bool found = false;

    arena_init(&arena, TEXT_MEMORY_MAX);
    if (text_normalise_with(text, TEXT_KEEP_LINKS, &arena, &normal) == 0)
        for (size_t i = 0; i < set->n && !found; i++)
            found = memmem(normal.normal.s, normal.normal.len, set->terms[i].s,
                           set->terms[i].len) != NULL;
    arena_finish(&arena);
    return found;
}
