/* Reading packs: phrases and regexes, compiled and attached to their rule or guard.
 *
 * A complaint about a regex points at the very character: PCRE2 says where in the source it
 * stopped. */
#include <errno.h>

#include "rules/literals.h"
#include "rules/ruleset.h"

#define PATTERNS_MAX 100000

/* ---- phrases -------------------------------------------------------------------------------- */

static const struct word_list *scope_list(void *user, struct str name)
{
    const struct pattern_source *from = user;

    return pack_find_list(from->set, from->pack, name);
}

static const char *scope_guess(void *user, struct str name)
{
    const struct pattern_source *from = user;

    return pack_guess_list(from->set, from->pack, name);
}

static struct str scope_capture(void *user, struct str list)
{
    const struct pattern_source *from = user;

    for (size_t i = 0; i < from->n_captures; i++)
        if (str_eq(from->captures[i].value, list))
            return from->captures[i].name;
    return (struct str){0};
}

/* Hands the regex over to a new pattern; the source outlives it, and nothing is run soon. */
static void pattern_attach(const struct pattern_source *from, struct str source,
                           struct regex *regex, const struct pattern_group *groups,
                           unsigned n_groups, bool on_plain)
{
    struct ruleset *set = from->set;
    struct pattern *p = ruleset_grow((void **)&set->patterns, &set->n_patterns, &set->cap_patterns,
                                     sizeof(*p), PATTERNS_MAX, "phrases and regexes", from->d);

    if (!p) {
        regex_destroy(regex);
        return;
    }
    regex_rest(regex);
    *p = (struct pattern){.owner = from->owner, .set = from->pack, .on_plain = on_plain,
                          .source = source, .regex = regex};
    if (n_groups == 0)
        return;
    p->groups = arena_alloc(&set->arena, n_groups * sizeof(*groups));
    if (!p->groups)
        return;
    memcpy(p->groups, groups, n_groups * sizeof(*groups));
    p->n_groups = n_groups;
}

/* What a phrase of words only becomes is right for certain, and seldom run. */
static unsigned phrase_flags(struct str source, unsigned n_groups)
{
    return n_groups == 0 && source.len <= PHRASE_MAX && literals_are_whole(source) ? REGEX_LATE : 0;
}

static void write_neighbours(const struct config_node *node, struct buf *out)
{
    buf_append_char(out, '(');
    if (node->kind == CONFIG_SCALAR)
        buf_append_str(out, node->value);
    for (size_t i = 0; node->kind == CONFIG_LIST && i < node->n; i++) {
        if (i > 0)
            buf_append_char(out, '|');
        buf_append_str(out, node->items[i]->value);
    }
    buf_append_char(out, ')');
}

/* May more words stand between these two, as they are written? */
static bool may_part(struct str left, struct str right)
{
    char last = left.s[left.len - 1];

    return left.s[0] != '~' && right.s[0] != '~' && left.s[0] != '^' && right.s[0] != '^' &&
           !(last == '?' && left.len > 1);
}

/* The next word or bracket with what is in it; empty at the end. */
static struct str take_part(struct str *rest)
{
    size_t start = 0, end;
    int depth = 0;

    while (start < rest->len && rest->s[start] == ' ')
        start++;
    for (end = start; end < rest->len && (depth > 0 || rest->s[end] != ' '); end++) {
        depth += rest->s[end] == '(';
        depth -= rest->s[end] == ')';
    }
    struct str part = str_slice(*rest, start, end);
    *rest = str_slice(*rest, end, rest->len);
    return part;
}

/* "app down" with near: 4 becomes "app ~~4 down". False if no two words may part. */
static bool phrase_spread(struct str phrase, int words, struct buf *out)
{
    struct str before = {0}, rest = phrase, part;
    bool parted = false;

    while ((part = take_part(&rest)).len > 0) {
        if (before.len > 0 && may_part(before, part)) {
            buf_printf(out, " ~~%d", words);
            parted = true;
        }
        buf_append_char(out, ' ');
        buf_append_str(out, part);
        before = part;
    }
    return parted;
}

/* "(phrase) ~6 (one|two)": a phrase and its neighbours are one phrase. */
static bool neighbour_join(const struct phrase_neighbour *near, struct str phrase, struct buf *out)
{
    if (!near->node)
        return phrase.len <= PHRASE_MAX && buf_append_str(out, phrase);
    if (near->place == PLACE_AFTER) {
        write_neighbours(near->node, out);
        buf_printf(out, " ~%d ", near->words);
    }
    buf_printf(out, "(%.*s)", STR_FMT(phrase));
    if (near->place != PLACE_AFTER) {
        buf_printf(out, near->place == PLACE_BESIDE ? " ~~%d " : " ~%d ", near->words);
        write_neighbours(near->node, out);
    }
    return !out->failed;
}

static int phrase_to_regex(const struct pattern_source *from, struct str phrase,
                           struct pattern_group *groups, unsigned *n_groups, struct str *ret_source,
                           struct regex **ret, struct error *err)
{
    CLEANUP(buf_finish) struct buf source = BUF_INIT(REGEX_SOURCE_MAX);
    CLEANUP(buf_finish) struct buf joined = BUF_INIT(PHRASE_MAX);
    const struct phrase_scope scope = {scope_list, scope_capture, scope_guess, (void *)from,
                                       from->set->packs[from->pack].lang};
    size_t at;
    int r;

