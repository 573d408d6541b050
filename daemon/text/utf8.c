/* UTF-8 in and out, strictly: no surrogates, no overlong forms, nothing above U+10FFFF.
 *
 * Everything in text/ that walks over characters goes through utf8_decode(), so that
 * ill-formed bytes mean the same thing everywhere: one bad character of one byte. */
#include "utf8.h"

#include "mentiond/text.h"

struct utf8_form {
    unsigned char mask, lead; /* (byte & mask) == lead */
    unsigned char len;
    uint32_t min; /* smaller values are overlong */
};

static const struct utf8_form forms[] = {
    {0xE0, 0xC0, 2, 0x80},
    {0xF0, 0xE0, 3, 0x800},
    {0xF8, 0xF0, 4, 0x10000},
};

static uint32_t form_decode(const struct utf8_form *form, const unsigned char *s)
{
    uint32_t c = s[0] & (unsigned char)~form->mask;

    for (size_t i = 1; i < form->len; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return UTF8_BAD;
        c = c << 6 | (s[i] & 0x3F);
    }
    if (c < form->min || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return UTF8_BAD;
    return c;
}

uint32_t utf8_decode(struct str text, size_t pos, size_t *ret_len)
{
    const unsigned char *s = (const unsigned char *)text.s + pos;
    size_t left = text.len - pos;

    *ret_len = 1;
    if (s[0] < 0x80)
        return s[0];
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if ((s[0] & forms[i].mask) != forms[i].lead)
            continue;
        uint32_t c = left < forms[i].len ? UTF8_BAD : form_decode(&forms[i], s);
        if (c != UTF8_BAD)
            *ret_len = forms[i].len;
        return c;
    }
    return UTF8_BAD;
}

size_t utf8_encode(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

bool text_is_utf8(struct str text)
{
    for (size_t pos = 0, len; pos < text.len; pos += len)
        if (utf8_decode(text, pos, &len) == UTF8_BAD)
            return false;
    return true;
}
