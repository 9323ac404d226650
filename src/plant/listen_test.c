// listen_test.c - how a plant is heard: words of PackML, what holds when little is said, what one
// should look at twice. Mistakes: tests/data/plant/mistakes.txt.
#include "plant/listen.h"

#include <math.h>

#include "plant/explain.h"
#include "plant/testing/plants.h"

#define PLANT                                                                    \
    "plant: p\n"                                                                 \
    "stations: {lathe: {machines: 2, process: 1 min}, wash: {process: 1 min}}\n" \
    "products: {x: {route: [lathe, wash], release: {every: 1 h}}}\n"

static void test_words_of_packml(void) {
    CHECK_INT(ls_packml_find("execute"), 6);
    CHECK_INT(ls_packml_find("Execute"), 6);
    CHECK_INT(ls_packml_find("17"), 17);
    CHECK_INT(ls_packml_find("18"), -1);
    CHECK_INT(ls_packml_find("-1"), -1);
    CHECK_INT(ls_packml_find(""), -1);
    CHECK_STR(ls_packml_name(0), "undefined");
    CHECK(ls_packml_name(18) == NULL);
    CHECK(ls_packml_name(-1) == NULL);
    for (int i = 0; i < 18; i++) {
        CHECK_INT(ls_packml_find(ls_packml_name(i)), i);
    }
}

static const ls_binding *find(const ls_plant *p, const char *tag) {
    for (uint32_t i = 0; i < p->listen.binding_count; i++) {
        if (strcmp(p->listen.bindings[i].tag, tag) == 0) {
            return &p->listen.bindings[i];
        }
    }
    return NULL;
}

static void test_with_sparkplug_alone_the_emulated_line_is_heard(void) {
    ls_plant *p = test_good(PLANT "listen: {sparkplug: {group: gearbox}}\n");
    const ls_listen *l = &p->listen;
    CHECK(l->given);
    CHECK(!l->clock_is_arrival);
    CHECK_INT(l->stale_us, 60000000);
    CHECK_INT(l->source_count, 1);
    CHECK(l->sources[0].embedded && l->sources[0].broker == NULL);
    CHECK_INT(l->sources[0].mqtt_version, 5);
    CHECK_INT(l->sources[0].reorder_us, 2000000);
    CHECK_STR(l->sources[0].host, "lineshaft");
    CHECK_INT(l->binding_count, 3 * 7 + 2 + 4);
    const ls_binding *good = find(p, "gearbox/line/lathe-2/Good");
    CHECK(good != NULL && good->means == LS_MEANS_GOOD && good->of == 1 && good->wraps == 65535);
    CHECK(find(p, "gearbox/line/queues/wash") != NULL);
    CHECK(find(p, "gearbox/line/line/Scrapped") != NULL);
    ls_plant_destroy(p);
    p = test_good(PLANT "listen: {sparkplug: {group: gearbox, nodes: [cell, x]}, queues: {}}\n");
    CHECK(find(p, "gearbox/cell/lathe-2/State") != NULL);
    CHECK(find(p, "gearbox/cell/queues/wash") == NULL);
    CHECK(find(p, "gearbox/cell/line/Done") != NULL);
    ls_plant_destroy(p);
    p = test_good(PLANT "listen: {sparkplug: {group: gearbox}, machines: {}}\n");
    CHECK_INT(p->listen.binding_count, 0);
    ls_plant_destroy(p);
}

