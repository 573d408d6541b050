/* Reading packs: the head, the lists, and what a name means where. What guards, rules and phrases
 * are is the business of pack_guards.c, pack_rules.c and pack_patterns.c; finding files is
 * ruleset.c's.
 *
 * Nothing here stops at the first mistake: what is wrong is reported and left out, so that one
 * run shows everything. The ruleset is thrown away when anything was reported. */
#include <ctype.h>
#include <limits.h>

#include "rules/builtins.h"
#include "rules/pack_tables.h"
#include "rules/ruleset.h"

#define LIST_ITEMS_MAX 1000

struct pack_head {
    struct str name, lang, description;
    const struct config_node *lists, *guards, *groups, *unless, *thresholds, *margins, *rules;
    const struct config_node *negations, *boosters, *include, *overrides;
    int negated;
    bool boosted;
};

const char *const pack_negated_choices[] = {"keep", "skip", "flip", NULL};

const struct option pack_head_options[] = {
    {.key = "pack", .kind = OPTION_STRING, .offset = offsetof(struct pack_head, name),
     .min = 1, .max = NAME_MAX_LEN, .required = true,
     .help = "Name of the pack, like en/outage; rules are called by it in verdicts."},
    {.key = "lang", .kind = OPTION_STRING, .offset = offsetof(struct pack_head, lang), .max = 35,
     .help = "Language of the posts it judges (en); without it, every post."},
    {.key = "description", .kind = OPTION_STRING, .offset = offsetof(struct pack_head, description),
     .help = "What the pack is about, for people."},
    {.key = "include", .kind = OPTION_NODE, .offset = offsetof(struct pack_head, include),
     .help = "Packs and folders of packs to load before it, relative to its own folder."},
    {.key = "lists", .kind = OPTION_NODE, .offset = offsetof(struct pack_head, lists),
     .help = "Named lists of words, used in phrases as {name}."},
    {.key = "guards", .kind = OPTION_NODE, .offset = offsetof(struct pack_head, guards),
     .help = "Named sets of phrases that hold rules back."},
    {.key = "groups", .kind = OPTION_NODE, .offset = offsetof(struct pack_head, groups),
     .help = "Named sets of rules with guards of their own."},
    {.key = "unless", .kind = OPTION_NODE, .offset = offsetof(struct pack_head, unless),
     .help = "Guards of every rule of the pack."},
    {.key = "thresholds", .kind = OPTION_NODE, .offset = offsetof(struct pack_head, thresholds),
     .help = "Score that a class needs, by class."},
    {.key = "margins", .kind = OPTION_NODE, .offset = offsetof(struct pack_head, margins),
     .help = "How far a class must be ahead of the next one, by class."},
    {.key = "negations", .kind = OPTION_NODE, .offset = offsetof(struct pack_head, negations),
     .help = "Words that deny what stands near them."},
    {.key = "negated", .kind = OPTION_ENUM, .offset = offsetof(struct pack_head, negated),
     .def = "keep", .choices = pack_negated_choices,
     .help = "What negations do to hits of the rules that do not say themselves."},
    {.key = "boosters", .kind = OPTION_NODE, .offset = offsetof(struct pack_head, boosters),
     .help = "Words that strengthen or weaken what stands near them."},
    {.key = "boosted", .kind = OPTION_BOOL, .offset = offsetof(struct pack_head, boosted),
     .help = "Whether boosters count for the rules that do not say themselves."},
    {.key = "overrides", .kind = OPTION_NODE, .offset = offsetof(struct pack_head, overrides),
     .help = "Changes to rules of other packs, by their names."},
    {.key = "rules", .kind = OPTION_NODE, .offset = offsetof(struct pack_head, rules),
     .help = "The rules."},
    {0},
};

const struct option threshold_options[] =
    BY_CLASS_TABLE(0, 1000, "Score that the class needs to be the verdict.");
const struct option margin_options[] =
    BY_CLASS_TABLE(0, 1000, "How far the class must be ahead of the next to be the verdict.");

void *ruleset_grow(void **items, size_t *n, size_t *cap, size_t item_size, size_t max,
                   const char *what, struct diag *d)
{
    if (*n == *cap) {
        size_t larger = *cap ? 2 * *cap : 64;
        void *moved = *n < max ? realloc(*items, larger * item_size) : NULL;
        if (!moved) {
            diag_error(d, NULL, (struct config_mark){0},
                       "rules: more than %zu %s, or out of memory",
                       *n, what);
            return NULL;
        }
        *items = moved;
        *cap = larger;
    }
    void *item = (char *)*items + (*n)++ * item_size;
    memset(item, 0, item_size);
    return item;
}

/* ---- the head ------------------------------------------------------------------------------- */

