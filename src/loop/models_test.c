// models_test.c - models in service: rows are those of training to the bit, versions are swapped
// while they are asked, everything is scored, and goes on after a restart.
#include "loop/models.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "history/history_read.h"
#include "loop/testing/bench.h"
#include "model/linear.h"
#include "model/registry.h"
#include "model/signature.h"
#include "model/snapshot.h"
#include "model/usual.h"
#include "tests/harness.h"

#define MODEL_WITH(label, more) MODEL_LATE("1 s", label, more)
#define MODEL_LATE(latency, label, more)                                             \
    "models:\n"                                                                      \
    "  wear: {what: sensor, of: [a, b], tags: ['x/{unit}/power', 'x/{unit}/heat'], " \
    "window: [1 min, 5 min], every: 10 s, gates: {latency: " latency "}, label: " label more "}\n"
#define MODEL MODEL_WITH("{tag: 'x/{unit}/wear'}", "")
#define EVERY_US INT64_C(10000000)

enum { PAIRS_MAX = 40000, COLUMNS_MAX = 64, UNITS = 2 };

// ---- what is said, as a listener hears it

typedef struct said_row {
    ls_model_pair pair;
    float row[COLUMNS_MAX];
} said_row;

typedef struct ear {
    said_row *said, *scored;
    _Atomic int said_count, scored_count;
    _Atomic uint32_t champion, challenger;
} ear;

static void take(said_row *list, _Atomic int *count, const ls_model_pair *p) {
    const int at = atomic_load(count);
    if (at < PAIRS_MAX) {
        list[at].pair = *p;
        if (p->row != NULL && p->column_count <= COLUMNS_MAX) {
            memcpy(list[at].row, p->row, p->column_count * sizeof *p->row);
        }
        atomic_store(count, at + 1);
    }
}

static void hear_said(void *context, const ls_model_pair *pair) {
    ear *e = context;
    take(e->said, &e->said_count, pair);
}

static void hear_scored(void *context, const ls_model_pair *pair) {
    ear *e = context;
    take(e->scored, &e->scored_count, pair);
}

static void hear_serves(void *context, uint32_t model, uint32_t champion, uint32_t challenger) {
    ear *e = context;
    CHECK_INT(model, 0);
    atomic_store(&e->champion, champion);
    atomic_store(&e->challenger, challenger);
}

// ---- a bench with models

typedef struct stage {
    bench b;
    ls_journal *journal;
    ls_models *models;
    char folder[96];  // of the registry
    char plant[96];   // where the plant file would be
    ear ear;
    int steps;  // seconds that were played
} stage;

static void open_models(stage *s) {
    ls_error err = {0};
    CHECK_INT(ls_journal_create(s->b.intake.history, &s->journal, &err), LS_OK);
    const ls_models_def def = {
        .intake = &s->b.intake, .folder = s->folder, .plant = s->plant, .journal = s->journal};
    CHECK_INT(ls_models_open(&def, &s->models, &err), LS_OK);
    CHECK_STR(err.text, "");
    const ls_models_listener listener = {
        .context = &s->ear, .predicted = hear_said, .scored = hear_scored, .serves = hear_serves};
    CHECK(s->models != NULL && ls_models_listen(s->models, &listener));
}

static void close_models(stage *s) {
    ls_models_close(s->models);
    ls_journal_destroy(s->journal);
    s->models = NULL;
    s->journal = NULL;
}

static void begin(stage *s, const char *models) {
    memset(s, 0, sizeof *s);
    s->ear.said = calloc(PAIRS_MAX, sizeof *s->ear.said);
    s->ear.scored = calloc(PAIRS_MAX, sizeof *s->ear.scored);
    bench_open(&s->b, models);
    snprintf(s->folder, sizeof s->folder, "%s/models", s->b.folder);
    snprintf(s->plant, sizeof s->plant, "%s/p.yaml", s->b.folder);
}

static void end(stage *s) {
    close_models(s);
    bench_close(&s->b);
    free(s->ear.said);
    free(s->ear.scored);
}

static const ls_model_plan *plan_of(const stage *s) {
    return &s->b.intake.running.plant->models[0];
}

static bool wait_for(bool (*is_so)(stage *s, int64_t amount), stage *s, int64_t amount) {
    const struct timespec pause = {.tv_nsec = 5000000};
    for (int i = 0; i < 6000 && !is_so(s, amount); i++) {
        nanosleep(&pause, NULL);
    }
    return is_so(s, amount);
}

static bool has_said(stage *s, int64_t count) {
    return atomic_load(&s->ear.said_count) >= count;
}

static bool has_scored(stage *s, int64_t count) {
    return atomic_load(&s->ear.scored_count) >= count;
}

static bool is_champion(stage *s, int64_t number) {
    return atomic_load(&s->ear.champion) == number;
}

static bool is_challenger(stage *s, int64_t number) {
    return atomic_load(&s->ear.challenger) == number;
}

static bool has_refused(stage *s, int64_t count) {
    return (int64_t)ls_models_describe(s->models, 0).refused >= count;
}

// A figure changes before it is told why: the event comes, or has not within half a minute.
static void check_told(stage *s, const char *part) {
    const struct timespec pause = {.tv_nsec = 50000000};
    for (int i = 0; i < 600 && strstr(bench_events(&s->b), part) == NULL; i++) {
        nanosleep(&pause, NULL);
    }
    CHECK_CONTAINS(bench_events(&s->b), part);
}

// ---- versions: a linear model of the first and the fourth feature

