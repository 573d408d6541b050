/* Any bytes of a feed to UTF-8. What a server or a document says of its encoding is believed only where
 * the bytes are not UTF-8 already: text of another encoding hardly ever is by chance, while wrong
 * declarations are common.
 *
 * Conversion is iconv's, for the encodings that the web has; a name from outside never reaches it. */
#include <errno.h>
#include <iconv.h>

#include "mentiond/text.h"
#include "sources/feed_item.h"

#define PROLOG_MAX 1024 /* an XML declaration is looked for in so many bytes */
#define LABEL_MAX 24
#define PIECE 4096
#define REPLACEMENT "\xEF\xBF\xBD"

/* By label without anything but letters and digits. Latin-1 is read as windows-1252, as browsers do. */
static const struct {
    const char *label, *charset;
} charsets[] = {
    {"big5", "BIG5-HKSCS"},         {"cp1250", "CP1250"},           {"cp1251", "CP1251"},
    {"cp1252", "CP1252"},           {"euccn", "GB18030"},           {"eucjp", "EUC-JP"},
    {"euckr", "CP949"},             {"gb18030", "GB18030"},         {"gb2312", "GB18030"},
    {"gbk", "GB18030"},             {"ibm866", "CP866"},            {"iso88591", "CP1252"},
    {"iso885910", "ISO-8859-10"},   {"iso885913", "ISO-8859-13"},   {"iso885914", "ISO-8859-14"},
    {"iso885915", "ISO-8859-15"},   {"iso885916", "ISO-8859-16"},   {"iso88592", "ISO-8859-2"},
    {"iso88593", "ISO-8859-3"},     {"iso88594", "ISO-8859-4"},     {"iso88595", "ISO-8859-5"},
    {"iso88596", "ISO-8859-6"},     {"iso88597", "ISO-8859-7"},     {"iso88598", "ISO-8859-8"},
    {"iso88599", "CP1254"},         {"koi8r", "KOI8-R"},            {"koi8u", "KOI8-U"},
    {"ksc56011987", "CP949"},       {"latin1", "CP1252"},           {"macintosh", "MACINTOSH"},
    {"shiftjis", "CP932"},          {"sjis", "CP932"},              {"tis620", "TIS-620"},
    {"usascii", "CP1252"},          {"utf16", "UTF-16LE"},          {"utf16be", "UTF-16BE"},
    {"utf16le", "UTF-16LE"},        {"windows1250", "CP1250"},      {"windows1251", "CP1251"},
    {"windows1252", "CP1252"},      {"windows1253", "CP1253"},      {"windows1254", "CP1254"},
    {"windows1255", "CP1255"},      {"windows1256", "CP1256"},      {"windows1257", "CP1257"},
    {"windows1258", "CP1258"},      {"windows31j", "CP932"},        {"windows874", "CP874"},
    {"windows949", "CP949"},        {"xsjis", "CP932"},
};

static const struct {
    const char *bytes;
    size_t len;
    const char *charset; /* NULL: UTF-8 */
} marks[] = {
    {"\xEF\xBB\xBF", 3, NULL}, {"\xFE\xFF", 2, "UTF-16BE"}, {"\xFF\xFE", 2, "UTF-16LE"},
};

/* ---- what it may be ------------------------------------------------------------------------ */

static const char *charset_find(struct str label)
{
    char plain[LABEL_MAX];
    size_t n = 0;

    for (size_t i = 0; i < label.len && n + 1 < sizeof(plain); i++) {
        char c = label.s[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            plain[n++] = c;
    }
    plain[n] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(charsets); i++) {
        if (strcmp(plain, charsets[i].label) == 0)
            return charsets[i].charset;
    }
    return NULL;
}

/* What follows `key` and an equals sign: in quotes, or up to what ends a token. */
static struct str value_after(struct str text, const char *key)
{
    size_t at = str_find(text, str_from(key)), end;

    if (at == SIZE_MAX)
        return STR("");
    text = str_trim(str_slice(text, at + strlen(key), text.len));
    if (!str_starts_with(text, STR("=")))
        return STR("");
    text = str_trim(str_slice(text, 1, text.len));
    if (text.len > 0 && (text.s[0] == '"' || text.s[0] == '\''))
        text = str_slice(text, 1, text.len);
    for (end = 0; end < text.len && !strchr("\"'; \t\r\n?>", text.s[end]); end++)
        continue;
    return str_slice(text, 0, end);
}

