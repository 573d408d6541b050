/* googleplay: logging in with a service account, reviews and answers as mentions, refusals. */
#include "source_rig.h"

#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

extern const struct source_driver source_googleplay;

#define SESSION                                                                                              \
    "{\"access_token\":\"ya29.topsecret\",\"expires_at\":1795285000000,\"obtained_at\":1795280000000}"

/* A service account's key, made here: no private key is kept in the repository. */
static void write_key(char *path, const char *more)
{
    EVP_PKEY *key = EVP_RSA_gen(2048);
    BIO *bio = BIO_new(BIO_s_mem());
    struct buf text = BUF_INIT(8 * 1024);
    char *pem;
    long len;
    FILE *f;
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    len = BIO_get_mem_data(bio, &pem);
    buf_append_str(&text,
                   STR("{\"type\":\"service_account\",\"client_email\":\"m@acme.iam.gserviceaccount.com\","
                              "\"private_key_id\":\"kid1\",\"private_key\":"));
    buf_append_json(&text, (struct str){pem, (size_t)len});
    buf_printf(&text, "%s}", more);
    f = fdopen(fd, "w");
    fwrite(text.data, 1, text.len, f);
    fclose(f);
    buf_finish(&text);
    BIO_free(bio);
    EVP_PKEY_free(key);
}

static void start(struct rig *rig, const char *key_path, const char *session)
{
    char account[200];

    snprintf(account, sizeof(account), "key: file:%s\n", key_path);
    rig_init(rig, &source_googleplay, "package: com.acme.app\n", account);
    rig->account.session = str_from(session);
    rig->at.low = STR("1795280400000");
    assert_int_equal(source_googleplay.prepare(&rig->src, &rig->at, RIG_NOW, &rig->arena, &rig->request,
                                               &rig->err),
                     session[0] || strncmp(key_path, "/tmp", 4) == 0 ? 0 : -EINVAL);
}

static void test_login(void **state)
{
    char path[] = "/tmp/drv-key-XXXXXX";
    struct rig rig;

    (void)state;
    write_key(path, "");
    start(&rig, path, "");
    assert_true(rig.request.login);
    assert_string_equal(rig.request.http.method, "POST");
    assert_str(rig.request.http.url, "https://oauth2.googleapis.com/token");
    assert_has(rig.request.http.body,
               "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=eyJ");
    assert_has(rig.request.http.body, "assertion=eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImtpZDEifQ."
                                      "eyJpc3MiOiJtQGFjbWUuaWFtLmdzZXJ2aWNlYWNjb3VudC5jb20iLC");
    assert_int_equal(
        rig_feed(&rig, 200,
                 STR("{\"access_token\":\"ya29.new\",\"expires_in\":3599,\"token_type\":\"Bearer\"}")),
        0);
    assert_int_equal(rig.step.kind, STEP_LOGIN);
    assert_str(rig.step.session,
               "{\"access_token\":\"ya29.new\",\"expires_at\":1795285799000,\"obtained_at\":1795282200000}");
    rig.account.session = rig.step.session;
    rig_prepare(&rig);
    assert_false(rig.request.login);
    assert_str(rig.request.http.url,
               "https://androidpublisher.googleapis.com/androidpublisher/v3/applications/"
                                     "com.acme.app/reviews?maxResults=100");
    assert_str(rig.request.headers[1].value, "Bearer ya29.new");
    assert_true(rig.request.headers[1].secret);
    assert_int_equal(source_googleplay.prepare(&rig.src, &rig.at, RIG_NOW + 3590 * 1000, &rig.arena,
                                               &rig.request,
                                               &rig.err), 0);
    assert_true(rig.request.login); /* it is about to expire */

    assert_int_equal(
        rig_feed(&rig, 400,
                 STR("{\"error\":\"invalid_grant\",\"error_description\":\"Invalid JWT Signature.\"}")),
        0);
    assert_int_equal(rig.step.kind, STEP_STOP);
    assert_str(rig.step.reason, "login refused: HTTP 400 invalid_grant, Invalid JWT Signature.");
    assert_int_equal(rig_feed(&rig, 503, STR("<html>")), 0);
    assert_int_equal(rig.step.kind, STEP_RETRY);
    assert_int_equal(rig_feed(&rig, 200, STR("{}")), -EBADMSG);
    rig_finish(&rig);
    unlink(path);
}

static void test_wrong_keys(void **state)
{
    static const char *const wrong[] = {"not json", "{}",
                                        "{\"client_email\":\"a\",\"private_key\":\"-----BEGIN\"}"};
    char path[] = "/tmp/drv-key-XXXXXX", account[100];
    int fd = mkstemp(path);

    (void)state;
    snprintf(account, sizeof(account), "key: file:%s\n", path);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct rig rig;

        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, wrong[i], strlen(wrong[i]), 0), (ssize_t)strlen(wrong[i]));
        rig_init(&rig, &source_googleplay, "package: com.acme.app\n", account);
        assert_int_equal(source_googleplay.prepare(&rig.src, &rig.at, RIG_NOW, &rig.arena, &rig.request,
                                                   &rig.err),
                         -EINVAL);
        assert_lacks(str_from(rig.err.text), "BEGIN");
        rig_finish(&rig);
    }
    close(fd);
    unlink(path);
}