void pack_read_by_class(const struct option *table, const char *where,
                        const struct config_node *map, struct config_doc *doc, int unset,
                        int ret_values[CLASS_COUNT], struct diag *d)
{
    struct by_class values = {{0}};
    const struct option_target target = {table, &values};

    for (size_t i = 0; i < CLASS_COUNT; i++)
        ret_values[i] = unset;
    if (!map)
        return;
    options_decode(&target, 1, where, map, doc, d);
    for (const struct option *o = table; o->key; o++) {
        size_t class = (o->offset - offsetof(struct by_class, of)) / sizeof(int64_t);
        if (config_get(map, o->key))
            ret_values[class] = (int)values.of[class];
    }
}

void pack_read_head(struct ruleset *set, uint32_t index, struct diag *d)
{
    struct pack *pack = &set->packs[index];
    struct pack_head head = {0};
    const struct option_target target = {pack_head_options, &head};

    options_decode(&target, 1, "", pack->doc->root, pack->doc, d);
    pack->name = head.name;
    pack->lang = head.lang;
    pack->lists_node = head.lists;
    pack->guards_node = head.guards;
    pack->groups_node = head.groups;
    pack->unless_node = head.unless;
    pack->rules_node = head.rules;
    pack->overrides_node = head.overrides;
    pack->negations_node = head.negations;
    pack->boosters_node = head.boosters;
    pack->negated = (enum negated)head.negated;
    pack->boosted = head.boosted;
    pack_read_by_class(threshold_options, "thresholds", head.thresholds, pack->doc,
                       THRESHOLD_UNSET, pack->thresholds, d);
    pack_read_by_class(margin_options, "margins", head.margins, pack->doc, THRESHOLD_UNSET,
                       pack->margins, d);
    for (uint32_t i = 0; i < index && head.name.len > 0; i++)
        if (str_eq(set->packs[i].name, head.name))
            diag_error(d, pack->doc, config_get(pack->doc->root, "pack")->mark,
                       "pack: '%.*s' is also the name of %.*s", STR_FMT(head.name),
                       STR_FMT(set->packs[i].doc->path));
}

/* ---- names ---------------------------------------------------------------------------------- */

bool pack_is_name(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!isalnum((unsigned char)text.s[i]) && !memchr("_-.", text.s[i], 3))
            return false;
    return text.len > 0 && text.len <= NAME_MAX_LEN;
}

bool pack_check_name(const struct pack *pack, const char *what, const struct config_node *key,
                     struct diag *d)
{
    if (pack_is_name(key->value))
        return true;
    diag_error(d, pack->doc, key->mark,
               "%s: '%.*s' is no name: letters, digits, '_', '-' and '.', at most %d", what,
               STR_FMT(key->value), NAME_MAX_LEN);
    return false;
}

bool pack_check_map(const struct pack *pack, const char *what, const struct config_node *node,
                    struct diag *d)
{
    char shown[CONFIG_SHOWN_MAX];

    if (!node || node->kind == CONFIG_MAP)
        return node != NULL;
    diag_error(d, pack->doc, node->mark, "%s: expected a map, got %s", what,
               config_shown(node, shown));
    return false;
}

bool pack_shares(const struct pack *user, const struct pack *owner)
{
    return user == owner || owner->lang.len == 0 || str_eq(user->lang, owner->lang);
}

static const struct word_list *find_own_list(const struct pack *pack, struct str name)
{
    for (size_t i = 0; i < pack->n_lists; i++)
        if (str_eq(pack->lists[i].name, name))
            return &pack->lists[i];
    return NULL;
}

const struct word_list *pack_find_list(const struct ruleset *set, uint32_t pack, struct str name)
{
    const struct word_list *found = find_own_list(&set->packs[pack], name);

    for (size_t i = 0; !found && i < set->n_packs; i++)
        if (pack_shares(&set->packs[pack], &set->packs[i]))
            found = find_own_list(&set->packs[i], name);
    return found;
}

/* Names of lists or guards as str_nearest() wants them. */
struct candidate {
    const char *name;
};

#define CANDIDATES_MAX 1024

static void candidate_add(struct arena *arena, struct candidate *candidates, size_t *n,
                          struct str name)
{
    if (*n < CANDIDATES_MAX && name.len > 0)
        candidates[(*n)++].name = arena_str(arena, name).s;
}

const char *pack_guess_list(const struct ruleset *set, uint32_t pack, struct str name)
{
    struct arena *arena = &set->packs[pack].doc->arena;
    struct candidate candidates[CANDIDATES_MAX + 1] = {{0}};
    size_t n = 0;

    for (size_t i = 0; i < set->n_packs; i++) {
        const struct pack *owner = &set->packs[i];
        for (size_t k = 0; pack_shares(&set->packs[pack], owner) && k < owner->n_lists; k++)
            candidate_add(arena, candidates, &n, owner->lists[k].name);
    }
    return str_nearest(name, candidates, sizeof(candidates[0]));
}

static bool find_own_guard(const struct ruleset *set, const struct pack *pack, struct str name,
                           uint32_t *ret)
{
    for (uint32_t i = pack->first_guard; i < pack->end_guard; i++) {
        if (!str_eq(set->guards[i].name, name))
            continue;
        *ret = i;
        return true;
    }
    return false;
}

