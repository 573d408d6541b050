/* Where drivers put mentions, and the ids of those that are gone: arrays in the
 * page's arena, up to their limits. */
#include "mentiond/source.h"

#define FIRST_CAP 32

static bool grow(struct source_page *page)
{
    size_t cap = page->cap ? page->cap * 2 : FIRST_CAP;
    struct mention *mentions;

    if (cap > SOURCE_PAGE_MENTIONS_MAX)
        cap = SOURCE_PAGE_MENTIONS_MAX;
    if (cap <= page->n_mentions)
        return false;
    mentions = arena_alloc(page->arena, cap * sizeof(*mentions));
    if (!mentions)
        return false;
    if (page->n_mentions)
        memcpy(mentions, page->mentions, page->n_mentions * sizeof(*mentions));
    page->mentions = mentions;
    page->cap = cap;
    return true;
}

struct mention *source_page_add(struct source_page *page)
{
    struct mention *m;

    if (page->n_mentions >= page->cap && !grow(page))
        return NULL;
    m = &page->mentions[page->n_mentions++];
    mention_init(m);
    return m;
}

bool source_page_gone(struct source_page *page, struct str id)
{
    if (!page->gone)
        page->gone = arena_alloc(page->arena, SOURCE_GONE_MAX * sizeof(*page->gone));
    if (!page->gone || page->n_gone == SOURCE_GONE_MAX)
        return false;
    page->gone[page->n_gone++] = arena_str(page->arena, id);
    return true;
}
