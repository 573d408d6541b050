/* Reading packs: the rules. */
#include "rules/builtins.h"
#include "rules/pack_tables.h"
#include "rules/ruleset.h"

#define SCORE_MAX 100
#define WHERE_MAX 128

struct rule_body {
    struct str id, group, topic, place, owner, since, note;
    int class, signal, status, negated;
    int64_t score, priority, near;
    bool extract, boosted;
    const struct config_node *scores, *phrases, *before, *after, *beside, *regex, *is;
    const struct config_node *all, *any, *none, *at_least;
    const struct config_node *unless, *when, *capture, *tests;
};

static const char *const classes[] = {"none", "praise", "complaint", "outage", NULL};
static const char *const signals[] = {"none", "recovery", "maintenance", "past", "joke", "news",
                                      "other-brand", NULL};

static const char *const statuses[] = {"stable", "experimental", NULL};

#define FIELD(name) .offset = offsetof(struct rule_body, name)

const struct option rule_options[] = {
    {.key = "id", .kind = OPTION_STRING, FIELD(id), .min = 1, .max = 64, .required = true,
     .help = "Name of the rule, once in a pack; it stands in every verdict."},
    {.key = "class", .kind = OPTION_ENUM, FIELD(class), .def = "none", .choices = classes,
     .help = "What the post is if the rule hits."},
    {.key = "signal", .kind = OPTION_ENUM, FIELD(signal), .def = "none", .choices = signals,
     .help = "What is noted beside the class."},
    {.key = "extract", .kind = OPTION_BOOL, FIELD(extract),
     .help = "The rule only captures; it has neither class nor signal."},
    {.key = "score", .kind = OPTION_INT, FIELD(score), .def = "3", .min = -SCORE_MAX,
     .max = SCORE_MAX, .help = "What the rule adds to its class, once a post."},
    {.key = "scores", .kind = OPTION_NODE, FIELD(scores),
     .help = "What the rule adds to several classes, by class."},
    {.key = "priority", .kind = OPTION_INT, FIELD(priority), .max = 100,
     .help = "Of the rules that count only those with the highest priority add scores."},
    {.key = "phrases", .kind = OPTION_NODE, FIELD(phrases), .help = "Phrases; one must match."},
    {.key = "before", .kind = OPTION_NODE, FIELD(before),
     .help = "Phrases of which one must follow in the same sentence."},
    {.key = "after", .kind = OPTION_NODE, FIELD(after),
     .help = "Phrases of which one must precede in the same sentence."},
    {.key = "beside", .kind = OPTION_NODE, FIELD(beside),
     .help = "Phrases of which one must precede or follow in the same sentence."},
    {.key = "near", .kind = OPTION_INT, FIELD(near), .def = "6", .min = 1, .max = PHRASE_GAP_MAX,
     .help = "How many words may stand between: the phrase and its before, after or beside; without "
             "these, the words of the phrase, in either order."},
    {.key = "regex", .kind = OPTION_NODE, FIELD(regex), .help = "PCRE2 regexes; one must match."},
    {.key = "is", .kind = OPTION_NODE, FIELD(is),
     .help = "Built-in conditions that hit: question, shouting, elongated, emphatic."},
    {.key = "all", .kind = OPTION_NODE, FIELD(all), .help = "Rules that must count as well."},
    {.key = "any", .kind = OPTION_NODE, FIELD(any), .help = "Rules of which one must count."},
    {.key = "not", .kind = OPTION_NODE, FIELD(none), .help = "Rules that must not count."},
    {.key = "at_least", .kind = OPTION_NODE, FIELD(at_least),
     .help = "Rules of which a number must count: {n: 2, of: [...]}."},
    {.key = "unless", .kind = OPTION_NODE, FIELD(unless),
     .help = "Guards, conditions or phrases that hold a hit back."},
    {.key = "when", .kind = OPTION_NODE, FIELD(when),
     .help = "Guards, conditions or phrases of which one must be there too."},
    {.key = "negated", .kind = OPTION_ENUM, FIELD(negated), .def = "keep",
     .choices = pack_negated_choices,
     .help = "What a negation does to a hit: nothing, hold it back, or turn it round."},
    {.key = "boosted", .kind = OPTION_BOOL, FIELD(boosted),
     .help = "Whether boosters near a hit add to the score."},
    {.key = "group", .kind = OPTION_STRING, FIELD(group), .max = NAME_MAX_LEN,
     .help = "Group of the pack whose guards hold for this rule too."},
    {.key = "capture", .kind = OPTION_NODE, FIELD(capture),
     .help = "Fields to fill: the name of a list (its words that matched) or a text."},
    {.key = "topic", .kind = OPTION_STRING, FIELD(topic), .max = 64,
     .help = "Short for capture: {topic: ...}."},
    {.key = "place", .kind = OPTION_STRING, FIELD(place), .max = 64,
     .help = "Short for capture: {place: ...}."},
    {.key = "tests", .kind = OPTION_NODE, FIELD(tests),
     .help = "match: posts that the rule must decide; skip: posts where it must not count."},
    {.key = "owner", .kind = OPTION_STRING, FIELD(owner), .max = 64,
     .help = "Who answers for the rule, for people."},
    {.key = "status", .kind = OPTION_ENUM, FIELD(status), .def = "stable", .choices = statuses,
     .help = "Whether the rule has proved itself, for people."},
    {.key = "since", .kind = OPTION_STRING, FIELD(since), .max = 32,
     .help = "Date or version from which the rule is there, for people."},
    {.key = "note", .kind = OPTION_STRING, FIELD(note), .help = "Why, for people."},
    {0},
};