const char *pack_guess_rule(const struct ruleset *set, uint32_t pack, struct str name)
{
    struct candidate candidates[CANDIDATES_MAX + 1] = {{0}};
    bool full = memchr(name.s, '/', name.len) != NULL;
    size_t n = 0;

    for (size_t i = 0; i < set->n_rules; i++)
        if (full || set->rules[i].pack == pack)
            candidate_add(&set->packs[pack].doc->arena, candidates, &n,
                          full ? set->rules[i].name : set->rules[i].id);
    return str_nearest(name, candidates, sizeof(candidates[0]));
}

bool pack_find_guard(const struct ruleset *set, uint32_t pack, struct str name, uint32_t *ret)
{
    const struct pack *own = &set->packs[pack];

    if (find_own_guard(set, own, name, ret))
        return true;
    for (size_t i = 0; i < set->n_packs; i++)
        if (pack_shares(own, &set->packs[i]) && find_own_guard(set, &set->packs[i], name, ret))
            return true;
    return false;
}

const char *pack_guess_guard(const struct ruleset *set, uint32_t pack, struct str name)
{
    struct arena *arena = &set->packs[pack].doc->arena;
    struct candidate candidates[CANDIDATES_MAX + 1] = {{0}};
    size_t n = 0;

    for (size_t i = 0; i < set->n_packs; i++) {
        const struct pack *owner = &set->packs[i];
        for (uint32_t g = owner->first_guard;
             pack_shares(&set->packs[pack], owner) && g < owner->end_guard; g++)
            candidate_add(arena, candidates, &n, set->guards[g].name);
    }
    return str_nearest(name, candidates, sizeof(candidates[0]));
}

/* ---- lists ---------------------------------------------------------------------------------- */

static bool item_add(const struct pack *pack, struct word_list *list, struct str value,
                     const struct config_node *node, struct diag *d)
{
    char shown[CONFIG_SHOWN_MAX];

    if (node->kind != CONFIG_SCALAR || config_is_null(node)) {
        diag_error(d, pack->doc, node->mark, "lists.%.*s: expected words, got %s",
                   STR_FMT(list->name), config_shown(node, shown));
        return false;
    }
    if (list->n == LIST_ITEMS_MAX) {
        diag_error(d, pack->doc, node->mark, "lists.%.*s: more than %d items", STR_FMT(list->name),
                   LIST_ITEMS_MAX);
        return false;
    }
    list->items[list->n++] = (struct word_item){node->value, value};
    return true;
}

static void add_items(const struct pack *pack, struct word_list *list, struct str value,
                      const struct config_node *node, struct diag *d)
{
    if (node->kind != CONFIG_LIST) {
        item_add(pack, list, value, node, d);
        return;
    }
    for (size_t i = 0; i < node->n; i++)
        if (!item_add(pack, list, value, node->items[i], d))
            return;
}

static size_t count_items(const struct config_node *node)
{
    size_t n = 0;

    if (node->kind == CONFIG_SCALAR)
        return 1;
    for (size_t i = 0; i < node->n; i++)
        n += node->items[i]->kind == CONFIG_LIST ? node->items[i]->n : 1;
    return n;
}

/* [a, b], or {value: [a, b]}: then a capture of the list says the value. */
static void read_list(struct ruleset *set, const struct pack *pack, struct word_list *list,
                      const struct config_node *node, struct diag *d)
{
    list->items = arena_alloc(&set->reading, (count_items(node) + 1) * sizeof(*list->items));
    if (!list->items) {
        diag_error(d, pack->doc, node->mark, "lists: out of memory");
        return;
    }
    if (node->kind == CONFIG_MAP)
        for (size_t i = 0; i < node->n; i++)
            add_items(pack, list, node->keys[i]->value, node->items[i], d);
    else
        add_items(pack, list, (struct str){0}, node, d);
    if (list->n == 0)
        diag_error(d, pack->doc, node->mark, "lists.%.*s: is empty", STR_FMT(list->name));
}

void pack_read_lists(struct ruleset *set, uint32_t index, struct diag *d)
{
    struct pack *pack = &set->packs[index];
    const struct config_node *map = pack->lists_node;

    if (!pack_check_map(pack, "lists", map, d))
        return;
    pack->lists = arena_zalloc(&set->reading, (map->n + 1) * sizeof(*pack->lists));
    for (size_t i = 0; pack->lists && i < map->n; i++) {
        struct word_list *list = &pack->lists[pack->n_lists];
        if (!pack_check_name(pack, "lists", map->keys[i], d))
            continue;
        if (builtin_is(map->keys[i]->value))
            diag_error(d, pack->doc, map->keys[i]->mark, "lists: '%.*s' is a built-in list",
                       STR_FMT(map->keys[i]->value));
        list->name = map->keys[i]->value;
        pack->n_lists++;
        read_list(set, pack, list, map->items[i], d);
    }
}
