/* Reviews of both stores: one folder of answers. What is another store's is refused with words. */
#include "recorded.h"

static const struct recorded_file appstore_files[] = {
    {.name = "appstore_jp_mostrecent_json_2020.json", .outcome = TO_PAGE, .mentions = 50},
    {.name = "appstore_us_2017_metadata_first_entry.json", .outcome = TO_PAGE, .mentions = 1},
    {.name = "appstore_us_entries_2024_with_updated.json", .outcome = TO_PAGE, .mentions = 2},
    {.name = "asc_customerReviews_doc_example.json", .outcome = TO_ERROR},
    {.name = "play_reviews_list_doc_example.json", .outcome = TO_ERROR},
    {0},
};

static const struct recorded_file googleplay_files[] = {
    {.name = "appstore_jp_mostrecent_json_2020.json", .outcome = TO_ERROR},
    {.name = "appstore_us_2017_metadata_first_entry.json", .outcome = TO_ERROR},
    {.name = "appstore_us_entries_2024_with_updated.json", .outcome = TO_ERROR},
    {.name = "asc_customerReviews_doc_example.json", .outcome = TO_ERROR},
    {.name = "play_reviews_list_doc_example.json", .outcome = TO_DONE, .mentions = 2},
    {0},
};

static const struct recorded_network recorded_appstore = {
    .name = "app_stores",
    .driver = "appstore",
    .options = "app: '835599320'\n",
    .session = "",
    .low = "1 1",
    .files = appstore_files,
};
static const struct recorded_network recorded_googleplay = {
    .name = "app_stores",
    .driver = "googleplay",
    .options = "package: com.acme.app\n",
    .account = "key: ${TEST_TOKEN}\n",
    .session = "{\"access_token\":\"a\",\"expires_at\":9000000000000,\"obtained_at\":1795280000000}",
    .low = "1",
    .files = googleplay_files,
};
