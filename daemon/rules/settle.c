/* Letting go of memory: the packs' YAML once a set only judges, and what judging
 * makes while no post needs it.
 *
 * Trees of packs, with the text that messages show excerpts of, are nearly half of a set: tests, marks
 * and descriptions, which judging never looks at. What it does look at (names, captured values) is
 * copied out first; if that fails, everything stays as it was and only memory is lost. Sources of
 * patterns are the set's own from the beginning, and packed while nothing is judged. */
#include "rules/ruleset.h"

/* Copies the text and makes it the set's own. */
static void keep(struct ruleset *set, struct str *text)
{
    struct str copy = text->len > 0 ? arena_str(&set->arena, *text) : STR("");

    if (copy.s)
        *text = copy;
}

static void keep_rule(struct ruleset *set, struct rule *rule)
{
    struct rule_capture *captures = (struct rule_capture *)rule->captures;

    keep(set, &rule->id);
    keep(set, &rule->owner);
    keep(set, &rule->since);
    keep(set, &rule->note);
    for (size_t i = 0; i < rule->n_captures; i++) {
        keep(set, &captures[i].name);
        keep(set, &captures[i].value);
    }
}

static void keep_texts(struct ruleset *set)
{
    for (size_t i = 0; i < set->n_packs; i++) {
        keep(set, &set->packs[i].name);
        keep(set, &set->packs[i].lang);
    }
    for (size_t i = 0; i < set->n_guards; i++)
        keep(set, &set->guards[i].name);
    for (size_t i = 0; i < set->n_rules; i++)
        keep_rule(set, &set->rules[i]);
    for (size_t i = 0; i < set->n_patterns; i++) {
        const struct pattern *p = &set->patterns[i];
        for (unsigned g = 0; g < p->n_groups; g++) {
            keep(set, &p->groups[g].name);
            keep(set, &p->groups[g].value);
        }
    }
}

static void forget_nodes(struct ruleset *set)
{
    for (size_t i = 0; i < set->n_rules; i++) {
        set->rules[i].node = NULL;
        memset(set->rules[i].tests, 0, sizeof(set->rules[i].tests));
    }
    for (size_t i = 0; i < set->n_guards; i++)
        set->guards[i].node = NULL;
    free(set->origins);
    set->origins = NULL;
    set->n_origins = 0;
}

static void forget_pack(struct pack *pack)
{
    config_doc_destroy(pack->doc);
    pack->doc = NULL;
    pack->lists = NULL;
    pack->n_lists = 0;
    pack->groups = NULL;
    pack->n_groups = 0;
    pack->lists_node = pack->guards_node = pack->groups_node = pack->unless_node = NULL;
    pack->rules_node = pack->negations_node = pack->boosters_node = pack->overrides_node = NULL;
}

void ruleset_settle(struct ruleset *set)
{
    if (set->settled)
        return;
    keep_texts(set);
    if (set->arena.failed)
        return;
    forget_nodes(set);
    for (size_t i = 0; i < set->n_packs; i++)
        forget_pack(&set->packs[i]);
    arena_finish(&set->reading);
    regex_scratch_destroy(set->scratch);
    set->scratch = NULL;
    set->settled = true;
}

/* ---- what is compiled ----------------------------------------------------------------------- */

int ruleset_need_matcher(struct ruleset *set)
{
    int r = sources_need(set);

    set->judged = true;
    if (r < 0 || set->matcher)
        return r;
    return set->engine->create(set->patterns, set->n_patterns, &set->matcher, NULL);
}

/* The next mention makes it anew, with windows that what was learned since has made better. */
static bool forget_matcher(struct ruleset *set)
{
    if (!set->settled || !set->matcher)
        return false;
    set->engine->destroy(set->matcher);
    set->matcher = NULL;
    sources_rest(set);
    set->limited_told = set->limited;
    memset(set->limits_told, 0, set->n_patterns * sizeof(*set->limits_told));
    return true;
}

bool ruleset_rest(struct ruleset *set, int64_t now_ms)
{
    bool dropped = false;

    if (set->judged)
        set->judged_ms = now_ms;
    set->judged = false;
    if (now_ms - set->judged_ms >= RULESET_QUIET_MS)
        dropped = forget_matcher(set);
    if (now_ms - set->rested_ms < RULESET_REST_MS)
        return dropped;
    set->rested_ms = now_ms;
    for (size_t i = 0; i < set->n_patterns; i++)
        dropped |= regex_rest_unused(set->patterns[i].regex);
    if (dropped)
        regex_trim();
    return dropped;
}
