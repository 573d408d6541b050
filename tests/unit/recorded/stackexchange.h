/* Stack Exchange. */
#include "recorded.h"

static const struct recorded_file stackexchange_files[] = {
    RECORDED("answers_with_body.json", TO_DONE, 2, 0),
    RECORDED("constructed_backoff.json", TO_PAGE, 0, 0),
    RECORDED("constructed_deleted_owner.json", TO_DONE, 2, 0),
    RECORDED("empty.json", TO_DONE, 0, 0),
    RECORDED("error_400_bad_parameter_pagesize.json", TO_STOP, 0, 0, .status = 400),
    RECORDED("error_400_site_required.json", TO_STOP, 0, 0, .status = 400),
    RECORDED("error_400_throttle_violation_ip_quota.json", TO_WAIT, 0, 0, .status = 400),
    RECORDED("questions_page2_has_more.json", TO_PAGE, 1, 0),
    RECORDED("search_other_site.json", TO_DONE, 1, 0),
    {0},
};

static const struct recorded_network recorded_stackexchange = {
    .name = "stackexchange",
    .driver = "stackexchange",
    .options = "site: stackoverflow\nquery: acme\n",
    .session = "",
    .low = "100000000",
    .files = stackexchange_files,
};
