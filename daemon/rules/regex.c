/* PCRE2 behind a small door.
 *
 * Responsible for: flags, limits, JIT, and turning every PCRE2 error into one of three
 * results. Not for what a hit means, nor for counting limits. Codes are immutable; everything
 * written to while matching is in the scratch. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "rules/regex.h"

#include <errno.h>
#include <pcre2.h>

#define MATCH_LIMIT 100000u        /* of PCRE2's own counting, a few ms */
#define DEPTH_LIMIT 10000u         /* interpreter only */
#define HEAP_LIMIT_KIB 4096u       /* interpreter only */
#define JIT_STACK_MAX (512 * 1024) /* bytes */
#define JIT_STACK_START (32 * 1024)

struct regex {
    pcre2_code *code; /* owned */
    unsigned groups;
    struct str *names; /* owned, groups + 1; the text is the code's */
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
    pcre2_pattern_info(regex->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    pcre2_pattern_info(regex->code, PCRE2_INFO_NAMETABLE, &table);
    regex->names = calloc(regex->groups + 1, sizeof(*regex->names));
    if (!regex->names)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++, table += size)
        regex->names[table[0] << 8 | table[1]] = str_from((const char *)table + 2);
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
    *ret = pcre2_compile((PCRE2_SPTR)source.s, source.len, options, &code, ret_at, context);
    pcre2_compile_context_free(context);
    if (*ret)
        return 0;
    pcre2_get_error_message(code, why, sizeof(why));
    return error_set(err, -EINVAL, "%s", (const char *)why);
}

int regex_create(struct str source, unsigned flags, struct regex **ret, size_t *ret_at,
                 struct error *err)
{
    struct regex *regex;
    uint32_t groups = 0;
    int r;

    *ret_at = 0;
    if (source.len > REGEX_SOURCE_MAX)
        return error_set(err, -EINVAL, "longer than %d bytes", REGEX_SOURCE_MAX);
    regex = calloc(1, sizeof(*regex));
    if (!regex)
        return error_oom(err);
    r = code_compile(source, flags, &regex->code, ret_at, err);
    if (r < 0)
        goto fail;
    pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &groups);
    regex->groups = groups;
    r = groups > REGEX_GROUPS_MAX
            ? error_set(err, -EINVAL, "more than %d groups", REGEX_GROUPS_MAX)
            : names_read(regex);
    if (r < 0)
        goto fail;
    /* Without JIT (not built in, no executable memory) the interpreter answers the same. */
    pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE);
    *ret = regex;
    return 0;
fail:
    regex_destroy(regex);
    return r;
}

void regex_destroy(struct regex *regex)
{
    if (!regex)
        return;
    pcre2_code_free(regex->code);
    free(regex->names);
    free(regex);
}

unsigned regex_groups(const struct regex *regex)
{
    return regex->groups;
}

struct str regex_group_name(const struct regex *regex, unsigned group)
{
    return regex->names[group];
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

enum regex_result regex_find(const struct regex *regex, struct regex_scratch *scratch,
                             struct str subject, size_t from, const size_t **ret_spans)
{
    int n = pcre2_match(regex->code, (PCRE2_SPTR)subject.s, subject.len, from, PCRE2_NO_UTF_CHECK,
                        scratch->data, scratch->context);

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
