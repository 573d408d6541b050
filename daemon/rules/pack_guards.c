/* Reading packs: guards, the groups that share them, and what `unless` and `when` say.
 *
 * A guard is patterns and conditions with a scope. One that is written where it is used has no
 * name; a condition's bare name is a guard as well. */
#include "rules/pack_tables.h"
#include "rules/ruleset.h"

#define GUARDS_MAX (2 * RULES_MAX)

struct guard_body {
    const struct config_node *phrases, *regex, *is;
    int scope;
    struct str note;
};

static const char *const scopes[] = {"sentence", "post", NULL};

const struct option guard_options[] = {
    {.key = "phrases", .kind = OPTION_NODE, .offset = offsetof(struct guard_body, phrases),
     .help = "Phrases that make the guard."},
    {.key = "regex", .kind = OPTION_NODE, .offset = offsetof(struct guard_body, regex),
     .help = "Regexes that make the guard."},
    {.key = "is", .kind = OPTION_NODE, .offset = offsetof(struct guard_body, is),
     .help = "Conditions that make the guard: question, shouting, elongated, emphatic."},
    {.key = "scope", .kind = OPTION_ENUM, .offset = offsetof(struct guard_body, scope),
     .def = "sentence", .choices = scopes,
     .help = "Where it holds hits back: in its sentence, or in the whole post."},
    {.key = "note", .kind = OPTION_STRING, .offset = offsetof(struct guard_body, note),
     .help = "Why, for people."},
    {0},
};

/* ---- guards --------------------------------------------------------------------------------- */

static void read_guard_body(struct ruleset *set, uint32_t index, const char *where,
                            const struct config_node *node, struct diag *d)
{
    struct guard *guard = &set->guards[index];
    struct pack *pack = &set->packs[guard->pack];
    struct guard_body body = {0};
    const struct option_target target = {guard_options, &body};
    const struct pattern_source from = {.set = set, .pack = guard->pack, .where = where,
                                        .owner = index | OWNER_GUARD, .d = d};

    if (node->kind != CONFIG_MAP) {
        pack_read_phrases(&from, node);
        return;
    }
    options_decode(&target, 1, where, node, pack->doc, d);
    guard->whole_post = body.scope == 1;
    pack_read_phrases(&from, body.phrases);
    pack_read_regexes(&from, body.regex);
    pack_read_conditions(&from, body.is);
    if (!body.phrases && !body.regex && !body.is)
        diag_error(d, pack->doc, node->mark, "%s: neither phrases nor regex nor is", where);
}

bool pack_guard_add(struct ruleset *set, uint32_t pack, struct str name,
                    const struct config_node *node, struct diag *d)
{
    struct guard *guard = ruleset_grow((void **)&set->guards, &set->n_guards, &set->cap_guards,
                                       sizeof(*guard), GUARDS_MAX, "guards", d);

    if (!guard)
        return false;
    *guard = (struct guard){.name = name, .pack = pack, .node = node};
    return true;
}

void pack_read_guards(struct ruleset *set, uint32_t index, struct diag *d)
{
    struct pack *pack = &set->packs[index];
    const struct config_node *map = pack->guards_node;
    char where[NAME_MAX_LEN + 16];

    pack->first_guard = pack->end_guard = (uint32_t)set->n_guards;
    if (!pack_check_map(pack, "guards", map, d))
        return;
    for (size_t i = 0; i < map->n; i++) {
        if (!pack_check_name(pack, "guards", map->keys[i], d) ||
            !pack_guard_add(set, index, map->keys[i]->value, map->items[i], d))
            continue;
        pack->end_guard = (uint32_t)set->n_guards;
        snprintf(where, sizeof(where), "guards.%.*s", STR_FMT(map->keys[i]->value));
        read_guard_body(set, pack->end_guard - 1, where, map->items[i], d);
    }
}

const uint32_t *guards_keep(struct ruleset *set, const uint32_t *guards, size_t n)
{
    uint32_t *kept = n > 0 ? arena_alloc(&set->arena, n * sizeof(*kept)) : NULL;

    if (kept)
        memcpy(kept, guards, n * sizeof(*kept));
    return kept;
}

/* ---- groups --------------------------------------------------------------------------------- */

struct group_body {
    const struct config_node *unless;
    struct str note;
};

const struct option group_options[] = {
    {.key = "unless", .kind = OPTION_NODE, .offset = offsetof(struct group_body, unless),
     .help = "Guards of every rule of the group."},
    {.key = "note", .kind = OPTION_STRING, .offset = offsetof(struct group_body, note),
     .help = "What the rules have in common, for people."},
    {0},
};

static void read_group(struct ruleset *set, uint32_t index, struct rule_group *group,
                       const struct config_node *node, struct diag *d)
{
    struct group_body body = {0};
    const struct option_target target = {group_options, &body};
    uint32_t guards[RULE_GUARDS_MAX];
    char where[NAME_MAX_LEN + 16];

    snprintf(where, sizeof(where), "groups.%.*s", STR_FMT(group->name));
    options_decode(&target, 1, where, node, set->packs[index].doc, d);
    pack_read_guard_use(set, index, where, body.unless, guards, &group->n_unless, d);
    group->unless = guards_keep(set, guards, group->n_unless);
}