static void test_commands_over_modbus_by_names_that_are_filled_in(void) {
    ls_plant *p = test_good(
        PLANT
        "listen:\n"
        "  modbus:\n"
        "    plc:\n"
        "      address: h\n"
        "      registers:\n"
        "        beat: {at: 0, write: yes}\n"
        "        told: {at: 1}\n"
        "        lost: {at: 2, type: bit, bit: 4}\n"
        "        kind: {at: 10, type: text, words: 4, write: yes}\n"
        "        argument: {at: 14, type: text, words: 8, write: yes}\n"
        "        id: {at: 22, type: u32, write: yes}\n"
        "        done: {at: 24, type: u32}\n"
        "        result: {at: 26}\n"
        "        lathe-1-kind: {at: 30, type: text, words: 4, write: yes}\n"
        "        lathe-1-argument: {at: 34, type: text, words: 8, write: yes}\n"
        "        lathe-1-id: {at: 42, type: u32, write: yes}\n"
        "        lathe-1-done: {at: 44, type: u32}\n"
        "        lathe-1-result: {at: 46}\n"
        "        code: {at: 47}\n"
        "        why: {at: 900, type: text, words: 40}\n"
        "        state: {at: 50}\n"
        "        lathe-lots: {at: 60, type: text, words: 60}\n"
        "      commands:\n"
        "        heartbeat: beat\n"
        "        echo: told\n"
        "        lost: lost\n"
        "        line: {kind: kind, argument: argument, id: id, done: done, result: result}\n"
        "        machines:\n"
        "          any: {kind: \"{machine}-kind\", argument: \"{machine}-argument\", id: "
        "\"{machine}-id\", done: \"{machine}-done\", result: \"{machine}-result\"}\n"
        "          lathe-1: {result: code, reason: why}\n"
        "          lathe-2: {kind: none}\n"
        "          wash: {kind: none}\n"
        "        waiting: {any: \"{station}-lots\", wash: none}\n"
        "  machines: {lathe-1: {state: plc/state}}\n");
    const ls_source *s = &p->listen.sources[0];
    const ls_commanded *c = s->commands;
    CHECK(c != NULL);
    if (c != NULL) {
        CHECK_STR(s->registers[c->echo].name, "told");
        CHECK_STR(s->registers[c->line.argument].name, "argument");
        CHECK(c->line.reason == LS_NONE);
        CHECK_STR(s->registers[c->machines[0].kind].name, "lathe-1-kind");
        CHECK_STR(s->registers[c->machines[0].done].name, "lathe-1-done");
        CHECK_STR(s->registers[c->machines[0].result].name, "code");
        CHECK_STR(s->registers[c->machines[0].reason].name, "why");
        CHECK(c->machines[1].kind == LS_NONE && c->machines[2].kind == LS_NONE);
        CHECK_STR(s->registers[c->waiting[0]].name, "lathe-lots");
        CHECK(c->waiting[1] == LS_NONE);
        const ls_binding *waiting = find(p, "plc/lathe-lots");
        CHECK(waiting != NULL && waiting->means == LS_MEANS_WAITING && waiting->of == 0);
    }
    ls_plant_destroy(p);
}

static const char *class_of(const ls_plant *p, const char *name) {
    const uint32_t class = ls_listen_class_of(p, name, strlen(name));
    return class != LS_NONE ? p->releases[class].name : "none";
}

static void test_names_of_lots_say_their_class(void) {
#define CLASSES                                                                         \
    "plant: p\n"                                                                        \
    "stations: {s: {process: 1 min}}\n"                                                 \
    "products:\n"                                                                       \
    "  gear-a: {route: [s], release: [{every: 1 h}, {name: gear-a-hot, every: 2 h}]}\n" \
    "  gear-b: {route: [s], release: {every: 1 h}}\n"
    ls_plant *p = test_good(CLASSES "listen: {lots: {named: '{class}-*'}}\n");
    CHECK_STR(class_of(p, "gear-a-17"), "gear-a");
    CHECK_STR(class_of(p, "gear-a-hot-17"), "gear-a-hot");  // the longest that fits
    CHECK_STR(class_of(p, "gear-b-"), "gear-b");
    CHECK_STR(class_of(p, "gear-b"), "none");
    CHECK_STR(class_of(p, "gear-c-17"), "none");
    CHECK_STR(class_of(p, "gear-a"), "none");
    CHECK_STR(class_of(p, ""), "none");
    ls_plant_destroy(p);
    p = test_good(CLASSES "listen: {lots: {named: 'W.{product}.*x*'}}\n");
    CHECK_STR(class_of(p, "W.gear-a.1x2"), "gear-a");
    CHECK_STR(class_of(p, "W.gear-b.x"), "gear-b");
    CHECK_STR(class_of(p, "W.gear-b.12"), "none");
    CHECK_STR(class_of(p, "gear-b.x"), "none");
    CHECK_STR(class_of(p, "W."), "none");
    CHECK_STR(class_of(p, "W.gear-b.xyx"), "gear-b");
    ls_plant_destroy(p);
    p = test_good(CLASSES "listen: {lots: {named: '{class}'}}\n");
    CHECK_STR(class_of(p, "gear-a-hot"), "gear-a-hot");
    CHECK_STR(class_of(p, "gear-a-hot-1"), "none");
    ls_plant_destroy(p);
    p = test_good(CLASSES "listen: {lots: {named: none}}\n");
    CHECK_STR(class_of(p, "gear-a-17"), "none");
    ls_plant_destroy(p);
}

