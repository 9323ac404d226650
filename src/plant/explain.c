// explain.c - see explain.h: the head of the file, calendars, people, transport.
#include "plant/explain.h"

#include <assert.h>
#include <string.h>

#include "base/units.h"
#include "plant/explain_values.h"

static void put_head(ls_buffer *out, const ls_plant *plant) {
    char date[64];
    ls_units_print_date(plant->start_us, date, sizeof date);
    ls_buffer_text(out, "plant: ");
    ls_put_text(out, plant->name);
    ls_buffer_text(out, "\nabout: ");
    ls_put_text(out, plant->about);
    ls_buffer_printf(out, "\nstart: %s\nrun: {for: ", date);
    ls_put_time(out, plant->run_for_us);
    ls_buffer_text(out, ", warmup: ");
    if (plant->run_warmup_us < 0) {
        ls_buffer_text(out, "auto");
    } else {
        ls_put_time(out, plant->run_warmup_us);
    }
    ls_buffer_printf(out, ", reps: %u, seed: %llu}\n", plant->run_reps,
                     (unsigned long long)plant->run_seed);
    ls_buffer_printf(out, "limits: {lots: %u}%s\ndispatch: ", plant->limits.lots,
                     plant->limits.lots == 0 ? "  # 0: chosen from the plant" : "");
    ls_explain_rules(out, plant, 0, plant->dispatch_count);
}

static void put_calendars(ls_buffer *out, const ls_plant *plant) {
    ls_buffer_text(out, plant->calendar_count > 0 ? "calendars:\n" : "# calendars: none\n");
    for (uint32_t i = 0; i < plant->calendar_count; i++) {
        const ls_calendar *calendar = &plant->calendars[i];
        ls_buffer_text(out, "  ");
        ls_put_text(out, calendar->name);
        ls_buffer_printf(out, ":  # on for %.4g %% of the week\n", calendar->share * 100);
        ls_buffer_text(out, calendar->source);
    }
}

static void put_people(ls_buffer *out, const ls_plant *plant) {
    ls_buffer_text(out, plant->operators_count > 0 ? "operators:\n" : "# operators: none\n");
    for (uint32_t i = 0; i < plant->operators_count; i++) {
        const ls_operators *group = &plant->operators[i];
        ls_buffer_text(out, "  ");
        ls_put_text(out, group->name);
        ls_buffer_printf(out, ": {count: %u, skills: [", group->count);
        for (uint32_t k = 0; k < group->skill_count; k++) {
            ls_buffer_text(out, k > 0 ? ", " : "");
            ls_put_text(out, plant->skills[plant->indexes[group->skill_at + k]]);
        }
        ls_buffer_text(out, "]");
        if (group->calendar != LS_NONE) {
            ls_buffer_text(out, ", calendar: ");
            ls_put_text(out, plant->calendars[group->calendar].name);
        }
        ls_buffer_printf(out, "}%s\n",
                         group->calendar == LS_NONE ? "  # calendar: always there" : "");
    }
    ls_buffer_text(out, plant->crew_count > 0 ? "crews:\n" : "# crews: none\n");
    for (uint32_t i = 0; i < plant->crew_count; i++) {
        ls_buffer_text(out, "  ");
        ls_put_text(out, plant->crews[i].name);
        ls_buffer_printf(out, ": {count: %u}\n", plant->crews[i].count);
    }
}

static void put_transport(ls_buffer *out, const ls_plant *plant) {
    const bool has_default = strstr(plant->transport_source, "  default: ") != NULL;
    ls_buffer_printf(out, "transport:\n%s%s", has_default ? "" : "  default: \"0 s\"\n",
                     plant->transport_source);
}

static void put_stations(ls_buffer *out, const ls_plant *plant, const uint32_t *here,
                         const uint32_t *at) {
    ls_buffer_text(out, "stations:\n");
    for (uint32_t s = 0; s < plant->station_count; s++) {
        ls_explain_station(out, plant, s, here + at[s], at[s + 1] - at[s]);
    }
}

static void put_tail(ls_buffer *out, const ls_plant *plant) {
    if (plant->orders_file != NULL) {
        ls_buffer_text(out, "orders: ");
        ls_put_text(out, plant->orders_file);
        ls_buffer_printf(out, "  # %u orders in all\n", plant->order_count);
    } else {
        ls_buffer_text(out, "# orders: none\n");
    }
    if (plant->initial_file != NULL) {
        ls_buffer_text(out, "initial: ");
        ls_put_text(out, plant->initial_file);
        ls_buffer_printf(out, "  # %u lots\n", plant->wip_count);
    } else {
        ls_buffer_text(out, "# initial: an empty plant\n");
    }
    ls_explain_listen(out, plant);
    ls_explain_history(out, plant);
    ls_buffer_printf(out, "web: {insecure: %s}\n", plant->listen.web_insecure ? "yes" : "no");
    ls_explain_pool(out, plant);
    ls_explain_decide(out, plant);
    ls_explain_models(out, plant);
    if (plant->ignored[0] != '\0') {
        ls_buffer_printf(out, "# not looked at in this version: %s\n", plant->ignored);
    }
}

// Steps by station, in file order.
static bool group_steps(const ls_plant *plant, ls_arena *arena, uint32_t **out_here,
                        uint32_t **out_at) {
    uint32_t *at = ls_arena_alloc(arena, ((size_t)plant->station_count + 3) * sizeof *at);
    uint32_t *here = ls_arena_alloc(arena, ((size_t)plant->step_count + 1) * sizeof *here);
    if (at == NULL || here == NULL) {
        return false;
    }
    // Counted two places on, so that filling moves each beginning to where it belongs.
    for (uint32_t i = 0; i < plant->step_count; i++) {
        at[plant->steps[i].station + 2]++;
    }
    for (uint32_t s = 2; s < plant->station_count + 2; s++) {
        at[s] += at[s - 1];
    }
    for (uint32_t i = 0; i < plant->step_count; i++) {
        here[at[plant->steps[i].station + 1]++] = i;
    }
    *out_here = here;
    *out_at = at;
    return true;
}

ls_status ls_plant_explain(const ls_plant *plant, ls_buffer *out) {
    assert(plant != NULL && out != NULL);
    ls_arena arena;
    ls_arena_init(&arena);
    uint32_t *here = NULL;
    uint32_t *at = NULL;
    const bool is_grouped = group_steps(plant, &arena, &here, &at);
    if (is_grouped) {
        put_head(out, plant);
        put_calendars(out, plant);
        put_people(out, plant);
        put_transport(out, plant);
        put_stations(out, plant, here, at);
        ls_buffer_text(out, "products:\n");
        for (uint32_t p = 0; p < plant->product_count; p++) {
            ls_explain_product(out, plant, p);
        }
        put_tail(out, plant);
    }
    ls_arena_clear(&arena);
    return is_grouped && !out->failed ? LS_OK : LS_ERR_MEMORY;
}
