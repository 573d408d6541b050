/* From hits to a verdict.
 *
 * The matcher says which patterns hit; here hits become those of rules and guards, guards hold
 * some back, rules that count add their score to their class once, and the highest class that
 * reaches its threshold is the verdict. Everything found on the way stays in the judgement,
 * for explain.c and packtest.c. */
#include <errno.h>
#include <limits.h>

#include "rules/ruleset.h"

#define JUDGEMENT_MEMORY_MAX (8 * 1024 * 1024)
#define HIT_CAPTURES_MAX 1024 /* of all hits together */

/* Who wins when scores are equal. */
static const enum mention_class by_rank[] = {CLASS_OUTAGE, CLASS_COMPLAINT, CLASS_PRAISE};

/* ---- collecting ----------------------------------------------------------------------------- */

struct collecting {
    const struct ruleset *set;
    struct judgement *j;
};

static void collect_captures(struct judgement *j, const struct matcher_hit *hit,
                             struct judged_hit *judged)
{
    judged->first_capture = j->n_captures;
    for (unsigned i = 0; i < hit->pattern->n_groups && j->n_captures < HIT_CAPTURES_MAX; i++) {
        const struct pattern_group *group = &hit->pattern->groups[i];
        const size_t *span = hit->spans + 2 * (i + 1);
        if (group->name.len == 0 || span[0] == SIZE_MAX || span[1] <= span[0])
            continue;
        struct str words = str_trim(str_slice(hit->form, span[0], span[1]));
        j->captures[j->n_captures++] =
            (struct rule_capture){group->name, group->value.len > 0 ? group->value : words};
    }
    judged->n_captures = j->n_captures - judged->first_capture;
}

static void collect_guard(const struct collecting *c, uint32_t guard, uint32_t start, uint32_t end)
{
    uint32_t window = c->set->guards[guard].window, sentence;
    struct judgement *j = c->j;

    if (window == 0) {
        sentence = text_sentence(&j->text, start);
        j->guards[guard] |= 1ull << (sentence < 63 ? sentence : 63);
    } else if (j->n_marks < JUDGED_MARKS_MAX) {
        j->marks[j->n_marks++] = (struct window_mark){window - 1, start, end};
    }
}

/* The new hit, or NULL: a guard's, or one too many. */
static struct judged_hit *collect_span(const struct collecting *c, uint32_t owner, uint32_t start,
                                       uint32_t end)
{
    struct judgement *j = c->j;

    if (owner & OWNER_GUARD) {
        collect_guard(c, owner & ~OWNER_GUARD, start, end);
        return NULL;
    }
    if (j->n_hits == JUDGED_HITS_MAX) {
        j->dropped = true;
        return NULL;
    }
    struct judged_hit *judged = &j->hits[j->n_hits++];
    *judged = (struct judged_hit){.rule = owner, .start = start, .end = end};
    return judged;
}

static void collect(void *user, const struct matcher_hit *hit)
{
    const struct collecting *c = user;
    struct judged_hit *judged = collect_span(c, hit->pattern->owner, hit->start, hit->end);

    if (judged)
        collect_captures(c->j, hit, judged);
}

static void collect_condition(void *user, enum condition condition, uint32_t start, uint32_t end)
{
    const struct collecting *c = user;

    for (size_t i = 0; i < c->set->n_conditions; i++) {
        const struct condition_use *use = &c->set->conditions[i];
        if (use->condition == condition && c->j->packs[use->pack])
            collect_span(c, use->owner, start, end);
    }
}

static int compare_hits(const void *a, const void *b)
{
    const struct judged_hit *x = a, *y = b;

    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    if (x->end != y->end)
        return x->end > y->end ? -1 : 1;
    return x->rule < y->rule ? -1 : x->rule > y->rule;
}

/* Two phrases of a rule may hit the same words. */
static void remove_doubles(struct judgement *j)
{
    size_t kept = 0;

    for (size_t i = 0; i < j->n_hits; i++)
        if (kept == 0 || compare_hits(&j->hits[kept - 1], &j->hits[i]) != 0)
            j->hits[kept++] = j->hits[i];
    j->n_hits = kept;
}

/* ---- which packs ---------------------------------------------------------------------------- */

static struct str primary_tag(struct str lang)
{
    size_t len = 0;

    while (len < lang.len && lang.s[len] != '-' && lang.s[len] != '_')
        len++;
    return str_slice(lang, 0, len);
}

static bool pack_judges(const struct pack *pack, struct str lang)
{
    struct str tag = primary_tag(lang);

    return pack->lang.len == 0 || tag.len == 0 || str_eq_nocase(tag, STR("und")) ||
           str_eq_nocase(tag, primary_tag(pack->lang));
}

