/* flock on files in the state directory.
 *
 * flock belongs to the open file, not to the process: a child that inherits the descriptor holds
 * the lock on after its parent's death. That is what the redis-server's lock is built on. The files
 * are never removed: removing a lock file lets two processes lock two files of the same name. */
#include "state_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "mentiond/str.h"

static pid_t holder_read(int fd)
{
    char text[32];
    ssize_t n = pread(fd, text, sizeof text, 0);
    int64_t pid = 0;

    if (n > 0)
        str_to_i64(str_trim((struct str){text, (size_t)n}), 1, INT32_MAX, &pid);
    return (pid_t)pid;
}

int state_lock_take(int dir_fd, const char *name, int *ret_fd, pid_t *ret_holder, struct error *err)
{
    int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int lock_errno;

    if (fd < 0)
        return error_errno(err, errno, "open '%s'", name);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *ret_fd = fd;
        return 0;
    }
    lock_errno = errno;
    *ret_holder = holder_read(fd);
    close(fd);
    if (lock_errno == EWOULDBLOCK)
        return error_set(err, -EBUSY, "'%s' is locked", name);
    return error_errno(err, lock_errno, "lock '%s'", name);
}

void state_lock_sign(int fd, pid_t holder)
{
    char text[24];
    size_t at = sizeof text;

    text[--at] = '\n';
    for (; holder > 0; holder /= 10)
        text[--at] = (char)('0' + holder % 10);
    if (ftruncate(fd, 0) < 0 || pwrite(fd, text + at, sizeof text - at, 0) < 0)
        return; /* only names the holder: the lock holds without */
}
