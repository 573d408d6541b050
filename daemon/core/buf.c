/* The bounded buffer. Growth doubles up to the limit; the memory always holds a NUL behind the data. */
#include "mentiond/buf.h"

#include <stdarg.h>
#include <stdio.h>

#define BUF_CAP_MIN 128

void buf_init(struct buf *b, size_t max_len)
{
    *b = BUF_INIT(max_len);
}

void buf_finish(struct buf *b)
{
    free(b->data);
    *b = BUF_INIT(b->max_len);
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->data)
        b->data[0] = '\0';
}

static bool fail(struct buf *b)
{
    buf_reset(b);
    b->failed = true;
    return false;
}

static bool make_room(struct buf *b, size_t more)
{
    size_t cap = b->cap ? b->cap : BUF_CAP_MIN;
    char *data;

    if (b->failed || more > b->max_len - b->len)
        return fail(b);
    if (b->data && b->len + more < b->cap)
        return true;
    while (cap <= b->len + more)
        cap *= 2;
    if (cap > b->max_len + 1)
        cap = b->max_len + 1;
    data = realloc(b->data, cap);
    if (!data)
        return fail(b);
    b->data = data;
    b->cap = cap;
    return true;
}

bool buf_append(struct buf *b, const void *data, size_t len)
{
    if (!make_room(b, len))
        return false;
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
    return true;
}

bool buf_append_str(struct buf *b, struct str text)
{
    return buf_append(b, text.s, text.len);
}

bool buf_append_char(struct buf *b, char c)
{
    return buf_append(b, &c, 1);
}

bool buf_append_i64(struct buf *b, int64_t number)
{
    char digits[24];
    char *at = digits + sizeof(digits);
    uint64_t magnitude = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    do {
        *--at = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude);
    if (number < 0)
        *--at = '-';
    return buf_append(b, at, (size_t)(digits + sizeof(digits) - at));
}

bool buf_printf(struct buf *b, const char *fmt, ...)
{
    size_t room = b->failed ? 0 : b->cap - b->len; /* with the NUL */
    va_list args;
    int wanted;

    va_start(args, fmt);
    wanted = vsnprintf(room ? b->data + b->len : NULL, room, fmt, args);
    va_end(args);
    if (wanted < 0 || !make_room(b, (size_t)wanted))
        return fail(b);
    if ((size_t)wanted >= room) {
        va_start(args, fmt);
        vsnprintf(b->data + b->len, (size_t)wanted + 1, fmt, args);
        va_end(args);
    }
    b->len += (size_t)wanted;
    return true;
}

bool buf_append_utf8(struct buf *b, uint32_t c)
{
    unsigned char bytes[4];
    size_t len;

    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        c = 0xFFFD;
    if (c < 0x80) {
        bytes[0] = (unsigned char)c;
        len = 1;
    } else if (c < 0x800) {
        bytes[0] = (unsigned char)(0xC0 | c >> 6);
        len = 2;
    } else if (c < 0x10000) {
        bytes[0] = (unsigned char)(0xE0 | c >> 12);
        len = 3;
    } else {
        bytes[0] = (unsigned char)(0xF0 | c >> 18);
        len = 4;
    }
    for (size_t i = 1; i < len; i++)
        bytes[i] = (unsigned char)(0x80 | (c >> (6 * (len - 1 - i)) & 0x3F));
    return buf_append(b, bytes, len);
}

/* The length of the well-formed UTF-8 character at the front, or 0. */
static size_t utf8_char_len(const unsigned char *s, size_t len)
{
    static const struct {
        unsigned char first_min, first_max, second_min, second_max, len;
    } forms[] = {
        {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
        {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
        {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };

    if (s[0] < 0x80)
        return 1;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if (s[0] < forms[i].first_min || s[0] > forms[i].first_max)
            continue;
        if (len < forms[i].len || s[1] < forms[i].second_min || s[1] > forms[i].second_max)
            return 0;
        for (size_t j = 2; j < forms[i].len; j++) {
            if ((s[j] & 0xC0) != 0x80)
                return 0;
        }
        return forms[i].len;
    }
    return 0;
}

static void append_json_char(struct buf *b, const unsigned char *s, size_t len)
{
    static const char short_forms[] = "\"\"\\\\\bb\ff\nn\rr\tt";

    for (size_t i = 0; i + 1 < sizeof(short_forms) && len == 1; i += 2) {
        if (s[0] == (unsigned char)short_forms[i]) {
            buf_append_char(b, '\\');
            buf_append_char(b, short_forms[i + 1]);
            return;
        }
    }
    if (len == 1 && (s[0] < 0x20 || s[0] == 0x7F))
        buf_printf(b, "\\u%04x", s[0]);
    else if (len == 3 && s[0] == 0xE2 && s[1] == 0x80 && (s[2] == 0xA8 || s[2] == 0xA9))
        buf_printf(b, "\\u20%02x", s[2] - 0x80);
    else if (len == 0)
        buf_append(b, "\xEF\xBF\xBD", 3);
    else
        buf_append(b, s, len);
}

/* How many bytes at the front need no care at all. */
static size_t plain_json_len(const unsigned char *s, size_t len)
{
    size_t i = 0;

    while (i < len && s[i] >= 0x20 && s[i] < 0x7F && s[i] != '"' && s[i] != '\\')
        i++;
    return i;
}

bool buf_append_json(struct buf *b, struct str text)
{
    const unsigned char *s = (const unsigned char *)text.s;
    size_t left = text.len;

    buf_append_char(b, '"');
    while (left > 0) {
        size_t plain = plain_json_len(s, left);

        if (plain) {
            buf_append(b, s, plain);
        } else {
            size_t len = utf8_char_len(s, left);

            append_json_char(b, s, len);
            plain = len ? len : 1;
        }
        s += plain;
        left -= plain;
    }
    return buf_append_char(b, '"');
}

bool buf_append_json_field(struct buf *b, struct str name, struct str value)
{
    if (b->len == 0 || b->data[b->len - 1] != '{')
        buf_append_char(b, ',');
    buf_append_json(b, name);
    buf_append_char(b, ':');
    return buf_append_json(b, value);
}

char *buf_take(struct buf *b)
{
    char *data;

    if (b->failed || (!b->data && !buf_append(b, "", 0)))
        return NULL;
    data = b->data;
    *b = BUF_INIT(b->max_len);
    return data;
}
