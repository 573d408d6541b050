/* Any bytes as a post, before a fixed pack of all the language's features: hits lie inside the
 * text. */
#include "mentiond/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char pack[] =
    "pack: t\n"
    "margins: {outage: 1}\n"
    "negated: flip\n"
    "negations: [{phrases: [not, never]}, {regex: 'no+', side: around, window: 1}]\n"
    "boosters: {phrases: [so, '{emoji.anger}'], add: 2, side: around}\n"
    "groups: {g: {unless: [past, shouting]}}\n"
    "lists: {service: {site: [site, web site], app: [app*]}, bad: [down, broken, not working]}\n"
    "guards: {past: {phrases: [was, yesterday]}, joke: {regex: 'l+o+l', scope: post}}\n"
    "rules:\n"
    "  - {id: a, class: outage, phrases: ['{service} ~6 {bad}'], unless: [past, joke], capture: {topic: service}}\n"
    "  - {id: b, class: complaint, phrases: ['(so|very)? slow*', 'for {duration}', '{money} {count} {time}']}\n"
    "  - {id: c, class: praise, regex: '(\\w+) (?:rocks|!+)'}\n"
    "  - {id: d, extract: true, regex: '#(?<order>\\d+)|in (?<place>\\p{Lu}\\w+)'}\n"
    "  - {id: e, class: complaint, regex: '(a+|b)+$'}\n"
    "  - {id: f, scores: {complaint: 2, praise: -1}, is: [shouting, elongated], boosted: true}\n"
    "  - {id: g, signal: joke, is: emphatic, when: [question, 'so good'], priority: 1}\n"
    "  - {id: h, class: praise, at_least: {n: 2, of: [a, b, c, f]}, not: g, topic: x}\n"
    "  - {id: i, class: outage, group: g, phrases: [app, '^ site'], beside: [down, slow], near: 3}\n"
    "  - {id: j, class: complaint, phrases: ['a ~~4 b ^', '{emoji.sad}'], boosted: true, all: f}\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ruleset *set;
    static struct diag d;
    struct error err = {0};
    struct arena arena;
    struct mention m;

    if (!set)
        set = ruleset_parse("fuzz.yaml", str_from(pack), RULE_ENGINE_FAST, &d);
    arena_init(&arena, 1 << 20);
    mention_init(&m);
    m.text = (struct str){(const char *)data, size};
    if (!set || ruleset_judge(set, &m, &arena, &err) < 0)
        __builtin_trap();
    for (size_t i = 0; i < m.n_hits; i++)
        if (m.hits[i].start >= m.hits[i].end || m.hits[i].end > size)
            __builtin_trap();
    arena_finish(&arena);
    return 0;
}
