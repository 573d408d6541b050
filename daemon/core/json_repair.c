/* Mends what makes jansson refuse a whole document: lone surrogates in \u escapes, \u0000, bytes
 * that are not UTF-8, raw control characters inside strings, numbers that fit neither int64 nor
 * double. Also limits the nesting, so that no reader of the result can run out of stack.
 *
 * One pass, and no copy until the first fault: `done` is how much of the input the output already
 * stands for. It does not check JSON: what is wrong otherwise is jansson's to say. */
#include "mentiond/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "json_repair.h"
#include "mentiond/codec.h"

#define REPLACEMENT "\xEF\xBF\xBD"
#define NUMBER_TEXT_MAX 400 /* digits and signs; a longer real number is tried no further */

struct repair {
    struct str text;
    size_t done; /* input bytes that `out` stands for */
    struct buf *out;
    struct json_faults *faults;
    unsigned depth;
};

/* Everything up to `at` as it is, then `with` for the bytes [at, resume). */
static bool replace(struct repair *r, size_t at, size_t resume, struct str with)
{
    bool ok = buf_append(r->out, r->text.s + r->done, at - r->done) && buf_append_str(r->out, with);

    r->done = resume;
    return ok;
}

/* ---- strings ------------------------------------------------------------------------------- */

#define ONES 0x0101010101010101ULL
#define HIGHS 0x8080808080808080ULL
#define HAS_ZERO(word) (((word) - ONES) & ~(word) & HIGHS)

/* The first byte from `at` that ends a plain run of a string: quote, backslash, control, not ASCII.
 * Eight bytes at a time, as most text is plain. */
static size_t plain_end(struct str text, size_t at)
{
    while (at + 8 <= text.len) {
        uint64_t word;

        memcpy(&word, text.s + at, 8);
        if ((word & HIGHS) || HAS_ZERO(word ^ (ONES * '"')) || HAS_ZERO(word ^ (ONES * '\\')) ||
            (((word - ONES * 0x20) & ~word & HIGHS)))
            break;
        at += 8;
    }
    while (at < text.len) {
        unsigned char c = (unsigned char)text.s[at];

        if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\')
            break;
        at++;
    }
    return at;
}