void pack_read_groups(struct ruleset *set, uint32_t index, struct diag *d)
{
    struct pack *pack = &set->packs[index];
    const struct config_node *map = pack->groups_node;

    if (!pack_check_map(pack, "groups", map, d))
        return;
    pack->groups = arena_zalloc(&set->reading, (map->n + 1) * sizeof(*pack->groups));
    for (size_t i = 0; pack->groups && i < map->n; i++) {
        struct rule_group *group = &pack->groups[pack->n_groups];
        if (!pack_check_name(pack, "groups", map->keys[i], d))
            continue;
        group->name = map->keys[i]->value;
        pack->n_groups++;
        read_group(set, index, group, map->items[i], d);
    }
}

const struct rule_group *pack_find_group(const struct pack *pack, struct str name)
{
    for (size_t i = 0; i < pack->n_groups; i++)
        if (str_eq(pack->groups[i].name, name))
            return &pack->groups[i];
    return NULL;
}

/* ---- unless and when ------------------------------------------------------------------------ */

struct unless {
    struct ruleset *set;
    uint32_t pack;
    const char *where;
    uint32_t *guards;
    size_t *n_guards;
    uint32_t anonymous; /* the guard of the inline phrases; HELD_BY_NOBODY: none yet */
    struct diag *d;
};

static void unless_add(const struct unless *u, const struct config_node *node, uint32_t guard)
{
    if (*u->n_guards < RULE_GUARDS_MAX)
        u->guards[(*u->n_guards)++] = guard;
    else
        diag_error(u->d, u->set->packs[u->pack].doc, node->mark, "%s: more than %d guards",
                   u->where, RULE_GUARDS_MAX);
}

/* Phrases of their own share one guard without a name. */
static void unless_phrase(struct unless *u, const struct config_node *node)
{
    if (u->anonymous == HELD_BY_NOBODY) {
        if (!pack_guard_add(u->set, u->pack, (struct str){0}, node, u->d))
            return;
        u->anonymous = (uint32_t)u->set->n_guards - 1;
        unless_add(u, node, u->anonymous);
    }
    const struct pattern_source from = {.set = u->set, .pack = u->pack, .where = u->where,
                                        .owner = u->anonymous | OWNER_GUARD, .d = u->d};
    pack_read_phrases(&from, node);
}

static void unless_condition(const struct unless *u, const struct config_node *node)
{
    if (!pack_guard_add(u->set, u->pack, node->value, node, u->d))
        return;
    uint32_t guard = (uint32_t)u->set->n_guards - 1;
    const struct pattern_source from = {.set = u->set, .pack = u->pack, .where = u->where,
                                        .owner = guard | OWNER_GUARD, .d = u->d};
    pack_read_conditions(&from, node);
    unless_add(u, node, guard);
}

/* A bare name is a guard, or a condition; anything in quotes, or that cannot be a name, is a
 * phrase. */
static void unless_item(struct unless *u, const struct config_node *node)
{
    const struct config_doc *doc = u->set->packs[u->pack].doc;
    char shown[CONFIG_SHOWN_MAX];
    enum condition condition;
    const char *guess;
    uint32_t guard;

    if (node->kind != CONFIG_SCALAR) {
        diag_error(u->d, doc, node->mark, "%s: expected a guard or a phrase, got %s", u->where,
                   config_shown(node, shown));
        return;
    }
    if (node->quoted || !pack_is_name(node->value)) {
        unless_phrase(u, node);
        return;
    }
    if (pack_find_guard(u->set, u->pack, node->value, &guard)) {
        unless_add(u, node, guard);
        return;
    }
    if (condition_parse(node->value, &condition)) {
        unless_condition(u, node);
        return;
    }
    guess = pack_guess_guard(u->set, u->pack, node->value);
    if (guess)
        diag_error(u->d, doc, node->mark, "%s: no guard is called '%.*s' (did you mean '%s'?)",
                   u->where, STR_FMT(node->value), guess);
    else
        diag_error(u->d, doc, node->mark,
                   "%s: no guard is called '%.*s'; a phrase of one word needs quotes", u->where,
                   STR_FMT(node->value));
}

void pack_read_guard_use(struct ruleset *set, uint32_t pack, const char *where,
                      const struct config_node *node, uint32_t *guards, size_t *n_guards,
                      struct diag *d)
{
    struct unless u = {set, pack, where, guards, n_guards, HELD_BY_NOBODY, d};

    if (!node)
        return;
    if (node->kind == CONFIG_SCALAR) {
        unless_item(&u, node);
        return;
    }
    if (node->kind == CONFIG_MAP) {
        if (pack_guard_add(set, pack, (struct str){0}, node, d)) {
            unless_add(&u, node, (uint32_t)set->n_guards - 1);
            read_guard_body(set, (uint32_t)set->n_guards - 1, where, node, d);
        }
        return;
    }
    for (size_t i = 0; i < node->n; i++) {
        if (node->items[i]->kind == CONFIG_MAP)
            pack_read_guard_use(set, pack, where, node->items[i], guards, n_guards, d);
        else
            unless_item(&u, node->items[i]);
    }
}
