// edit_test.c - values changed in files of every layout; and found at the places that count.
#include "twin/calibrate/edit.h"

#include <lineshaft/plant.h>

#include <stdlib.h>
#include <string.h>

#include "tests/harness.h"
#include "twin/calibrate/quantity.h"

static ls_yaml *parse(const char *text, size_t size, ls_arena *arena) {
    ls_yaml *root = NULL;
    ls_error err = {0};
    CHECK_INT(ls_yaml_parse(text, size, "p.yaml", arena, &root, &err), LS_OK);
    return root;
}

// The text after the value under keys a, b (b NULL: only a) has become `value`.
static void check_edit(const char *text, const char *a, const char *b, const char *value,
                       const char *expected) {
    ls_arena arena;
    ls_arena_init(&arena);
    ls_buffer out;
    ls_buffer_init(&out);
    ls_error err = {0};
    ls_edit edit;
    ls_yaml *root = parse(text, strlen(text), &arena);
    const ls_yaml *node = ls_yaml_find(root, a);
    node = b != NULL ? ls_yaml_find(node, b) : node;
    CHECK(node != NULL);
    if (node != NULL) {
        const ls_status status = ls_edit_make(text, strlen(text), node, value, &arena, &edit, &err);
        CHECK_INT(status, expected != NULL ? LS_OK : LS_ERR_INVALID);
        if (status == LS_OK) {
            CHECK_INT(ls_edit_apply(text, strlen(text), &edit, 1, &out, &err), LS_OK);
            CHECK_STR(out.data, expected);
        }
    }
    ls_buffer_clear(&out);
    ls_arena_clear(&arena);
}

static void test_every_other_byte_stays(void) {
    check_edit("a: 62 s # why\nb: 1\n", "a", NULL, "63.5 s", "a: 63.5 s # why\nb: 1\n");
    check_edit("x: {a: 62 s,b: 2}  # c\n", "x", "a", "exp 3 s", "x: {a: exp 3 s,b: 2}  # c\n");
    check_edit("x: {a: 62 s}", "x", "a", "1 s", "x: {a: 1 s}");
    check_edit("a: \"62 s\" # q\n", "a", NULL, "63 s", "a: \"63 s\" # q\n");
    check_edit("a: '62 s'", "a", NULL, "63 s", "a: '63 s'");
    check_edit("a:    62 s   \nb: 1", "a", NULL, "63 s", "a:    63 s   \nb: 1");
    check_edit("a:\n  62 s\nb: 1", "a", NULL, "63 s", "a:\n  63 s\nb: 1");
    check_edit("? a\n: 62 s\n", "a", NULL, "63 s", "? a\n: 63 s\n");
    check_edit("{\"a\":62 s,\n b: {c: 1\n}}", "a", NULL, "63 s", "{\"a\":63 s,\n b: {c: 1\n}}");
    check_edit("---\n# head\na: 62 s\n...\n", "a", NULL, "63 s", "---\n# head\na: 63 s\n...\n");
}

static void test_line_ends_marks_and_letters_stay(void) {
    check_edit("a: 62 s\r\nb: 1\r\n", "a", NULL, "63 s", "a: 63 s\r\nb: 1\r\n");
    check_edit("# x\r\na: \"62 s\"\r\n", "a", NULL, "63 s", "# x\r\na: \"63 s\"\r\n");
    check_edit("\xEF\xBB\xBFplant: p\na: 62 s\n", "a", NULL, "63 s",
               "\xEF\xBB\xBFplant: p\na: 63 s\n");
    check_edit(
        "\xEF\xBB\xBF"
        "a: 62 s\n",
        "a", NULL, "63 s",
        "\xEF\xBB\xBF"
        "a: 63 s\n");
    check_edit("\xC3\xA4: {\xE2\x82\xAC: \"\xF0\x9F\x98\x80\", a: 62 s} # \xC3\xB6\n", "\xC3\xA4",
               "a", "1 s", "\xC3\xA4: {\xE2\x82\xAC: \"\xF0\x9F\x98\x80\", a: 1 s} # \xC3\xB6\n");
}

static void test_what_cannot_be_changed_in_place_is_refused(void) {
    check_edit("a: |\n  62 s\nb: 1\n", "a", NULL, "63 s", NULL);
    check_edit("a: >-\n  62 s\nb: 1\n", "a", NULL, "63 s", NULL);
    check_edit("a: \"62\\x20s\"\n", "a", NULL, "63 s", NULL);
    check_edit("a: lognormal 62 s\n  sd 6 s\nb: 1\n", "a", NULL, "63 s", NULL);
    check_edit("a:\nb: 1\n", "a", NULL, "63 s", NULL);
    check_edit("a: [1, 2]\n", "a", NULL, "63 s", NULL);
}

