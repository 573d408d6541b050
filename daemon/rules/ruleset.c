/* Rule sets: building the whole, sharing it by reference. Finding the files is pack_files.c's.
 *
 * A set is built from nothing each time and is complete when ruleset_load() returns it;
 * whoever judges holds a reference, so a reload never changes a set under anybody. */
#include "rules/pack_files.h"
#include "rules/ruleset.h"

static const struct matcher_engine *const engines[] = {
    [RULE_ENGINE_FAST] = &matcher_fast,
    [RULE_ENGINE_REFERENCE] = &matcher_reference,
};

/* ---- building ------------------------------------------------------------------------------- */

static struct ruleset *ruleset_alloc(size_t n_packs, enum rule_engine engine)
{
    struct ruleset *set = calloc(1, sizeof(*set));

    if (!set)
        return NULL;
    set->refs = 1;
    set->engine = engines[engine];
    arena_init(&set->arena, RULES_ARENA_MAX);
    arena_init(&set->sources, RULES_ARENA_MAX);
    arena_init(&set->reading, RULES_ARENA_MAX);
    set->packs = calloc(n_packs + 1, sizeof(*set->packs));
    if (set->packs)
        return set;
    ruleset_unref(set);
    return NULL;
}

static void read_all(struct ruleset *set, struct diag *d)
{
    static void (*const steps[])(struct ruleset *, uint32_t, struct diag *) = {
        pack_read_head, pack_read_lists, pack_read_guards, pack_read_groups,
        pack_read_windows, pack_read_rules, pack_read_needs,
    };

    for (size_t s = 0; s < ARRAY_LEN(steps); s++)
        for (uint32_t i = 0; i < set->n_packs; i++)
            steps[s](set, i, d);
    ruleset_order_needs(set, d);
    overrides_apply(set, d);
}

static bool uses_alloc(struct ruleset *set)
{
    set->fired = calloc(set->n_rules + 1, sizeof(*set->fired));
    set->limits_told = calloc(set->n_patterns + 1, sizeof(*set->limits_told));
    return set->fired && set->limits_told;
}

/* The patterns' room to grow goes back, before a matcher points to them. */
static void trim(struct ruleset *set)
{
    struct pattern *fewer = NULL;

    if (set->n_patterns > 0)
        fewer = realloc(set->patterns, set->n_patterns * sizeof(*fewer));
    if (!fewer)
        return;
    set->patterns = fewer;
    set->cap_patterns = set->n_patterns;
}

/* Takes the docs over. NULL when anything is wrong. */
static struct ruleset *ruleset_build(struct config_doc **docs, size_t n, enum rule_engine engine,
                                     struct diag *d)
{
    struct ruleset *set = ruleset_alloc(n, engine);
    size_t errors = d->n_errors;
    struct error err = {0};

    if (!set) {
        diag_error(d, NULL, (struct config_mark){0}, "rules: out of memory");
        for (size_t i = 0; i < n; i++)
            config_doc_destroy(docs[i]);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        set->packs[set->n_packs++].doc = docs[i];
    read_all(set, d);
    trim(set);
    if (set->arena.failed || set->sources.failed || set->reading.failed)
        diag_error(d, NULL, (struct config_mark){0}, "rules: out of memory");
    if (d->n_errors == errors &&
        set->engine->create(set->patterns, set->n_patterns, &set->matcher, &err) < 0)
        diag_error(d, NULL, (struct config_mark){0}, "rules: %s", err.text);
    if (d->n_errors == errors && !uses_alloc(set))
        diag_error(d, NULL, (struct config_mark){0}, "rules: out of memory");
    if (d->n_errors == errors)
        return set;
    ruleset_unref(set);
    return NULL;
}

struct ruleset *ruleset_load(const struct str *paths, size_t n_paths, enum rule_engine engine,
                             struct diag *d)
{
    struct pack_files files = {.d = d};
    size_t errors = d->n_errors;
    struct ruleset *set = NULL;

    if (pack_files_load(&files, paths, n_paths))
        set = ruleset_build(files.docs, files.n, engine, d);
    else
        diag_error(d, NULL, (struct config_mark){0}, "rules: out of memory");
    if (!files.sound || d->n_errors > errors) {
        ruleset_unref(set);
        set = NULL;
    }
    pack_files_finish(&files);
    return set;
}

struct ruleset *ruleset_parse(const char *path, struct str text, enum rule_engine engine,
                              struct diag *d)
{
    size_t errors = d->n_errors;
    struct config_doc *doc = config_doc_parse(path, text, d);
    const struct config_node *include = doc ? config_get(doc->root, "include") : NULL;
    struct ruleset *set;

    if (include)
        diag_error(d, doc, include->mark, "include: a pack from memory has no folder to look in");
    set = doc ? ruleset_build(&doc, 1, engine, d) : NULL;

    if (d->n_errors == errors)
        return set;
    ruleset_unref(set);
    return NULL;
}

/* ---- sharing -------------------------------------------------------------------------------- */

struct ruleset *ruleset_ref(struct ruleset *set)
{
    set->refs++;
    return set;
}

void ruleset_unref(struct ruleset *set)
{
    if (!set || --set->refs > 0)
        return;
    if (set->engine && set->matcher)
        set->engine->destroy(set->matcher);
    regex_scratch_destroy(set->scratch);
    for (size_t i = 0; set->patterns && i < set->n_patterns; i++)
        regex_destroy(set->patterns[i].regex);
    for (size_t i = 0; set->packs && i < set->n_packs; i++)
        config_doc_destroy(set->packs[i].doc);
    free(set->patterns);
    free(set->conditions);
    free(set->windows);
    free(set->origins);
    free(set->fired);
    free(set->limits_told);
    free(set->guards);
    free(set->rules);
    name_index_finish(&set->names);
    free(set->packs);
    arena_finish(&set->arena);
    arena_finish(&set->sources);
    arena_finish(&set->reading);
    free(set->packed_sources);
    free(set);
}

size_t ruleset_count(const struct ruleset *set)
{
    return set->n_rules;
}

struct rule_info ruleset_rule(const struct ruleset *set, size_t index)
{
    const struct rule *rule = &set->rules[index];

    return (struct rule_info){rule->name, set->packs[rule->pack].lang, rule->class, rule->signal,
                              rule->scores[rule->class], rule->scores, rule->priority,
                              rule->experimental, rule->disabled, rule->owner, rule->since,
                              rule->note};
}

uint64_t ruleset_limited(const struct ruleset *set)
{
    return set->limited;
}
