/* What works, but should not stay as it is. Each finding is a warning at the place to mend. */
#include <stdarg.h>

#include "rules/lint.h"

#define NOT_INSIDE SIZE_MAX /* no byte of the pattern, but all of it */

/* ISO 639-1. */
static const char languages[] =
    " aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv"
    " cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr"
    " ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw"
    " ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv"
    " ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr"
    " ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi"
    " yo za zh zu ";

void lint_report(struct lint *l, const struct rule *rule, const struct config_node *node,
                 const char *kind, const char *fmt, ...)
{
    char what[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    diag_warning(l->d, l->set->packs[rule->pack].doc, node->mark, "rules.%.*s (%s): %s",
                 STR_FMT(rule->id), kind, what);
    l->found++;
}

/* Two letters that are a language; of three letters there are thousands. */
static bool is_language(struct str lang)
{
    char wanted[4];
    size_t len = 0;

    while (len < lang.len && lang.s[len] != '-' && lang.s[len] != '_')
        len++;
    if (len != 2)
        return len == 3;
    snprintf(wanted, sizeof(wanted), " %c%c", lang.s[0] | 0x20, lang.s[1] | 0x20);
    return strstr(languages, wanted) != NULL;
}

static void lint_pack(struct lint *l, const struct pack *pack)
{
    if (pack->lang.len == 0 || is_language(pack->lang))
        return;
    diag_warning(l->d, pack->doc, config_get(pack->doc->root, "lang")->mark,
                 "lang (unknown-language): '%.*s' is no language of ISO 639; no post will be in it",
                 STR_FMT(pack->lang));
    l->found++;
}

/* ---- lists ---------------------------------------------------------------------------------- */

struct list_reading {
    struct lint *l;
    const struct pack *pack;
    struct str name;
    struct arena arena;
    struct name_index known; /* normalised words: their line */
};

static void lint_item(struct list_reading *x, const struct config_node *node)
{
    struct text_normal normal;
    uint32_t line;

    if (node->kind != CONFIG_SCALAR || text_normalise(node->value, &x->arena, &normal) < 0)
        return;
    /* "crash*" and "crash" are read alike, and what is in brackets is no word */
    if (memchr(node->value.s, '*', node->value.len) || memchr(node->value.s, '{', node->value.len) ||
        memchr(node->value.s, '(', node->value.len) || memchr(node->value.s, '~', node->value.len))
        return;
    if (!name_index_find(&x->known, normal.normal, &line)) {
        name_index_add(&x->known, normal.normal, node->mark.line);
        return;
    }
    diag_warning(x->l->d, x->pack->doc, node->mark,
                 "lists.%.*s (duplicate): '%.*s' stands in line %u already", STR_FMT(x->name),
                 STR_FMT(node->value), line);
    x->l->found++;
}

/* Words, lists of them, and lists by what a capture says. */
static void lint_items(struct list_reading *x, const struct config_node *node)
{
    if (node->kind == CONFIG_SCALAR)
        lint_item(x, node);
    for (size_t i = 0; node->kind != CONFIG_SCALAR && i < node->n; i++)
        lint_items(x, node->items[i]);
}

static void lint_lists(struct lint *l, const struct pack *pack)
{
    const struct config_node *map = pack->lists_node;

    for (size_t i = 0; map && i < map->n; i++) {
        struct list_reading x = {.l = l, .pack = pack, .name = map->keys[i]->value};
        arena_init(&x.arena, RULES_ARENA_MAX);
        lint_items(&x, map->items[i]);
        name_index_finish(&x.known);
        arena_finish(&x.arena);
    }
}

/* ---- patterns, rules ------------------------------------------------------------------------ */

static void report_pattern(struct lint *l, size_t index, size_t at, const char *kind,
                           const char *what)
{
    const struct pattern *p = &l->set->patterns[index];
    struct config_node node = {.mark = l->set->origins[index]->mark};
    const struct guard *guard;

    if (at != NOT_INSIDE)
        node.mark = pack_mark_inside(l->set->origins[index], at);
    if (!(p->owner & OWNER_GUARD)) {
        lint_report(l, &l->set->rules[p->owner], &node, kind, "%s", what);
        return;
    }
    guard = &l->set->guards[p->owner & ~OWNER_GUARD];
    diag_warning(l->d, l->set->packs[guard->pack].doc, node.mark, "guards.%.*s (%s): %s",
                 STR_FMT(guard->name.len > 0 ? guard->name : STR("unless")), kind, what);
    l->found++;
}

static void lint_pattern(struct lint *l, size_t index)
{
    const struct pattern *p = &l->set->patterns[index];
    struct regex_flaw flaw = p->on_plain ? lint_regex(p->source) : (struct regex_flaw){0};

    if (flaw.kind)
        report_pattern(l, index, flaw.at, flaw.kind, flaw.what);
    if (l->set->engine->is_unfiltered(l->set->matcher, index))
        report_pattern(l, index, NOT_INSIDE, "unfiltered",
                       "no word or part of one must be there, so it is run on every post");
}

static void lint_rule(struct lint *l, const struct rule *rule)
{
    bool match = rule->tests[RULE_TEST_MATCH], skip = rule->tests[RULE_TEST_SKIP];

    if (!match || !skip)
        lint_report(l, rule, rule->node, "untested", "has no %s test",
                    match  ? "skip"
                    : skip ? "match"
                           : "match and no skip");
}

size_t ruleset_lint(const struct ruleset *set, struct diag *d)
{
    struct lint l = {set, d, 0};

    if (set->settled)
        return 0;
    for (size_t i = 0; i < set->n_packs; i++)
        lint_pack(&l, &set->packs[i]);
    for (size_t i = 0; i < set->n_packs; i++)
        lint_lists(&l, &set->packs[i]);
    for (size_t i = 0; i < set->n_rules; i++)
        if (!set->rules[i].disabled)
            lint_rule(&l, &set->rules[i]);
    for (size_t i = 0; i < set->n_patterns; i++)
        lint_pattern(&l, i);
    lint_overlaps(&l);
    return l.found;
}

size_t ruleset_lint_silent(const struct ruleset *set, rule_silent_fn *why, void *user, struct diag *d)
{
    struct lint l = {set, d, 0};
    char text[256];

    for (size_t i = 0; i < set->n_rules && !set->settled; i++) {
        const struct rule *rule = &set->rules[i];
        if (!rule->disabled && why(user, rule->name, text, sizeof(text)))
            lint_report(&l, rule, rule->node, "never-fired", "%s", text);
    }
    return l.found;
}