static void test_a_plant_that_is_not_heard(void) {
    ls_plant *p = test_good(PLANT);
    CHECK(!p->listen.given);
    CHECK_INT(p->listen.binding_count, 0);
    CHECK_INT(p->listen.keep_count, 0);
    CHECK(p->listen.history_store == NULL);
    CHECK_INT(p->listen.orders.every_us, 10000000);
    ls_plant_destroy(p);
}

static void test_machines_differ_key_by_key(void) {
    ls_plant *p = test_good(PLANT
                            "listen:\n"
                            "  machines:\n"
                            "    any: {state: 'a/{machine}/S', good: 'a/{station}/{machine}/G'}\n"
                            "    wash: {state: none, bad: {tag: w/B, wraps: 255}}\n"
                            "  values: {t: {tag: 'a/{machine}/T', of: lathe-1, low: 3}}\n");
    CHECK(find(p, "a/lathe-1/S") != NULL);
    CHECK(find(p, "a/wash/S") == NULL);
    CHECK(find(p, "a/wash/wash/G") != NULL);
    CHECK(find(p, "w/B") != NULL && find(p, "w/B")->wraps == 255);
    CHECK(find(p, "a/lathe-1/T") != NULL);
    CHECK_NEAR(p->listen.values[0].low, 3, 0);
    CHECK(isinf(p->listen.values[0].high));
    ls_plant_destroy(p);
}

static void test_machines_of_one_name_by_their_station(void) {
    ls_plant *p = test_good(
        "plant: p\n"
        "stations: {a: {machines: [m], process: 1 min}, b: {machines: [m], process: 1 min}}\n"
        "products: {x: {route: [a, b], release: {every: 1 h}}}\n"
        "listen: {machines: {a/m: {state: x/am}, b/m: {state: x/bm}}, values: {v: {tag: x/v, of: "
        "b/m}}}\n");
    CHECK(find(p, "x/bm") != NULL && find(p, "x/bm")->of == 1);
    ls_buffer text;
    ls_buffer_init(&text);
    CHECK_INT(ls_plant_explain(p, &text), LS_OK);
    ls_plant *again = test_good(text.data);
    CHECK(again != NULL && again->listen.values[0].machine == 1);
    ls_plant_destroy(again);
    ls_buffer_clear(&text);
    ls_plant_destroy(p);
}

static void test_files_lie_beside_the_plant_file(void) {
    char path[64];
    const ls_listen listen = {.folder = "plants"};
    const ls_listen here = {.folder = ""};
    CHECK_INT(ls_listen_path(&listen, "a.login", path, sizeof path), 14);
    CHECK_STR(path, "plants/a.login");
    (void)ls_listen_path(&listen, "/etc/a", path, sizeof path);
    CHECK_STR(path, "/etc/a");
    (void)ls_listen_path(&here, "a", path, sizeof path);
    CHECK_STR(path, "a");
    ls_plant *p = NULL;
    CHECK_INT(ls_plant_read(PLANT, sizeof PLANT - 1, "x/y/plant.yaml", NULL, &p, NULL), LS_OK);
    CHECK_STR(p->listen.folder, "x/y");
    ls_plant_destroy(p);
}

