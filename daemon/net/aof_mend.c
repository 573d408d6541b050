/* redis-check-aof, once after each boot of the machine. */
#include "aof_mend.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mentiond/log.h"
#include "mentiond/str.h"
#include "redis_spawn.h"

static const char log_module[] = "redis";

#define MANIFEST "appendonlydir/appendonly.aof.manifest"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_MAX 64

extern char **environ;

static struct str read_short(int dir_fd, const char *path, char *storage, size_t size)
{
    int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd >= 0 ? read(fd, storage, size) : 0;

    if (fd >= 0)
        close(fd);
    return str_trim((struct str){storage, n > 0 ? (size_t)n : 0});
}

static int write_boot(int dir_fd, struct str boot, struct error *err)
{
    int fd = openat(dir_fd, AOF_MEND_BOOT, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    ssize_t n = fd >= 0 ? write(fd, boot.s, boot.len) : -1;
    int failed_errno = errno;

    if (fd >= 0)
        close(fd);
    return n == (ssize_t)boot.len ? 0 : error_errno(err, failed_errno, "write " AOF_MEND_BOOT);
}

/* The tool asks before it cuts; its words go to the server's log. */
static int run_tool(int dir_fd, const int answer[2], struct error *err)
{
    char *const argv[] = {(char[]){"redis-check-aof"}, (char[]){"--fix"}, (char[]){MANIFEST}, NULL};
    posix_spawn_file_actions_t actions;
    int status = 0, r;
    pid_t pid;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, answer[0], STDIN_FILENO);
    posix_spawn_file_actions_addfchdir_np(&actions, dir_fd);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, REDIS_SPAWN_LOG,
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    r = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (r != 0)
        return error_errno(err, r, "run 'redis-check-aof' on the append-only file");
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return error_set(err, -EIO, "redis-check-aof could not mend the append-only file, its words are "
                                    "in " REDIS_SPAWN_LOG);
    return 0;
}

static int mend(int dir_fd, struct error *err)
{
    int answer[2], r;

    if (pipe2(answer, O_CLOEXEC) < 0)
        return error_errno(err, errno, "pipe");
    r = write(answer[1], "y\n", 2) == 2 ? 0 : -EIO;
    close(answer[1]);
    if (r == 0)
        r = run_tool(dir_fd, answer, err);
    close(answer[0]);
    return r;
}

int aof_mend(int dir_fd, struct error *err)
{
    char now_storage[BOOT_ID_MAX], last_storage[BOOT_ID_MAX];
    struct str now = read_short(AT_FDCWD, BOOT_ID, now_storage, sizeof now_storage);
    struct str last = read_short(dir_fd, AOF_MEND_BOOT, last_storage, sizeof last_storage);
    int r = 0;

    if (now.len > 0 && str_eq(now, last))
        return 0;
    if (faccessat(dir_fd, MANIFEST, F_OK, 0) == 0) {
        log_info("the machine was booted since, looking through redis' append-only file");
        r = mend(dir_fd, err);
    }
    return r < 0 ? r : write_boot(dir_fd, now, err);
}