static double said_by(uint32_t number, const float *row) {
    const double a = isfinite(row[0]) ? (double)row[0] : 1.5;
    const double b = isfinite(row[3]) ? (double)row[3] : 0.0;
    return (double)number + 2.0 * a - 0.5 * b;
}

static ls_features *engine_of(const stage *s) {
    ls_features *features = NULL;
    ls_error err = {0};
    CHECK_INT(ls_snapshot_features(plan_of(s), &features, &err), LS_OK);
    CHECK(ls_features_count(features) <= COLUMNS_MAX);
    return features;
}

static uint32_t add_version(stage *s, double radius, const ls_dataset *usual_rows) {
    static uint32_t made;
    ls_features *features = engine_of(s);
    const uint32_t columns = ls_features_count(features);
    const char *names[COLUMNS_MAX];
    ls_linear *linear = NULL;
    ls_monitor *usual = NULL;
    ls_buffer text, more;
    char lineage[96];
    ls_error err = {0};
    uint32_t number = 0, *numbers = NULL;
    size_t count = 0;
    ls_arena arena;
    ls_arena_init(&arena);
    CHECK_INT(ls_registry_list(s->folder, "wear", &arena, &numbers, &count, &err), LS_OK);
    ls_arena_clear(&arena);
    made = (uint32_t)count + 1;
    for (uint32_t c = 0; c < columns; c++) {
        names[c] = ls_features_name(features, c);
    }
    CHECK_INT(ls_linear_new(columns, names, &linear, &err), LS_OK);
    linear->intercept = made;
    linear->coefficients[0] = 2.0;
    linear->typical[0] = 1.5;
    linear->coefficients[3] = -0.5;
    ls_buffer_init(&text);
    ls_buffer_init(&more);
    ls_linear_save(linear, &text);
    if (usual_rows != NULL) {
        CHECK_INT(ls_usual_fit(usual_rows, usual_rows, 0.01, &usual, &err), LS_OK);
        ls_monitor_save(usual, &more);
    }
    snprintf(lineage, sizeof lineage, "{\"radius\": %.9g, \"metrics\": {\"rmse\": 1.5}}", radius);
    const ls_registry_part parts[] = {
        {.name = "model.json", .bytes = text.data, .size = text.size},
        {.name = LS_USUAL_PART, .bytes = more.data, .size = more.size}};
    CHECK_INT(
        ls_registry_add(s->folder, "wear", parts, usual != NULL ? 2 : 1, lineage, &number, &err),
        LS_OK);
    CHECK_INT(number, made);
    ls_monitor_destroy(usual);
    ls_buffer_clear(&text);
    ls_buffer_clear(&more);
    ls_linear_destroy(linear);
    ls_features_destroy(features);
    return number;
}

static void promote(stage *s, uint32_t number) {
    ls_error err = {0};
    CHECK_INT(ls_registry_promote(s->folder, "wear", number, &err), LS_OK);
}

// ---- the line

