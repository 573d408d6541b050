/* What every engine does alike: run one pattern over one text, report its hits, count what it
 * costs. */
#include "rules/matcher.h"

#include <time.h>

#define TIMED_FIRST 16 /* runs of a pattern */
#define TIMED_EVERY 8

/* ---- time ----------------------------------------------------------------------------------- */

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t now_ticks(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    return now_ns();
#endif
}

struct pattern_clock pattern_clock_start(void)
{
    return (struct pattern_clock){now_ticks(), now_ns()};
}

uint64_t pattern_clock_ns(const struct pattern_clock *start, uint64_t ticks)
{
    double passed_ticks = (double)(now_ticks() - start->ticks);
    double passed_ns = (double)(now_ns() - start->ns);

    return passed_ticks > 0 ? (uint64_t)((double)ticks * (passed_ns / passed_ticks)) : 0;
}

/* ---- hits ----------------------------------------------------------------------------------- */

/* A phrase's match includes the space before it. */
void pattern_report(const struct pattern *p, const struct text_normal *text, const size_t *spans,
                    matcher_hit_fn hit, void *user)
{
    struct matcher_hit h = {.pattern = p, .spans = spans};

    if (p->on_plain) {
        h.form = text->plain;
        text_plain_span(text, spans[0], spans[1], &h.start, &h.end);
    } else {
        h.form = text->normal;
        text_original_span(text, spans[0] + 1, spans[1], &h.start, &h.end);
    }
    hit(user, &h);
}

/* The start of the next character. */
static size_t advance(struct str text, size_t at)
{
    do
        at++;
    while (at < text.len && ((unsigned char)text.s[at] & 0xC0) == 0x80);
    return at;
}

/* Reading the clock takes as long as a short run: after the first runs only some are timed, and count for
 * the others. */
static unsigned weight_of(uint64_t runs)
{
    if (runs < TIMED_FIRST)
        return 1;
    return runs % TIMED_EVERY == 0 ? TIMED_EVERY : 0;
}

void pattern_run(const struct pattern *p, struct regex_scratch *scratch,
                 const struct text_normal *text, struct pattern_tally *tally, matcher_hit_fn hit,
                 void *user)
{
    struct str form = p->on_plain ? text->plain : text->normal;
    unsigned weight = weight_of(tally->runs++);
    uint64_t started = weight > 0 ? now_ticks() : 0;
    const size_t *spans = NULL;
    size_t from = 0;

    for (unsigned hits = 0; hits < PATTERN_HITS_MAX && from <= form.len;) {
        enum regex_result result = regex_find(p->regex, scratch, form, from, &spans);
        tally->limited += result == REGEX_LIMITED;
        if (result != REGEX_HIT)
            break;
        if (spans[1] <= spans[0]) {
            from = advance(form, spans[1] > from ? spans[1] : from);
            continue;
        }
        pattern_report(p, text, spans, hit, user);
        from = spans[1] > from ? spans[1] : advance(form, from);
        hits++;
        tally->hits++;
    }
    if (weight > 0)
        tally->ticks += weight * (now_ticks() - started);
}
