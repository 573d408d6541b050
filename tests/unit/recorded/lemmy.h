/* Lemmy. Single views are what look-ups answer with: no lists. The login's refusal is
 * fed as an answer to a login. */
#include "recorded.h"

#define LEMMY_COMMUNITY "instance: http://localhost\ncommunity: acme\n"

static const struct recorded_file lemmy_files[] = {
    RECORDED("comment_deleted_by_author.json", TO_ERROR, 0, 0),
    RECORDED("comment_edited.json", TO_ERROR, 0, 0),
    RECORDED("comment_list_0_18.json", TO_PAGE, 2, 0, .options = LEMMY_COMMUNITY),
    RECORDED("comment_removed_by_mod.json", TO_ERROR, 0, 0),
    RECORDED("comment_single_0_18.json", TO_ERROR, 0, 0),
    RECORDED("constructed_error_400_fetch_limit.json", TO_STOP, 0, 0, .status = 400),
    RECORDED("constructed_error_400_rate_limit.json", TO_WAIT, 0, 0, .status = 400),
    RECORDED("constructed_error_401_incorrect_login.json", TO_STOP, 0, 0, .status = 401, .login = true),
    RECORDED("constructed_search_empty.json", TO_PAGE, 0, 0), /* on to the posts */
    RECORDED("error_400_unknown.json", TO_STOP, 0, 0, .status = 400),
    RECORDED("search_v3.json", TO_PAGE, 1, 0),
    RECORDED("user_mention_v3.json", TO_PAGE, 1, 0,
             .options = "instance: http://localhost\nlook: mentions\n"),
    {0},
};

static const struct recorded_network recorded_lemmy = {
    .name = "lemmy",
    .driver = "lemmy",
    .options = "instance: http://localhost\nquery: acme\n",
    .session = "",
    .low = "100000000",
    .files = lemmy_files,
};
