// component_test.c - stations and a ticking test component on one clock.
#include "twin/component.h"

#include <string.h>

#include "tests/harness.h"

static const char plant_text[] =
    "plant: pair\n"
    "stations:\n"
    "  first: {process: exp 50 s}\n"
    "  second: {process: 40 s}\n"
    "products:\n"
    "  part: {route: [first, second], release: {every: exp 60 s}}\n";

static ls_twin *make_twin(void) {
    ls_error err = {0};
    ls_plant *plant = NULL;
    ls_twin *twin = NULL;
    CHECK_INT(ls_plant_parse(plant_text, sizeof plant_text - 1, "pair.yaml", &plant, NULL, &err),
              LS_OK);
    CHECK_INT(ls_twin_create(plant, &twin, &err), LS_OK);
    ls_plant_destroy(plant);
    return twin;
}

// Ticks every period and tells the next component; counts what it is told.
typedef struct ticker {
    int64_t next_us, period_us;
    uint32_t to, ticks, heard, unsaid;
    int64_t heard_last_us;
} ticker;

static int64_t ticker_next(void *self) {
    return ((ticker *)self)->next_us;
}
static ls_status ticker_advance(void *self, int64_t until_us, ls_error *err) {
    (void)err;
    ticker *t = self;
    while (t->next_us <= until_us) {
        t->next_us += t->period_us;
        t->ticks++;
        t->unsaid++;
    }
    return LS_OK;
}
static ls_status ticker_exchange(void *self, const ls_message *message, ls_outbox *outbox,
                                 ls_error *err) {
    ticker *t = self;
    if (message != NULL) {
        t->heard++;
        t->heard_last_us = message->time_us;
        return LS_OK;
    }
    for (; t->unsaid > 0; t->unsaid--) {
        const ls_message tick = {.time_us = t->next_us - t->period_us, .to = t->to, .kind = 1};
        const ls_status status = ls_outbox_put(outbox, &tick, err);
        if (status != LS_OK) {
            return status;
        }
    }
    return LS_OK;
}

static void test_another_component_does_not_change_the_stations(void) {
    ls_error err = {0};
    ls_twin *twin = make_twin();
    ls_snapshot *alone = NULL;
    ls_snapshot *together = NULL;
    CHECK_INT(ls_snapshot_create(twin, 5, 0, &alone, &err), LS_OK);
    CHECK_INT(ls_snapshot_create(twin, 5, 0, &together, &err), LS_OK);
    const int64_t day_us = 86400LL * 1000000;
    CHECK_INT(ls_snapshot_run(twin, alone, day_us, &err), LS_OK);

    ls_clock *clock = ls_alloc(sizeof *clock);
    ls_clock_init(clock);
    ls_station_component stations = {twin, together};
    ticker a = {.next_us = 0, .period_us = 60 * 1000000, .to = 2};
    ticker b = {.next_us = 30 * 1000000, .period_us = 3600LL * 1000000, .to = 1};
    const ls_component parts[] = {ls_component_of_stations(&stations),
                                  {"a", &a, ticker_next, ticker_advance, ticker_exchange},
                                  {"b", &b, ticker_next, ticker_advance, ticker_exchange}};
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t number = 99;
        CHECK_INT(ls_clock_add(clock, &parts[i], &number, &err), LS_OK);
        CHECK_INT(number, i);
    }
    CHECK_INT(ls_clock_run(clock, day_us, &err), LS_OK);
    CHECK(ls_snapshot_hash(alone) == ls_snapshot_hash(together));
    CHECK_INT(a.ticks, 1441);
    CHECK_INT(b.heard, 1441);
    CHECK_INT(b.heard_last_us, day_us);
    CHECK_INT(b.ticks, 24);
    CHECK_INT(a.heard, 24);
    ls_free(clock);
    ls_snapshot_destroy(alone);
    ls_snapshot_destroy(together);
    ls_twin_destroy(twin);
}

static void test_components_that_answer_for_ever_are_stopped(void) {
    ls_error err = {0};
    ls_clock *clock = ls_alloc(sizeof *clock);
    ls_clock_init(clock);
    ticker endless = {.next_us = 0, .period_us = 0x7fffffff, .to = 0, .unsaid = 5000};
    const ls_component part = {"endless", &endless, ticker_next, ticker_advance, ticker_exchange};
    uint32_t number = 0;
    CHECK_INT(ls_clock_add(clock, &part, &number, &err), LS_OK);
    CHECK_INT(ls_clock_run(clock, 10, &err), LS_ERR_LIMIT);
    CHECK_CONTAINS(err.text, "4096 messages");
    for (uint32_t i = 1; i < LS_CLOCK_COMPONENTS_MAX; i++) {
        CHECK_INT(ls_clock_add(clock, &part, &number, &err), LS_OK);
    }
    CHECK_INT(ls_clock_add(clock, &part, &number, &err), LS_ERR_LIMIT);
    ls_free(clock);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_another_component_does_not_change_the_stations);
    TEST(test_components_that_answer_for_ever_are_stopped);
    return harness_report();
}