const struct option rule_score_options[] =
    BY_CLASS_TABLE(-SCORE_MAX, SCORE_MAX, "What the rule adds to this class, once a post.");

struct rule_tests {
    const struct config_node *kinds[RULE_TEST_KINDS];
};

#define TESTS(name, which, text)                                                                   \
    {.key = name, .kind = OPTION_NODE, .offset = offsetof(struct rule_tests, kinds[which]),         \
     .help = text}

const struct option rule_test_options[] = {
    TESTS("match", RULE_TEST_MATCH, "Posts that this rule hits and whose verdict is its class."),
    TESTS("skip", RULE_TEST_SKIP, "Posts where this rule does not count."),
    TESTS("todo_match", RULE_TEST_TODO_MATCH, "Posts that should be in match, but fail as yet."),
    TESTS("todo_skip", RULE_TEST_TODO_SKIP, "Posts that should be in skip, but fail as yet."),
    {0},
};

struct reading {
    struct ruleset *set;
    uint32_t pack;
    struct config_doc *doc;
    const struct config_node *node;
    const char *where;
    struct diag *d;
};

/* ---- captures ------------------------------------------------------------------------------- */

static void capture_add(const struct reading *x, struct rule_capture *captures, size_t *n,
                        struct str name, struct str value, struct config_mark mark)
{
    if (*n == RULE_CAPTURES_MAX)
        diag_error(x->d, x->doc, mark, "%s: more than %d captures", x->where, RULE_CAPTURES_MAX);
    else
        captures[(*n)++] = (struct rule_capture){name, value};
}

static void read_capture_map(const struct reading *x, const struct config_node *map,
                             struct rule_capture *captures, size_t *n)
{
    char shown[CONFIG_SHOWN_MAX];

    if (!map)
        return;
    if (map->kind != CONFIG_MAP) {
        diag_error(x->d, x->doc, map->mark, "%s.capture: expected a map, got %s", x->where,
                   config_shown(map, shown));
        return;
    }
    for (size_t i = 0; i < map->n; i++) {
        if (map->items[i]->kind == CONFIG_SCALAR && !config_is_null(map->items[i]))
            capture_add(x, captures, n, map->keys[i]->value, map->items[i]->value,
                        map->keys[i]->mark);
        else
            diag_error(x->d, x->doc, map->items[i]->mark,
                       "%s.capture: expected a list's name or a text, got %s", x->where,
                       config_shown(map->items[i], shown));
    }
}