/* The value of "\uXXXX" at `at`, or -1 if there is no such escape. */
static int escape_value(struct str text, size_t at)
{
    int value = 0;

    if (at + 6 > text.len || text.s[at] != '\\' || text.s[at + 1] != 'u')
        return -1;
    for (size_t i = at + 2; i < at + 6; i++) {
        int digit = hex_value(text.s[i]);

        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* Bytes of the escape at `at` to step over; mends it where needed. 0: out of memory. */
static size_t mend_escape(struct repair *r, size_t at)
{
    int value = escape_value(r->text, at);
    unsigned *fault = NULL;

    if (value < 0)
        return at + 1 < r->text.len ? 2 : 1;
    if (value >= 0xD800 && value <= 0xDBFF) {
        int low = escape_value(r->text, at + 6);

        if (low >= 0xDC00 && low <= 0xDFFF)
            return 12;
        fault = &r->faults->surrogates;
    } else if (value >= 0xDC00 && value <= 0xDFFF) {
        fault = &r->faults->surrogates;
    } else if (value == 0) {
        fault = &r->faults->nuls;
    }
    if (!fault)
        return 6;
    ++*fault;
    return replace(r, at, at + 6, STR(REPLACEMENT)) ? 6 : 0;
}

/* Bytes of the well-formed UTF-8 character at `at`. If there is none: 0, and *ret_bad is how many
 * bytes to replace by one U+FFFD. */
static size_t utf8_len(struct str text, size_t at, size_t *ret_bad)
{
    const unsigned char *s = (const unsigned char *)text.s + at;
    size_t left = text.len - at, want, i;
    unsigned char low = 0x80, high = 0xBF;

    *ret_bad = 1;
    if (s[0] >= 0xC2 && s[0] <= 0xDF)
        want = 2;
    else if (s[0] >= 0xE0 && s[0] <= 0xEF)
        want = 3;
    else if (s[0] >= 0xF0 && s[0] <= 0xF4)
        want = 4;
    else
        return 0;
    low = s[0] == 0xE0 ? 0xA0 : s[0] == 0xF0 ? 0x90 : low;
    high = s[0] == 0xED ? 0x9F : s[0] == 0xF4 ? 0x8F : high;
    for (i = 1; i < want; i++) {
        if (i >= left || s[i] < low || s[i] > high) {
            *ret_bad = i;
            return 0;
        }
        low = 0x80;
        high = 0xBF;
    }
    return want;
}

static size_t mend_bytes(struct repair *r, size_t at)
{
    size_t bad, len = utf8_len(r->text, at, &bad);

    if (len)
        return len;
    r->faults->bad_utf8++;
    return replace(r, at, at + bad, STR(REPLACEMENT)) ? bad : 0;
}

static size_t mend_control(struct repair *r, size_t at)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char c = (unsigned char)r->text.s[at];
    char escaped[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

    if (c == 0) {
        r->faults->nuls++;
        return replace(r, at, at + 1, STR(REPLACEMENT)) ? 1 : 0;
    }
    r->faults->controls++;
    return replace(r, at, at + 1, (struct str){escaped, sizeof(escaped)}) ? 1 : 0;
}

/* From behind the opening quote to behind the closing one, or the end of the text. */
static bool mend_string(struct repair *r, size_t *at)
{
    for (;;) {
        size_t step;
        unsigned char c;

        *at = plain_end(r->text, *at);
        if (*at >= r->text.len)
            return true;
        c = (unsigned char)r->text.s[*at];
        if (c == '"') {
            ++*at;
            return true;
        }
        if (c == '\\')
            step = mend_escape(r, *at);
        else
            step = c >= 0x80 ? mend_bytes(r, *at) : mend_control(r, *at);
        if (!step)
            return false;
        *at += step;
    }
}

/* ---- numbers ------------------------------------------------------------------------------- */

static bool is_number_byte(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* Whether jansson would refuse this number for its size. */
static bool number_overflows(struct str number)
{
    char copy[NUMBER_TEXT_MAX + 1];
    size_t sign = number.len > 0 && number.s[0] == '-';
    bool real = false;

    for (size_t i = sign; i < number.len; i++)
        real = real || number.s[i] < '0' || number.s[i] > '9';
    if (number.len - sign <= 18 && (!real || !memchr(number.s, 'e', number.len)) &&
        !memchr(number.s, 'E', number.len))
        return false;
    if (number.len > NUMBER_TEXT_MAX)
        return true;
    memcpy(copy, number.s, number.len);
    copy[number.len] = '\0';
    errno = 0;
    if (real)
        return isinf(strtod(copy, NULL));
    (void)strtoll(copy, NULL, 10);
    return errno == ERANGE;
}

static bool mend_number(struct repair *r, size_t *at)
{
    size_t start = *at;
    struct str number;

    while (*at < r->text.len && is_number_byte(r->text.s[*at]))
        ++*at;
    number = str_slice(r->text, start, *at);
    if (!number_overflows(number))
        return true;
    r->faults->numbers++;
    return replace(r, start, start, STR("\"")) && replace(r, *at, *at, STR("\""));
}

/* ---- the document -------------------------------------------------------------------------- */

static bool nest(struct repair *r, char c)
{
    if (c == '{' || c == '[')
        return ++r->depth <= JSON_DEPTH_MAX;
    if ((c == '}' || c == ']') && r->depth > 0)
        r->depth--;
    return true;
}

static int mend_document(struct repair *r)
{
    size_t at = 0;

    if (str_starts_with(r->text, STR("\xEF\xBB\xBF")))
        r->done = at = 3;
    while (at < r->text.len) {
        char c = r->text.s[at];
        bool ok = true;

        if (c == '"') {
            at++;
            ok = mend_string(r, &at);
        } else if (c == '-' || (c >= '0' && c <= '9')) {
            ok = mend_number(r, &at);
        } else {
            if (!nest(r, c))
                return -EBADMSG;
            at++;
        }
        if (!ok)
            return -ENOMEM;
    }
    return 0;
}

int json_repair_lazily(struct str text, struct buf *out, struct json_faults *faults, bool *ret_mended)
{
    struct json_faults unwanted = {0};
    struct repair r = {.text = text, .out = out, .faults = faults ? faults : &unwanted};
    int code = mend_document(&r);

    if (code < 0)
        return code;
    if (r.done > 0 && !buf_append(out, text.s + r.done, text.len - r.done))
        return -ENOMEM;
    *ret_mended = r.done > 0;
    return 0;
}

int json_repair(struct str text, struct buf *ret, struct json_faults *faults)
{
    bool mended = false;
    int code = json_repair_lazily(text, ret, faults, &mended);

    if (code == 0 && !mended && !buf_append_str(ret, text))
        return -ENOMEM;
    return code;
}
