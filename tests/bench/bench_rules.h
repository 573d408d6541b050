/* Rules and posts for the benchmark of the rule engine: generated, the same in each run. */
#ifndef BENCH_RULES_H
#define BENCH_RULES_H

#include "mentiond/buf.h"
#include "mentiond/str.h"

#define BENCH_RULES_MAX 10000
#define BENCH_YAML_MAX (4u << 20)

/* A pack of the first n of BENCH_RULES_MAX rules: of five one is a regex, the others are phrases.
 * Owned by the caller. */
void bench_pack(size_t n, struct buf *ret_yaml);

/* From now on the rare word of a rule is its last one, of four letters or more (false, as at the start),
 * or any, however short: then a regex may ask for two short common words. */
void bench_rare_word_anywhere(bool anywhere);

struct bench_posts {
    char *bytes; /* owned, both */
    struct str *texts;
    size_t n;
};

/* Posts of some 25 words; a fifth of them holds what one of the first n_rules rules looks for (0:
 * no post holds any word of a rule). */
void bench_posts_create(size_t n, size_t n_rules, struct bench_posts *ret);
/* The posts of a JSONL file's "text"; false if there is no such file. */
bool bench_posts_load(const char *path, struct bench_posts *ret);
void bench_posts_destroy(struct bench_posts *posts);

#endif
