/* Threads, Facebook, Instagram: one folder of answers. Each is read by each of the three; where it is
 * another's, its items lack what makes a post here, and are counted as skipped. */
#include "recorded.h"

#define FEED "edge: feed\n"
#define COMMENTS "edge: comments\npost: '1_2'\n"

static const struct recorded_file facebook_files[] = {
    {.name = "error_100_missing_permission.json", .outcome = TO_STOP},
    {.name = "error_100_ppca.json", .outcome = TO_STOP},
    {.name = "fb_comments_page1.json", .outcome = TO_PAGE, .mentions = 0, .skipped = 10, .options = COMMENTS},
    {.name = "fb_comments_page2.json", .outcome = TO_DONE, .skipped = 5, .options = COMMENTS},
    {.name = "fb_feed_minimal_page1.json", .outcome = TO_PAGE, .mentions = 5, .options = FEED},
    {.name = "fb_feed_minimal_page2.json", .outcome = TO_DONE, .mentions = 5, .options = FEED},
    {.name = "fb_page_feed_page1.json", .outcome = TO_PAGE, .mentions = 5, .options = FEED},
    {.name = "ig_comments_page1.json", .outcome = TO_PAGE, .skipped = 2},
    {.name = "ig_hashtag_recent_page1.json", .outcome = TO_PAGE, .skipped = 5},
    {.name = "ig_hashtag_top_media_page1.json", .outcome = TO_PAGE, .skipped = 25},
    {.name = "ig_medias.json", .outcome = TO_ERROR},
    {.name = "ig_user_media_page1.json", .outcome = TO_PAGE, .skipped = 2},
    {.name = "ig_user_media_page2.json", .outcome = TO_DONE, .skipped = 2},
    {.name = "threads_long_lived_token.json", .outcome = TO_ERROR},
    {.name = "threads_short_token.json", .outcome = TO_ERROR},
    {0},
};

static const struct recorded_file instagram_files[] = {
    {.name = "error_100_missing_permission.json", .outcome = TO_STOP},
    {.name = "error_100_ppca.json", .outcome = TO_STOP},
    {.name = "fb_comments_page1.json", .outcome = TO_PAGE, .skipped = 10},
    {.name = "fb_comments_page2.json", .outcome = TO_DONE, .skipped = 5},
    {.name = "fb_feed_minimal_page1.json", .outcome = TO_PAGE, .skipped = 5},
    {.name = "fb_feed_minimal_page2.json", .outcome = TO_DONE, .skipped = 5},
    {.name = "fb_page_feed_page1.json", .outcome = TO_PAGE, .skipped = 5},
    {.name = "ig_comments_page1.json", .outcome = TO_PAGE, .skipped = 2},
    {.name = "ig_hashtag_recent_page1.json", .outcome = TO_PAGE, .skipped = 5},
    {.name = "ig_hashtag_top_media_page1.json", .outcome = TO_PAGE, .mentions = 25},
    {.name = "ig_medias.json", .outcome = TO_ERROR},
    {.name = "ig_user_media_page1.json", .outcome = TO_PAGE, .skipped = 2},
    {.name = "ig_user_media_page2.json", .outcome = TO_DONE, .mentions = 2},
    {.name = "threads_long_lived_token.json", .outcome = TO_LOGIN, .login = true},
    {.name = "threads_short_token.json", .outcome = TO_LOGIN, .login = true},
    {0},
};

static const struct recorded_file threads_files[] = {
    {.name = "error_100_missing_permission.json", .outcome = TO_STOP},
    {.name = "error_100_ppca.json", .outcome = TO_STOP},
    {.name = "fb_comments_page1.json", .outcome = TO_PAGE, .skipped = 10},
    {.name = "fb_comments_page2.json", .outcome = TO_PAGE, .skipped = 5},
    {.name = "fb_feed_minimal_page1.json", .outcome = TO_PAGE, .skipped = 5},
    {.name = "fb_feed_minimal_page2.json", .outcome = TO_DONE, .skipped = 5},
    {.name = "fb_page_feed_page1.json", .outcome = TO_PAGE, .skipped = 5},
    {.name = "ig_comments_page1.json", .outcome = TO_PAGE, .mentions = 2},
    {.name = "ig_hashtag_recent_page1.json", .outcome = TO_PAGE, .skipped = 5},
    {.name = "ig_hashtag_top_media_page1.json", .outcome = TO_PAGE, .skipped = 25},
    {.name = "ig_medias.json", .outcome = TO_ERROR},
    {.name = "ig_user_media_page1.json", .outcome = TO_PAGE, .skipped = 2},
    {.name = "ig_user_media_page2.json", .outcome = TO_PAGE, .skipped = 2},
    {.name = "threads_long_lived_token.json", .outcome = TO_LOGIN, .login = true},
    {.name = "threads_short_token.json", .outcome = TO_LOGIN, .login = true},
    {0},
};

#undef FEED
#undef COMMENTS

static const struct recorded_network recorded_facebook = {
    .name = "meta",
    .driver = "facebook",
    .options = "{}\n",
    .account = "token: ${TEST_TOKEN}\nid: '1928'\n",
    .session = "",
    .low = "1",
    .files = facebook_files,
};
static const struct recorded_network recorded_instagram = {
    .name = "meta",
    .driver = "instagram",
    .options = "{}\n",
    .account = "token: ${TEST_TOKEN}\nid: '1784'\n",
    .session = "",
    .low = "1",
    .files = instagram_files,
};
static const struct recorded_network recorded_threads = {
    .name = "meta",
    .driver = "threads",
    .options = "query: acme\n",
    .account = "token: ${TEST_TOKEN}\n",
    .session = "",
    .low = "1",
    .files = threads_files,
};
