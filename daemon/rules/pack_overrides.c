/* Reading packs: overrides, which change rules of other packs by name.
 *
 * They are applied when all rules are there, pack after pack in the order of loading, so the last
 * one to speak is heard. Patterns of rules that are switched off are taken out before the matcher
 * is made. */
#include "rules/pack_tables.h"
#include "rules/ruleset.h"

#define WHERE_MAX 192
#define SCORE_MAX 100

struct override_body {
    int64_t score;
    bool enabled;
    struct str note;
    const struct config_node *scores;
};

#define FIELD(name) .offset = offsetof(struct override_body, name)

const struct option override_options[] = {
    {.key = "enabled", .kind = OPTION_BOOL, FIELD(enabled), .def = "true",
     .help = "false switches the rule off."},
    {.key = "score", .kind = OPTION_INT, FIELD(score), .min = -SCORE_MAX, .max = SCORE_MAX,
     .help = "What the rule adds to its class instead."},
    {.key = "scores", .kind = OPTION_NODE, FIELD(scores),
     .help = "What the rule adds to several classes instead, by class."},
    {.key = "note", .kind = OPTION_STRING, FIELD(note), .help = "Why, for people."},
    {0},
};

struct overriding {
    struct ruleset *set;
    const struct pack *pack; /* that says it */
    const char *where;
    const struct config_node *node;
    struct override_body body;
    struct diag *d;
};

static void change_scores(const struct overriding *x, struct rule *rule)
{
    const struct config_node *score = config_get(x->node, "score");

    if (!score && !x->body.scores)
        return;
    rule->overridden = true;
    if (rule->class == CLASS_NONE) {
        diag_error(x->d, x->pack->doc, x->node->mark, "%s: %.*s gives no class, so it has no score",
                   x->where, STR_FMT(rule->name));
        return;
    }
    if (x->body.scores)
        pack_read_by_class(rule_score_options, x->where, x->body.scores, x->pack->doc, 0,
                           rule->scores, x->d);
    if (score)
        rule->scores[rule->class] = (int)x->body.score;
}

static void change_rule(const struct overriding *x, struct rule *rule)
{
    if (config_get(x->node, "enabled"))
        rule->disabled = !x->body.enabled;
    change_scores(x, rule);
}

/* "en/praise/" and a star: all rules of that pack. */
static bool change_pack(const struct overriding *x, struct str name)
{
    bool found = false;

    if (!str_ends_with(name, STR("/*")))
        return false;
    name.len -= 2;
    for (size_t i = 0; i < x->set->n_rules; i++) {
        struct rule *rule = &x->set->rules[i];
        if (!str_eq(x->set->packs[rule->pack].name, name))
            continue;
        found = true;
        if (rule->class != CLASS_NONE || !config_get(x->node, "score"))
            change_rule(x, rule);
    }
    return found;
}

static void apply_one(struct overriding *x, const struct config_node *key)
{
    uint32_t pack = (uint32_t)(x->pack - x->set->packs), rule;
    const struct option_target target = {override_options, &x->body};
    const char *guess;

    if (!options_decode(&target, 1, x->where, x->node, x->pack->doc, x->d) ||
        change_pack(x, key->value))
        return;
    if (pack_find_rule(x->set, pack, key->value, &rule)) {
        change_rule(x, &x->set->rules[rule]);
        return;
    }
    guess = pack_guess_rule(x->set, pack, key->value);
    diag_error(x->d, x->pack->doc, key->mark, "overrides: no rule is called '%.*s'%s%s%s",
               STR_FMT(key->value), guess ? " (did you mean '" : "", guess ? guess : "",
               guess ? "'?)" : "");
}

static void apply_pack(struct ruleset *set, const struct pack *pack, struct diag *d)
{
    const struct config_node *map = pack->overrides_node;
    char where[WHERE_MAX];

    if (!pack_check_map(pack, "overrides", map, d))
        return;
    for (size_t i = 0; i < map->n; i++) {
        struct overriding x = {.set = set, .pack = pack, .where = where, .node = map->items[i],
                               .d = d};
        snprintf(where, sizeof(where), "overrides.%.*s", STR_FMT(map->keys[i]->value));
        apply_one(&x, map->keys[i]);
    }
}

static bool is_off(const struct ruleset *set, uint32_t owner)
{
    return !(owner & OWNER_GUARD) && set->rules[owner].disabled;
}

static void drop_patterns(struct ruleset *set)
{
    size_t kept = 0;

    for (size_t i = 0; i < set->n_patterns; i++) {
        if (is_off(set, set->patterns[i].owner)) {
            regex_destroy(set->patterns[i].regex);
            continue;
        }
        set->origins[kept] = set->origins[i];
        set->patterns[kept++] = set->patterns[i];
    }
    set->n_patterns = set->n_origins = kept;
    kept = 0;
    for (size_t i = 0; i < set->n_conditions; i++)
        if (!is_off(set, set->conditions[i].owner))
            set->conditions[kept++] = set->conditions[i];
    set->n_conditions = kept;
}

static void drop_needing(struct ruleset *set)
{
    size_t kept = 0;

    for (size_t i = 0; i < set->n_needing; i++)
        if (!set->rules[set->needing[i]].disabled)
            set->needing[kept++] = set->needing[i];
    set->n_needing = kept;
}

void overrides_apply(struct ruleset *set, struct diag *d)
{
    for (size_t i = 0; i < set->n_packs; i++)
        apply_pack(set, &set->packs[i], d);
    if (set->n_origins != set->n_patterns)
        return; /* out of memory, and reported */
    drop_patterns(set);
    drop_needing(set);
}