static void take_said(int values[CLASS_COUNT], const int said[CLASS_COUNT])
{
    for (size_t c = 0; c < CLASS_COUNT; c++)
        if (said[c] != THRESHOLD_UNSET)
            values[c] = said[c];
}

/* The last pack that says something about a class decides its threshold and margin, so that local
 * packs come last. */
static void choose_packs(const struct ruleset *set, struct str lang, struct judgement *j)
{
    for (size_t c = 0; c < CLASS_COUNT; c++)
        j->thresholds[c] = THRESHOLD_DEFAULT;
    for (size_t i = 0; i < set->n_packs; i++) {
        const struct pack *pack = &set->packs[i];
        j->packs[i] = pack_judges(pack, lang);
        if (!j->packs[i])
            continue;
        take_said(j->thresholds, pack->thresholds);
        take_said(j->margins, pack->margins);
    }
}

/* ---- the verdict ---------------------------------------------------------------------------- */

static int clamp_score(int64_t score)
{
    return (int)(score > INT_MAX ? INT_MAX : score < 0 ? 0 : score);
}

/* A booster works on the rule's own class, and never turns a score round. */
static int boosted(const struct rule *rule, const struct counted *counted)
{
    int score = rule->scores[rule->class] + counted->boost;

    return counted->boost == 0 || rule->scores[rule->class] <= 0 ? rule->scores[rule->class]
           : score < 0                                           ? 0
                                                                 : score;
}

static void add_scores(const struct rule *rule, const struct counted *counted,
                       int64_t sums[CLASS_COUNT])
{
    for (size_t c = CLASS_NONE + 1; c < CLASS_COUNT; c++) {
        enum mention_class class = (enum mention_class)c;
        int score = class == rule->class ? boosted(rule, counted) : rule->scores[c];
        sums[counted->flipped ? windows_flip(class) : class] += score;
    }
}

static void sum_up(const struct ruleset *set, struct judgement *j)
{
    int64_t sums[CLASS_COUNT] = {0};

    for (size_t i = 0; i < j->n_counted; i++) {
        const struct rule *rule = &set->rules[j->counted[i].rule];
        j->signals |= rule->signal;
        if (rule->priority > j->priority)
            j->priority = rule->priority;
    }
    for (size_t i = 0; i < j->n_counted; i++)
        if (set->rules[j->counted[i].rule].priority == j->priority)
            add_scores(&set->rules[j->counted[i].rule], &j->counted[i], sums);
    for (size_t c = CLASS_NONE + 1; c < CLASS_COUNT; c++)
        j->scores[c] = clamp_score(sums[c]);
}

/* The highest of the classes in the running; CLASS_NONE when there is none. */
static enum mention_class find_best(const struct judgement *j, const bool running[CLASS_COUNT])
{
    enum mention_class best = CLASS_NONE;

    for (size_t i = 0; i < ARRAY_LEN(by_rank); i++)
        if (running[by_rank[i]] && (!best || j->scores[by_rank[i]] > j->scores[best]))
            best = by_rank[i];
    return best;
}

/* A class that is not far enough ahead of the next leaves the verdict to it. */
static enum mention_class choose_class(const struct judgement *j)
{
    bool running[CLASS_COUNT] = {false};
    enum mention_class best, next;

    for (size_t c = CLASS_NONE + 1; c < CLASS_COUNT; c++)
        running[c] = j->scores[c] > 0 && j->scores[c] >= j->thresholds[c];
    do {
        best = find_best(j, running);
        running[best] = false;
        next = find_best(j, running);
    } while (next != CLASS_NONE && j->scores[best] - j->scores[next] < j->margins[best]);
    return best;
}

static int judgement_alloc(const struct ruleset *set, struct judgement *j)
{
    j->hits = arena_alloc(&j->arena, JUDGED_HITS_MAX * sizeof(*j->hits));
    j->captures = arena_alloc(&j->arena, HIT_CAPTURES_MAX * sizeof(*j->captures));
    j->guards = arena_zalloc(&j->arena, (set->n_guards + 1) * sizeof(*j->guards));
    j->counts = arena_zalloc(&j->arena, set->n_rules + 1);
    j->packs = arena_zalloc(&j->arena, set->n_packs + 1);
    j->counted = arena_alloc(&j->arena, JUDGED_HITS_MAX * sizeof(*j->counted));
    j->marks = arena_alloc(&j->arena, JUDGED_MARKS_MAX * sizeof(*j->marks));
    return j->hits && j->captures && j->guards && j->counts && j->packs && j->counted && j->marks
               ? 0
               : -ENOMEM;
}

