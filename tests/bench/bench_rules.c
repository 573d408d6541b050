/* The rule engine against its yardsticks, in one run:
 *
 *   - matching beside a tuned PCRE2 loop: every pattern over every post by pcre2_jit_match(), which
 * checks neither     arguments nor UTF-8; its codes are compiled before the clock starts, ours
 * while it runs;   - the cost at 10,000 rules beside that at 10;   - loading, from YAML text to a
 * set that judges, and its memory;   - normalising beside utf8proc's NFKC_Casefold.
 *
 * Times are of this thread's CPU; of several rounds the best counts, for both sides. With --work
 * WHAT it does a fixed amount of one kind of work and prints nothing, for callgrind
 * (instructions.sh). */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "bench_rules.h"

#include <inttypes.h>
#include <malloc.h>
#include <pcre2.h>
#include <stdio.h>
#include <time.h>
#include <utf8proc.h>

#include "rules/rarity.h"
#include "rules/ruleset.h"

#define POSTS 1000
#define PASSES 50 /* over the posts, of our engine; the first compiles what it needs */
#define ROUNDS 3
#define LOOP_RUNS 3000000 /* about as many single regex runs of the yardstick */

static const size_t sizes[] = {10, 100, 1000, 10000};

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void die(const char *what)
{
    fprintf(stderr, "bench_rules: %s\n", what);
    exit(1);
}

static double least(double a, double b)
{
    return a == 0 || b < a ? b : a;
}

/* ---- what is measured on -------------------------------------------------------------------- */

struct normals {
    struct arena arena;
    struct text_normal *items;
    size_t n;
};

static void *keep(struct arena *arena, const void *bytes, size_t len)
{
    void *kept = arena_alloc(arena, len);

    if (!kept)
        die("out of memory");
    return memcpy(kept, bytes, len);
}

/* Without the room that normalising takes for the worst case: a daemon's posts come one by one, and
 * are in the cache when they are matched. */
static void normals_make(const struct bench_posts *posts, struct normals *ret)
{
    struct arena once;

    arena_init(&ret->arena, SIZE_MAX / 2);
    arena_init(&once, 1 << 20);
    ret->n = posts->n;
    ret->items = calloc(posts->n, sizeof(*ret->items));
    for (size_t i = 0; i < posts->n; i++) {
        struct text_normal *t = &ret->items[i];
        arena_reset(&once);
        if (text_normalise(posts->texts[i], &once, t) < 0)
            die("out of memory");
        t->normal.s = keep(&ret->arena, t->normal.s, t->normal.len + TEXT_PADDING);
        t->offsets = keep(&ret->arena, t->offsets, (t->normal.len + 1) * sizeof(*t->offsets));
        if (t->plain_offsets) {
            t->plain.s = keep(&ret->arena, t->plain.s, t->plain.len);
            t->plain_offsets = keep(&ret->arena, t->plain_offsets,
                                    (t->plain.len + 1) * sizeof(*t->plain_offsets));
        }
        t->breaks = keep(&ret->arena, t->breaks, (t->n_breaks + 1) * sizeof(*t->breaks));
    }
    arena_finish(&once);
}

static void normals_free(struct normals *normals)
{
    arena_finish(&normals->arena);
    free(normals->items);
}

static struct ruleset *set_load(struct str yaml, enum rule_engine engine)
{
    static struct diag d;

    diag_init(&d);
    struct ruleset *set = ruleset_parse("bench.yaml", yaml, engine, &d);
    diag_print(&d, "bench", stderr);
    diag_finish(&d);
    if (!set)
        die("the pack does not load");
    return set;
}

static struct ruleset *set_make(size_t n_rules)
{
    CLEANUP(buf_finish) struct buf yaml = BUF_INIT(BENCH_YAML_MAX);

    bench_pack(n_rules, &yaml);
    return set_load(buf_str(&yaml), RULE_ENGINE_FAST);
}

/* ---- the yardstick -------------------------------------------------------------------------- */

struct loop {
    pcre2_code **codes;
    const struct pattern *patterns;
    size_t n;
    pcre2_match_data *data;
    pcre2_match_context *context;
};

