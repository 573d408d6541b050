/* Secrets are found when they are used, never before: an agent's mentionctl needs none of the
 * daemon's. Their text is never part of an error. The caller owns the value and gives it to
 * secret_free(), which wipes it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mentiond/config.h"

#define SECRET_MAX (8 * 1024) /* bytes */

void secret_free(char *value)
{
    if (!value)
        return;
    explicit_bzero(value, strlen(value));
    free(value);
}

static int take_value(struct str spec, struct str value, char **ret_value, struct error *err)
{
    char *copy;

    if (value.len == 0)
        return error_set(err, -ENODATA, "secret %.*s is empty", STR_FMT(spec));
    if (value.len > SECRET_MAX)
        return error_set(err, -EFBIG, "secret %.*s is larger than 8 KiB", STR_FMT(spec));
    if (memchr(value.s, '\0', value.len))
        return error_set(err, -EINVAL, "secret %.*s is not text", STR_FMT(spec));
    copy = str_dup(value);
    if (!copy)
        return error_oom(err);
    *ret_value = copy;
    return 0;
}

static int resolve_variable(struct str spec, char **ret_value, struct error *err)
{
    CLEANUP(free_p) char *name = str_dup(str_slice(spec, 2, spec.len - 1));
    const char *value;

    if (!name)
        return error_oom(err);
    value = getenv(name);
    if (!value)
        return error_set(err, -ENOENT, "secret %.*s: the environment variable is not set",
                         STR_FMT(spec));
    return take_value(spec, str_from(value), ret_value, err);
}

static struct str without_newline(struct str text)
{
    if (str_ends_with(text, STR("\n")))
        text.len--;
    if (str_ends_with(text, STR("\r")))
        text.len--;
    return text;
}

static int read_fd(int fd, char *block, size_t size, size_t *ret_len)
{
    size_t len = 0;

    while (len < size) {
        ssize_t n = read(fd, block + len, size - len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    *ret_len = len;
    return 0;
}

static int resolve_file(struct str spec, char **ret_value, struct error *err)
{
    CLEANUP(free_p) char *path = str_dup(str_slice(spec, 5, spec.len));
    char block[SECRET_MAX + 3]; /* a value of the largest size, CR LF, and one byte too many */
    struct stat st;
    size_t len = 0;
    int fd, r;

    if (!path)
        return error_oom(err);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return error_errno(err, errno, "secret %.*s", STR_FMT(spec));
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return error_set(err, -EINVAL, "secret %.*s: not a regular file", STR_FMT(spec));
    }
    r = read_fd(fd, block, sizeof(block), &len);
    close(fd);
    if (r < 0)
        return error_errno(err, -r, "secret %.*s", STR_FMT(spec));
    r = take_value(spec, without_newline((struct str){block, len}), ret_value, err);
    explicit_bzero(block, sizeof(block));
    return r;
}

int secret_resolve(const struct secret *secret, char **ret_value, struct error *err)
{
    struct str spec = secret->spec;

    if (str_starts_with(spec, STR("${")) && str_ends_with(spec, STR("}")))
        return resolve_variable(spec, ret_value, err);
    if (str_starts_with(spec, STR("file:")))
        return resolve_file(spec, ret_value, err);
    return take_value(STR("given in the configuration"), spec, ret_value, err);
}
