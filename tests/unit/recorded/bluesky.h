/* Bluesky: an account server run for the purpose, and records as others captured them. Answers to logins are
 * fed to a session that is ready, where another source was quicker: they change nothing. */
#include "recorded.h"

#define MENTIONS "look: mentions\n"

static const struct recorded_file bluesky_files[] = {
    {.name = "constructed_403_public_search.html", .outcome = TO_STOP},
    {.name = "create_session.json", .outcome = TO_LOGIN, .login = true},
    {.name = "error_400_expired_token.json", .outcome = TO_LOGIN},
    {.name = "error_400_invalid_token.json", .outcome = TO_LOGIN},
    {.name = "error_400_limit_too_large.json", .outcome = TO_STOP},
    {.name = "error_400_missing_q.json", .outcome = TO_STOP},
    {.name = "error_400_refresh_with_access_token.json", .outcome = TO_LOGIN, .login = true},
    {.name = "error_400_seenat_unsupported.json", .outcome = TO_STOP},
    {.name = "error_400_thread_deleted.json", .outcome = TO_STOP},
    {.name = "error_400_thread_not_found.json", .outcome = TO_STOP},
    {.name = "error_401_auth_missing.json", .outcome = TO_LOGIN},
    {.name = "error_401_wrong_password.json", .outcome = TO_LOGIN, .login = true},
    {.name = "error_429_create_session.json", .outcome = TO_LOGIN, .login = true},
    {.name = "error_501_unknown_method.json", .outcome = TO_STOP},
    {.name = "get_post_thread_reply.json", .outcome = TO_ERROR},
    {.name = "get_posts_deleted.json", .outcome = TO_DONE},
    {.name = "get_posts_one_missing.json", .outcome = TO_DONE, .mentions = 1},
    {.name = "get_profiles.json", .outcome = TO_ERROR},
    {.name = "jetstream_v1_commit_event.json", .outcome = TO_ERROR},
    {.name = "marshalx_extended_post_record.json", .outcome = TO_ERROR},
    {.name = "marshalx_post_record.json", .outcome = TO_ERROR},
    {.name = "marshalx_thread_view_post_with_embed_media.json", .outcome = TO_ERROR},
    {.name = "notifications_after_delete.json", .outcome = TO_DONE, .mentions = 2, .options = MENTIONS},
    {.name = "notifications_all.json", .outcome = TO_DONE, .mentions = 3, .options = MENTIONS},
    {.name = "notifications_mentions.json", .outcome = TO_DONE, .mentions = 3, .options = MENTIONS},
    {.name = "notifications_page1_limit1.json", .outcome = TO_PAGE, .mentions = 1, .options = MENTIONS},
    {.name = "refresh_session.json", .outcome = TO_LOGIN, .login = true},
    {.name = "search_appview_unauthenticated.json", .outcome = TO_DONE, .mentions = 1},
    {.name = "search_backdated_sorted_last.json", .outcome = TO_DONE, .mentions = 11},
    {.name = "search_empty.json", .outcome = TO_DONE},
    {.name = "search_labels_embeds_odd_dates.json", .outcome = TO_PAGE, .mentions = 5},
    {.name = "search_page1_cursor.json", .outcome = TO_PAGE, .mentions = 4},
    {.name = "search_page2_cursor.json", .outcome = TO_PAGE, .mentions = 4},
    {.name = "search_page3_last.json", .outcome = TO_DONE, .mentions = 2},
    {0},
};

#undef MENTIONS

static const struct recorded_network recorded_bluesky = {
    .name = "bluesky",
    .driver = "bluesky",
    .options = "query: acme\n",
    .account = "identifier: a.example\npassword: ${TEST_TOKEN}\nservice: http://localhost:2583\n",
    .session = "{\"state\":\"ready\",\"accessJwt\":\"a\",\"refreshJwt\":\"r\"}",
    .low = "1",
    .files = bluesky_files,
};
