/* `rules fmt`: rule packs in the canonical layout (layout.h). Finds the files, and replaces each by a
 * rename, so that a file is the old one or the new one and never half of it; whatever cannot be laid
 * out is left as it is, and the rest goes on. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"
#include "layout.h"
#include "packs.h"

#define FOLDER_DEPTH_MAX 4
#define RESULT_MAX (4 * (size_t)LAYOUT_TEXT_MAX)

struct fmt_args {
    bool check;
};

struct fmt {
    struct ctl *ctl;
    bool check;
    size_t n_files, n_failed;
    struct buf changed; /* JSON strings of names, with commas */
    size_t n_changed;
};

/* ---- a file ---------------------------------------------------------------------------------- */

static int read_all(int fd, struct buf *ret, struct error *err)
{
    char block[64 * 1024];

    for (;;) {
        ssize_t n = read(fd, block, sizeof(block));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(err, errno, "reading it");
        if (n == 0)
            return 0;
        if (!buf_append(ret, block, (size_t)n))
            return error_set(err, -E2BIG, "larger than %d MiB", LAYOUT_TEXT_MAX / 1024 / 1024);
    }
}

static int read_file(const char *path, struct buf *ret, mode_t *ret_mode, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    int r;

    if (fd < 0)
        return error_errno(err, errno, "opening it");
    if (fstat(fd, &st) < 0)
        r = error_errno(err, errno, "looking at it");
    else
        r = S_ISREG(st.st_mode) ? read_all(fd, ret, err) : error_set(err, -EINVAL, "is no file");
    close(fd);
    if (r == 0)
        *ret_mode = st.st_mode & 07777;
    return r;
}

