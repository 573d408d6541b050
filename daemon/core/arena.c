/* Memory that dies together: blocks chained newest first, a pointer bumped within the newest. Large
 * requests get a block of their own. */
#include "mentiond/arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>

#define BLOCK_SIZE_MIN ((size_t)16 * 1024)
#define BLOCK_SIZE_MAX ((size_t)1024 * 1024)
#define PRINTF_FIRST_TRY 256 /* bytes; longer texts are formatted twice */

struct arena_block {
    struct arena_block *older;
    size_t size, used; /* bytes of data */
    alignas(max_align_t) char data[];
};

void arena_init(struct arena *a, size_t max)
{
    *a = (struct arena){.max = max};
}

static void free_blocks(struct arena_block *block)
{
    while (block) {
        struct arena_block *older = block->older;

        free(block);
        block = older;
    }
}

void arena_finish(struct arena *a)
{
    free_blocks(a->blocks);
    arena_init(a, a->max);
}

void arena_reset(struct arena *a)
{
    if (a->blocks) {
        free_blocks(a->blocks->older);
        a->blocks->older = NULL;
        a->blocks->used = 0;
    }
    a->used = 0;
    a->failed = false;
}

static bool add_block(struct arena *a, size_t size)
{
    size_t block_size = a->blocks ? a->blocks->size * 2 : BLOCK_SIZE_MIN;
    struct arena_block *block;

    if (block_size > BLOCK_SIZE_MAX)
        block_size = BLOCK_SIZE_MAX;
    if (block_size < size)
        block_size = size;
    block = malloc(sizeof(*block) + block_size);
    if (!block)
        return false;
    *block = (struct arena_block){.older = a->blocks, .size = block_size};
    a->blocks = block;
    return true;
}

static size_t aligned(size_t size)
{
    return (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

void *arena_alloc(struct arena *a, size_t size)
{
    size_t need = aligned(size ? size : 1);
    void *memory;

    if (size > a->max || need > a->max - a->used)
        goto failed;
    if ((!a->blocks || need > a->blocks->size - a->blocks->used) && !add_block(a, need))
        goto failed;
    memory = a->blocks->data + a->blocks->used;
    a->blocks->used += need;
    a->used += need;
    return memory;

failed:
    a->failed = true;
    return NULL;
}

void *arena_zalloc(struct arena *a, size_t size)
{
    void *memory = arena_alloc(a, size);

    return memory ? memset(memory, 0, size) : NULL;
}

struct str arena_str(struct arena *a, struct str text)
{
    char *copy = arena_alloc(a, text.len + 1);

    if (!copy)
        return (struct str){NULL, 0};
    if (text.len)
        memcpy(copy, text.s, text.len);
    copy[text.len] = '\0';
    return (struct str){copy, text.len};
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
    char first_try[PRINTF_FIRST_TRY];
    va_list args;
    char *text;
    int len;

    va_start(args, fmt);
    len = vsnprintf(first_try, sizeof(first_try), fmt, args);
    va_end(args);
    if (len >= 0 && (size_t)len < sizeof(first_try))
        return arena_str(a, (struct str){first_try, (size_t)len});
    text = len < 0 ? NULL : arena_alloc(a, (size_t)len + 1);
    if (!text)
        return (struct str){NULL, 0};
    va_start(args, fmt);
    vsnprintf(text, (size_t)len + 1, fmt, args);
    va_end(args);
    return (struct str){text, (size_t)len};
}

bool arena_owns(const struct arena *a, const void *p)
{
    uintptr_t at = (uintptr_t)p;

    for (const struct arena_block *b = a->blocks; b; b = b->older) {
        uintptr_t start = (uintptr_t)b->data;

        if (at >= start && at < start + b->size)
            return true;
    }
    return false;
}

bool arena_extend(struct arena *a, void *p, size_t old_size, size_t new_size)
{
    size_t old_need = aligned(old_size ? old_size : 1), need = aligned(new_size);
    struct arena_block *b = a->blocks;

    if (need <= old_need)
        return true;
    if (!b || (char *)p + old_need != b->data + b->used || need - old_need > b->size - b->used ||
        need - old_need > a->max - a->used)
        return false;
    b->used += need - old_need;
    a->used += need - old_need;
    return true;
}
