/* Base64 and hexadecimal digits. Encoders work three bytes or one at a time on any memory; decoders need a
 * few bytes of state and never read past `len`. */
#include "mentiond/codec.h"

#define STANDARD "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
#define FOR_URLS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/* The characters of one to three bytes; how many they are. */
static size_t encode_three(struct str bytes, const char *digits, bool padded, char out[4])
{
    uint32_t three = 0;

    for (size_t i = 0; i < 3; i++)
        three = three << 8 | (i < bytes.len ? (unsigned char)bytes.s[i] : 0u);
    for (size_t i = 0; i < 4; i++)
        out[i] = i <= bytes.len ? digits[three >> (18 - 6 * i) & 63] : '=';
    return padded ? 4 : bytes.len + 1;
}

static struct str three_at(struct str bytes, size_t at)
{
    return str_slice(bytes, at, bytes.len - at < 3 ? bytes.len : at + 3);
}

static void append(struct buf *b, struct str bytes, const char *digits, bool padded)
{
    for (size_t at = 0; at < bytes.len; at += 3) {
        char out[4];

        buf_append(b, out, encode_three(three_at(bytes, at), digits, padded, out));
    }
}

void base64_append(struct buf *b, struct str bytes)
{
    append(b, bytes, STANDARD, true);
}

void base64url_append(struct buf *b, struct str bytes)
{
    append(b, bytes, FOR_URLS, false);
}

struct str base64_encode(struct str bytes, struct arena *arena)
{
    char *out = arena_alloc(arena, bytes.len / 3 * 4 + 5);
    size_t len = 0;

    for (size_t at = 0; out && at < bytes.len; at += 3)
        len += encode_three(three_at(bytes, at), STANDARD, true, out + len);
    return out ? (struct str){out, len} : STR("");
}

static int base64_value(char c)
{
    const char *at = c ? strchr(STANDARD, c) : NULL;

    return at ? (int)(at - STANDARD) : -1;
}

struct str base64_decode_loose(struct str text, struct arena *arena)
{
    char *out = arena_alloc(arena, text.len / 4 * 3 + 3);
    uint32_t bits = 0;
    unsigned n_bits = 0;
    size_t len = 0;

    for (size_t i = 0; out && i < text.len; i++) {
        int value = base64_value(text.s[i]);

        if (value < 0)
            continue;
        bits = (bits << 6 | (uint32_t)value) & 0xFFFFFF;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            out[len++] = (char)(bits >> n_bits & 0xFF);
        }
    }
    return out ? (struct str){out, len} : STR("");
}

bool base64_decode(struct str text, struct arena *arena, struct str *ret)
{
    size_t padding = str_ends_with(text, STR("==")) ? 2 : str_ends_with(text, STR("=")) ? 1 : 0;
    struct str bytes;

    if (text.len == 0 || text.len % 4)
        return false;
    for (size_t i = 0; i < text.len - padding; i++) {
        if (base64_value(text.s[i]) < 0)
            return false;
    }
    bytes = base64_decode_loose(text, arena);
    if (bytes.len == 0)
        return false;
    *ret = bytes;
    return true;
}

struct str hex_encode(struct str bytes, struct arena *arena)
{
    static const char digits[] = "0123456789abcdef";
    char *out = arena_alloc(arena, 2 * bytes.len + 1);

    for (size_t i = 0; out && i < bytes.len; i++) {
        out[2 * i] = digits[(unsigned char)bytes.s[i] >> 4];
        out[2 * i + 1] = digits[bytes.s[i] & 15];
    }
    return out ? (struct str){out, 2 * bytes.len} : STR("");
}

int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
