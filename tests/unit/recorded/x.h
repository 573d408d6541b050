/* X. The compliance lists are no answers to our requests. */
#include "recorded.h"

static const struct recorded_file x_files[] = {
    RECORDED("SYNTHETIC_search_recent_post_dialect.json", TO_PAGE, 12, 0),
    RECORDED("compliance_tweets.jsonl", TO_ERROR, 0, 0),
    RECORDED("compliance_users.jsonl", TO_ERROR, 0, 0),
    RECORDED("error_400_stale_since_id.json", TO_STOP, 0, 0),
    RECORDED("error_400_start_after_end.json", TO_STOP, 0, 0),
    RECORDED("error_401_unauthorized.json", TO_STOP, 0, 0),
    RECORDED("error_402_credits_2026a.json", TO_STOP, 0, 0),
    RECORDED("error_402_credits_2026b.json", TO_STOP, 0, 0),
    RECORDED("lookup_before_edit.json", TO_DONE, 1, 0),
    RECORDED("lookup_edited_post.json", TO_DONE, 1, 0),
    RECORDED("lookup_geo_0.json", TO_DONE, 1, 0),
    RECORDED("lookup_geo_1.json", TO_DONE, 1, 0),
    RECORDED("lookup_many_urls.json", TO_DONE, 1, 0),
    RECORDED("lookup_media.json", TO_DONE, 1, 0),
    RECORDED("lookup_partial_error_2.json", TO_DONE, 1, 0),
    RECORDED("lookup_quote_of_edited.json", TO_DONE, 1, 0),
    RECORDED("lookup_verified_type.json", TO_DONE, 1, 0),
    RECORDED("lookup_withheld_country_0.json", TO_DONE, 1, 0),
    RECORDED("lookup_withheld_country_1.json", TO_DONE, 1, 0),
    RECORDED("mentions_default_fields_next_token.json", TO_PAGE, 10, 0),
    RECORDED("mentions_empty.json", TO_DONE, 0, 0),
    RECORDED("mentions_one_full_expansions.json", TO_DONE, 1, 0),
    RECORDED("search_all_small_full_expansions.json", TO_DONE, 4, 0),
    RECORDED("search_recent_default_fields_next_token.json", TO_PAGE, 10, 0),
    RECORDED("search_recent_full_expansions_100.json", TO_PAGE, 100, 0),
    RECORDED("search_recent_place_media_v2.json", TO_DONE, 4, 0),
    {0},
};

static const struct recorded_network recorded_x = {
    .name = "x",
    .driver = "x",
    .options = "query: acme\n",
    .account = "token: ${TEST_TOKEN}\n",
    .session = "",
    .low = "1",
    .files = x_files,
};
