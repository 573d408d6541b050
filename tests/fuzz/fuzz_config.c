/* Any bytes as a configuration: parsed, decoded by a table with every kind of option, complained
 * about and printed. Nothing may crash, leak, or take long; what decodes without complaint must
 * keep its bounds. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "mentiond/config.h"

struct all {
    struct str text;
    int64_t number, wait_ms, size;
    bool flag;
    struct str url;
    int word;
    struct str_list list;
    struct secret secret, login;
    const struct config_node *node;
};

static const char *const words[] = {"text", "json", NULL};

static const struct option options[] = {
    {"text", OPTION_STRING, offsetof(struct all, text), .def = "x", .min = 1, .max = 64},
    {"number", OPTION_INT, offsetof(struct all, number), .def = "5", .min = -3, .max = 10},
    {"wait", OPTION_DURATION, offsetof(struct all, wait_ms), .def = "5m", .min = 30000,
     .max = 86400000},
    {"size", OPTION_SIZE, offsetof(struct all, size), .def = "64k", .max = 1 << 20},
    {"flag", OPTION_BOOL, .offset = offsetof(struct all, flag)},
    {"url", OPTION_URL, offsetof(struct all, url), .required = true},
    {"word", OPTION_ENUM, offsetof(struct all, word), .choices = words},
    {"list", OPTION_LIST, offsetof(struct all, list), .def = "[a, b]", .min = 1, .max = 9},
    {"secret", OPTION_SECRET, .offset = offsetof(struct all, secret)},
    {"login", OPTION_CREDENTIAL, offsetof(struct all, login), .max = 64},
    {"node", OPTION_NODE, .offset = offsetof(struct all, node)},
    {0},
};

static void require(bool holds)
{
    if (!holds)
        __builtin_trap();
}

static void check(const struct all *all)
{
    require(all->text.len >= 1 && all->text.len <= 64);
    require(all->number >= -3 && all->number <= 10);
    require(all->wait_ms >= 30000 && all->wait_ms <= 86400000);
    require(all->size >= 0 && all->size <= 1 << 20);
    require(all->url.len > 7 && all->word >= 0 && all->word <= 1);
    require(all->list.n >= 1 && all->list.n <= 9);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *nowhere;
    struct all all;
    struct option_target target = {options, &all};
    struct config_doc *doc;
    struct diag d;

    if (!nowhere)
        nowhere = fopen("/dev/null", "we");
    diag_init(&d);
    doc = config_doc_parse("fuzz.yaml", (struct str){(const char *)data, size}, &d);
    require(doc || d.n_errors > 0);
    if (doc && options_decode(&target, 1, "top", doc->root, doc, &d) &&
        doc->root->kind == CONFIG_MAP)
        check(&all);
    if (nowhere)
        diag_print(&d, "fuzz.yaml", nowhere);
    config_doc_destroy(doc);
    diag_finish(&d);
    return 0;
}
