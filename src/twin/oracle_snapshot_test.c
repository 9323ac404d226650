// oracle_snapshot_test.c - saved snapshots: loaded ones run on the same; of other models, other
// versions, cut or damaged ones are refused, and what damage cannot be seen must not crash the
// engine.
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness.h"
#include "twin/testing/oracle.h"
#include "twin/testing/oracle_plants.h"
#include "twin/twin.h"

static const int64_t day_us = INT64_C(86400) * 1000000;

static ls_snapshot *run_of(const ls_twin *twin, uint64_t seed, int64_t until) {
    ls_snapshot *s = NULL;
    ls_error err = {0};
    CHECK_INT(ls_snapshot_create(twin, seed, 0, &s, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(twin, s, until, &err), LS_OK);
    return s;
}

static void test_a_loaded_snapshot_runs_on_like_the_original(void) {
    for (int i = 0; i < ORACLE_PLANTS; i++) {
        ls_twin *twin = oracle_twin_of(i);
        ls_twin *other = oracle_twin_of(i);  // as another process would have it
        for (int k = 0; k < 8; k++) {
            ls_snapshot *s = run_of(twin, 3, day_us * k / 3 + 1001 * k);
            size_t size = 0;
            const void *bytes = ls_snapshot_bytes(s, &size);
            void *file = malloc(size);
            memcpy(file, bytes, size);
            ls_snapshot *loaded = NULL;
            ls_error err = {0};
            const ls_status status = ls_snapshot_load(other, file, size, &loaded, &err);
            harness_note("plant %s, save %d: %s", oracle_plants[i].name, k, err.text);
            CHECK_INT(status, LS_OK);
            memset(file, 0xa5, size);
            free(file);
            if (status == LS_OK) {
                CHECK_INT(ls_snapshot_hash(loaded), ls_snapshot_hash(s));
                CHECK_INT(ls_snapshot_run(twin, s, 5 * day_us, &err), LS_OK);
                CHECK_INT(ls_snapshot_run(other, loaded, 5 * day_us, &err), LS_OK);
                CHECK_INT(ls_snapshot_hash(loaded), ls_snapshot_hash(s));
            }
            ls_snapshot_destroy(loaded);
            ls_snapshot_destroy(s);
        }
        ls_twin_destroy(twin);
        ls_twin_destroy(other);
    }
}

static void test_snapshots_of_other_models_are_refused(void) {
    for (int i = 0; i < ORACLE_PLANTS; i++) {
        ls_twin *twin = oracle_twin_of(i);
        ls_snapshot *s = run_of(twin, 3, day_us);
        size_t size = 0;
        const void *bytes = ls_snapshot_bytes(s, &size);
        for (int k = 0; k < ORACLE_PLANTS; k++) {
            ls_twin *other = oracle_twin_of(k);
            ls_snapshot *loaded = NULL;
            ls_error err = {0};
            const ls_status status = ls_snapshot_load(other, bytes, size, &loaded, &err);
            harness_note("snapshot of %s into %s: %s", oracle_plants[i].name, oracle_plants[k].name,
                         err.text);
            CHECK_INT(status, k == i ? LS_OK : LS_ERR_VERSION);
            CHECK((loaded != NULL) == (k == i));
            ls_snapshot_destroy(loaded);
            ls_twin_destroy(other);
        }
        ls_snapshot_destroy(s);
        ls_twin_destroy(twin);
    }
}

static void test_a_model_that_differs_in_one_number_is_another(void) {
    ls_twin *a = oracle_twin(
        "plant: p\nstations: {s: {process: exp 4 s}}\nproducts: {x: {route: [s], release: {every: "
        "exp 5 s}}}\n");
    ls_twin *b = oracle_twin(
        "plant: p\nstations: {s: {process: exp 4 s}}\nproducts: {x: {route: [s], release: {every: "
        "exp 5000001 us}}}\n");
    ls_snapshot *s = run_of(a, 3, day_us);
    size_t size = 0;
    const void *bytes = ls_snapshot_bytes(s, &size);
    ls_snapshot *loaded = NULL;
    ls_error err = {0};
    CHECK_INT(ls_snapshot_load(b, bytes, size, &loaded, &err), LS_ERR_VERSION);
    CHECK(err.text[0] != '\0');
    ls_snapshot_destroy(s);
    ls_twin_destroy(a);
    ls_twin_destroy(b);
}

static void test_cut_snapshots_are_refused(void) {
    for (int i = 0; i < ORACLE_PLANTS; i++) {
        ls_twin *twin = oracle_twin_of(i);
        ls_snapshot *s = run_of(twin, 3, day_us);
        size_t size = 0;
        const char *bytes = ls_snapshot_bytes(s, &size);
        for (size_t cut = 0; cut < size; cut = cut < 600 ? cut + 1 : cut + size / 7 + 13) {
            char *file = malloc(cut + 1);  // so that reading behind it is seen
            memcpy(file, bytes, cut);
            ls_snapshot *loaded = NULL;
            ls_error err = {0};
            const ls_status status = ls_snapshot_load(twin, file, cut, &loaded, &err);
            harness_note("plant %s, %zu of %zu bytes", oracle_plants[i].name, cut, size);
            CHECK(status == LS_ERR_INVALID || status == LS_ERR_VERSION);
            CHECK(loaded == NULL && err.text[0] != '\0');
            free(file);
        }
        char *longer = calloc(size + 64, 1);
        memcpy(longer, bytes, size);
        ls_snapshot *loaded = NULL;
        ls_error err = {0};
        CHECK_INT(ls_snapshot_load(twin, longer, size + 64, &loaded, &err), LS_ERR_INVALID);
        CHECK(loaded == NULL);
        free(longer);
        ls_snapshot_destroy(s);
        ls_twin_destroy(twin);
    }
}

static void test_a_flipped_bit_is_seen(void) {
    ls_twin *twin = oracle_twin_of(0);
    ls_snapshot *s = run_of(twin, 3, day_us);
    size_t size = 0;
    const char *bytes = ls_snapshot_bytes(s, &size);
    char *file = malloc(size);
    memcpy(file, bytes, size);
    for (size_t at = 0; at < size; at += at < 200 ? 1 : size / 61) {
        file[at] = (char)(file[at] ^ 4);
        ls_snapshot *loaded = NULL;
        ls_error err = {0};
        const ls_status status = ls_snapshot_load(twin, file, size, &loaded, &err);
        harness_note("byte %zu of %zu", at, size);
        CHECK(status == LS_ERR_INVALID || status == LS_ERR_VERSION);
        CHECK(loaded == NULL);
        file[at] = (char)(file[at] ^ 4);
    }
    free(file);
    ls_snapshot_destroy(s);
    ls_twin_destroy(twin);
}

static uint64_t next_random(uint64_t *state) {  // splitmix64
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

// Damages a saved state and uses what still loads; the seed says which damage. A crash or an
// endless loop is what this looks for: ORACLE_DAMAGE=SEED runs one.
static bool damage(int plant, uint64_t seed, ls_twin *twin, const char *bytes, size_t size,
                   char *file) {
    uint64_t random = seed;
    memcpy(file, bytes, size);
    const int places = 1 + (int)(next_random(&random) % 4);
    for (int k = 0; k < places; k++) {
        // Mostly where something stands, sometimes anywhere.
        size_t at = next_random(&random) % size;
        for (int tries = 0; tries < 20 && bytes[at] == 0 && next_random(&random) % 8 != 0;
             tries++) {
            at = next_random(&random) % size;
        }
        switch (next_random(&random) % 4) {
        case 0: file[at] = (char)(file[at] ^ (1 << (next_random(&random) % 8))); break;
        case 1: file[at] = (char)next_random(&random); break;
        case 2: memset(file + at, 0xff, at + 4 <= size ? 4 : size - at); break;
        default: file[at] = (char)(file[at] + 1); break;
        }
    }
    // Sealed again, so that more than the seal is tried.
    const uint64_t seal = ls_state_seal(file, size);
    memcpy(file + offsetof(ls_state, seal), &seal, sizeof seal);
    ls_snapshot *loaded = NULL;
    ls_error err = {0};
    const ls_status status = ls_snapshot_load(twin, file, size, &loaded, &err);
    harness_note("plant %s, damage %llu: status %d %s", oracle_plants[plant].name,
                 (unsigned long long)seed, status, err.text);
    CHECK(status == LS_OK || status == LS_ERR_INVALID || status == LS_ERR_VERSION);
    CHECK((status == LS_OK) == (loaded != NULL));
    if (loaded != NULL) {
        uint64_t done = 0;
        alarm(20);
        ls_snapshot *fork = NULL;
        if (ls_snapshot_fork(twin, loaded, 1, seed, &fork, &err) == LS_OK) {
            ls_snapshot_step(twin, fork, INT64_C(1) << 46, 2000, &done, &err);
        }
        ls_snapshot_destroy(fork);
        ls_snapshot_step(twin, loaded, INT64_C(1) << 46, 10000, &done, &err);
        alarm(0);
    }
    ls_snapshot_destroy(loaded);
    return status == LS_OK;
}

static void test_damaged_snapshots_do_no_harm(void) {
    const char *only = getenv("ORACLE_DAMAGE");
    const char *many = getenv("ORACLE_DAMAGES");
    const int count = many != NULL ? atoi(many) : oracle_is_short() ? 300 : 3000;
    for (int i = 0; i < ORACLE_PLANTS; i++) {
        ls_twin *twin = oracle_twin_of(i);
        ls_snapshot *s = run_of(twin, 3, day_us + 13 * 3600 * INT64_C(1000000));
        size_t size = 0;
        const char *bytes = ls_snapshot_bytes(s, &size);
        char *file = malloc(size);
        for (int k = 0; k < count && !harness_has_failed(); k++) {
            const uint64_t seed = (uint64_t)i * 1000000 + (uint64_t)k;
            if (only == NULL || strtoull(only, NULL, 10) == seed) {
                if (getenv("ORACLE_LOUD") != NULL) {
                    dprintf(2, "%llu\n", (unsigned long long)seed);
                }
                damage(i, seed, twin, bytes, size, file);
            }
        }
        free(file);
        ls_snapshot_destroy(s);
        ls_twin_destroy(twin);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_loaded_snapshot_runs_on_like_the_original);
    TEST(test_snapshots_of_other_models_are_refused);
    TEST(test_a_model_that_differs_in_one_number_is_another);
    TEST(test_cut_snapshots_are_refused);
    TEST(test_a_flipped_bit_is_seen);
    TEST(test_damaged_snapshots_do_no_harm);
    return harness_report();
}