static void test_reviews_become_mentions(void **state)
{
    struct own_account own = {STR("googleplay"), STR("com.acme.app")};
    struct brand_settings brand = {.name = STR("acme"), .own_accounts = &own, .n_own_accounts = 1};
    struct settings settings = {.brands = &brand, .n_brands = 1};
    struct rig rig;
    const struct mention *m;

    (void)state;
    start(&rig, "/nowhere", SESSION);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "googleplay/page.json")), 0);
    assert_int_equal(rig.page.n_mentions, 3);
    assert_int_equal(rig.page.skipped, 1);
    assert_page_sound(&rig);
    m = &rig.page.mentions[0];
    assert_str(m->id, "googleplay:a1b2c3d4-0001");
    assert_str(m->url, "https://play.google.com/store/apps/details?id=com.acme.app&reviewId=a1b2c3d4-0001");
    assert_str(m->text, "Seit dem Update geht die App nicht mehr \xF0\x9F\x98\xAD");
    assert_str(m->lang, "de");
    assert_str(m->author.name, "Zo\xC3\xAB");
    assert_str(m->author.id, "a1b2c3d4-0001");
    assert_int_equal(m->created_at_ms, 1795281600713);
    assert_int_equal(m->edited_at_ms, 1795281600713);
    assert_int_equal(m->likes, 10);
    assert_str(m->named[0], "com.acme.app");
    assert_str(rig.page.mentions[1].text, "Prima\nIch liebe acme");
    assert_str(rig.page.mentions[2].lang, "pt_BR");
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "&token=CAEQ%3D%3D");

    /* now its answers mark reviews as answered */
    assert_true(source_googleplay.check(&rig.src, &settings, NULL));
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "googleplay/page.json")), 0);
    assert_int_equal(rig.page.n_mentions, 4);
    assert_page_sound(&rig);
    m = &rig.page.mentions[2];
    assert_str(m->id, "googleplay:a1b2c3d4-0002/answer");
    assert_str(m->in_reply_to, "a1b2c3d4-0002");
    assert_str(m->author.handle, "com.acme.app");
    assert_int_equal(rig.step.kind, STEP_PAGE); /* the page before: asked again */
    rig_go_on(&rig);
    assert_int_equal(rig_feed(&rig, 200, STR("{}")), 0); /* no reviews: no member */
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1795281600713");
    assert_false(rig.step.gap);

    rig.at = (struct source_cursor){.low = STR("1794282200000")}; /* eleven days ago */
    assert_int_equal(rig_feed(&rig, 200, STR("{\"reviews\":[]}")), 0);
    assert_true(rig.step.gap);
    assert_int_equal(rig.step.gap_from_ms, 1794282200000);
    assert_int_equal(rig.step.gap_to_ms, RIG_NOW - 7 * 24 * 3600 * 1000LL);
    rig_finish(&rig);
}

static void test_refusals(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum step_kind want;
        int64_t want_wait_ms;
        const char *want_reason;
    } cases[] = {
        {403,
         "{\"error\":{\"code\":403,\"message\":\"The caller does not have "
         "permission\",\"status\":\"PERMISSION_DENIED\"}}",
         STEP_STOP, 0, "does not have permission"},
        {403, "{\"error\":{\"code\":403,\"errors\":[{\"reason\":\"rateLimitExceeded\"}]}}", STEP_WAIT, 300000,
         ""},
        {429, "{\"error\":{\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\",\"message\":\"Quota\"}}", STEP_WAIT,
         300000, "Quota"},
        {404, "{\"error\":{\"code\":404,\"message\":\"No application was found\"}}", STEP_STOP, 0,
         "No application"},
        {500, "{\"error\":{\"code\":500,\"message\":\"backend\"}}", STEP_RETRY, 0, "backend"},
        {401, "{\"error\":{\"code\":401,\"status\":\"UNAUTHENTICATED\"}}", STEP_LOGIN, 0, ""},
    };
    struct rig rig;

    (void)state;
    start(&rig, "/nowhere", SESSION);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(rig_feed(&rig, cases[i].status, str_from(cases[i].body)), 0);
        assert_int_equal(rig.step.kind, cases[i].want);
        assert_int_equal(rig.step.wait_ms, cases[i].want_wait_ms);
        assert_has(rig.step.reason, cases[i].want_reason);
    }
    rig.account.session =
        STR("{\"access_token\":\"new\",\"expires_at\":1795285000000,\"obtained_at\":1795282190000}");
    assert_int_equal(rig_feed(&rig, 401, STR("{}")), 0);
    assert_int_equal(rig.step.kind, STEP_STOP);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"reviews\":{}}")), -EBADMSG);
    assert_int_equal(rig_feed(&rig, 200, STR("[]")), -EBADMSG);
    rig.at = (struct source_cursor){.low = STR("5"), .walking = true, .next = STR("x"), .floor = STR("1")};
    assert_int_equal(rig_feed(&rig, 400, STR("{\"error\":{\"message\":\"bad token\"}}")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "5");
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_wrong_keys),
        cmocka_unit_test(test_reviews_become_mentions),
        cmocka_unit_test(test_refusals),
    };

    json_init();
    return cmocka_run_group_tests_name("source_googleplay", tests, NULL, NULL);
}
