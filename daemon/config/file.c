/* A configuration file as checked text: opens nothing but regular files of a sane size, and lets
 * only clean UTF-8 through, so that libyaml's reader has nothing to complain about. Owns
 * config_doc: its arena holds path, text and tree.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utf8proc.h>

#include "config/excerpt.h"
#include "config/yaml_tree.h"
#include "mentiond/buf.h"
#include "mentiond/config.h"

#define ARENA_MAX (64 * 1024 * 1024) /* text, its copy in scalars, CONFIG_NODES_MAX nodes */

static const struct config_mark whole_file;

static struct config_doc *doc_create(const char *path)
{
    struct config_doc *doc = calloc(1, sizeof(*doc));

    if (!doc)
        return NULL;
    arena_init(&doc->arena, ARENA_MAX);
    doc->path = arena_str(&doc->arena, str_from(path));
    return doc;
}

void config_doc_destroy(struct config_doc *doc)
{
    if (!doc)
        return;
    arena_finish(&doc->arena);
    free(doc);
}

static void destroy_docp(struct config_doc **doc)
{
    config_doc_destroy(*doc);
}

/* ---- bytes --------------------------------------------------------------------------------- */

/* What YAML allows in a file. */
static bool is_yaml_character(int32_t c)
{
    return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0x7e) || c == 0x85 ||
           (c >= 0xa0 && c <= 0xd7ff) || (c >= 0xe000 && c <= 0xfefe) ||
           (c > 0xfeff && c <= 0xfffd) || (c >= 0x10000 && c <= 0x10ffff);
}

static bool check_characters(const struct config_doc *doc, struct diag *d)
{
    struct config_mark mark = {1, 1, 1};
    struct str text = doc->text;

    for (size_t at = 0; at < text.len;) {
        size_t break_len = excerpt_break_len(text, at);
        utf8proc_int32_t c;
        utf8proc_ssize_t len;

        if (break_len > 0) {
            mark = (struct config_mark){mark.line + 1, 1, 1};
            at += break_len;
            continue;
        }
        len = utf8proc_iterate((const utf8proc_uint8_t *)text.s + at,
                               (utf8proc_ssize_t)(text.len - at), &c);
        if (len <= 0) {
            diag_error(d, doc, mark, "byte 0x%02X is not UTF-8: save the file as UTF-8",
                       (unsigned char)text.s[at]);
            return false;
        }
        if (!is_yaml_character(c)) {
            diag_error(d, doc, mark, "character U+%04X is not allowed in YAML", (unsigned)c);
            return false;
        }
        at += (size_t)len;
        mark.column++;
    }
    return true;
}

static bool check_encoding(const struct config_doc *doc, struct diag *d)
{
    if (str_starts_with(doc->text, STR("\xff\xfe")) ||
        str_starts_with(doc->text, STR("\xfe\xff"))) {
        diag_error(d, doc, whole_file, "is UTF-16: save the file as UTF-8");
        return false;
    }
    return check_characters(doc, d);
}

/* Takes ownership of doc; returns it with its tree, or NULL. */
static struct config_doc *doc_parse(struct config_doc *parsed, struct str text, struct diag *d)
{
    CLEANUP(destroy_docp) struct config_doc *doc = parsed;

    if (text.len > CONFIG_FILE_MAX) {
        diag_error(d, doc, whole_file, "is larger than %d MiB", CONFIG_FILE_MAX >> 20);
        return NULL;
    }
    if (str_starts_with(text, STR("\xef\xbb\xbf")))
        text = str_slice(text, 3, text.len);
    doc->text = arena_str(&doc->arena, text);
    if (!doc->path.s || !doc->text.s) {
        diag_error(d, NULL, whole_file, "out of memory");
        return NULL;
    }
    if (!check_encoding(doc, d) || yaml_tree_read(doc, d) < 0)
        return NULL;
    return TAKE(doc);
}

struct config_doc *config_doc_parse(const char *path, struct str text, struct diag *d)
{
    struct config_doc *doc = doc_create(path);

    if (doc)
        return doc_parse(doc, text, d);
    diag_error(d, NULL, whole_file, "%s: out of memory", path);
    return NULL;
}

/* ---- the file ------------------------------------------------------------------------------ */

/* The installed file is 0640: who may not read it wants to know which group may. */
static void report_no_right(const struct config_doc *doc, const struct stat *st, struct diag *d)
{
    const struct group *group = getgrgid(st->st_gid);

    if (!(st->st_mode & S_IRGRP))
        diag_error(d, doc, whole_file, "cannot be read: only its owner may (mode %04o)",
                   (unsigned)(st->st_mode & 07777));
    else if (group)
        diag_error(d, doc, whole_file,
                   "cannot be read: permission denied; members of group '%s' may read it",
                   group->gr_name);
    else
        diag_error(d, doc, whole_file,
                   "cannot be read: permission denied; members of group %u may read it",
                   (unsigned)st->st_gid);
}

static bool check_stat(const struct config_doc *doc, const struct stat *st, struct diag *d)
{
    if (S_ISDIR(st->st_mode))
        diag_error(d, doc, whole_file, "is a directory, not a file");
    else if (!S_ISREG(st->st_mode))
        diag_error(d, doc, whole_file, "is not a regular file");
    else if (st->st_size > CONFIG_FILE_MAX)
        diag_error(d, doc, whole_file, "is %lld MiB large, at most %d MiB are read",
                   (long long)(st->st_size + (1 << 20) - 1) >> 20, CONFIG_FILE_MAX >> 20);
    else
        return true;
    return false;
}

/* A file that grows while it is read ends at one byte over the limit. */
static bool read_all(int fd, struct buf *ret_text)
{
    char block[16 * 1024];

    for (;;) {
        ssize_t n = read(fd, block, sizeof(block));

        if (n == 0)
            return true;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (!buf_append(ret_text, block, (size_t)n)) {
            errno = EFBIG;
            return false;
        }
    }
}

static void report_errno(const struct config_doc *doc, struct diag *d)
{
    diag_error(d, doc, whole_file, "cannot be read: %s", strerror(errno));
}

/* Looks before it opens: opening a device or a FIFO may already do something. */
static int file_open(struct config_doc *doc, const char *path, struct diag *d)
{
    struct stat st;
    int fd;

    if (stat(path, &st) < 0) {
        report_errno(doc, d);
        return -1;
    }
    if (!check_stat(doc, &st, d))
        return -1;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0 && fstat(fd, &st) == 0) {
        if (check_stat(doc, &st, d)) {
            doc->mtime_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
            return fd;
        }
        close(fd);
        return -1;
    }
    if (errno == EACCES)
        report_no_right(doc, &st, d);
    else
        report_errno(doc, d);
    if (fd >= 0)
        close(fd);
    return -1;
}

struct config_doc *config_doc_load(const char *path, struct diag *d)
{
    CLEANUP(destroy_docp) struct config_doc *doc = doc_create(path);
    CLEANUP(buf_finish) struct buf text = BUF_INIT(CONFIG_FILE_MAX + 1);
    bool complete;
    int fd;

    if (!doc) {
        diag_error(d, NULL, whole_file, "%s: out of memory", path);
        return NULL;
    }
    fd = file_open(doc, path, d);
    if (fd < 0)
        return NULL;
    complete = read_all(fd, &text);
    if (!complete)
        report_errno(doc, d);
    close(fd);
    return complete ? doc_parse(TAKE(doc), buf_str(&text), d) : NULL;
}
