/* GitHub: searches; lists of issues are read as the comments' lists are, with which they share their
 * shape. */
#include "recorded.h"

#define LIST "look: comments\nrepository: acme/acme\n"

static const struct recorded_file github_files[] = {
    {.name = "constructed_401_bad_credentials.json", .outcome = TO_STOP},
    {.name = "constructed_403_primary_rate_limit.json", .outcome = TO_WAIT},
    {.name = "constructed_403_secondary_rate_limit.json", .outcome = TO_WAIT},
    {.name = "constructed_search_empty.json", .outcome = TO_DONE},
    {.name = "constructed_search_incomplete.json", .outcome = TO_DONE},
    {.name = "error_422_validation.json", .outcome = TO_STOP},
    {.name = "list_issues_page1_link_next.json", .outcome = TO_DONE, .mentions = 3, .options = LIST},
    {.name = "list_issues_page5_last.json", .outcome = TO_DONE, .mentions = 1, .options = LIST},
    {.name = "search_issues.json", .outcome = TO_DONE, .mentions = 2},
    {0},
};

#undef LIST

static const struct recorded_network recorded_github = {
    .name = "github",
    .driver = "github",
    .options = "query: acme\n",
    .session = "",
    .low = "1",
    .files = github_files,
};