static void loop_make(const struct ruleset *set, struct loop *ret)
{
    const uint32_t options = PCRE2_UTF | PCRE2_UCP;
    PCRE2_SIZE at;
    int error;

    *ret = (struct loop){.patterns = set->patterns, .n = set->n_patterns};
    ret->codes = calloc(ret->n, sizeof(*ret->codes));
    ret->data = pcre2_match_data_create(65, NULL);
    ret->context = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(ret->context, 100000);
    pcre2_jit_stack_assign(ret->context, NULL, pcre2_jit_stack_create(32768, 524288, NULL));
    for (size_t i = 0; i < ret->n; i++) {
        const struct pattern *p = &ret->patterns[i];
        ret->codes[i] = pcre2_compile((PCRE2_SPTR)p->source.s, p->source.len,
                                      options | (p->on_plain ? PCRE2_CASELESS : 0), &error,
                                      &at, NULL);
        if (!ret->codes[i] || pcre2_jit_compile(ret->codes[i], PCRE2_JIT_COMPLETE) != 0)
            die("a regex does not compile");
    }
}

static void loop_free(struct loop *loop)
{
    for (size_t i = 0; i < loop->n; i++)
        pcre2_code_free(loop->codes[i]);
    free(loop->codes);
    pcre2_match_data_free(loop->data);
    pcre2_match_context_free(loop->context);
}

static size_t loop_post(const struct loop *loop, const struct text_normal *t)
{
    const size_t *spans = pcre2_get_ovector_pointer(loop->data);
    size_t hits = 0;

    for (size_t i = 0; i < loop->n; i++) {
        struct str form = loop->patterns[i].on_plain ? t->plain : t->normal;
        size_t from = 0;
        while (pcre2_jit_match(loop->codes[i], (PCRE2_SPTR)form.s, form.len, from, 0, loop->data,
                               loop->context) >= 0) {
            hits++;
            from = spans[1];
        }
    }
    return hits;
}

/* us a post, and how many posts it took them from. */
static double loop_time(const struct loop *loop, const struct normals *normals, size_t *ret_hits)
{
    size_t n = LOOP_RUNS / loop->n;
    double best = 0;

    n = n < normals->n ? n : normals->n;
    for (int round = 0; round < ROUNDS; round++) {
        double start = now_us();
        *ret_hits = 0;
        for (size_t i = 0; i < n; i++)
            *ret_hits += loop_post(loop, &normals->items[i]);
        best = least(best, (now_us() - start) / (double)n);
    }
    return best;
}

/* ---- ours ----------------------------------------------------------------------------------- */

struct found {
    size_t hits, posts; /* all hits; posts with any */
    const void *last;
};

static void count(void *user, const struct matcher_hit *hit)
{
    struct found *found = user;

    (void)hit;
    found->hits++;
}

static void find_all(struct ruleset *set, const struct normals *normals, struct found *found)
{
    static const bool on[] = {true};

    for (size_t i = 0; i < normals->n; i++) {
        size_t before = found->hits;
        matcher_fast.find(set->matcher, &normals->items[i], on, count, found);
        found->posts += found->hits > before;
    }
}

/* us a post, from a new set each round, so that compiling is inside. */
static double find_time(size_t n_rules, const struct normals *normals, unsigned passes,
                        struct found *ret)
{
    double best = 0;

    for (int round = 0; round < ROUNDS; round++) {
        struct ruleset *set = set_make(n_rules);
        double start = now_us();
        *ret = (struct found){0};
        for (unsigned pass = 0; pass < passes; pass++)
            find_all(set, normals, ret);
        best = least(best, (now_us() - start) / (double)(normals->n * passes));
        ruleset_unref(set);
    }
    ret->hits /= passes;
    ret->posts /= passes;
    return best;
}

/* ---- the table ------------------------------------------------------------------------------ */

static int missed;

static void row(const char *what, double measured, const char *unit, bool at_least, double target)
{
    bool met = at_least ? measured >= target : measured <= target;

    missed += !met;
    printf("%-58s %9.2f %-3s %s %7g  %s\n", what, measured, unit, at_least ? ">=" : "<=", target,
           met ? "met" : "MISSED");
}