static void read_captures(const struct reading *x, const struct rule_body *body,
                          struct rule_capture *captures, size_t *n)
{
    read_capture_map(x, body->capture, captures, n);
    if (body->topic.len > 0)
        capture_add(x, captures, n, STR("topic"), body->topic, x->node->mark);
    if (body->place.len > 0)
        capture_add(x, captures, n, STR("place"), body->place, x->node->mark);
}

/* Captures of lists are the patterns' business; texts are said whenever the rule counts. */
static void keep_literals(const struct reading *x, struct rule *rule,
                          const struct rule_capture *captures, size_t n)
{
    struct rule_capture *kept =
        n > 0 ? arena_alloc(&x->set->arena, n * sizeof(*captures)) : NULL;

    for (size_t i = 0; kept && i < n; i++)
        if (!builtin_is(captures[i].value) &&
            !pack_find_list(x->set, x->pack, captures[i].value))
            kept[rule->n_captures++] = captures[i];
    rule->captures = kept;
}

/* ---- one rule ------------------------------------------------------------------------------- */

static bool has_patterns(const struct rule_body *body)
{
    return body->phrases || body->regex || body->is;
}

static bool needs_others(const struct rule_body *body)
{
    return body->all || body->any || body->none || body->at_least;
}

static void check_purpose(const struct reading *x, const struct rule_body *body)
{
    int purposes = (body->class > 0 || body->scores) + (body->signal > 0) + body->extract;
    bool mistyped = config_get(x->node, "class") || config_get(x->node, "signal");

    if (purposes == 0 && !mistyped)
        diag_error(x->d, x->doc, x->node->mark,
                   "%s: gives neither a class nor a signal, and is no extract rule", x->where);
    else if (purposes > 1)
        diag_error(x->d, x->doc, x->node->mark,
                   "%s: gives more than one of class, signal and extract", x->where);
    if (!has_patterns(body) && !needs_others(body))
        diag_error(x->d, x->doc, x->node->mark,
                   "%s: neither phrases nor regex, is, all, any or at_least", x->where);
}

/* Of two packs with one name, which is a mistake of its own, each has its own ids. */
static void name_rule(const struct reading *x, const struct rule *rule)
{
    const struct config_node *node = config_get(x->node, "id");
    uint32_t index = (uint32_t)(rule - x->set->rules), other = index;

    if (!node || rule->id.len == 0)
        return;
    if (name_index_find(&x->set->names, rule->name, &other) &&
        x->set->rules[other].pack == x->pack)
        diag_error(x->d, x->doc, node->mark, "%s: id '%.*s' is taken by the rule in line %u",
                   x->where, STR_FMT(rule->id), x->set->rules[other].node->mark.line);
    else if (!name_index_add(&x->set->names, rule->name, index))
        diag_error(x->d, x->doc, node->mark, "%s: out of memory", x->where);
}

static void read_tests(const struct reading *x, const struct rule_body *body, struct rule *rule)
{
    struct rule_tests tests = {0};
    const struct option_target target = {rule_test_options, &tests};
    char where[WHERE_MAX + 8];

    snprintf(where, sizeof(where), "%s.tests", x->where);
    options_decode(&target, 1, where, body->tests, x->doc, x->d);
    memcpy(rule->tests, tests.kinds, sizeof(rule->tests));
}

/* They are joined to phrases as text, so this is the place to look at each. */
static void check_neighbours(const struct reading *x, const struct config_node *node)
{
    char shown[CONFIG_SHOWN_MAX];

    if (!node)
        return;
    if (node->kind == CONFIG_LIST) {
        for (size_t i = 0; i < node->n; i++)
            if (node->items[i]->kind == CONFIG_LIST)
                diag_error(x->d, x->doc, node->items[i]->mark, "%s: expected a phrase, got a list",
                           x->where);
            else
                check_neighbours(x, node->items[i]);
    } else if (node->kind == CONFIG_MAP || config_is_null(node)) {
        diag_error(x->d, x->doc, node->mark, "%s: expected a phrase, got %s", x->where,
                   config_shown(node, shown));
    }
}