static void test_registers_that_overlap_are_warned_of(void) {
    ls_plant *p = test_good(
        PLANT
        "listen: {modbus: {plc: {address: h, registers: {\n"
        "  a: {at: 10, type: u32}, b: {at: 11}, c: {at: 20}, d: {at: 20, "
        "type: bit, bit: 3}, e: {at: 30, type: f32}, f: {at: 30, type: f32}}}}}\n");
    ls_errors warnings;
    ls_errors_init(&warnings);
    ls_listen_warn(p, &warnings);
    CHECK_INT(warnings.count, 1);
    if (warnings.count > 0) {
        CHECK_STR(warnings.items[0].text,
                  "modbus 'plc': registers 'a' (from 10, 2 long) and 'b' (from 11) overlap and are "
                  "of different types");
    }
    ls_errors_clear(&warnings);
    ls_plant_destroy(p);
}

static void test_an_order_pool_of_which_nothing_is_told_is_warned_of(void) {
    static const char *const texts[] = {
        "plant: p\nstations: {saw: {process: 1 min}}\nproducts: {x: {route: [saw], "
        "release: {every: 2 min, pool: yes}}}\ndecide: {release: {of: x}}\n",
        "plant: p\nstations: {saw: {process: 1 min}}\nproducts: {x: {route: [saw], "
        "release: {every: 2 min, pool: yes}}}\ndecide: {release: {of: x}}\n"
        "listen: {sparkplug: {group: g}}\n",
        "plant: p\nstations: {saw: {process: 1 min}}\nproducts: {x: {route: [saw], "
        "release: {every: 2 min, pool: yes}}}\ndecide: {release: {of: x}}\n"
        "listen: {modbus: {plc: {address: h, registers: {a: {at: 10}}}}}\n"};
    for (size_t i = 0; i < 3; i++) {
        ls_plant *p = test_good(texts[i]);
        ls_errors warnings;
        ls_errors_init(&warnings);
        ls_decide_warn(p, &warnings);
        CHECK_INT(warnings.count, i == 2 ? 1 : 0);
        if (warnings.count > 0) {
            CHECK_STR(warnings.items[0].text,
                      "'release x': nothing tells what waits in the order pool of 'x', so nothing "
                      "is asked of it: a text tag `lots: {released: TAG}` would, or a register in "
                      "`commands: pools:`");
            CHECK_INT(warnings.items[0].line, 4);
        }
        ls_errors_clear(&warnings);
        ls_plant_destroy(p);
    }
}

static void test_names_with_blanks_are_warned_of_where_lots_are_told(void) {
    static const char text[] =
        "plant: p\nstations: {big saw: {process: 1 min}}\nproducts: {gear a: {route: [big saw], "
        "release: [{every: 2 min}, {name: hot one, every: 1 h}]}}\n%s";
    char full[400];
    for (int heard = 0; heard < 2; heard++) {
        snprintf(full, sizeof full, text, heard ? "listen: {sparkplug: {group: g}}\n" : "");
        ls_plant *p = test_good(full);
        ls_errors warnings;
        ls_errors_init(&warnings);
        ls_listen_warn(p, &warnings);
        CHECK_INT(warnings.count, heard ? 3 : 0);
        if (warnings.count == 3) {
            CHECK_CONTAINS(warnings.items[0].text, "station 'big saw': in what the line tells");
            CHECK_CONTAINS(warnings.items[1].text, "product 'gear a'");
            CHECK_CONTAINS(warnings.items[2].text, "class 'hot one'");
        }
        ls_errors_clear(&warnings);
        ls_plant_destroy(p);
    }
}

