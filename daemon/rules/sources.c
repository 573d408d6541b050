/* The texts of patterns, which are PCRE2 with every list written out: a megabyte for packs of six languages,
 * and a tenth of that packed, since the same lists stand in hundreds of them.
 *
 * Only making a matcher and compiling read them, so a set that rests keeps them packed. They are packed once;
 * where they begin in what is unpacked follows from their lengths, which patterns keep. */
#include <errno.h>
#include <zlib.h>

#include "rules/ruleset.h"

#define PACKED_MAX (4u << 20) /* bytes of sources; more would take longer than the loop may wait */
#define PACK_LEVEL 1          /* a third of the default's time, for a few kB more */

static size_t sources_len(const struct ruleset *set)
{
    size_t len = 0;

    for (size_t i = 0; i < set->n_patterns; i++)
        len += set->patterns[i].source.len;
    return len;
}

/* `all` NULL: they are nowhere. */
static void sources_place(struct ruleset *set, const char *all)
{
    for (size_t i = 0; i < set->n_patterns; i++) {
        struct pattern *p = &set->patterns[i];

        p->source.s = all;
        regex_set_source(p->regex, p->source);
        if (all)
            all += p->source.len;
    }
}

static bool sources_pack(struct ruleset *set)
{
    size_t len = sources_len(set), at = 0;
    uLongf packed_len = compressBound((uLong)len);
    Bytef *all = len <= PACKED_MAX ? malloc(len + 1) : NULL, *packed = malloc(packed_len);

    for (size_t i = 0; all && i < set->n_patterns; i++) {
        memcpy(all + at, set->patterns[i].source.s, set->patterns[i].source.len);
        at += set->patterns[i].source.len;
    }
    if (all && packed && compress2(packed, &packed_len, all, (uLong)len, PACK_LEVEL) == Z_OK) {
        Bytef *less = realloc(packed, packed_len);
        set->packed_sources = less ? less : packed;
        set->packed_len = packed_len;
        packed = NULL;
    }
    free(packed);
    free(all);
    return set->packed_sources;
}

void sources_rest(struct ruleset *set)
{
    if (set->sources_rest || (!set->packed_sources && !sources_pack(set)))
        return;
    sources_place(set, NULL);
    arena_finish(&set->sources);
    set->sources_rest = true;
}

int sources_need(struct ruleset *set)
{
    uLongf len;
    Bytef *all;

    if (!set->sources_rest)
        return 0;
    len = (uLongf)sources_len(set);
    all = arena_alloc(&set->sources, len + 1);
    if (!all || uncompress(all, &len, set->packed_sources, (uLong)set->packed_len) != Z_OK) {
        arena_finish(&set->sources);
        return -ENOMEM;
    }
    sources_place(set, (const char *)all);
    set->sources_rest = false;
    return 0;
}