    if (from->neighbour.place == PLACE_WITHIN) {
        if (!phrase_spread(phrase, from->neighbour.words, &joined))
            return error_set(err, -EINVAL, "near alone says how far its words may be, but there are no two");
    } else if (!neighbour_join(&from->neighbour, phrase, &joined)) {
        return error_set(err, -EINVAL, "longer than %d bytes, with its neighbours", PHRASE_MAX);
    }
    if (joined.failed)
        return error_set(err, -EINVAL, "longer than %d bytes, with its neighbours", PHRASE_MAX);
    r = phrase_compile(buf_str(&joined), &scope, &source, groups, n_groups, err);
    if (r < 0)
        return r;
    *ret_source = arena_str(&from->set->sources, buf_str(&source));
    if (!ret_source->s)
        return error_oom(err);
    return regex_create(*ret_source, phrase_flags(*ret_source, *n_groups), ret, &at, err);
}

static void read_phrase(const struct pattern_source *from, const struct config_node *node)
{
    const struct config_doc *doc = from->set->packs[from->pack].doc;
    struct pattern_group groups[REGEX_GROUPS_MAX];
    struct str source = {0};
    char shown[CONFIG_SHOWN_MAX];
    struct regex *regex = NULL;
    unsigned n_groups = 0;
    struct error err = {0};

    if (node->kind != CONFIG_SCALAR || config_is_null(node))
        diag_error(from->d, doc, node->mark, "%s: expected a phrase, got %s", from->where,
                   config_shown(node, shown));
    else if (phrase_to_regex(from, node->value, groups, &n_groups, &source, &regex, &err) < 0)
        diag_error(from->d, doc, node->mark, "%s: phrase %s: %s", from->where,
                   config_shown(node, shown), err.text);
    else
        pattern_attach(from, source, regex, groups, n_groups, false);
}

/* ---- regexes -------------------------------------------------------------------------------- */

static void regex_attach(const struct pattern_source *from, struct str source, struct regex *regex)
{
    struct pattern_group groups[REGEX_GROUPS_MAX] = {{{0}, {0}}};
    unsigned n = regex_groups(regex);

    for (unsigned i = 0; i < n; i++)
        groups[i].name = regex_group_name(regex, i + 1);
    pattern_attach(from, source, regex, groups, n, true);
}

struct config_mark pack_mark_inside(const struct config_node *node, size_t at)
{
    struct config_mark mark = node->mark;

    if (at <= node->value.len && !memchr(node->value.s, '\n', node->value.len)) {
        mark.column += (unsigned)at + node->quoted;
        mark.width = 1;
    }
    return mark;
}

static bool matches_nothing(struct ruleset *set, struct regex *regex)
{
    if (!set->scratch && regex_scratch_create(&set->scratch, NULL) < 0)
        return false;
    return regex_matches_empty(regex, set->scratch);
}

static void read_regex(const struct pattern_source *from, const struct config_node *node)
{
    const struct config_doc *doc = from->set->packs[from->pack].doc;
    char shown[CONFIG_SHOWN_MAX];
    struct regex *regex = NULL;
    struct error err = {0};
    struct str source;
    size_t at;

    if (node->kind != CONFIG_SCALAR || config_is_null(node)) {
        diag_error(from->d, doc, node->mark, "%s: expected a regex, got %s", from->where,
                   config_shown(node, shown));
        return;
    }
    source = arena_str(&from->set->sources, node->value);
    if (!source.s)
        return; /* the arena knows, and loading fails */
    if (regex_create(source, REGEX_CASELESS, &regex, &at, &err) < 0) {
        diag_error(from->d, doc, pack_mark_inside(node, at), "%s: regex: %s", from->where,
                   err.text);
        return;
    }
    if (matches_nothing(from->set, regex)) {
        diag_error(from->d, doc, node->mark, "%s: regex matches the empty text, so any post",
                   from->where);
        regex_destroy(regex);
        return;
    }
    regex_attach(from, source, regex);
}

/* ---- conditions ----------------------------------------------------------------------------- */

static void read_condition(const struct pattern_source *from, const struct config_node *node)
{
    struct ruleset *set = from->set;
    struct condition_use *use;
    char shown[CONFIG_SHOWN_MAX];
    enum condition condition;

    if (node->kind != CONFIG_SCALAR || !condition_parse(node->value, &condition)) {
        diag_error(from->d, set->packs[from->pack].doc, node->mark,
                   "%s: expected question, shouting, elongated or emphatic, got %s", from->where,
                   config_shown(node, shown));
        return;
    }
    use = ruleset_grow((void **)&set->conditions, &set->n_conditions, &set->cap_conditions,
                       sizeof(*use), PATTERNS_MAX, "conditions", from->d);
    if (use)
        *use = (struct condition_use){from->owner, from->pack, condition};
}

/* ---- one or a list of them ------------------------------------------------------------------ */

/* Says of a pattern that is new where it is written. */
static void note_origin(const struct pattern_source *from, const struct config_node *node)
{
    struct ruleset *set = from->set;
    const struct config_node **origin;

    if (set->n_origins == set->n_patterns)
        return;
    origin = ruleset_grow((void **)&set->origins, &set->n_origins, &set->cap_origins,
                          sizeof(struct config_node *), PATTERNS_MAX, "phrases and regexes",
                          from->d);
    if (origin)
        *origin = node;
}

static void read_each(const struct pattern_source *from, const struct config_node *node,
                      void (*read)(const struct pattern_source *, const struct config_node *))
{
    if (!node)
        return;
    if (node->kind != CONFIG_LIST) {
        read(from, node);
        note_origin(from, node);
        return;
    }
    for (size_t i = 0; i < node->n; i++) {
        read(from, node->items[i]);
        note_origin(from, node->items[i]);
    }
}

void pack_read_conditions(const struct pattern_source *from, const struct config_node *node)
{
    read_each(from, node, read_condition);
}

void pack_read_phrases(const struct pattern_source *from, const struct config_node *node)
{
    read_each(from, node, read_phrase);
}

void pack_read_regexes(const struct pattern_source *from, const struct config_node *node)
{
    read_each(from, node, read_regex);
}
