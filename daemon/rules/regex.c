/* PCRE2 behind a small door.
 *
 * Responsible for: flags, limits, JIT, and turning every PCRE2 error into one of three results. Not
 * for what a hit means, nor for counting limits. Compiling at load says whether a source is right;
 * what is compiled can then be dropped until the first run, for most rules never hit.
 * Everything else that is written to while matching is in the scratch. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "rules/regex.h"

#include <errno.h>
#include <pcre2.h>

#define MATCH_LIMIT 100000u        /* of PCRE2's own counting, a few ms */
#define DEPTH_LIMIT 10000u         /* interpreter only */
#define HEAP_LIMIT_KIB 4096u       /* interpreter only */
#define JIT_STACK_MAX (512 * 1024) /* bytes */
#define JIT_STACK_START (32 * 1024)

enum jit_state { JIT_NOT_YET, JIT_READY, JIT_NONE };

struct regex {
    pcre2_code *code;  /* owned; NULL: not needed yet, or again */
    struct str source; /* borrowed; read only while there is no code */
    struct str *names; /* owned, groups + 1, their text behind them; NULL: no group has one */
    unsigned groups, flags;
    enum jit_state jit;
    bool ran; /* since regex_rest_unused() asked last */
};

struct regex_scratch {
    pcre2_match_context *context; /* owned, all three */
    pcre2_match_data *data;
    pcre2_jit_stack *stack;
};

/* ---- codes ---------------------------------------------------------------------------------- */

static int names_read(struct regex *regex)
{
    uint32_t count = 0, size = 0;
    PCRE2_SPTR table = NULL;

    pcre2_pattern_info(regex->code, PCRE2_INFO_NAMECOUNT, &count);
    if (count == 0)
        return 0;
    pcre2_pattern_info(regex->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    pcre2_pattern_info(regex->code, PCRE2_INFO_NAMETABLE, &table);
    regex->names = calloc(1, (regex->groups + 1) * sizeof(*regex->names) + count * size);
    if (!regex->names)
        return -ENOMEM;
    char *copy = memcpy(regex->names + regex->groups + 1, table, count * size);
    for (uint32_t i = 0; i < count; i++, table += size, copy += size)
        regex->names[table[0] << 8 | table[1]] = str_from(copy + 2);
    return 0;
}

static int code_compile(struct str source, unsigned flags, pcre2_code **ret, size_t *ret_at,
                        struct error *err)
{
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_DUPNAMES | PCRE2_NEVER_BACKSLASH_C;
    PCRE2_UCHAR why[256];
    int code = 0;

    if (!context)
        return error_oom(err);
    if (flags & REGEX_CASELESS)
        options |= PCRE2_CASELESS;
    pcre2_set_parens_nest_limit(context, REGEX_NESTING_MAX);
    pcre2_set_newline(context, PCRE2_NEWLINE_LF); /* as the extractor of literals reads comments */
    *ret = pcre2_compile((PCRE2_SPTR)source.s, source.len, options, &code, ret_at, context);
    pcre2_compile_context_free(context);
    if (*ret)
        return 0;
    pcre2_get_error_message(code, why, sizeof(why));
    return error_set(err, -EINVAL, "%s", (const char *)why);
}

static int code_read(struct regex *regex, struct error *err)
{
    uint32_t groups = 0;

    pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &groups);
    regex->groups = groups;
    if (groups > REGEX_GROUPS_MAX)
        return error_set(err, -EINVAL, "more than %d groups", REGEX_GROUPS_MAX);
    return names_read(regex) < 0 ? error_oom(err) : 0;
}

int regex_create(struct str source, unsigned flags, struct regex **ret, size_t *ret_at,
                 struct error *err)
{
    struct regex *regex;
    int r = 0;

    *ret_at = 0;
    if (source.len > REGEX_SOURCE_MAX)
        return error_set(err, -EINVAL, "longer than %d bytes", REGEX_SOURCE_MAX);
    regex = calloc(1, sizeof(*regex));
    if (!regex)
        return error_oom(err);
    regex->flags = flags;
    regex->source = source;
    if (!(flags & REGEX_LATE))
        r = code_compile(source, flags, &regex->code, ret_at, err);
    if (r == 0 && regex->code)
        r = code_read(regex, err);
    if (r < 0) {
        regex_destroy(regex);
        return r;
    }
    *ret = regex;
    return 0;
}