static void show_speed(double by_size[ARRAY_LEN(sizes)], const char *which)
{
    static const double targets[] = {1, 40, 200, 1000};

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct bench_posts posts;
        struct normals normals;
        struct found found;
        struct loop loop;
        size_t hits;
        char what[96];
        bench_posts_create(POSTS, sizes[i], &posts);
        normals_make(&posts, &normals);
        struct ruleset *set = set_make(sizes[i]);
        loop_make(set, &loop);
        double theirs = loop_time(&loop, &normals, &hits);
        by_size[i] = find_time(sizes[i], &normals, PASSES, &found);
        snprintf(what, sizeof(what), "%zu rules%s: %.2f us a post, loop %.1f us (%.0f %% hit)",
                 sizes[i], which, by_size[i], theirs,
                 100.0 * (double)found.posts / (double)normals.n);
        row(what, theirs / by_size[i], "x", true, targets[i]);
        loop_free(&loop);
        ruleset_unref(set);
        normals_free(&normals);
        bench_posts_destroy(&posts);
    }
}

static void show_growth(const double by_size[ARRAY_LEN(sizes)])
{
    struct bench_posts posts;
    struct normals normals;
    struct found found;

    row("10,000 rules against 10", by_size[3] / by_size[0], "x", false, 12);
    bench_posts_create(POSTS, 0, &posts);
    normals_make(&posts, &normals);
    double few = find_time(10, &normals, PASSES, &found);
    double many = find_time(10000, &normals, PASSES, &found);
    row("the same where nothing hits", many / few, "x", false, 1.5);
    normals_free(&normals);
    bench_posts_destroy(&posts);
}

static void show_load(void)
{
    static const struct {
        size_t n;
        double target_ms;
    } loads[] = {{1000, 15}, {10000, 100}};
    char what[64];

    for (size_t i = 0; i < ARRAY_LEN(loads); i++) {
        CLEANUP(buf_finish) struct buf yaml = BUF_INIT(BENCH_YAML_MAX);
        double best = 0;
        bench_pack(loads[i].n, &yaml);
        for (int round = 0; round < 2 * ROUNDS; round++) {
            double start = now_us();
            struct ruleset *set = set_load(buf_str(&yaml), RULE_ENGINE_FAST);
            best = least(best, (now_us() - start) / 1000);
            ruleset_unref(set);
        }
        snprintf(what, sizeof(what), "load of %zu rules (%zu KiB of YAML)", loads[i].n,
                 buf_str(&yaml).len / 1024);
        row(what, best, "ms", false, loads[i].target_ms);
    }
}

static double heap_mb(void)
{
    struct mallinfo2 info = mallinfo2();

    return (double)(info.uordblks + info.hblkhd) / 1e6;
}

/* The matcher with all it needs to match: tables, sources, compiled regexes. What the packs say
 * (names, tests, YAML for messages) is the other part of a set. */
static void show_memory(void)
{
    double before = heap_mb();
    struct ruleset *set = set_make(10000);
    double all = heap_mb() - before, doc = (double)set->packs[0].doc->arena.used / 1e6;

    before = heap_mb();
    set->engine->destroy(set->matcher);
    for (size_t i = 0; i < set->n_patterns; i++) {
        regex_destroy(set->patterns[i].regex);
        set->patterns[i].regex = NULL;
    }
    double patterns = (double)(set->cap_patterns * sizeof(struct pattern)) / 1e6;
    double matcher = before - heap_mb() + patterns;
    set->matcher = NULL;
    printf("%-58s %9.2f MB, of it YAML %.2f MB\n", "(the whole set of 10,000 rules)", all, doc);
    row("matcher memory at 10,000 rules", matcher, "MB", false, 10);
    ruleset_unref(set);
}

/* ---- normalising ---------------------------------------------------------------------------- */

static double normalise_time(const struct bench_posts *posts)
{
    struct text_normal normal;
    struct arena arena;
    double best = 0;

    arena_init(&arena, 64 << 20);
    for (int round = 0; round < ROUNDS; round++) {
        double start = now_us();
        for (size_t i = 0; i < posts->n; i++) {
            arena_reset(&arena);
            if (text_normalise(posts->texts[i], &arena, &normal) < 0)
                die("out of memory");
        }
        best = least(best, (now_us() - start) / (double)posts->n);
    }
    arena_finish(&arena);
    return best;
}