static void test_two_changes_of_one_value_are_refused(void) {
    ls_buffer out;
    ls_buffer_init(&out);
    ls_error err = {0};
    ls_edit edits[] = {{3, 7, "1 s"}, {3, 7, "2 s"}};
    CHECK_INT(ls_edit_apply("a: 62 s\n", 8, edits, 2, &out, &err), LS_ERR_INVALID);
    ls_buffer_clear(&out);
    ls_edit outside[] = {{3, 70, "1 s"}};
    CHECK_INT(ls_edit_apply("a: 62 s\n", 8, outside, 1, &out, &err), LS_ERR_INVALID);
    ls_buffer_clear(&out);
}

static void check_text(const char *dist_text, const char *old, const char *word,
                       const char *expected) {
    ls_dist dist;
    ls_dist_tables tables;
    ls_dist_tables_init(&tables);
    char text[128] = "";
    CHECK_INT(ls_dist_parse(dist_text, &tables, &dist, NULL, NULL), LS_OK);
    CHECK(ls_edit_dist_text(&dist, old, word, text, sizeof text, NULL) == strlen(text));
    CHECK_STR(text, expected);
    ls_dist_tables_clear(&tables);
}

static void test_units_and_words_stay(void) {
    check_text("lognormal 63123456 us sd 5987654 us", "lognormal 62 s sd 6 s", NULL,
               "lognormal 63.12 s sd 5.988 s");
    check_text("gamma 19.5 min sd 400 s", "gamma 18 min sd 360 s", NULL, "gamma 19.5 min sd 400 s");
    check_text("93 s", "62s", NULL, "93s");
    check_text("93 s", "const 62 s", NULL, "const 93 s");
    check_text("93 min", "1 h 30 min", NULL, "1.55 h");
    check_text("exp 7.25 h", "exp 6 h", NULL, "exp 7.25 h");
    check_text("weibull shape 2.25 scale 60 h", "weibull shape 2 mean 44 h", NULL,
               "weibull shape 2.25 mean 53.14 h");
    check_text("weibull shape 2.25 scale 60 h", "exp 40 h", NULL, "weibull shape 2.25 scale 60 h");
    check_text("erlang 4 mean 12 min", "erlang 3 mean 10 min", NULL, "erlang 4 mean 12 min");
    check_text("uniform 51 s to 72 s", "normal 60 s sd 5000 ms", NULL, "uniform 51 s to 72000 ms");
    check_text("3 us", "62 h", NULL, "3 us");
    check_text("62 s", "empirical 12 min 3 min", NULL, "1.033 min");
    check_text("triangular 5 s mode 7 s to 12 s", "pert 4 s mode 5 s to 9 s", NULL,
               "triangular 5 s mode 7 s to 12 s");
    char share[32];
    CHECK(ls_edit_share_text(0.01234, "0.5 %", share, sizeof share) > 0);
    CHECK_STR(share, "1.234 %");
    CHECK(ls_edit_share_text(0.01234, "0.5%", share, sizeof share) > 0);
    CHECK_STR(share, "1.234%");
    CHECK(ls_edit_share_text(0.01234, "0.02", share, sizeof share) > 0);
    CHECK_STR(share, "0.01234");
}

static void test_counts_keep_their_word(void) {
    ls_dist d;
    char text[64];
    CHECK_INT(ls_dist_make_exp(412.3, &d, NULL), LS_OK);
    CHECK(ls_edit_dist_text(&d, "exp 400 parts", "parts", text, sizeof text, NULL) > 0);
    CHECK_STR(text, "exp 412.3 parts");
}

static void check_diff(const char *a, const char *b, const char *expected) {
    ls_buffer out;
    ls_buffer_init(&out);
    ls_edit_diff(a, strlen(a), b, strlen(b), "p.yaml", &out);
    CHECK_STR(out.data != NULL ? out.data : "", expected);
    ls_buffer_clear(&out);
}

static void test_diffs_are_unified(void) {
    check_diff("a\nb\nc\n", "a\nb\nc\n", "");
    check_diff("1\n2\n3\n4\nx\n6\n7\n8\n9\n", "1\n2\n3\n4\ny\n6\n7\n8\n9\n",
               "--- p.yaml\n+++ p.yaml\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-x\n+y\n 6\n 7\n 8\n");
    check_diff("x", "y",
               "--- p.yaml\n+++ p.yaml\n@@ -1,1 +1,1 @@\n-x\n\\ No newline at end of file\n"
               "+y\n\\ No newline at end of file\n");
}

// ---- places

static const char plant_text[] =
    "plant: p\n"
    "transport: {default: 3 min, a to b: 1 min, in to a: 2 min, hall to d: 4 min}\n"
    "stations:\n"
    "  a:\n"
    "    machines: {a1: {process: 11 s}, a2: {process: {x: 12 s, y.a: 13 s}}}\n"
    "    area: hall\n"
    "    process: 10 s\n"
    "    fails:\n"
    "      - {name: f1, every: exp 6 h, repair: 10 min}\n"
    "      - {name: f2, every: exp 400 parts, repair: 20 min}\n"
    "    maintenance: {every: 14 d, for: 2 h}\n"
    "  b: {process: {x: 21 s, y: 22 s}, setup: {x to y: 5 min, any to x: 6 min, y to any: 7 min}}\n"
    "  c: {setup: {product: 3 min, step: 4 min}}\n"
    "  d: {process: 40 s}\n"
    "products:\n"
    "  x:\n"
    "    route:\n"
    "      - a\n"
    "      - b\n"
    "      - {at: c, process: 31 s, scrap: 2 %, rework: {chance: 3 %, to: b}}\n"
    "      - any: [d, {at: a, name: again, process: 15 s}]\n"
    "    release: [{every: 100 s}, {name: hot, every: exp 1 h}]\n"
    "  y:\n"
    "    route: [a, b, {at: c, process: 32 s}]\n"
    "    release: {every: 200 s}\n";

