/* `rules suggest`: phrases that rules do not know yet, from what people corrected. For each class,
 * the posts that were corrected to it are held against all other posts; what is said more often
 * there than chance allows becomes a rule, and for "none" a guard. What is printed is a pack: a
 * person reads it, keeps what makes sense, and writes its tests. */
#include <errno.h>
#include <stdio.h>

#include "ctl.h"
#include "mentiond/text.h"
#include "ngrams.h"
#include "packs.h"
#include "posts.h"
#include "reckon.h"

#define SUGGESTIONS_MAX 20 /* of a class */
#define POSTS_NEEDED 2     /* that a phrase stands in: one person's words are no pattern */
#define SCORE 3
#define ID_SHOWN_MAX 600

struct suggest_args {
    struct str lang;
};

struct suggesting {
    struct ctl *ctl;
    struct posts posts;
    struct str lang; /* of the posts looked at */
    size_t n_lang;   /* how many those are */
    size_t n_suggested, n_corrected;
    enum mention_class class; /* the one under way */
    size_t n_here;            /* posts corrected to it */
    bool titled;              /* "rules:", or in JSON the first one, has been printed */
};

/* ---- which posts ----------------------------------------------------------------------------- */

/* Where nobody knows how it was judged, the label itself is news; but most of what is labelled
 * "none" was never judged otherwise. */
static bool is_correction(const struct post *post, enum mention_class class)
{
    if (post->agreed != (int)class || post->agreed == post->judged)
        return false;
    return class != CLASS_NONE || post->judged != POST_UNKNOWN;
}

static bool is_corrected(const struct post *post)
{
    return post->agreed != POST_UNKNOWN && is_correction(post, (enum mention_class)post->agreed);
}

/* The language without its region. */
static struct str main_language(struct str lang)
{
    for (size_t i = 0; i < lang.len; i++) {
        if (lang.s[i] == '-' || lang.s[i] == '_')
            return str_slice(lang, 0, i);
    }
    return lang;
}

static bool has_language(const struct suggesting *s, const struct post *post)
{
    return str_eq_nocase(main_language(post->lang), s->lang);
}

#define LANGUAGES_MAX 32

/* The language that most corrected posts are in. */
static struct str find_language(const struct posts *posts)
{
    struct {
        struct str lang;
        size_t n;
    } seen[LANGUAGES_MAX];
    size_t n_seen = 0, best = 0;

    for (size_t i = 0; i < posts->n; i++) {
        struct str lang = main_language(posts->items[i].lang);
        size_t at = 0;

        if (!is_corrected(&posts->items[i]) || str_eq(lang, STR("und")))
            continue;
        while (at < n_seen && !str_eq_nocase(seen[at].lang, lang))
            at++;
        if (at == LANGUAGES_MAX)
            continue;
        if (at == n_seen) {
            seen[n_seen].lang = lang;
            seen[n_seen++].n = 0;
        }
        if (++seen[at].n > seen[best].n)
            best = at;
    }
    return n_seen > 0 ? seen[best].lang : STR("en");
}

/* ---- printing -------------------------------------------------------------------------------- */

static void print_title(struct suggesting *s)
{
    struct out *out = &s->ctl->out;

    out_printf(out, "# From %zu corrected posts and %zu others, by log-odds with a Dirichlet prior;\n"
                    "# z is in standard errors. Keep what makes sense, and write its tests.\n"
                    "pack: suggested\nlang: ",
               s->n_corrected, s->n_lang - s->n_corrected);
    out_text(out, s->lang);
    out_printf(out, "\n");
}

/* A comment of one line: what could end it is made harmless by out_text(). */
static void print_source(struct suggesting *s, const struct ngram *gram)
{
    struct out *out = &s->ctl->out;
    size_t shown = gram->posts[CORPUS_HERE] < NGRAM_POSTS_KEPT ? gram->posts[CORPUS_HERE]
                                                               : NGRAM_POSTS_KEPT;

    out_printf(out, "  # z %.1f, in %u of %zu corrected posts, %u of %zu others:", gram->log_odds,
               gram->posts[CORPUS_HERE], s->n_here, gram->posts[CORPUS_THERE], s->n_lang - s->n_here);
    for (size_t i = 0; i < shown; i++) {
        out_printf(out, " ");
        out_text(out, str_cut_utf8(s->posts.items[gram->examples[i]].id, ID_SHOWN_MAX));
    }
    out_printf(out, gram->posts[CORPUS_HERE] > shown ? " …\n" : "\n");
}

static void print_yaml(struct suggesting *s, const struct ngram *gram, size_t number)
{
    struct buf *out = &s->ctl->out.buf;
    const char *class = mention_class_name(s->class);

    if (!s->titled)
        buf_append_str(out, s->class == CLASS_NONE ? STR("guards:\n") : STR("rules:\n"));
    s->titled = true;
    print_source(s, gram);
    if (s->class == CLASS_NONE)
        buf_printf(out, "  suggested-%zu: { phrases: [", number);
    else
        buf_printf(out, "  - { id: %s-%zu, class: %s, score: %d, status: experimental, phrases: [", class,
                   number, class, SCORE);
    buf_append_json(out, gram->text);
    buf_append_str(out, STR("] }\n"));
}