static struct phrase_neighbour neighbour_of(const struct reading *x, const struct rule_body *body)
{
    const struct phrase_neighbour said[] = {
        {body->before, PLACE_BEFORE, (int)body->near},
        {body->after, PLACE_AFTER, (int)body->near},
        {body->beside, PLACE_BESIDE, (int)body->near},
    };
    struct phrase_neighbour found = {0};

    for (size_t i = 0; i < ARRAY_LEN(said); i++) {
        if (said[i].node && found.node)
            diag_error(x->d, x->doc, said[i].node->mark,
                       "%s: more than one of before, after and beside", x->where);
        if (said[i].node)
            found = said[i];
    }
    check_neighbours(x, found.node);
    if (found.node && !body->phrases)
        diag_error(x->d, x->doc, found.node->mark, "%s: before, after and beside need phrases",
                   x->where);
    if (!found.node && config_get(x->node, "near")) {
        found = (struct phrase_neighbour){.place = PLACE_WITHIN, .words = (int)body->near};
        if (!body->phrases)
            diag_error(x->d, x->doc, config_get(x->node, "near")->mark,
                       "%s.near: says how far the words of phrases may be, but none are there",
                       x->where);
    }
    return found;
}

static void read_patterns(const struct reading *x, const struct rule_body *body, uint32_t owner,
                          const struct rule_capture *captures, size_t n_captures)
{
    const struct pattern_source from = {
        .set = x->set, .pack = x->pack, .owner = owner, .where = x->where,
        .captures = captures, .n_captures = n_captures, .d = x->d,
        .neighbour = neighbour_of(x, body),
    };

    pack_read_phrases(&from, body->phrases);
    pack_read_regexes(&from, body->regex);
    pack_read_conditions(&from, body->is);
}

static const struct rule_group *group_of(const struct reading *x, struct str name)
{
    const struct pack *pack = &x->set->packs[x->pack];
    const struct rule_group *group = pack_find_group(pack, name);

    if (!group && name.len > 0)
        diag_error(x->d, x->doc, config_get(x->node, "group")->mark,
                   "%s.group: the pack has no group '%.*s'", x->where, STR_FMT(name));
    return group;
}

/* Of the pack, then of the group, then its own. */
static void read_guards(const struct reading *x, const struct rule_body *body, struct rule *rule)
{
    const struct pack *pack = &x->set->packs[x->pack];
    const struct rule_group *group = group_of(x, body->group);
    uint32_t guards[2 * RULE_GUARDS_MAX], own[RULE_GUARDS_MAX];
    size_t n = pack->n_unless, n_own = 0;

    memcpy(guards, pack->unless, n * sizeof(*guards));
    if (group && group->n_unless > 0) {
        memcpy(guards + n, group->unless, group->n_unless * sizeof(*guards));
        n += group->n_unless;
    }
    pack_read_guard_use(x->set, x->pack, x->where, body->unless, guards, &n, x->d);
    rule->guards = guards_keep(x->set, guards, n);
    rule->n_guards = rule->guards ? n : 0;
    pack_read_guard_use(x->set, x->pack, x->where, body->when, own, &n_own, x->d);
    rule->when = guards_keep(x->set, own, n_own);
    rule->n_when = rule->when ? n_own : 0;
}

/* A rule that says no class speaks for the one to which it adds most. */
static enum mention_class best_class(const int scores[CLASS_COUNT])
{
    enum mention_class best = CLASS_NONE;

    for (int class = CLASS_OUTAGE; class > CLASS_NONE; class --)
        if (scores[class] != 0 && (best == CLASS_NONE || scores[class] > scores[best]))
            best = (enum mention_class)class;
    return best;
}