void regex_destroy(struct regex *regex)
{
    if (!regex)
        return;
    pcre2_code_free(regex->code);
    free(regex->names);
    free(regex);
}

void regex_rest(struct regex *regex)
{
    pcre2_code_free(regex->code);
    regex->code = NULL;
    regex->jit = JIT_NOT_YET;
}

void regex_set_source(struct regex *regex, struct str source)
{
    regex->source = source;
}

bool regex_rest_unused(struct regex *regex)
{
    bool unused = regex->code && !regex->ran;

    regex->ran = false;
    if (unused)
        regex_rest(regex);
    return unused;
}

void regex_trim(void)
{
    pcre2_jit_free_unused_memory(NULL);
}

unsigned regex_groups(const struct regex *regex)
{
    return regex->groups;
}

struct str regex_group_name(const struct regex *regex, unsigned group)
{
    return regex->names ? regex->names[group] : (struct str){0};
}

/* ---- matching ------------------------------------------------------------------------------- */

int regex_scratch_create(struct regex_scratch **ret, struct error *err)
{
    struct regex_scratch *scratch = calloc(1, sizeof(*scratch));

    if (!scratch)
        return error_oom(err);
    scratch->context = pcre2_match_context_create(NULL);
    scratch->data = pcre2_match_data_create(REGEX_GROUPS_MAX + 1, NULL);
    scratch->stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MAX, NULL);
    if (!scratch->context || !scratch->data) {
        regex_scratch_destroy(scratch);
        return error_oom(err);
    }
    pcre2_set_match_limit(scratch->context, MATCH_LIMIT);
    pcre2_set_depth_limit(scratch->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(scratch->context, HEAP_LIMIT_KIB);
    if (scratch->stack)
        pcre2_jit_stack_assign(scratch->context, NULL, scratch->stack);
    *ret = scratch;
    return 0;
}

void regex_scratch_destroy(struct regex_scratch *scratch)
{
    if (!scratch)
        return;
    pcre2_match_data_free(scratch->data);
    pcre2_match_context_free(scratch->context);
    pcre2_jit_stack_free(scratch->stack);
    free(scratch);
}

/* The first run makes it ready. Without JIT (not built in, or no executable memory) the interpreter
 * gives the same answers. */
static bool regex_prepare(struct regex *regex)
{
    size_t at;

    if (!regex->code && code_compile(regex->source, regex->flags, &regex->code, &at, NULL) < 0)
        return false;
    regex->jit = pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE) == 0 ? JIT_READY : JIT_NONE;
    return true;
}

enum regex_result regex_find(struct regex *regex, struct regex_scratch *scratch, struct str subject,
                             size_t from, const size_t **ret_spans)
{
    PCRE2_SPTR text = (PCRE2_SPTR)subject.s;
    int n;

    if (regex->jit == JIT_NOT_YET && !regex_prepare(regex))
        return REGEX_LIMITED;
    regex->ran = true;
    if (regex->jit == JIT_READY)
        n = pcre2_jit_match(regex->code, text, subject.len, from, 0, scratch->data,
                            scratch->context);
    else
        n = pcre2_match(regex->code, text, subject.len, from, PCRE2_NO_UTF_CHECK, scratch->data,
                        scratch->context);
    if (n == PCRE2_ERROR_NOMATCH)
        return REGEX_NO_HIT;
    if (n < 0)
        return REGEX_LIMITED;
    size_t *spans = pcre2_get_ovector_pointer(scratch->data);
    for (unsigned i = (unsigned)n; i <= regex->groups; i++)
        spans[2 * i] = spans[2 * i + 1] = SIZE_MAX;
    *ret_spans = spans;
    return REGEX_HIT;
}

/* Asked at load, so without making machine code. */
bool regex_matches_empty(const struct regex *regex, struct regex_scratch *scratch)
{
    uint32_t possible = 1;

    if (!regex->code)
        return false;
    pcre2_pattern_info(regex->code, PCRE2_INFO_MATCHEMPTY, &possible);
    return possible && pcre2_match(regex->code, (PCRE2_SPTR) "", 0, 0,
                                   PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, scratch->data,
                                   scratch->context) > 0;
}