static double casefold_time(const struct bench_posts *posts)
{
    const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                                      UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
    double best = 0;

    for (int round = 0; round < ROUNDS; round++) {
        double start = now_us();
        for (size_t i = 0; i < posts->n; i++) {
            utf8proc_uint8_t *folded = NULL;
            utf8proc_map((const utf8proc_uint8_t *)posts->texts[i].s,
                         (utf8proc_ssize_t)posts->texts[i].len, &folded, options);
            free(folded);
        }
        best = least(best, (now_us() - start) / (double)posts->n);
    }
    return best;
}

static void show_normalising(const char *name, const struct bench_posts *posts)
{
    double ours = normalise_time(posts), theirs = casefold_time(posts);
    char what[96];

    snprintf(what, sizeof(what), "normalising %s: %.2f us, NFKC_Casefold %.2f us", name, ours,
             theirs);
    row(what, theirs / ours, "x", true, 10);
}

/* ---- real posts ----------------------------------------------------------------------------- */

static struct ruleset *set_shipped(void)
{
    const struct str path = str_from(BENCH_RULES);
    static struct diag d;

    diag_init(&d);
    struct ruleset *set = ruleset_load(&path, 1, RULE_ENGINE_FAST, &d);
    diag_print(&d, "bench", stderr);
    diag_finish(&d);
    return set;
}

static void show_real(const char *path)
{
    struct bench_posts posts;
    struct normals normals;
    struct found found = {0};
    struct loop loop;
    size_t hits;

    if (!bench_posts_load(path, &posts)) {
        printf("(%s is not there: nothing about real posts)\n", path);
        return;
    }
    show_normalising("real posts", &posts);
    normals_make(&posts, &normals);
    struct ruleset *set = set_shipped();
    loop_make(set, &loop);
    double theirs = loop_time(&loop, &normals, &hits);
    find_all(set, &normals, &found);
    double start = now_us();
    find_all(set, &normals, &found);
    double ours = (now_us() - start) / (double)normals.n;
    printf("%-58s %9.2f x   (%.2f us, loop %.1f us; %zu patterns, %zu posts)\n",
           "shipped packs on real posts", theirs / ours, ours, theirs, set->n_patterns, normals.n);
    loop_free(&loop);
    ruleset_unref(set);
    normals_free(&normals);
    bench_posts_destroy(&posts);
}

/* ---- fixed work, for counting instructions ------------------------------------------------- */

static int work(const char *what)
{
    struct bench_posts posts;
    struct normals normals;
    struct found found = {0};

    bench_posts_create(500, 1000, &posts);
    normals_make(&posts, &normals);
    bool with_rules = strcmp(what, "find") == 0 || strcmp(what, "load") == 0;
    struct ruleset *set = with_rules ? set_make(1000) : NULL;
    if (strcmp(what, "load") == 0)
        ruleset_unref(set_make(1000));
    for (int i = 0; i < 20 && strcmp(what, "find") == 0; i++)
        find_all(set, &normals, &found);
    for (int i = 0; i < 10 && strcmp(what, "normalise") == 0; i++)
        normalise_time(&posts);
    ruleset_unref(set);
    normals_free(&normals);
    bench_posts_destroy(&posts);
    return 0;
}

int main(int argc, char **argv)
{
    double by_size[ARRAY_LEN(sizes)];
    struct bench_posts posts;

    if (argc == 3 && strcmp(argv[1], "--work") == 0)
        return work(argv[2]);
    printf("%-58s %9s     %10s\n", "figure", "measured", "target");
    show_speed(by_size, "");
    show_growth(by_size);
    bench_rare_word_anywhere(true);
    show_speed(by_size, ", harder");
    show_growth(by_size);
    bench_rare_word_anywhere(false);
    show_load();
    show_memory();
    bench_posts_create(POSTS, 1000, &posts);
    show_normalising("posts", &posts);
    bench_posts_destroy(&posts);
    show_real(BENCH_CORPUS);
    printf("%d of the figures miss their target\n", missed);
    return 0;
}
