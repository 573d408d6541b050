/* redis-check-aof, before each start of the server. */
#include "aof_mend.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "redis_spawn.h"

#define MANIFEST "appendonlydir/appendonly.aof.manifest"

extern char **environ;

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

int aof_mend(int dir_fd, struct error *err)
{
    int answer[2], r;

    if (faccessat(dir_fd, MANIFEST, F_OK, 0) < 0)
        return 0;
    if (pipe2(answer, O_CLOEXEC) < 0)
        return error_errno(err, errno, "pipe");
    r = write(answer[1], "y\n", 2) == 2 ? 0 : error_set(err, -EIO, "pipe: nothing could be written");
    close(answer[1]);
    if (r == 0)
        r = run_tool(dir_fd, answer, err);
    close(answer[0]);
    return r;
}