static int write_all(int fd, struct str text, struct error *err)
{
    while (text.len > 0) {
        ssize_t n = write(fd, text.s, text.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(err, errno, "writing it");
        text = str_slice(text, (size_t)n, text.len);
    }
    return fsync(fd) < 0 ? error_errno(err, errno, "writing it") : 0;
}

static int replace_file(const char *path, struct str text, mode_t mode, struct error *err)
{
    CLEANUP(free_p) char *real = realpath(path, NULL); /* a link stays one */
    CLEANUP(buf_finish) struct buf temporary = BUF_INIT(64 * 1024);
    int fd, r;

    if (!real || !buf_printf(&temporary, "%s.XXXXXX", real))
        return error_errno(err, real ? ENOMEM : errno, "finding it");
    fd = mkostemp(temporary.data, O_CLOEXEC);
    if (fd < 0)
        return error_errno(err, errno, "making %s", temporary.data);
    r = write_all(fd, text, err);
    if (r == 0 && fchmod(fd, mode) < 0)
        r = error_errno(err, errno, "writing it");
    close(fd);
    if (r == 0 && rename(temporary.data, real) < 0)
        r = error_errno(err, errno, "replacing it");
    if (r < 0)
        unlink(temporary.data);
    return r;
}

static void note_changed(struct fmt *f, const char *path)
{
    if (f->n_changed++ > 0)
        buf_append_char(&f->changed, ',');
    buf_append_json(&f->changed, str_from(path));
    if (f->ctl->common.json)
        return;
    out_text(&f->ctl->out, str_from(path));
    out_printf(&f->ctl->out, "\n");
}

static int lay_out_file(struct fmt *f, const char *path, struct error *err)
{
    CLEANUP(buf_finish) struct buf old = BUF_INIT(LAYOUT_TEXT_MAX);
    CLEANUP(buf_finish) struct buf new = BUF_INIT(RESULT_MAX);
    mode_t mode = 0;
    int r = read_file(path, &old, &mode, err);

    if (r == 0)
        r = layout_format(buf_str(&old), &new, err);
    if (r < 0 || str_eq(buf_str(&old), buf_str(&new)))
        return r;
    if (!f->check)
        r = replace_file(path, buf_str(&new), mode, err);
    if (r == 0)
        note_changed(f, path);
    return r;
}

static void take_file(struct fmt *f, const char *path)
{
    struct error err;

    f->n_files++;
    if (lay_out_file(f, path, &err) == 0)
        return;
    f->n_failed++;
    error_prefix(&err, err.code, "%s", path);
    ctl_fail(f->ctl, &err);
}

/* ---- folders --------------------------------------------------------------------------------- */

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void take_path(struct fmt *f, const char *path, unsigned depth)
{
    struct dirent **entries;
    int n;

    if (!is_folder(path)) {
        take_file(f, path);
        return;
    }
    n = depth < FOLDER_DEPTH_MAX ? scandir(path, &entries, is_visible, by_name) : 0;
    for (int i = 0; i < n; i++) {
        CLEANUP(buf_finish) struct buf inner = BUF_INIT(64 * 1024);

        buf_printf(&inner, "%s/%s", path, entries[i]->d_name);
        if (!inner.failed && (str_ends_with(buf_str(&inner), STR(".yaml")) || is_folder(inner.data)))
            take_path(f, inner.data, depth + 1);
        free(entries[i]);
    }
    if (n >= 0 && depth < FOLDER_DEPTH_MAX)
        free(entries);
}

/* ---- the verb -------------------------------------------------------------------------------- */

static enum exit_code filter(struct ctl *ctl)
{
    CLEANUP(buf_finish) struct buf old = BUF_INIT(LAYOUT_TEXT_MAX);
    CLEANUP(buf_finish) struct buf new = BUF_INIT(RESULT_MAX);
    struct error err;
    int r = read_all(STDIN_FILENO, &old, &err);

    if (r == 0)
        r = layout_format(buf_str(&old), &new, &err);
    if (r < 0) {
        error_prefix(&err, r, "standard input");
        return ctl_fail(ctl, &err);
    }
    buf_append_str(&ctl->out.buf, buf_str(&new)); /* the person's own file, byte by byte */
    return CTL_DONE;
}

static void print_json(const struct fmt *f)
{
    CLEANUP(buf_finish) struct buf json = BUF_INIT(OUT_MAX);

    buf_printf(&json, "{\"files\":%zu,\"failed\":%zu,\"changed\":[", f->n_files, f->n_failed);
    buf_append_str(&json, buf_str(&f->changed));
    buf_append_str(&json, STR("]}"));
    out_json(&f->ctl->out, buf_str(&json));
}

static enum exit_code run_fmt(struct ctl *ctl, const void *opaque)
{
    const struct fmt_args *args = opaque;
    struct fmt f = {.ctl = ctl, .check = args->check, .changed = BUF_INIT(OUT_MAX)};
    CLEANUP(packs_finish) struct packs packs;
    struct error err;

    packs_init(&packs);
    if (ctl->words.n == 1 && strcmp(ctl->words.items[0], "-") == 0)
        return filter(ctl);
    if (packs_of_words(&packs, ctl, &err) < 0)
        return ctl_fail(ctl, &err);
    for (size_t i = 0; i < packs.n; i++) {
        CLEANUP(free_p) char *path = str_dup(packs.paths[i]);

        if (path)
            take_path(&f, path, 0);
        f.n_failed += !path;
    }
    if (ctl->common.json)
        print_json(&f);
    buf_finish(&f.changed);
    return f.n_failed > 0 || (f.check && f.n_changed > 0) ? CTL_FAILED : CTL_DONE;
}

static const struct arg fmt_args[] = {
    {"check", 0, ARG_FLAG, offsetof(struct fmt_args, check), NULL, NULL,
     "Change nothing, only name what would change, and exit with 1 if there is any"},
    {0},
};

const struct verb verb_rules_fmt = {
    .name = "rules fmt",
    .group = RULES_GROUP,
    .words = "[PATH...]",
    .max_words = WORDS_MAX,
    .args = fmt_args,
    .args_size = sizeof(struct fmt_args),
    .summary = "Lay out rule packs in the same way everywhere, comments and all",
    .help = "PATH is a pack or a folder of packs, or \"-\" to read standard input and write the\n"
            "result; without one, the packs of the configuration. Only white space changes:\n"
            "two columns for each level, one space after \"-\" and \":\", at most one blank line,\n"
            "none at the ends. Each changed file is named. A file that could not be laid out\n"
            "without changing what it says is left as it is, and told.",
    .run = run_fmt,
};
