// registry_test.c - versions are there whole or not at all; what serves is what its manifest says.
#include "model/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "model/signature.h"
#include "tests/harness.h"

static char folder[64];

static void begin(void) {
    snprintf(folder, sizeof folder, "/tmp/ls-registry-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
}

static void end(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    CHECK_INT(system(command), 0);
}

static const char *at(const char *rest) {
    static char path[4][256];
    static unsigned turn;
    char *out = path[turn++ % 4];
    snprintf(out, 256, "%s/wear%s", folder, rest);
    return out;
}

static ls_status add(const char *text, uint32_t *number, ls_error *err) {
    const ls_registry_part parts[] = {{.name = "model.json", .bytes = text, .size = strlen(text)},
                                      {.name = "features.json", .bytes = "{}", .size = 2}};
    return ls_registry_add(folder, "wear", parts, 2, "{\"rows\": 12, \"rmse\": 0.125}", number,
                           err);
}

static void test_versions_count_from_one_and_come_back(void) {
    ls_error err = {0};
    ls_registry_version v;
    ls_arena arena;
    uint32_t number = 0, *numbers = NULL;
    size_t count = 0;
    begin();
    ls_arena_init(&arena);
    CHECK_INT(ls_registry_list(folder, "wear", &arena, &numbers, &count, &err), LS_OK);
    CHECK_INT(count, 0);
    for (uint32_t i = 1; i <= 11; i++) {
        CHECK_INT(add(i == 3 ? "{\"third\":1}" : "{}", &number, &err), LS_OK);
        CHECK_STR(err.text, "");
        CHECK_INT(number, i);
    }
    CHECK_INT(ls_registry_load(folder, "wear", 3, &v, &err), LS_OK);
    CHECK_INT(v.part_count, 2);
    CHECK_STR(v.lineage, "{\"rows\":12,\"rmse\":0.125}");
    const ls_registry_part *part = ls_registry_find_part(&v, "model.json");
    CHECK(part != NULL && part->size == 11 && memcmp(part->bytes, "{\"third\":1}", 11) == 0);
    CHECK(ls_registry_find_part(&v, "other") == NULL);
    ls_registry_version_clear(&v);
    CHECK_INT(ls_registry_list(folder, "wear", &arena, &numbers, &count, &err), LS_OK);
    CHECK_INT(count, 11);
    CHECK_INT(numbers[10], 11);
    CHECK_INT(ls_registry_load(folder, "wear", 12, &v, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "model 'wear' has no version 12");
    ls_registry_version_clear(&v);
    ls_arena_clear(&arena);
    end();
}

static void test_promotion_and_rollback(void) {
    ls_error err = {0};
    ls_registry_stages stages;
    uint32_t number = 0;
    begin();
    for (int i = 0; i < 3; i++) {
        CHECK_INT(add("{}", &number, &err), LS_OK);
    }
    CHECK_INT(ls_registry_rollback(folder, "wear", &number, &err), LS_ERR_INVALID);
    CHECK_INT(ls_registry_promote(folder, "wear", 1, &err), LS_OK);
    CHECK_INT(ls_registry_challenge(folder, "wear", 1, &err), LS_ERR_INVALID);
    CHECK_INT(ls_registry_challenge(folder, "wear", 2, &err), LS_OK);
    CHECK_INT(ls_registry_stages_load(folder, "wear", &stages, &err), LS_OK);
    CHECK_INT(ls_registry_stage_of(&stages, 1), LS_STAGE_CHAMPION);
    CHECK_INT(ls_registry_stage_of(&stages, 2), LS_STAGE_CHALLENGER);
    CHECK_INT(ls_registry_stage_of(&stages, 3), LS_STAGE_CANDIDATE);
    CHECK_INT(ls_registry_promote(folder, "wear", 2, &err), LS_OK);
    CHECK_INT(ls_registry_promote(folder, "wear", 2, &err), LS_OK);  // already: nothing changes
    CHECK_INT(ls_registry_promote(folder, "wear", 3, &err), LS_OK);
    CHECK_INT(ls_registry_promote(folder, "wear", 4, &err), LS_ERR_INVALID);
    CHECK_INT(ls_registry_stages_load(folder, "wear", &stages, &err), LS_OK);
    CHECK_INT(ls_registry_stage_of(&stages, 1), LS_STAGE_RETIRED);
    CHECK_INT(stages.champion, 3);
    CHECK_INT(ls_registry_rollback(folder, "wear", &number, &err), LS_OK);
    CHECK_INT(number, 2);
    CHECK_INT(ls_registry_rollback(folder, "wear", &number, &err), LS_OK);
    CHECK_INT(number, 1);
    CHECK_INT(ls_registry_rollback(folder, "wear", &number, &err), LS_ERR_INVALID);
    CHECK_INT(ls_registry_stages_load(folder, "wear", &stages, &err), LS_OK);
    CHECK_INT(stages.champion, 1);
    end();
}

static void test_a_challenger_that_lost_is_retired(void) {
    ls_error err = {0};
    ls_registry_stages stages;
    uint32_t number = 0;
    begin();
    for (int i = 0; i < 3; i++) {
        CHECK_INT(add("{}", &number, &err), LS_OK);
    }
    CHECK_INT(ls_registry_promote(folder, "wear", 1, &err), LS_OK);
    CHECK_INT(ls_registry_challenge(folder, "wear", 2, &err), LS_OK);
    CHECK_INT(ls_registry_retire(folder, "wear", 3, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "version 3 of model 'wear' is not the challenger");
    CHECK_INT(ls_registry_retire(folder, "wear", 2, &err), LS_OK);
    CHECK_INT(ls_registry_retire(folder, "wear", 2, &err), LS_ERR_INVALID);
    CHECK_INT(ls_registry_stages_load(folder, "wear", &stages, &err), LS_OK);
    CHECK_INT(stages.challenger, 0);
    CHECK_INT(ls_registry_stage_of(&stages, 2), LS_STAGE_RETIRED);
    CHECK_INT(ls_registry_stage_of(&stages, 3), LS_STAGE_CANDIDATE);
    // Another chance; and a champion that is rolled back is retired too.
    CHECK_INT(ls_registry_challenge(folder, "wear", 2, &err), LS_OK);
    CHECK_INT(ls_registry_promote(folder, "wear", 2, &err), LS_OK);
    CHECK_INT(ls_registry_rollback(folder, "wear", &number, &err), LS_OK);
    CHECK_INT(ls_registry_stages_load(folder, "wear", &stages, &err), LS_OK);
    CHECK_INT(ls_registry_stage_of(&stages, 1), LS_STAGE_CHAMPION);
    CHECK_INT(ls_registry_stage_of(&stages, 2), LS_STAGE_RETIRED);
    CHECK_INT(stages.lost_count, 1);
    // As earlier programs wrote it.
    static const char old[] = "{\"version\":1,\"champion\":2,\"challenger\":0,\"past\":[1]}";
    CHECK_INT(ls_registry_stages_parse(old, sizeof old - 1, "stages.json", &stages, &err), LS_OK);
    CHECK_INT(stages.lost_count, 0);
    end();
}

static void test_what_does_not_match_is_refused(void) {
    ls_error err = {0};
    ls_registry_version v;
    ls_registry_stages stages;
    uint32_t number = 0;
    begin();
    CHECK_INT(add("{\"a\":1}", &number, &err), LS_OK);
    CHECK_INT(add("{\"a\":2}", &number, &err), LS_OK);
    CHECK_INT(ls_registry_promote(folder, "wear", 2, &err), LS_OK);
    // One byte of a part changes; then a part is missing; then the manifest is another version's.
    CHECK_INT(ls_file_write(at("/versions/1/model.json"), "{\"a\":3}", 7, &err), LS_OK);
    CHECK_INT(ls_registry_load(folder, "wear", 1, &v, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "not what the manifest of version 1 says");
    CHECK_CONTAINS(err.file, "model.json");
    ls_registry_version_clear(&v);
    CHECK_INT(ls_registry_promote(folder, "wear", 1, &err), LS_ERR_INVALID);
    CHECK_INT(ls_registry_stages_load(folder, "wear", &stages, &err), LS_OK);
    CHECK_INT(stages.champion, 2);
    CHECK_INT(unlink(at("/versions/1/model.json")), 0);
    CHECK_INT(ls_registry_load(folder, "wear", 1, &v, &err), LS_ERR_IO);
    ls_registry_version_clear(&v);
    CHECK_INT(rename(at("/versions/2"), at("/versions/3")), 0);
    CHECK_INT(ls_registry_load(folder, "wear", 3, &v, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "that of version 2, not of 3");
    ls_registry_version_clear(&v);
    end();
}

static void test_a_full_disk_leaves_the_registry_as_it_was(void) {
    ls_error err = {0};
    ls_registry_stages stages;
    ls_arena arena;
    uint32_t number = 0, *numbers = NULL;
    size_t count = 0;
    ls_arena_init(&arena);
    begin();
    CHECK_INT(add("{}", &number, &err), LS_OK);
    CHECK_INT(add("{}", &number, &err), LS_OK);
    CHECK_INT(ls_registry_promote(folder, "wear", 1, &err), LS_OK);
    int64_t failures = 0;
    for (int64_t allowed = 0; allowed < 4000; allowed += 7) {
        ls_file_fail_write_after(allowed);
        const ls_status status = add("{\"model\": 1}", &number, &err);
        ls_file_fail_write_after(-1);
        if (status == LS_OK) {
            break;
        }
        failures++;
        CHECK_INT(status, LS_ERR_IO);
        CHECK_INT(ls_registry_list(folder, "wear", &arena, &numbers, &count, &err), LS_OK);
        CHECK_INT(count, 2);
        CHECK(access(at("/.new"), F_OK) != 0);
    }
    CHECK(failures > 20);
    CHECK_INT(number, 3);
    failures = 0;
    for (int64_t allowed = 0; allowed < 400; allowed++) {
        ls_file_fail_write_after(allowed);
        const ls_status status = ls_registry_promote(folder, "wear", 2, &err);
        ls_file_fail_write_after(-1);
        CHECK_INT(ls_registry_stages_load(folder, "wear", &stages, &err), LS_OK);
        CHECK_INT(stages.champion, status == LS_OK ? 2 : 1);
        if (status == LS_OK) {
            break;
        }
        failures++;
    }
    CHECK(failures > 20);
    ls_arena_clear(&arena);
    end();
}

static void test_what_a_killed_process_left_is_swept(void) {
    ls_error err = {0};
    uint32_t number = 0;
    begin();
    CHECK_INT(add("{}", &number, &err), LS_OK);
    CHECK_INT(mkdir(at("/.new"), 0777), 0);
    CHECK_INT(ls_file_write(at("/.new/model.json"), "half", 4, &err), LS_OK);
    CHECK_INT(ls_file_write(at("/.new/other.json"), "half", 4, &err), LS_OK);
    CHECK_INT(add("{}", &number, &err), LS_OK);
    CHECK_INT(number, 2);
    CHECK(access(at("/.new"), F_OK) != 0);
    CHECK(access(at("/versions/2/other.json"), F_OK) != 0);
    end();
}

static void test_out_of_memory_changes_nothing(void) {
    ls_error err = {0};
    uint32_t number = 0;
    begin();
    CHECK_INT(add("{}", &number, &err), LS_OK);
    for (int64_t allowed = 0; allowed < 50; allowed++) {
        ls_alloc_fail_after(allowed);
        const ls_status status = ls_registry_promote(folder, "wear", 1, &err);
        ls_alloc_fail_after(-1);
        if (status == LS_OK) {
            CHECK(allowed > 1);
            break;
        }
        CHECK_INT(status, LS_ERR_MEMORY);
    }
    end();
}

static void test_names_and_manifests_that_lead_elsewhere(void) {
    ls_error err = {0};
    ls_registry_version v;
    uint32_t number = 0;
    const ls_registry_part bad = {.name = "../x", .bytes = "x", .size = 1};
    const ls_registry_part good = {.name = "x", .bytes = "x", .size = 1};
    begin();
    CHECK_INT(ls_registry_add(folder, "wear", &bad, 1, "{}", &number, &err), LS_ERR_INVALID);
    CHECK_INT(ls_registry_add(folder, "../wear", &good, 1, "{}", &number, &err), LS_ERR_INVALID);
    CHECK_INT(ls_registry_add(folder, "wear", &good, 1, "[]", &number, &err), LS_ERR_INVALID);
    CHECK_INT(ls_registry_add(folder, "wear", &good, 0, "{}", &number, &err), LS_ERR_LIMIT);
    const char *manifest =
        "{\"version\":1,\"model\":\"wear\",\"number\":1,\"lineage\":{},\"parts\":[{\"name\":\"../"
        "../x\",\"size\":1,"
        "\"sha256\":\"0000000000000000000000000000000000000000000000000000000000000000\"}]}";
    CHECK_INT(ls_registry_read_manifest(manifest, strlen(manifest), "m", &v, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "a part's name is none");
    end();
}

static void copy(const char *from, const char *to) {
    char command[600];
    snprintf(command, sizeof command, "mkdir -p %s/%s && cp %s/%s/* %s/%s/", folder, to, folder,
             from, folder, to);
    CHECK_INT(system(command), 0);
}

static void test_a_version_of_another_model_is_none_of_this_one(void) {
    ls_error err = {0};
    ls_registry_version v;
    uint32_t number = 0;
    begin();
    CHECK_INT(add("{}", &number, &err), LS_OK);
    copy("wear/versions/1", "life/versions/1");
    CHECK_INT(ls_registry_load(folder, "life", 1, &v, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "the manifest is that of model 'wear', not of 'life'");
    ls_registry_version_clear(&v);
    CHECK_INT(ls_registry_promote(folder, "life", 1, &err), LS_ERR_INVALID);
    CHECK_INT(ls_registry_challenge(folder, "life", 1, &err), LS_ERR_INVALID);
    CHECK_INT(ls_registry_load(folder, "wear", 1, &v, &err), LS_OK);
    CHECK_STR(v.model, "wear");
    ls_registry_version_clear(&v);
    end();
}

// Is the version signed by this key, and all of it as it was?
static bool holds(const char *key) {
    ls_error err = {0};
    ls_registry_version v;
    const bool good = ls_registry_load_signed(folder, "wear", 1, key, &v, &err) == LS_OK;
    ls_registry_version_clear(&v);
    CHECK((err.text[0] == '\0') == good);
    return good;
}

// Each byte of a file changed in turn, the file cut there, and one byte more at its end.
static void attack(const char *name, const char *key) {
    char path[256], rest[64];
    ls_error err = {0};
    size_t size = 0;
    snprintf(rest, sizeof rest, "/versions/1/%s", name);
    snprintf(path, sizeof path, "%s", at(rest));
    char *good = harness_read_file(path, &size), *bad = malloc(size + 1);
    CHECK(good != NULL && bad != NULL && size > 0);
    for (size_t i = 0; i < size; i++) {
        static const unsigned char flips[] = {1, 0x20, 0x80};
        for (size_t f = 0; f < sizeof flips; f++) {
            memcpy(bad, good, size);
            bad[i] = (char)(bad[i] ^ flips[f]);
            CHECK_INT(ls_file_write(path, bad, size, &err), LS_OK);
            CHECK(!holds(key));
        }
        CHECK_INT(ls_file_write(path, good, i, &err), LS_OK);
        CHECK(!holds(key));
    }
    memcpy(bad, good, size);
    bad[size] = '\n';
    CHECK_INT(ls_file_write(path, bad, size + 1, &err), LS_OK);
    CHECK(!holds(key));
    CHECK_INT(unlink(path), 0);
    CHECK(!holds(key));
    CHECK_INT(ls_file_write(path, good, size, &err), LS_OK);
    CHECK(holds(key));
    free(good);
    free(bad);
}

static void test_no_byte_of_a_signed_version_can_be_changed(void) {
    char secret[LS_SIGNATURE_LINE_MAX], public[LS_SIGNATURE_LINE_MAX], key[256], victim[256];
    ls_error err = {0};
    uint32_t number = 0;
    size_t size = 0;
    begin();
    snprintf(key, sizeof key, "%s/k.pub", folder);
    snprintf(victim, sizeof victim, "%s/victim", folder);
    CHECK_INT(add("{\"a\": 1}", &number, &err), LS_OK);
    CHECK_INT(ls_signature_make_keys(secret, public, &err), LS_OK);
    CHECK_INT(ls_file_write(key, public, strlen(public), &err), LS_OK);
    CHECK(!holds(key));
    CHECK_INT(ls_registry_sign(folder, "wear", 1, secret, strlen(secret), "k", &err), LS_OK);
    CHECK(holds(key));
    attack("manifest.json", key);
    attack("manifest.sig", key);
    attack("model.json", key);
    attack("features.json", key);
    // A link in the signature's place is not written through, by nobody.
    CHECK_INT(ls_file_write(victim, "keep", 4, &err), LS_OK);
    CHECK_INT(unlink(at("/versions/1/manifest.sig")), 0);
    CHECK_INT(symlink(victim, at("/versions/1/manifest.sig")), 0);
    CHECK_INT(ls_registry_sign(folder, "wear", 1, secret, strlen(secret), "k", &err),
              LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "no file of the registry");
    char *kept = harness_read_file(victim, &size);
    CHECK_INT(size, 4);
    CHECK_STR(kept, "keep");
    free(kept);
    end();
}

static void test_where_a_key_is_looked_for(void) {
    char path[64];
    ls_registry_key_file("plants/a.yaml", "k.pub", path, sizeof path);
    CHECK_STR(path, "plants/k.pub");
    ls_registry_key_file("a.yaml", "keys/k.pub", path, sizeof path);
    CHECK_STR(path, "keys/k.pub");
    ls_registry_key_file("plants/a.yaml", "/etc/k.pub", path, sizeof path);
    CHECK_STR(path, "/etc/k.pub");
    ls_registry_key_file("plants/a.yaml", NULL, path, sizeof path);
    CHECK_STR(path, "");
}

static void test_ten_thousand_versions_are_listed_fast(void) {
    ls_error err = {0};
    ls_arena arena;
    ls_registry_stages stages;
    uint32_t number = 0, *numbers = NULL;
    size_t count = 0;
    char path[256];
    struct timespec from, to;
    ls_arena_init(&arena);
    begin();
    CHECK_INT(add("{}", &number, &err), LS_OK);
    for (int i = 2; i <= 10000; i++) {
        snprintf(path, sizeof path, "%s/wear/versions/%d", folder, i);
        CHECK_INT(mkdir(path, 0777), 0);
    }
    CHECK_INT(ls_registry_promote(folder, "wear", 1, &err), LS_OK);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    CHECK_INT(ls_registry_list(folder, "wear", &arena, &numbers, &count, &err), LS_OK);
    CHECK_INT(ls_registry_stages_load(folder, "wear", &stages, &err), LS_OK);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    CHECK_INT(count, 10000);
    CHECK_INT(numbers[9999], 10000);
    const double took = (double)(to.tv_sec - from.tv_sec) +
                        1e-9 * (double)(to.tv_nsec - from.tv_nsec);
    CHECK(took < 1.0);  // of the processor; 10 ms where nothing else runs
    ls_arena_clear(&arena);
    end();
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_versions_count_from_one_and_come_back);
    TEST(test_promotion_and_rollback);
    TEST(test_a_challenger_that_lost_is_retired);
    TEST(test_what_does_not_match_is_refused);
    TEST(test_a_full_disk_leaves_the_registry_as_it_was);
    TEST(test_what_a_killed_process_left_is_swept);
    TEST(test_out_of_memory_changes_nothing);
    TEST(test_names_and_manifests_that_lead_elsewhere);
    TEST(test_a_version_of_another_model_is_none_of_this_one);
    TEST(test_no_byte_of_a_signed_version_can_be_changed);
    TEST(test_where_a_key_is_looked_for);
    TEST(test_ten_thousand_versions_are_listed_fast);
    return harness_report();
}