static void find(const ls_plant *plant, const ls_yaml *root, ls_quantity_id id, const char *path,
                 const char *value) {
    ls_quantity_place place;
    ls_quantity_find(plant, root, &id, &place);
    harness_note("%s", path);
    CHECK_STR(place.path, path);
    CHECK_STR(place.node != NULL ? place.node->text : NULL, value);
}

static void test_values_are_found_where_the_reader_takes_them(void) {
    ls_arena arena;
    ls_arena_init(&arena);
    ls_error err = {0};
    ls_plant *p = NULL;
    CHECK_INT(ls_plant_parse(plant_text, strlen(plant_text), "p.yaml", &p, NULL, &err), LS_OK);
    ls_yaml *root = parse(plant_text, strlen(plant_text), &arena);
    if (p == NULL) {
        harness_note("%s", err.text);
        CHECK(p != NULL);
        return;
    }
    const ls_quantity_id no = {0, LS_NONE, LS_NONE, LS_NONE, LS_NONE, LS_NONE, LS_NONE, LS_NONE};
    ls_quantity_id id = no;
    id.step = 0;
    id.machine = 0;
    find(p, root, id, "stations.a.machines.a1.process", "11 s");
    id.machine = 1;
    find(p, root, id, "stations.a.machines.a2.process.x", "12 s");
    id.step = 5;
    find(p, root, id, "stations.a.machines.a2.process.y", "13 s");
    id.machine = LS_NONE;
    id.step = 1;
    find(p, root, id, "stations.b.process.x", "21 s");
    id.step = 2;
    find(p, root, id, "products.x.route.c.process", "31 s");
    id.step = 3;
    find(p, root, id, "stations.d.process", "40 s");
    id.step = 4;
    find(p, root, id, "products.x.route.again.process", "15 s");
    id.step = 7;
    find(p, root, id, "products.y.route.c.process", "32 s");
    id.step = 2;
    id.kind = LS_QUANTITY_SCRAP;
    find(p, root, id, "products.x.route.c.scrap", "2 %");
    id.kind = LS_QUANTITY_REWORK;
    find(p, root, id, "products.x.route.c.rework.chance", "3 %");
    id = no;
    id.kind = LS_QUANTITY_FAILURE;
    id.mode = 1;
    find(p, root, id, "stations.a.fails.f2.every", "exp 400 parts");
    CHECK(ls_quantity_is_count(p, &id));
    id.kind = LS_QUANTITY_REPAIR;
    find(p, root, id, "stations.a.fails.f2.repair", "20 min");
    id.mode = 2;
    find(p, root, id, "stations.a.maintenance.maintenance.for", "2 h");
    id = no;
    id.kind = LS_QUANTITY_SETUP;
    id.station = 1;
    id.from = 1;
    id.to = 2;
    find(p, root, id, "stations.b.setup.x to y", "5 min");
    id.from = 2;
    id.to = 1;
    find(p, root, id, "stations.b.setup.any to x", "6 min");
    id.from = 0;
    find(p, root, id, "stations.b.setup.any to x", "6 min");
    id.station = 2;
    id.from = 1;
    id.to = 2;  // x.c, y.c
    find(p, root, id, "stations.c.setup.product", "3 min");
    id = no;
    id.kind = LS_QUANTITY_RELEASE;
    id.release = 1;
    find(p, root, id, "products.x.release.hot.every", "exp 1 h");
    id = no;
    id.kind = LS_QUANTITY_TRANSPORT;
    id.station = 0;
    id.from = 0;
    find(p, root, id, "transport.in to a", "2 min");
    id.from = 1;
    id.station = 1;
    find(p, root, id, "transport.a to b", "1 min");
    id.station = 3;
    find(p, root, id, "transport.hall to d", "4 min");
    id.from = 3;
    find(p, root, id, "transport.default", "3 min");
    id.from = 0;
    id.station = 1;
    find(p, root, id, "transport.default", NULL);
    ls_plant_destroy(p);
    ls_arena_clear(&arena);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_every_other_byte_stays);
    TEST(test_line_ends_marks_and_letters_stay);
    TEST(test_what_cannot_be_changed_in_place_is_refused);
    TEST(test_two_changes_of_one_value_are_refused);
    TEST(test_units_and_words_stay);
    TEST(test_counts_keep_their_word);
    TEST(test_diffs_are_unified);
    TEST(test_values_are_found_where_the_reader_takes_them);
    return harness_report();
}