static void print_json(struct suggesting *s, const struct ngram *gram)
{
    CLEANUP(buf_finish) struct buf json = BUF_INIT(OUT_MAX);

    buf_printf(&json, "{\"class\":\"%s\",\"phrase\":", mention_class_name(s->class));
    buf_append_json(&json, gram->text);
    buf_printf(&json, ",\"z\":%.3f,\"corrected\":%u,\"of_corrected\":%zu,\"others\":%u,\"of_others\":%zu",
               gram->log_odds, gram->posts[CORPUS_HERE], s->n_here, gram->posts[CORPUS_THERE],
               s->n_lang - s->n_here);
    buf_append_str(&json, STR(",\"ids\":["));
    for (size_t i = 0; i < gram->posts[CORPUS_HERE] && i < NGRAM_POSTS_KEPT; i++) {
        buf_append_str(&json, i ? STR(",") : STR(""));
        buf_append_json(&json, s->posts.items[gram->examples[i]].id);
    }
    buf_append_str(&json, STR("]}"));
    out_json(&s->ctl->out, buf_str(&json));
}

/* ---- a class --------------------------------------------------------------------------------- */

static bool is_new(const struct ngram *const *chosen, size_t n, const struct ngram *gram)
{
    for (size_t i = 0; i < n; i++) {
        if (ngram_overlaps(chosen[i]->text, gram->text) || ngram_same_posts(chosen[i], gram))
            return false;
    }
    return true;
}

/* A rule that hits others more often than what it is for would be wrong most of the time. */
static bool is_usable(const struct ngram *gram)
{
    return !gram->vague && gram->posts[CORPUS_HERE] >= POSTS_NEEDED &&
           gram->posts[CORPUS_HERE] > gram->posts[CORPUS_THERE];
}

static void choose(struct suggesting *s, const struct ngrams *grams)
{
    const struct ngram *chosen[SUGGESTIONS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < grams->n && n < SUGGESTIONS_MAX; i++) {
        const struct ngram *gram = &grams->items[i];

        if (gram->log_odds < RECKON_Z95)
            break;
        if (!is_usable(gram) || !is_new(chosen, n, gram))
            continue;
        chosen[n++] = gram;
        if (s->ctl->common.json)
            print_json(s, gram);
        else
            print_yaml(s, gram, n);
    }
    s->n_suggested += n;
}

static int suggest_class(struct suggesting *s, enum mention_class class, struct error *err)
{
    struct ngrams grams;
    int r = 0;

    s->class = class;
    s->n_here = 0;
    for (size_t i = 0; i < s->posts.n; i++)
        s->n_here += has_language(s, &s->posts.items[i]) && is_correction(&s->posts.items[i], class);
    if (s->n_here < POSTS_NEEDED)
        return 0;
    ngrams_init(&grams);
    for (size_t i = 0; r == 0 && i < s->posts.n; i++) {
        const struct post *post = &s->posts.items[i];

        if (has_language(s, post))
            r = ngrams_add(&grams, is_correction(post, class) ? CORPUS_HERE : CORPUS_THERE, post->text,
                           (uint32_t)i, err);
    }
    if (grams.full)
        ctl_note("%s: more than %d phrases: the rarest were not counted",
                 mention_class_name(class), NGRAMS_MAX);
    ngrams_score(&grams);
    if (r == 0)
        choose(s, &grams);
    ngrams_finish(&grams);
    return r;
}

/* ---- the verb -------------------------------------------------------------------------------- */

static int suggest(struct suggesting *s, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < s->posts.n; i++) {
        s->n_lang += has_language(s, &s->posts.items[i]);
        s->n_corrected += has_language(s, &s->posts.items[i]) && is_corrected(&s->posts.items[i]);
    }
    if (!s->ctl->common.json)
        print_title(s);
    r = suggest_class(s, CLASS_NONE, err);
    s->titled = false; /* guards have a heading, the rules of all classes another one */
    for (int class = CLASS_COUNT - 1; r == 0 && class > CLASS_NONE; class --)
        r = suggest_class(s, (enum mention_class) class, err);
    if (r < 0)
        return r;
    if (!s->titled && !s->ctl->common.json)
        out_printf(&s->ctl->out, "rules: []\n");
    if (s->n_suggested == 0)
        ctl_note("nothing to suggest: of %zu posts in '%.*s' %zu were corrected, and no phrase stands out",
                 s->n_lang, STR_FMT(s->lang), s->n_corrected);
    return 0;
}

static enum exit_code run_suggest(struct ctl *ctl, const void *opaque)
{
    const struct suggest_args *args = opaque;
    struct suggesting s = {.ctl = ctl};
    enum exit_code code;
    struct error err;

    posts_init(&s.posts);
    code = posts_read(&s.posts, ctl, ctl_word(ctl, 0).s);
    if (code == CTL_DONE) {
        posts_note(&s.posts);
        s.lang = args->lang.len ? args->lang : find_language(&s.posts);
        if (suggest(&s, &err) < 0)
            code = ctl_fail(ctl, &err);
    }
    posts_finish(&s.posts);
    return code;
}

static const struct arg suggest_args[] = {
    {"lang", 'l', ARG_TEXT, offsetof(struct suggest_args, lang), "LANG", NULL,
     "Posts in this language; else the one that most corrections are in"},
    {0},
};

const struct verb verb_rules_suggest = {
    .name = "rules suggest",
    .group = TUNING_GROUP,
    .words = "[FILE.jsonl]",
    .max_words = 1,
    .args = suggest_args,
    .args_size = sizeof(struct suggest_args),
    .summary = "Suggest phrases for rules, from what agents corrected",
    .help = "What is said in posts that were corrected to a class, more often than in all the\n"
            "others, as a pack in YAML with the ids of the posts it comes from. Corrections to\n"
            "'none' become guards. FILE has {\"id\",\"text\",\"lang\",\"label\",\"class\"} a line: label\n"
            "is what the post is, class, if it is known, what rules took it for; without FILE,\n"
            "what the queue keeps of the brand. With --json one suggestion a line.",
    .run = run_suggest,
};
