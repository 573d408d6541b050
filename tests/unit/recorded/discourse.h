/* Discourse: lists of posts, and searches. Other endpoints' answers are refused with words. */
#include "recorded.h"

#define SEARCH "forum: https://forum.example\nquery: acme\n"

static const struct recorded_file discourse_files[] = {
    {.name = "constructed_403_login_required.json", .outcome = TO_STOP},
    {.name = "constructed_429_action.json", .outcome = TO_WAIT},
    {.name = "constructed_429_ip.txt", .outcome = TO_WAIT},
    {.name = "constructed_429_search.json", .outcome = TO_WAIT, .options = SEARCH},
    {.name = "constructed_search_overloaded.json", .outcome = TO_RETRY, .options = SEARCH},
    {.name = "latest.json", .outcome = TO_ERROR},
    {.name = "notifications.json", .outcome = TO_ERROR},
    {.name = "posts_before.json", .outcome = TO_PAGE, .mentions = 3},
    {.name = "posts_latest.json", .outcome = TO_PAGE, .mentions = 4},
    {.name = "search.json", .outcome = TO_ERROR, .options = SEARCH},
    {.name = "search_full_page.json", .outcome = TO_DONE, .mentions = 1, .options = SEARCH},
    {.name = "topic.json", .outcome = TO_ERROR},
    {.name = "topic_posts.json", .outcome = TO_ERROR},
    {0},
};

#undef SEARCH

static const struct recorded_network recorded_discourse = {
    .name = "discourse",
    .driver = "discourse",
    .options = "forum: https://forum.example\n",
    .session = "",
    .low = "1",
    .files = discourse_files,
};
