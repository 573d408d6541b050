/* The index of names: open addressing with linear steps. Names come from packs, not from posts, so
 * nobody gains from making them collide; a table that is half empty is enough. */
#include "rules/names.h"

#define FIRST_CAP 64

static uint64_t hash_of(struct str name)
{
    uint64_t hash = 0xCBF29CE484222325u; /* FNV-1a */

    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.s[i]) * 0x100000001B3u;
    return hash ^ hash >> 32;
}

/* Where the name is, or belongs. */
static struct name_slot *slot_of(const struct name_index *index, struct str name)
{
    size_t i = (size_t)hash_of(name) & (index->cap - 1);

    while (index->slots[i].name.s && !str_eq(index->slots[i].name, name))
        i = (i + 1) & (index->cap - 1);
    return &index->slots[i];
}

static bool make_room(struct name_index *index)
{
    struct name_index larger = {.cap = index->cap ? 2 * index->cap : FIRST_CAP, .n = index->n};

    if (2 * (index->n + 1) <= index->cap)
        return true;
    larger.slots = calloc(larger.cap, sizeof(*larger.slots));
    if (!larger.slots)
        return false;
    for (size_t i = 0; i < index->cap; i++)
        if (index->slots[i].name.s)
            *slot_of(&larger, index->slots[i].name) = index->slots[i];
    free(index->slots);
    *index = larger;
    return true;
}

bool name_index_add(struct name_index *index, struct str name, uint32_t value)
{
    struct name_slot *slot;

    if (!make_room(index))
        return false;
    slot = slot_of(index, name);
    if (slot->name.s)
        return true;
    *slot = (struct name_slot){{name.s ? name.s : "", name.len}, value};
    index->n++;
    return true;
}

bool name_index_find(const struct name_index *index, struct str name, uint32_t *ret_value)
{
    const struct name_slot *slot = index->cap ? slot_of(index, name) : NULL;

    if (!slot || !slot->name.s)
        return false;
    *ret_value = slot->value;
    return true;
}

void name_index_finish(struct name_index *index)
{
    free(index->slots);
    *index = (struct name_index){0};
}