static void test_orders_that_wait_for_a_word_are_warned_of(void) {
    static const struct {
        const char *of, *said;
        int64_t us;
    } cases[] = {
        {"mode: auto", "1 min", 60000000},
        {"mode: auto, wait-for-word: 5 s", "5 s", 5000000},
        {"mode: approve", "10 min", 600000000},
        {"mode: approve, approve: 2 min", "2 min", 120000000},
        {"mode: advise", NULL, 0},
        {"mode: advise, wait-for-word: 5 s", NULL, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[500];
        char said[300];
        snprintf(text, sizeof text,
                 "plant: p\nstations: {saw: {process: 1 min}}\nproducts: {x: {route: [saw], "
                 "release: {every: 2 min, pool: yes}}}\ndecide: {release: {of: x, %s}}\n"
                 "listen: {sparkplug: {group: g}}\n",
                 cases[i].of);
        ls_plant *p = test_good(text);
        ls_errors warnings;
        ls_errors_init(&warnings);
        ls_decide_warn(p, &warnings);
        CHECK_INT(p->decide.points[0].word_us, cases[i].us);
        CHECK_INT(warnings.count, cases[i].said != NULL ? 1 : 0);
        if (cases[i].said != NULL && warnings.count > 0) {
            snprintf(
                said, sizeof said,
                "'release x': while a service is connected each lot of 'x' waits outside for a "
                "word, up to %s of the line's time, and comes in then (`wait-for-word`)",
                cases[i].said);
            CHECK_STR(warnings.items[0].text, said);
        }
        ls_errors_clear(&warnings);
        ls_plant_destroy(p);
    }
}

static void test_long_work_goes_to_a_pool(void) {
    ls_plant *p = test_good(PLANT);
    CHECK(p->pool.slots == 0 && p->pool.socket == NULL && p->pool.account == NULL);
    CHECK_INT(p->pool.calibrate_us, 86400LL * 1000000);
    ls_plant_destroy(p);
    p = test_good(PLANT "pool: {slots: 2, calibrate: never}\n");
    CHECK_INT(p->pool.slots, 2);
    CHECK_INT(p->pool.calibrate_us, LS_FOREVER);
    ls_plant_destroy(p);
    p = test_good(PLANT "pool: {socket: ../pool.sock, account: suppliers.p, calibrate: 2 h}\n");
    CHECK_STR(p->pool.socket, "../pool.sock");
    CHECK_STR(p->pool.account, "suppliers.p");
    ls_buffer text;
    ls_buffer_init(&text);
    CHECK_INT(ls_plant_explain(p, &text), LS_OK);
    CHECK_CONTAINS(text.data,
                   "pool: {socket: \"../pool.sock\", account: \"suppliers.p\", calibrate: 2 h}");
    ls_plant_destroy(p);
    p = test_good(PLANT "pool: {url: \"https://a:1\", token-file: b, trust: c, account: d}\n");
    CHECK_STR(p->pool.url, "https://a:1");
    CHECK_STR(p->pool.token_file, "b");
    CHECK_STR(p->pool.trust, "c");
    ls_buffer_clear(&text);
    ls_plant_destroy(p);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_words_of_packml);
    TEST(test_with_sparkplug_alone_the_emulated_line_is_heard);
    TEST(test_commands_over_modbus_by_names_that_are_filled_in);
    TEST(test_names_of_lots_say_their_class);
    TEST(test_a_plant_that_is_not_heard);
    TEST(test_machines_differ_key_by_key);
    TEST(test_machines_of_one_name_by_their_station);
    TEST(test_files_lie_beside_the_plant_file);
    TEST(test_registers_that_overlap_are_warned_of);
    TEST(test_an_order_pool_of_which_nothing_is_told_is_warned_of);
    TEST(test_names_with_blanks_are_warned_of_where_lots_are_told);
    TEST(test_orders_that_wait_for_a_word_are_warned_of);
    TEST(test_long_work_goes_to_a_pool);
    return harness_report();
}