static void read_scores(const struct reading *x, const struct rule_body *body, struct rule *rule)
{
    const struct config_node *both = config_get(x->node, "score");
    char where[WHERE_MAX + 8];

    snprintf(where, sizeof(where), "%s.scores", x->where);
    pack_read_by_class(rule_score_options, where, body->scores, x->doc, 0, rule->scores, x->d);
    rule->class = body->class > 0 ? (enum mention_class)body->class : best_class(rule->scores);
    if (rule->class == CLASS_NONE && body->scores)
        diag_error(x->d, x->doc, body->scores->mark, "%s: adds to no class", where);
    if (rule->class == CLASS_NONE)
        return;
    if (both && (body->class == 0 || rule->scores[rule->class] != 0))
        diag_error(x->d, x->doc, both->mark, "%s.score: scores says it too", x->where);
    if (body->class > 0 && rule->scores[rule->class] == 0)
        rule->scores[rule->class] = (int)body->score;
}

static void fill_rule(const struct reading *x, const struct rule_body *body, struct rule *rule)
{
    struct pack *pack = &x->set->packs[x->pack];

    rule->id = body->id;
    rule->name = arena_printf(&x->set->arena, "%.*s/%.*s", STR_FMT(pack->name), STR_FMT(body->id));
    rule->pack = x->pack;
    rule->node = x->node;
    rule->signal = body->signal > 0 ? 1u << (body->signal - 1) : 0;
    rule->negated = config_get(x->node, "negated") ? (enum negated)body->negated : pack->negated;
    rule->boosted = config_get(x->node, "boosted") ? body->boosted : pack->boosted;
    rule->has_patterns = has_patterns(body);
    rule->needs_others = needs_others(body);
    rule->priority = (int)body->priority;
    rule->experimental = body->status == 1;
    rule->owner = body->owner;
    rule->since = body->since;
    rule->note = body->note;
    read_scores(x, body, rule);
}

static void read_rule(struct ruleset *set, uint32_t pack, const struct config_node *node,
                      struct diag *d)
{
    struct rule_capture captures[RULE_CAPTURES_MAX];
    struct rule_body body = {0};
    const struct option_target target = {rule_options, &body};
    const struct config_node *id = config_get(node, "id");
    struct reading x = {set, pack, set->packs[pack].doc, node, NULL, d};
    char where[WHERE_MAX];
    size_t n_captures = 0;

    snprintf(where, sizeof(where), "rules.%.*s", STR_FMT(id ? id->value : STR("?")));
    x.where = where;
    options_decode(&target, 1, where, node, x.doc, d);
    if (node->kind != CONFIG_MAP)
        return;
    check_purpose(&x, &body);
    struct rule *rule = ruleset_grow((void **)&set->rules, &set->n_rules, &set->cap_rules,
                                     sizeof(*rule), RULES_MAX, "rules", d);
    if (!rule)
        return;
    fill_rule(&x, &body, rule);
    name_rule(&x, rule);
    read_guards(&x, &body, rule);
    read_captures(&x, &body, captures, &n_captures);
    keep_literals(&x, rule, captures, n_captures);
    read_tests(&x, &body, rule);
    read_patterns(&x, &body, (uint32_t)(rule - set->rules), captures, n_captures);
}

void pack_read_rules(struct ruleset *set, uint32_t index, struct diag *d)
{
    struct pack *pack = &set->packs[index];
    const struct config_node *list = pack->rules_node;
    char shown[CONFIG_SHOWN_MAX];

    pack_read_guard_use(set, index, "unless", pack->unless_node, pack->unless, &pack->n_unless, d);
    if (list && list->kind != CONFIG_LIST)
        diag_error(d, pack->doc, list->mark, "rules: expected a list, got %s",
                   config_shown(list, shown));
    else
        for (size_t i = 0; list && i < list->n; i++)
            read_rule(set, index, list->items[i], d);
}