static uint64_t next_random(uint64_t *state) {  // splitmix64
    uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

static double uniform(uint64_t *state) {
    return (double)(next_random(state) >> 11) * 0x1p-53;
}

static void say(stage *s, const char *unit, const char *what, double at_s, double value,
                ls_quality quality) {
    char tag[32];
    snprintf(tag, sizeof tag, "x/%s/%s", unit, what);
    CHECK(bench_say(
        &s->b, tag, at_s,
        (ls_sample){.kind = LS_VALUE_REAL, .quality = (uint8_t)quality, .value.real = value}));
}

// So many seconds more: bad values, values told twice, sources a little out of order, and what the
// truth is every five seconds.
static void play(stage *s, int seconds) {
    static const char *const units[UNITS] = {"a", "b"};
    for (int until = s->steps + seconds; s->steps < until; s->steps++) {
        uint64_t seed = (uint64_t)s->steps * 7919;
        for (int u = 0; u < UNITS; u++) {
            const double t = s->steps, power = uniform(&seed) + u, heat = 20.0 * uniform(&seed);
            const bool is_bad = s->steps % 37 == 11, is_twice = s->steps % 13 == 4;
            const bool is_swapped = s->steps % 3 == 1;
            if (is_swapped) {
                say(s, units[u], "heat", t + 0.4, heat, LS_QUALITY_GOOD);
            }
            say(s, units[u], "power", t + 0.1, power, is_bad ? LS_QUALITY_BAD : LS_QUALITY_GOOD);
            if (is_twice) {
                say(s, units[u], "power", t + 0.1, power,
                    is_bad ? LS_QUALITY_BAD : LS_QUALITY_GOOD);
            }
            if (!is_swapped && s->steps % 5 != 0) {
                say(s, units[u], "heat", t + 0.4, heat, LS_QUALITY_GOOD);
            }
            if (s->steps % 5 == 0) {  // exactly at a moment, too
                say(s, units[u], "heat", t, heat, LS_QUALITY_GOOD);
                say(s, units[u], "wear", t, 1.0 + 2.0 * power, LS_QUALITY_GOOD);
            }
        }
    }
}

// Every row that was said is the one that a dataset of that moment has, and so is what was said.
static void check_rows(stage *s, int from, const uint32_t *versions) {
    const int count = atomic_load(&s->ear.said_count);
    const said_row *said = s->ear.said;
    ls_dataset rows;
    ls_error err = {0};
    CHECK(count > from);
    const ls_snapshot_def def = {.plan = plan_of(s),
                                 .from_us = said[from].pair.time_us,
                                 .to_us = said[count - 1].pair.time_us + 1,
                                 .known_us = INT64_MAX};
    CHECK_INT(ls_snapshot_make(s->b.intake.history, s->b.tags, &def, &rows, NULL, &err), LS_OK);
    CHECK_INT(rows.row_count, count - from);
    int wrong = 0;
    for (int i = from; i < count && (size_t)(i - from) < rows.row_count; i++) {
        const size_t r = (size_t)(i - from);
        const ls_model_pair *p = &said[i].pair;
        const float *row = ls_dataset_row(&rows, r);
        const uint32_t version = versions != NULL ? versions[i] : p->version;
        wrong += rows.time_us[r] != p->time_us || rows.unit[r] != p->unit ||
                 memcmp(row, said[i].row, rows.column_count * sizeof *row) != 0 ||
                 p->value != said_by(version, row);
    }
    CHECK_INT(wrong, 0);
    ls_dataset_clear(&rows);
}

// ---- the history of a tag

typedef struct series {
    int64_t time_us[4000];
    double value[4000];
    uint8_t quality[4000];
    size_t count;
} series;

static bool read_one(void *context, const ls_sample *sample) {
    series *all = context;
    if (all->count < 4000) {
        all->value[all->count] = NAN;
        (void)ls_sample_number(sample, &all->value[all->count]);
        all->quality[all->count] = sample->quality;
        all->time_us[all->count++] = sample->time_us;
    }
    return true;
}

static const series *read_tag(const stage *s, const char *name) {
    static series all;
    ls_error err = {0};
    all.count = 0;
    const uint32_t tag = ls_tags_find(s->b.tags, name, strlen(name));
    CHECK(tag != LS_TAG_NONE);
    if (tag != LS_TAG_NONE) {
        CHECK_INT(ls_history_visit(s->b.intake.history, tag, INT64_MIN, INT64_MAX, false, read_one,
                                   &all, &err),
                  LS_OK);
    }
    return &all;
}

// ---- tests

static void test_a_plant_without_models_has_nothing(void) {
    bench b;
    ls_models *models = (ls_models *)&b;
    ls_error err = {0};
    bench_open(&b, "");
    const ls_models_def def = {.intake = &b.intake, .folder = "/nowhere", .plant = "p.yaml"};
    CHECK_INT(ls_models_open(&def, &models, &err), LS_OK);
    CHECK(models == NULL);
    CHECK(b.intake.kept == NULL);
    ls_models_close(models);
    json_t *none = ls_models_json(NULL);
    CHECK_INT(json_array_size(none), 0);
    json_decref(none);
    bench_close(&b);
}

static void test_rows_are_those_of_a_dataset_to_the_bit(void) {
    stage s;
    begin(&s, MODEL);
    promote(&s, add_version(&s, 0.5, NULL));
    play(&s, 700);  // heard before the models are there
    open_models(&s);
    play(&s, 1300);
    CHECK(wait_for(has_said, &s, 2 * 130));
    // The moments after the 700 seconds up to the last one that has surely passed.
    check_rows(&s, 0, NULL);
    CHECK_INT(s.ear.said[0].pair.time_us, s.b.zero_us + 700 * 1000000);
    const series *value = read_tag(&s, "model/wear/a");
    CHECK_INT(value->count, atomic_load(&s.ear.said_count) / 2);
    for (size_t i = 0; i < value->count; i++) {
        CHECK(value->value[i] == s.ear.said[2 * i].pair.value);
        CHECK_INT(value->time_us[i], s.ear.said[2 * i].pair.time_us);
        if (harness_has_failed()) {
            break;
        }
    }
    const series *low = read_tag(&s, "model/wear/b/low");
    CHECK(low->count > 0 && low->value[0] == s.ear.said[1].pair.value - 0.5);
    end(&s);
}

// A unit of which there is nothing to predict is not asked, as it has no row to learn from.
static void test_a_unit_that_rests_is_not_asked(void) {
    stage s;
    begin(&s, MODEL_WITH("{tag: 'x/{unit}/wear'}", ", while: {tag: 'x/{unit}/heat', above: 8}"));
    promote(&s, add_version(&s, 0.5, NULL));
    open_models(&s);
    play(&s, 2000);
    CHECK(wait_for(has_said, &s, 2 * 80));
    CHECK(atomic_load(&s.ear.said_count) < 2 * 150);  // some three in five of 200 moments
    CHECK(wait_for(has_scored, &s, 2 * 70));
    check_rows(&s, 0, NULL);
    end(&s);
}

// More at once than the ring holds: it is heard again from the history.
static void test_what_the_ring_cannot_hold_is_heard_from_the_history(void) {
    enum { FLOOD = 70000 };
    stage s;
    begin(&s, MODEL);
    promote(&s, add_version(&s, 0.5, NULL));
    open_models(&s);
    play(&s, 20);
    ls_sample *flood = calloc(FLOOD, sizeof *flood);
    uint32_t tag = 0;
    uint64_t seed = 3;
    CHECK_INT(ls_tags_add(s.b.tags, "x/a/power", 9, &tag, NULL), LS_OK);
    for (int i = 0; i < FLOOD; i++) {
        flood[i] = (ls_sample){.time_us = s.b.zero_us + 20000000 + i * 4000,
                               .tag = tag,
                               .kind = LS_VALUE_REAL,
                               .value.real = uniform(&seed)};
    }
    CHECK(s.b.sink.heard(s.b.sink.context, flood, FLOOD));
    CHECK(wait_for(has_said, &s, 2 * 29));
    check_rows(&s, 0, NULL);
    CHECK_INT(s.ear.said[2].pair.time_us - s.ear.said[0].pair.time_us, EVERY_US);
    free(flood);
    end(&s);
}

static void test_versions_are_swapped_and_nothing_is_lost(void) {
    stage s;
    ls_error err = {0};
    begin(&s, MODEL);
    const uint32_t one = add_version(&s, 0.5, NULL), two = add_version(&s, 0.25, NULL);
    open_models(&s);
    CHECK(is_champion(&s, 0));
    play(&s, 60);  // nobody serves: nothing is said
    CHECK_INT(atomic_load(&s.ear.said_count), 0);
    promote(&s, one);
    CHECK(wait_for(is_champion, &s, one));
    play(&s, 60);
    for (int turn = 0; turn < 6; turn++) {
        const uint32_t next = turn % 2 == 0 ? two : one;
        uint32_t back = 0;
        if (next == two) {
            promote(&s, two);
        } else {
            CHECK_INT(ls_registry_rollback(s.folder, "wear", &back, &err), LS_OK);
            CHECK_INT(back, one);
        }
        play(&s, 30);  // meanwhile
        CHECK(wait_for(is_champion, &s, next));
        play(&s, 60);
    }
    CHECK(wait_for(has_said, &s, 2 * 58));
    check_rows(&s, 0, NULL);
    int of[3] = {0};
    for (int i = 0; i < atomic_load(&s.ear.said_count); i++) {
        of[s.ear.said[i].pair.version]++;
    }
    CHECK(of[1] > 20 && of[2] > 20);
    check_told(&s, "model|wear|version 1 serves, it is the first one");
    check_told(&s, "model|wear|version 2 serves, before it was 1");
    check_told(&s, "model|wear|version 1 serves, before it was 2");
    end(&s);
}

static void test_a_version_that_is_not_its_manifest_is_refused(void) {
    stage s;
    char path[256], stages[256];
    ls_error err = {0};
    begin(&s, MODEL);
    const uint32_t one = add_version(&s, 0.5, NULL), two = add_version(&s, 0.25, NULL);
    promote(&s, one);
    open_models(&s);
    CHECK(is_champion(&s, one));
    snprintf(path, sizeof path, "%s/wear/versions/%u/model.json", s.folder, two);
    snprintf(stages, sizeof stages, "%s/wear/stages.json", s.folder);
    char *good = harness_read_file(path, NULL);
    CHECK(good != NULL);
    CHECK_INT(ls_file_write(path, "{}", 2, &err), LS_OK);
    // Promotion itself refuses such a version; a hand in the file does not.
    static const char by_hand[] =
        "{\"version\": 1, \"champion\": 2, \"challenger\": 0, \"past\": [1]}";
    CHECK_INT(ls_registry_promote(s.folder, "wear", two, &err), LS_ERR_INVALID);
    CHECK_INT(ls_file_write(stages, by_hand, strlen(by_hand), &err), LS_OK);
    CHECK(wait_for(has_refused, &s, 1));
    play(&s, 60);
    CHECK(wait_for(has_said, &s, 2 * 5));
    CHECK_INT(s.ear.said[9].pair.version, one);
    json_t *object = ls_models_json_of(s.models, "wear");
    CHECK_INT(json_integer_value(json_object_get(object, "champion")), two);
    CHECK_INT(json_integer_value(json_object_get(object, "serving")), one);
    CHECK_CONTAINS(json_string_value(json_object_get(json_object_get(object, "refused"), "text")),
                   "not what the manifest of version 2 says");
    json_decref(object);
    check_told(&s, "version 2 may not be champion");
    check_told(&s, "version 1 goes on serving");
    // Unreadable stages: it goes on as it was.
    CHECK_INT(ls_file_write(stages, "nothing", 7, &err), LS_OK);
    CHECK(wait_for(has_refused, &s, 2));
    check_told(&s, "who serves cannot be read");
    // Mended.
    CHECK_INT(ls_file_write(path, good, strlen(good), &err), LS_OK);
    CHECK_INT(ls_file_write(stages, by_hand, strlen(by_hand), &err), LS_OK);
    CHECK(wait_for(is_champion, &s, two));
    object = ls_models_json_of(s.models, "wear");
    CHECK(json_is_null(json_object_get(object, "refused")));
    json_decref(object);
    free(good);
    end(&s);
}

static void test_where_a_key_is_demanded_nothing_unsigned_serves(void) {
    stage s;
    char secret[LS_SIGNATURE_LINE_MAX], public[LS_SIGNATURE_LINE_MAX], key[256];
    ls_error err = {0};
    begin(&s, MODEL_WITH("{tag: 'x/{unit}/wear'}", ", signed-by: k.pub"));
    const uint32_t one = add_version(&s, 0.5, NULL), two = add_version(&s, 0.25, NULL);
    CHECK_INT(ls_signature_make_keys(secret, public, &err), LS_OK);
    snprintf(key, sizeof key, "%s/k.pub", s.b.folder);
    CHECK_INT(ls_file_write(key, public, strlen(public), &err), LS_OK);
    promote(&s, one);  // by a hand past the command, which would refuse
    open_models(&s);
    CHECK(is_champion(&s, 0));
    check_told(&s, "version 1 of model 'wear' is not signed");
    CHECK_INT(ls_registry_sign(s.folder, "wear", one, secret, strlen(secret), "k", &err), LS_OK);
    promote(&s, one);  // not to wait for the next look by itself
    CHECK(wait_for(is_champion, &s, one));
    // Nor is a challenger heard in the shadow before.
    CHECK_INT(ls_registry_challenge(s.folder, "wear", two, &err), LS_OK);
    CHECK(wait_for(has_refused, &s, 2));
    CHECK(is_challenger(&s, 0));
    CHECK_INT(ls_registry_sign(s.folder, "wear", two, secret, strlen(secret), "k", &err), LS_OK);
    CHECK_INT(ls_registry_challenge(s.folder, "wear", two, &err), LS_OK);
    CHECK(wait_for(is_challenger, &s, two));
    end(&s);
}

// What was signed once may be withdrawn: put in its place again by hand, it does not serve.
static void test_a_withdrawn_version_does_not_come_back(void) {
    stage s;
    char secret[LS_SIGNATURE_LINE_MAX], public[LS_SIGNATURE_LINE_MAX], key[256];
    ls_error err = {0};
    begin(&s, MODEL_WITH("{tag: 'x/{unit}/wear'}", ", signed-by: k.pub, signed-from: 2"));
    const uint32_t one = add_version(&s, 0.5, NULL), two = add_version(&s, 0.25, NULL);
    CHECK_INT(ls_signature_make_keys(secret, public, &err), LS_OK);
    snprintf(key, sizeof key, "%s/k.pub", s.b.folder);
    CHECK_INT(ls_file_write(key, public, strlen(public), &err), LS_OK);
    CHECK_INT(ls_registry_sign(s.folder, "wear", one, secret, strlen(secret), "k", &err), LS_OK);
    CHECK_INT(ls_registry_sign(s.folder, "wear", two, secret, strlen(secret), "k", &err), LS_OK);
    promote(&s, two);
    open_models(&s);
    CHECK(is_champion(&s, two));
    promote(&s, one);
    CHECK(wait_for(has_refused, &s, 1));
    CHECK(is_champion(&s, two));
    check_told(&s, "version 1 of model 'wear' is withdrawn");
    end(&s);
}

// Put in the champion's place by hand it does not serve, and the one before goes on; what served
// when the service was stopped serves again, and is only told of.
static void test_what_is_slower_than_its_deadline_serves_in_nobodys_place(void) {
    stage s;
    begin(&s, MODEL_LATE("0 s", "{tag: 'x/{unit}/wear'}", ""));
    const uint32_t one = add_version(&s, 0.5, NULL), two = add_version(&s, 0.25, NULL);
    promote(&s, one);
    open_models(&s);
    CHECK(is_champion(&s, one));
    promote(&s, two);
    CHECK(wait_for(has_refused, &s, 1));
    CHECK(is_champion(&s, one));
    check_told(&s, "version 2 is slower than its deadline");
    end(&s);
}

static void test_a_challenger_predicts_in_the_shadow(void) {
    stage s;
    ls_error err = {0};
    ls_model_said said;
    begin(&s, MODEL);
    const uint32_t one = add_version(&s, 0.5, NULL), two = add_version(&s, 0.25, NULL);
    promote(&s, one);
    open_models(&s);
    CHECK_INT(ls_registry_challenge(s.folder, "wear", two, &err), LS_OK);
    CHECK(wait_for(is_challenger, &s, two));
    CHECK(!ls_models_challenger_in_time(s.models, 0));  // too few were timed
    play(&s, 600);
    CHECK(wait_for(has_scored, &s, 2 * 58));
    play(&s, 500);
    CHECK(wait_for(has_said, &s, 2 * 109));
    CHECK(wait_for(has_scored, &s, 2 * 108));
    for (int i = 0; i < 2 * 108; i++) {
        const ls_model_pair *p = &s.ear.scored[i].pair;
        CHECK_INT(p->challenger_version, two);
        CHECK(p->challenger == p->value + 1.0);
        CHECK(p->row != NULL);
    }
    // Its interval adapts too: 0.25 from its calibration is far too narrow here.
    CHECK_NEAR(s.ear.scored[0].pair.challenger_radius, 0.25, 1e-12);
    CHECK(s.ear.scored[2 * 107].pair.challenger_radius > 1.0);
    CHECK(ls_models_latest(s.models, "wear", "b", &said));
    CHECK_INT(said.challenger_version, two);
    CHECK(said.challenger == said.value + 1.0);
    const series *challenger = read_tag(&s, "model/wear/b/challenger");
    CHECK_INT(challenger->count, atomic_load(&s.ear.said_count) / 2);
    // Promoted, its scores go with it.
    promote(&s, two);
    CHECK(wait_for(is_champion, &s, two));
    CHECK(wait_for(is_challenger, &s, 0));
    json_t *object = ls_models_json_of(s.models, "wear");
    const json_t *score = json_object_get(object, "score");
    CHECK_INT(json_integer_value(json_object_get(score, "version")), two);
    CHECK(json_integer_value(json_object_get(score, "scored")) >= 2 * 108);
    CHECK(json_is_null(json_object_get(object, "challenger_score")));
    json_decref(object);
    end(&s);
}

static void test_predictions_are_scored_and_intervals_follow(void) {
    stage s;
    begin(&s, MODEL);
    promote(&s, add_version(&s, 1e-6, NULL));  // far too narrow
    open_models(&s);
    play(&s, 1000);
    CHECK(wait_for(has_scored, &s, 2 * 98));
    int wrong = 0, late = 0;
    for (int i = 0; i < 2 * 98; i++) {
        const ls_model_pair *p = &s.ear.scored[i].pair;
        // Wear is told at every fifth second: the truth is of the very moment.
        const int second = (int)((p->time_us - s.b.zero_us) / 1000000);
        uint64_t seed = (uint64_t)second * 7919;
        double power = uniform(&seed);
        if (p->unit == 1) {
            (void)uniform(&seed);
            power = uniform(&seed) + 1;
        }
        wrong += p->truth != 1.0 + 2.0 * power;
        late += p->known_us != p->time_us;
    }
    CHECK_INT(wrong, 0);
    CHECK_INT(late, 0);
    play(&s, 3000);
    CHECK(wait_for(has_scored, &s, 2 * 398));
    const ls_model_figures f = ls_models_describe(s.models, 0);
    CHECK(f.scored >= 2 * 398 && f.misses > 50 && f.misses < 300);
    CHECK_INT(f.never, 0);
    CHECK(f.pending <= 4);
    json_t *object = ls_models_json_of(s.models, "wear");
    const json_t *first = json_array_get(json_object_get(object, "live"), 0);
    CHECK_STR(json_string_value(json_object_get(first, "by")), "adaptive");
    CHECK(json_is_number(json_object_get(first, "truth")));
    CHECK_INT(json_array_size(json_object_get(object, "versions")), 1);
    const json_t *explained = json_array_get(json_object_get(object, "explained"), 0);
    double sum = json_number_value(json_object_get(explained, "base"));
    const json_t *features = json_object_get(explained, "features");
    for (size_t i = 0; i < json_array_size(features); i++) {
        sum += json_number_value(json_object_get(json_array_get(features, i), "effect"));
    }
    CHECK_NEAR(sum, json_number_value(json_object_get(explained, "value")), 1e-9);
    json_decref(object);
    end(&s);
}

// Labels come from a file that is written when the parts have been measured.
static void test_labels_of_a_file_come_late(void) {
    stage s;
    ls_error err = {0};
    char path[128];
    begin(&s, MODEL_WITH("{file: labels.csv, delay: 10 s}", ", horizon: 20 s"));
    snprintf(path, sizeof path, "%s/labels.csv", s.b.folder);
    promote(&s, add_version(&s, 0.5, NULL));
    open_models(&s);
    play(&s, 200);
    CHECK(wait_for(has_said, &s, 2 * 19));
    CHECK_INT(atomic_load(&s.ear.scored_count), 0);
    static const char text[] =
        "time,unit,value,known\n"
        "2026-01-05T00:01:03Z,a,4.5,\n"                      // not known yet
        "2026-01-05T00:01:03Z,b,5.5,2026-01-05T00:02:00Z\n"  // of 00:00:43: said at :40
        "2026-01-05T00:01:10Z,b,6.5,2026-01-05T09:00:00Z\n";
    CHECK_INT(ls_file_write(path, text, strlen(text), &err), LS_OK);
    CHECK(wait_for(has_scored, &s, 1));
    const ls_model_pair *p = &s.ear.scored[0].pair;
    CHECK_INT(p->unit, 1);
    CHECK_INT(p->time_us - s.b.zero_us, 40 * 1000000);
    CHECK(p->truth == 5.5);
    static const char more[] =
        "time,unit,value,known\n"
        "2026-01-05T00:01:03Z,a,4.5,2026-01-05T00:03:00Z\n"
        "2026-01-05T00:01:03Z,b,5.5,2026-01-05T00:02:00Z\n"
        "2026-01-05T00:01:10Z,b,6.5,2026-01-05T09:00:00Z\n";
    CHECK_INT(ls_file_write(path, more, strlen(more), &err), LS_OK);
    CHECK(wait_for(has_scored, &s, 2));
    CHECK_INT(s.ear.scored[1].pair.unit, 0);
    play(&s, 30);
    CHECK(wait_for(has_said, &s, 2 * 22));
    CHECK_INT(atomic_load(&s.ear.scored_count), 2);  // never twice
    end(&s);
}

static void test_labels_that_do_not_come_are_told(void) {
    stage s;
    begin(&s, MODEL_WITH("{tag: 'x/{unit}/never'}", ""));
    uint32_t tag = 0;
    CHECK_INT(ls_tags_add(s.b.tags, "x/a/never", 9, &tag, NULL), LS_OK);
    CHECK_INT(ls_tags_add(s.b.tags, "x/b/never", 9, &tag, NULL), LS_OK);
    promote(&s, add_version(&s, 0.5, NULL));
    open_models(&s);
    play(&s, 300);
    CHECK(wait_for(has_said, &s, 2 * 29));
    check_told(&s, "labels do not come");
    CHECK_INT(ls_models_describe(s.models, 0).scored, 0);
    CHECK(ls_models_describe(s.models, 0).pending >= 2 * 28);
    end(&s);
}

static void test_a_silent_unit_is_said_to_be_so(void) {
    stage s;
    ls_model_said said;
    begin(&s, MODEL);
    promote(&s, add_version(&s, 0.5, NULL));
    open_models(&s);
    CHECK(!ls_models_latest(s.models, "wear", "c", &said));
    CHECK(ls_models_latest(s.models, "wear", "a", &said));
    CHECK_INT(said.state, LS_MODEL_NONE);
    CHECK(ls_models_age_us(s.models, &said) == INT64_MAX);
    play(&s, 50);
    say(&s, "a", "power", 50.2, 0.0, LS_QUALITY_STALE);
    say(&s, "b", "power", 50.2, 1.0, LS_QUALITY_GOOD);
    say(&s, "b", "heat", 61.0, 1.0, LS_QUALITY_GOOD);
    CHECK(wait_for(has_said, &s, 2 * 6 + 1));
    ls_models_latest(s.models, "wear", "a", &said);
    CHECK_INT(said.state, LS_MODEL_PARTIAL);
    CHECK(isfinite(said.value));
    say(&s, "a", "heat", 62.0, 0.0, LS_QUALITY_STALE);
    say(&s, "b", "heat", 81.0, 1.0, LS_QUALITY_GOOD);
    CHECK(wait_for(has_said, &s, 2 * 6 + 1 + 2));
    ls_models_latest(s.models, "wear", "a", &said);
    CHECK_INT(said.state, LS_MODEL_SILENT);
    CHECK(isnan(said.value) && isnan(said.low) && isnan(said.high));
    ls_models_latest(s.models, "wear", "b", &said);
    CHECK_INT(said.state, LS_MODEL_GOOD);
    CHECK_INT(ls_models_describe(s.models, 0).silent, 1);
    check_told(&s, "a is silent: none of its tags has a value");
    const series *value = read_tag(&s, "model/wear/a");
    CHECK_INT(value->count, 8);
    CHECK_INT(value->quality[5], LS_QUALITY_GOOD);
    CHECK_INT(value->quality[6], LS_QUALITY_UNCERTAIN);
    CHECK_INT(value->quality[7], LS_QUALITY_STALE);
    CHECK(isnan(value->value[7]));
    end(&s);
}

static bool is_withdrawn(stage *s, int64_t count) {
    const series *value = read_tag(s, "model/wear/a");
    return (int64_t)value->count >= count && value->quality[value->count - 1] == LS_QUALITY_STALE;
}

// Nothing serves any more: what was said last is no value that stays for ever, whether the service
// sees it go or finds it gone when it starts.
static void test_what_no_version_says_any_more_is_withdrawn(void) {
    for (int restarted = 0; restarted < 2; restarted++) {
        stage s;
        ls_model_said said;
        char path[160];
        begin(&s, MODEL);
        promote(&s, add_version(&s, 0.5, NULL));
        open_models(&s);
        play(&s, 50);
        CHECK(wait_for(has_said, &s, 2 * 4));
        CHECK(isfinite(read_tag(&s, "model/wear/a")->value[0]));
        if (restarted) {
            close_models(&s);
        }
        snprintf(path, sizeof path, "%s/wear/stages.json", s.folder);
        CHECK_INT(unlink(path), 0);
        if (restarted) {
            open_models(&s);
        } else {
            ls_models_look(s.models);
            CHECK(wait_for(is_champion, &s, 0));
        }
        play(&s, 60);
        CHECK(wait_for(is_withdrawn, &s, 1));
        CHECK(ls_models_latest(s.models, "wear", "a", &said));
        CHECK_INT(said.state, LS_MODEL_NONE);
        CHECK(isnan(said.value));
        const size_t count = read_tag(&s, "model/wear/a")->count;
        play(&s, 60);
        promote(&s, 1);  // it serves again, and is heard again
        ls_models_look(s.models);
        CHECK(wait_for(is_champion, &s, 1));
        const int before = atomic_load(&s.ear.said_count);
        play(&s, 60);
        CHECK(wait_for(has_said, &s, before + 2));
        const series *value = read_tag(&s, "model/wear/a");
        CHECK(value->count > count);
        CHECK_INT(value->quality[count - 1], LS_QUALITY_STALE);
        CHECK_INT(value->quality[count], LS_QUALITY_GOOD);  // it was withdrawn once
        end(&s);
    }
}

static void test_unusual_rows_are_flagged(void) {
    stage s;
    ls_model_said said;
    ls_error err = {0};
    ls_dataset rows;
    begin(&s, MODEL);
    play(&s, 3000);
    const ls_snapshot_def def = {.plan = plan_of(&s),
                                 .from_us = s.b.zero_us + 700 * 1000000LL,
                                 .to_us = s.b.zero_us + 2900 * 1000000LL,
                                 .known_us = INT64_MAX};
    CHECK_INT(ls_snapshot_make(s.b.intake.history, s.b.tags, &def, &rows, NULL, &err), LS_OK);
    promote(&s, add_version(&s, 0.5, &rows));
    ls_dataset_clear(&rows);
    open_models(&s);
    play(&s, 200);
    CHECK(wait_for(has_said, &s, 2 * 19));
    ls_models_latest(s.models, "wear", "a", &said);
    CHECK(said.unusual >= 0);
    CHECK(ls_models_describe(s.models, 0).unusual < 15);
    say(&s, "a", "power", s.steps + 1.0, 500.0, LS_QUALITY_GOOD);
    say(&s, "a", "power", s.steps + 22.0, 500.0, LS_QUALITY_GOOD);
    CHECK(wait_for(has_said, &s, 2 * 22));
    ls_models_latest(s.models, "wear", "a", &said);
    CHECK_INT(said.unusual, 1);
    const series *unusual = read_tag(&s, "model/wear/a/unusual");
    CHECK(unusual->count > 0 && unusual->value[unusual->count - 1] == 1.0);
    end(&s);
}

static void check_same_after(stage *s, const ls_model_figures *before) {
    const ls_model_figures f = ls_models_describe(s->models, 0);
    CHECK_INT(f.predictions, before->predictions);
    CHECK_INT(f.scored, before->scored);
    CHECK_INT(f.misses, before->misses);
    CHECK_INT(f.pending, before->pending);
    CHECK(f.coverage == before->coverage && f.rmse == before->rmse);
}

static bool is_settled(stage *s, int64_t pending) {
    return (int64_t)ls_models_describe(s->models, 0).pending == pending;
}

static void test_a_restart_goes_on_where_it_was(void) {
    stage s;
    ls_model_said before[UNITS], after;
    ls_error err = {0};
    begin(&s, MODEL_WITH("{tag: 'x/{unit}/wear'}", ", horizon: 60 s"));
    promote(&s, add_version(&s, 0.5, NULL));
    open_models(&s);
    play(&s, 1000);
    CHECK(wait_for(has_said, &s, 2 * 100));
    CHECK(wait_for(is_settled, &s, 2 * 6));
    ls_models_latest(s.models, "wear", "a", &before[0]);
    ls_models_latest(s.models, "wear", "b", &before[1]);
    const ls_model_figures figures = ls_models_describe(s.models, 0);
    close_models(&s);
    open_models(&s);
    check_same_after(&s, &figures);
    ls_models_latest(s.models, "wear", "a", &after);
    CHECK_INT(after.state, LS_MODEL_GOOD);
    CHECK_INT(after.time_us, before[0].time_us);
    CHECK_INT(after.version, before[0].version);
    CHECK(after.value == before[0].value);
    CHECK(after.low == before[0].low || (isnan(after.low) && isnan(before[0].low)));
    play(&s, 100);
    CHECK(wait_for(has_said, &s, 2 * 110));
    check_rows(&s, 0, NULL);  // no moment twice, none left out
    CHECK(wait_for(is_settled, &s, 2 * 6));
    // What was saved is lost: the tags of the predictions are there.
    close_models(&s);
    CHECK_INT(ls_history_save(s.b.intake.history, "models/wear", "x", 1, &err), LS_OK);
    open_models(&s);
    ls_models_latest(s.models, "wear", "b", &after);
    CHECK_INT(after.time_us - s.b.zero_us, 1090 * 1000000LL);
    CHECK_INT(after.version, 1);
    play(&s, 100);
    CHECK(wait_for(has_said, &s, 2 * 120));
    check_rows(&s, 0, NULL);
    CHECK(wait_for(is_settled, &s, 2 * 6));
    // All of the day are scored anew where no score was saved.
    CHECK_INT(ls_models_describe(s.models, 0).scored, 2 * 114);
    end(&s);
}

static void test_what_is_lent_stays_whole(void) {
    stage s;
    ls_model_loan loan, other, more[80];
    begin(&s, MODEL);
    const uint32_t one = add_version(&s, 0.5, NULL), two = add_version(&s, 0.25, NULL);
    promote(&s, one);
    open_models(&s);
    CHECK(!ls_models_borrow(s.models, "tear", 0, &loan));
    CHECK(!ls_models_borrow(s.models, "wear", two, &loan));
    CHECK(ls_models_borrow(s.models, "wear", 0, &loan));
    CHECK_INT(loan.version->number, one);
    CHECK(loan.version->radius == 0.5);
    promote(&s, two);
    CHECK(wait_for(is_champion, &s, two));
    float row[COLUMNS_MAX] = {3.0F, 0.0F, 0.0F, 4.0F};
    double wide[COLUMNS_MAX];
    CHECK(ls_predictor_predict(&loan.version->predictor, row, wide) == said_by(one, row));
    CHECK(ls_models_borrow(s.models, "wear", two, &other));
    CHECK(ls_predictor_predict(&other.version->predictor, row, wide) == said_by(two, row));
    int count = 0;
    while (count < 80 && ls_models_borrow(s.models, "wear", 0, &more[count])) {
        count++;
    }
    CHECK(count >= 55 && count < 80);  // there is an end to it
    for (int i = 0; i < count; i++) {
        ls_models_return(s.models, &more[i]);
    }
    ls_models_return(s.models, &other);
    ls_models_return(s.models, &loan);
    end(&s);
}

// A gap of days: the last thousand moments are made up for, and it is said that others are not.
static void test_a_long_gap_is_not_made_up_for_from_its_beginning(void) {
    stage s;
    begin(&s, MODEL);
    promote(&s, add_version(&s, 0.5, NULL));
    open_models(&s);
    play(&s, 30);
    CHECK(wait_for(has_said, &s, 4));
    close_models(&s);
    s.steps += 40000;
    play(&s, 40);
    open_models(&s);
    play(&s, 20);
    CHECK(wait_for(has_said, &s, 4 + 2 * 1000));
    CHECK(ls_models_describe(s.models, 0).skipped > 2900);
    check_told(&s, "moments were left out");
    end(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_plant_without_models_has_nothing);
    TEST(test_rows_are_those_of_a_dataset_to_the_bit);
    TEST(test_a_unit_that_rests_is_not_asked);
    TEST(test_what_the_ring_cannot_hold_is_heard_from_the_history);
    TEST(test_versions_are_swapped_and_nothing_is_lost);
    TEST(test_a_version_that_is_not_its_manifest_is_refused);
    TEST(test_where_a_key_is_demanded_nothing_unsigned_serves);
    TEST(test_a_withdrawn_version_does_not_come_back);
    TEST(test_what_is_slower_than_its_deadline_serves_in_nobodys_place);
    TEST(test_a_challenger_predicts_in_the_shadow);
    TEST(test_predictions_are_scored_and_intervals_follow);
    TEST(test_labels_of_a_file_come_late);
    TEST(test_labels_that_do_not_come_are_told);
    TEST(test_a_silent_unit_is_said_to_be_so);
    TEST(test_what_no_version_says_any_more_is_withdrawn);
    TEST(test_unusual_rows_are_flagged);
    TEST(test_a_restart_goes_on_where_it_was);
    TEST(test_what_is_lent_stays_whole);
    TEST(test_a_long_gap_is_not_made_up_for_from_its_beginning);
    return harness_report();
}
