/* What the tests of rules share: packs in memory, posts judged in one line. */
#ifndef TESTS_RULES_SUPPORT_H
#define TESTS_RULES_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "mentiond/rules.h"
#include "mentiond/text.h"

struct judged {
    struct arena arena;
    struct mention m;
};

static inline struct ruleset *pack_load(const char *text)
{
    static struct diag d;
    struct ruleset *set;

    diag_init(&d);
    set = ruleset_parse("test.yaml", str_from(text), RULE_ENGINE_REFERENCE, &d);
    diag_print(&d, "rules", stderr);
    diag_finish(&d);
    assert_non_null(set);
    return set;
}

static inline void judge_in(struct ruleset *set, const char *text, const char *lang, struct judged *ret)
{
    struct error err = {0};

    arena_init(&ret->arena, 1 << 20);
    mention_init(&ret->m);
    ret->m.text = str_from(text);
    ret->m.lang = str_from(lang);
    assert_int_equal(ruleset_judge(set, &ret->m, &ret->arena, &err), 0);
}

static inline void judge(struct ruleset *set, const char *text, struct judged *ret)
{
    judge_in(set, text, "und", ret);
}

static inline enum mention_class class_of(struct ruleset *set, const char *text)
{
    struct judged j;

    judge(set, text, &j);
    arena_finish(&j.arena);
    return j.m.class;
}

/* The words of the first hit; "" if there is none. */
static inline const char *first_hit(struct ruleset *set, const char *text, char words[256])
{
    struct judged j;

    judge(set, text, &j);
    words[0] = '\0';
    if (j.m.n_hits > 0)
        snprintf(words, 256, "%.*s", (int)(j.m.hits[0].end - j.m.hits[0].start),
                 text + j.m.hits[0].start);
    arena_finish(&j.arena);
    return words;
}

#endif