int judgement_make(struct ruleset *set, const struct mention *m, struct judgement *ret)
{
    struct collecting c;
    int r;

    *ret = (struct judgement){0};
    c = (struct collecting){set, ret};
    arena_init(&ret->arena, JUDGEMENT_MEMORY_MAX);
    r = judgement_alloc(set, ret);
    if (r == 0)
        r = ruleset_need_matcher(set);
    if (r == 0)
        r = text_normalise(m->text, &ret->arena, &ret->text);
    if (r < 0)
        return r;
    choose_packs(set, m->lang, ret);
    ret->limited = set->engine->find(set->matcher, &ret->text, ret->packs, collect, &c);
    set->limited += ret->limited;
    if (set->n_conditions > 0)
        conditions_find(&ret->text, collect_condition, &c);
    qsort(ret->hits, ret->n_hits, sizeof(*ret->hits), compare_hits);
    remove_doubles(ret);
    windows_apply(set, ret);
    guards_apply(set, ret);
    if (set->n_needing > 0) {
        needs_apply(set, ret);
        qsort(ret->hits, ret->n_hits, sizeof(*ret->hits), compare_hits);
    }
    sum_up(set, ret);
    ret->class = choose_class(ret);
    return 0;
}

void judgement_finish(struct judgement *j)
{
    arena_finish(&j->arena);
}

/* ---- into the mention ----------------------------------------------------------------------- */

static void hit_add(const struct ruleset *set, const struct judged_hit *hit, struct mention *m)
{
    const struct rule *rule = &set->rules[hit->rule];

    m->hits[m->n_hits++] = (struct mention_hit){
        .rule = rule->name, .class = hit->negated ? windows_flip(rule->class) : rule->class,
        .score = rule->scores[rule->class],
        .start = hit->start, .end = hit->end,
    };
}

/* First one hit of each rule that counts, then the others while there is room. */
static void hits_copy(const struct ruleset *set, const struct judgement *j, struct mention *m)
{
    m->n_hits = 0;
    for (int again = 0; again < 2; again++) {
        for (size_t i = 0; i < j->n_hits && m->n_hits < MENTION_HITS_MAX; i++) {
            bool first = true;
            if (j->hits[i].held_by != HELD_BY_NOBODY)
                continue;
            for (size_t k = 0; k < i && first; k++)
                first = j->hits[k].rule != j->hits[i].rule ||
                        j->hits[k].held_by != HELD_BY_NOBODY;
            if (first == !again)
                hit_add(set, &j->hits[i], m);
        }
    }
}

static bool capture_known(const struct mention *m, struct str name, struct str value)
{
    for (size_t i = 0; i < m->n_captures; i++)
        if (str_eq(m->captures[i].name, name) && str_eq(m->captures[i].value, value))
            return true;
    return false;
}

static int capture_copy(struct mention *m, struct arena *arena, const struct rule_capture *capture)
{
    struct str value = str_cut_utf8(capture->value, MENTION_CAPTURE_MAX);

    if (m->n_captures == MENTION_CAPTURES_MAX || capture_known(m, capture->name, value))
        return 0;
    struct mention_capture *copy = &m->captures[m->n_captures];
    copy->name = capture->name;
    copy->value = arena_str(arena, value);
    if (!copy->value.s)
        return -ENOMEM;
    m->n_captures++;
    if (m->place.len == 0 && str_eq(copy->name, STR("place")))
        m->place = copy->value;
    return 0;
}

static int captures_copy(const struct ruleset *set, const struct judgement *j, struct mention *m,
                         struct arena *arena)
{
    int r = 0;

    m->n_captures = 0;
    for (size_t i = 0; i < j->n_hits && r == 0; i++) {
        const struct judged_hit *hit = &j->hits[i];
        const struct rule *rule = &set->rules[hit->rule];
        if (hit->held_by != HELD_BY_NOBODY)
            continue;
        for (size_t k = 0; k < rule->n_captures && r == 0; k++)
            r = capture_copy(m, arena, &rule->captures[k]);
        for (size_t k = 0; k < hit->n_captures && r == 0; k++)
            r = capture_copy(m, arena, &j->captures[hit->first_capture + k]);
    }
    return r;
}

int ruleset_judge(struct ruleset *set, struct mention *m, struct arena *arena, struct error *err)
{
    struct judgement j;
    int r = judgement_make(set, m, &j);

    if (r == 0) {
        memcpy(m->scores, j.scores, sizeof(m->scores));
        m->class = j.class;
        m->score = j.scores[j.class];
        m->signals = j.signals;
        for (size_t i = 0; i < j.n_counted; i++)
            set->fired[j.counted[i].rule] = true;
        hits_copy(set, &j, m);
        r = captures_copy(set, &j, m, arena);
    }
    judgement_finish(&j);
    return r < 0 ? error_oom(err) : 0;
}
