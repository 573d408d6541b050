/* Reading packs: negations and boosters.
 *
 * Their phrases are patterns of a guard without a name, whose places are kept (see windows.c); no
 * rule is held back by it. */
#include "rules/pack_tables.h"
#include "rules/ruleset.h"

#define WINDOWS_MAX 1000
#define WORDS_MAX 10
#define BOOST_MAX 20

struct window_body {
    const struct config_node *phrases, *regex;
    int64_t words, add;
    int side;
    struct str note;
};

static const char *const sides[] = {"before", "behind", "around", NULL};

#define FIELD(name) .offset = offsetof(struct window_body, name)

const struct option negation_options[] = {
    {.key = "phrases", .kind = OPTION_NODE, FIELD(phrases), .help = "Phrases that negate."},
    {.key = "regex", .kind = OPTION_NODE, FIELD(regex), .help = "Regexes that negate."},
    {.key = "window", .kind = OPTION_INT, FIELD(words), .def = "3", .max = WORDS_MAX,
     .help = "How many words may stand between it and the hit."},
    {.key = "side", .kind = OPTION_ENUM, FIELD(side), .def = "before", .choices = sides,
     .help = "Where it stands, seen from the hit."},
    {.key = "note", .kind = OPTION_STRING, FIELD(note), .help = "Why, for people."},
    {0},
};

const struct option booster_options[] = {
    {.key = "phrases", .kind = OPTION_NODE, FIELD(phrases), .help = "Phrases that boost."},
    {.key = "regex", .kind = OPTION_NODE, FIELD(regex), .help = "Regexes that boost."},
    {.key = "window", .kind = OPTION_INT, FIELD(words), .def = "1", .max = WORDS_MAX,
     .help = "How many words may stand between it and the hit."},
    {.key = "side", .kind = OPTION_ENUM, FIELD(side), .def = "before", .choices = sides,
     .help = "Where it stands, seen from the hit."},
    {.key = "add", .kind = OPTION_INT, FIELD(add), .def = "1", .min = -BOOST_MAX, .max = BOOST_MAX,
     .help = "What it adds to the score of the rule; under 0 it weakens."},
    {.key = "note", .kind = OPTION_STRING, FIELD(note), .help = "Why, for people."},
    {0},
};

struct reading {
    struct ruleset *set;
    uint32_t pack;
    const char *where;
    bool negates;
    struct diag *d;
};

static void read_window(const struct reading *x, const struct config_node *node)
{
    struct ruleset *set = x->set;
    struct window_body body = {0};
    struct config_doc *doc = set->packs[x->pack].doc;
    const struct option_target target = {x->negates ? negation_options : booster_options, &body};
    struct window *window;
    uint32_t guard;

    options_decode(&target, 1, x->where, node, doc, x->d);
    if (node->kind == CONFIG_MAP && !body.phrases && !body.regex)
        diag_error(x->d, doc, node->mark, "%s: neither phrases nor regex", x->where);
    if (!pack_guard_add(set, x->pack, (struct str){0}, node, x->d))
        return;
    guard = (uint32_t)set->n_guards - 1;
    window = ruleset_grow((void **)&set->windows, &set->n_windows, &set->cap_windows,
                          sizeof(*window), WINDOWS_MAX, "negations and boosters", x->d);
    if (!window)
        return;
    *window = (struct window){x->pack, x->negates, (enum window_side)body.side,
                              (size_t)body.words, (int)body.add};
    set->guards[guard].window = (uint32_t)set->n_windows;
    const struct pattern_source from = {.set = set, .pack = x->pack, .where = x->where,
                                        .owner = guard | OWNER_GUARD, .d = x->d};
    pack_read_phrases(&from, body.phrases);
    pack_read_regexes(&from, body.regex);
}

/* One map, or a list of them. */
static void read_windows(const struct reading *x, const struct config_node *node)
{
    if (!node)
        return;
    if (node->kind != CONFIG_LIST) {
        read_window(x, node);
        return;
    }
    for (size_t i = 0; i < node->n; i++)
        read_window(x, node->items[i]);
}

void pack_read_windows(struct ruleset *set, uint32_t index, struct diag *d)
{
    const struct pack *pack = &set->packs[index];
    const struct reading negations = {set, index, "negations", true, d};
    const struct reading boosters = {set, index, "boosters", false, d};

    read_windows(&negations, pack->negations_node);
    read_windows(&boosters, pack->boosters_node);
}