static struct str declared_label(struct str body)
{
    struct str head = str_slice(body, 0, body.len < PROLOG_MAX ? body.len : PROLOG_MAX);
    size_t at = str_find(head, STR("<?xml")), end;

    if (at == SIZE_MAX)
        return STR("");
    head = str_slice(head, at, head.len);
    end = str_find(head, STR("?>"));
    return value_after(str_slice(head, 0, end == SIZE_MAX ? head.len : end), "encoding");
}

/* UTF-16 shows by its zeros even without a mark. */
static const char *charset_by_zeros(struct str body)
{
    if (body.len < 4)
        return NULL;
    if (!body.s[0] && body.s[1] && !body.s[2] && body.s[3])
        return "UTF-16BE";
    return body.s[0] && !body.s[1] && body.s[2] && !body.s[3] ? "UTF-16LE" : NULL;
}

/* ---- conversion ---------------------------------------------------------------------------- */

static bool convert(const char *charset, struct str body, struct buf *out)
{
    iconv_t cd = iconv_open("UTF-8", charset);
    char *from = (char *)(uintptr_t)body.s, piece[PIECE];
    size_t left = body.len;
    bool ok = cd != (iconv_t)-1;

    while (ok && left > 0) {
        char *to = piece;
        size_t room = sizeof(piece), done = iconv(cd, &from, &left, &to, &room);
        int why = errno;

        ok = buf_append(out, piece, (size_t)(to - piece));
        if (!ok || done != (size_t)-1 || why == E2BIG)
            continue;
        if (why != EILSEQ)
            break; /* cut off within a character */
        ok = buf_append(out, REPLACEMENT, 3);
        from++;
        left--;
    }
    if (cd != (iconv_t)-1)
        iconv_close(cd);
    return ok;
}

/* By a character's first byte; 0: it begins none. */
static size_t length_told(unsigned char c)
{
    if (c < 0x80)
        return 1;
    if (c < 0xC2 || c > 0xF4)
        return 0;
    return c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

/* The length of the whole character at `at`, 0 if there is none. */
static size_t utf8_len(struct str text, size_t at)
{
    size_t len = length_told((unsigned char)text.s[at]);

    if (len == 0 || at + len > text.len)
        return 0;
    return len == 1 || text_is_utf8(str_slice(text, at, at + len)) ? len : 0;
}

/* More whole characters of several bytes than stray bytes. */
static bool is_nearly_utf8(struct str body)
{
    size_t good = 0, bad = 0;

    for (size_t at = 0, len; at < body.len; at += len ? len : 1) {
        len = utf8_len(body, at);
        good += len > 1;
        bad += len == 0;
    }
    return good > bad;
}

static bool repair(struct str body, struct buf *out)
{
    size_t from = 0, at = 0;
    bool ok = true;

    while (at < body.len && ok) {
        size_t len = utf8_len(body, at);

        if (len > 0) {
            at += len;
            continue;
        }
        ok = buf_append_str(out, str_slice(body, from, at)) && buf_append(out, REPLACEMENT, 3);
        from = ++at;
    }
    return ok && buf_append_str(out, str_slice(body, from, body.len));
}

bool feed_to_utf8(struct str body, struct str content_type, struct buf *out)
{
    const char *charset;

    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        if (!str_starts_with(body, (struct str){marks[i].bytes, marks[i].len}))
            continue;
        body = str_slice(body, marks[i].len, body.len);
        return marks[i].charset ? convert(marks[i].charset, body, out) : repair(body, out);
    }
    charset = charset_by_zeros(body);
    if (charset)
        return convert(charset, body, out);
    if (text_is_utf8(body))
        return buf_append_str(out, body);
    charset = charset_find(value_after(content_type, "charset"));
    if (!charset)
        charset = charset_find(declared_label(body));
    if (!charset && is_nearly_utf8(body))
        return repair(body, out);
    return convert(charset ? charset : "CP1252", body, out);
}
