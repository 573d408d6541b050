/* The other side of the line: a forked HTTP server on loopback, so that its CPU is nobody's figure. */
#ifndef BENCH_LINE_SERVER_H
#define BENCH_LINE_SERVER_H

#include <sys/types.h>

#include "bench_line_pages.h"
#include "mentiond/error.h"

struct page_server {
    pid_t pid;
    struct page_set set; /* with the port it listens on */
};

/* GET /api/v1/timelines/tag/run<N>?…max_id=… answers page_make() of run N. It ends with its parent. */
int page_server_start(struct page_server *server, uint32_t n_statuses, struct error *err);
void page_server_stop(struct page_server *server);

#endif
