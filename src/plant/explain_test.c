// explain_test.c - what is told back reads to the same plant; docs/PLANT.md is what the table
// makes.
#include "plant/explain.h"

#include "plant/testing/plants.h"

static void put_dist(ls_buffer *out, const ls_plant *p, ls_dist_index dist) {
    char text[512] = "-";
    if (dist != LS_NONE) {
        ls_dist_print(&p->dists[dist], p->tables, text, sizeof text);
    }
    ls_buffer_printf(out, " %s", text);
}

static void put_indexes(ls_buffer *out, const ls_plant *p, uint32_t at, uint32_t count) {
    ls_buffer_text(out, " [");
    for (uint32_t i = 0; i < count; i++) {
        ls_buffer_printf(out, " %u", p->indexes[at + i]);
    }
    ls_buffer_text(out, "]");
}

static void put_steps(ls_buffer *out, const ls_plant *p) {
    for (uint32_t i = 0; i < p->step_count; i++) {
        const ls_step *s = &p->steps[i];
        ls_buffer_printf(out, "step %s %u %u %u %u %u %d", s->name, s->product, s->number,
                         s->station, s->next, s->alternative_count, s->choice);
        put_dist(out, p, s->process);
        const uint32_t machines = p->stations[s->station].machine_count;
        for (uint32_t m = 0; m < machines && s->machine_process_at != LS_NONE; m++) {
            put_dist(out, p, p->indexes[s->machine_process_at + m]);
        }
        ls_buffer_printf(out, " %d %lld %lld %lld %u", s->per, (long long)s->cascade_us,
                         (long long)s->load_us, (long long)s->unload_us, s->setup);
        put_dist(out, p, s->setup_time);
        ls_buffer_printf(out, " %u %u %lld %u", s->batch_min, s->batch_max,
                         (long long)s->batch_wait_us, s->batch_most);
        put_indexes(out, p, s->family_at, s->family_count);
        ls_buffer_printf(out, " %a %a %a %u %u %d %d %u %u", s->sample, s->scrap, s->rework,
                         s->rework_to, s->rework_limit, s->rework_once, s->rework_scrap, s->same_as,
                         s->other_than);
        for (uint32_t b = 0; b < s->branch_count; b++) {
            ls_buffer_printf(out, " then %u %a", p->branches[s->branch_at + b].step,
                             p->branches[s->branch_at + b].chance);
        }
        for (uint32_t k = 0; k < s->limit_count; k++) {
            ls_buffer_printf(out, " limit %u %lld", p->queue_limits[s->limit_at + k].to,
                             (long long)p->queue_limits[s->limit_at + k].limit_us);
        }
        put_indexes(out, p, s->on_at, s->on_count);
        ls_buffer_text(out, "\n");
    }
}

static void put_failures(ls_buffer *out, const ls_plant *p, const ls_station *s) {
    for (uint32_t i = 0; i < s->failure_count; i++) {
        const ls_failure *f = &p->failures[s->failure_at + i];
        ls_buffer_printf(out, "  mode %s %d %d %u %d %d %d %d", f->name, f->by, f->lots, f->crew,
                         f->maintenance, f->from_end, f->stagger, f->carry);
        put_dist(out, p, f->every);
        put_dist(out, p, f->first);
        put_dist(out, p, f->repair);
        put_indexes(out, p, f->on_at, f->on_count);
        put_indexes(out, p, f->renews_at, f->renews_count);
        if (f->condition != LS_NONE) {
            const ls_condition *c = &p->conditions[f->condition];
            ls_buffer_printf(out, " by %s %a %a %lld", c->model != NULL ? c->model : c->tag,
                             c->fresh, c->spread, (long long)c->stale_us);
            put_dist(out, p, c->at);
        }
        ls_buffer_text(out, "\n");
    }
}

static void put_stations(ls_buffer *out, const ls_plant *p) {
    for (uint32_t i = 0; i < p->station_count; i++) {
        const ls_station *s = &p->stations[i];
        ls_buffer_printf(out, "station %s %u %lld %d %d %u %d %u %d %d %d %u %u %d", s->name,
                         s->area, (long long)s->places, s->blocking, s->shift_end, s->calendar,
                         s->machine_choice, s->ports, s->batch_prefer, s->batch, s->batch_parts,
                         s->setup_count, s->min_run, s->setup_clears);
        put_dist(out, p, s->transit);
        if (s->slowness != LS_NONE) {
            const ls_condition *c = &p->conditions[s->slowness];
            ls_buffer_printf(out, " slowness %s %a %a %a %lld %d %d",
                             c->model != NULL ? c->model : c->tag, c->nominal, c->fresh, c->spread,
                             (long long)c->stale_us, c->per_speed, c->of_mean);
            put_indexes(out, p, c->until_at, c->until_count);
        }
        ls_buffer_text(out, "\n");
        for (uint32_t m = 0; m < s->machine_count; m++) {
            const ls_machine *machine = &p->machines[s->machine_at + m];
            ls_buffer_printf(out, "  machine %s %a %u", machine->name, machine->speed,
                             machine->setup_initial);
            put_indexes(out, p, machine->only_at, machine->only_count);
            ls_buffer_text(out, "\n");
        }
        for (uint32_t k = 0; k < s->need_count; k++) {
            const ls_need *n = &p->needs[s->need_at + k];
            ls_buffer_printf(out, "  need %u %d%d%d%d\n", n->skill, n->setup, n->load, n->process,
                             n->unload);
        }
        for (uint32_t k = 0; k < s->criterion_count; k++) {
            const ls_criterion *c = &p->criteria[s->criterion_at + k];
            ls_buffer_printf(out, "  rule %d", c->rule);
            for (int w = 0; w < LS_W_COUNT; w++) {
                ls_buffer_printf(out, " %a", c->weights[w]);
            }
            ls_buffer_text(out, "\n");
        }
        for (uint32_t k = 0; k < s->setup_count; k++) {
            ls_buffer_printf(out, "  state %s", p->setup_names[s->setup_at + k]);
            for (uint32_t row = 0; row <= s->setup_count; row++) {
                put_dist(out, p, p->setup_matrix[s->matrix_at + row * s->setup_count + k]);
            }
            ls_buffer_text(out, "\n");
        }
        put_failures(out, p, s);
    }
}

// All that a plant means, without places and without the numbers of distributions.
static void put_plant(ls_buffer *out, const ls_plant *p) {
    ls_buffer_printf(out, "%s %s %lld %lld %lld %u %llu %u\n", p->name, p->about,
                     (long long)p->start_us, (long long)p->run_for_us, (long long)p->run_warmup_us,
                     p->run_reps, (unsigned long long)p->run_seed, p->limits.lots);
    for (uint32_t i = 0; i < (p->area_count + 1) * (p->area_count + 1); i++) {
        put_dist(out, p, p->transport[i]);
    }
    ls_buffer_text(out, "\n");
    for (uint32_t i = 0; i < p->calendar_count; i++) {
        const ls_calendar *c = &p->calendars[i];
        ls_buffer_printf(out, "calendar %s %d %u %lld %a", c->name, c->on_first, c->cycle_at,
                         (long long)c->cycle_us, c->share);
        for (uint32_t k = 0; k < c->transition_count; k++) {
            ls_buffer_printf(out, " %lld", (long long)p->times[c->transition_at + k]);
        }
        ls_buffer_text(out, "\n");
    }
    for (uint32_t i = 0; i < p->operators_count; i++) {
        const ls_operators *o = &p->operators[i];
        ls_buffer_printf(out, "operators %s %u %u", o->name, o->count, o->calendar);
        put_indexes(out, p, o->skill_at, o->skill_count);
        ls_buffer_text(out, "\n");
    }
    put_stations(out, p);
    put_steps(out, p);
    for (uint32_t i = 0; i < p->release_count; i++) {
        const ls_release *r = &p->releases[i];
        ls_buffer_printf(out, "release %s %d %u %u %lld %d %u %u %d %d", r->name, r->kind,
                         r->product, r->lots, (long long)r->count, r->priority, r->keep,
                         r->order_count, r->from_file, r->lose);
        put_dist(out, p, r->every);
        put_dist(out, p, r->first);
        put_dist(out, p, r->due);
        for (uint32_t k = 0; k < r->order_count; k++) {
            const ls_order *o = &p->orders[r->order_at + k];
            ls_buffer_printf(out, " %lld %lld %u %d %u", (long long)o->time_us,
                             (long long)o->due_us, o->product, o->priority, o->lots);
        }
        ls_buffer_text(out, "\n");
    }
    for (uint32_t i = 0; i < p->wip_count; i++) {
        const ls_wip *w = &p->wip[i];
        ls_buffer_printf(out, "wip %u %u %u %lld %lld %d\n", w->release, w->product, w->step,
                         (long long)w->released_us, (long long)w->due_us, w->priority);
    }
}

static void check_reads_back(const char *path) {
    harness_note("%s", path);
    ls_plant *plant = test_good_file(path);
    if (plant == NULL) {
        return;
    }
    ls_buffer text, again, meaning, meaning_again;
    ls_buffer_init(&text);
    ls_buffer_init(&again);
    ls_buffer_init(&meaning);
    ls_buffer_init(&meaning_again);
    CHECK_INT(ls_plant_explain(plant, &text), LS_OK);
    ls_plant *back = test_good(text.data);
    if (back != NULL) {
        CHECK_INT(ls_plant_explain(back, &again), LS_OK);
        // What is not looked at is gone after the first time.
        char *note = strstr(text.data, "# not looked at");
        if (note != NULL) {
            *note = '\0';
        }
        CHECK_STR(again.data, text.data);
        put_plant(&meaning, plant);
        put_plant(&meaning_again, back);
        CHECK_STR(meaning_again.data, meaning.data);
    }
    ls_plant_destroy(back);
    ls_plant_destroy(plant);
    ls_buffer_clear(&text);
    ls_buffer_clear(&again);
    ls_buffer_clear(&meaning);
    ls_buffer_clear(&meaning_again);
}

static void test_effective_reads_back_to_the_same_plant(void) {
    check_reads_back("tests/data/plant/every_key.yaml");
    check_reads_back("tests/data/plant/odd_names.yaml");
    check_reads_back("examples/mm1/mm1.yaml");
    check_reads_back("examples/minifab/minifab.yaml");
    check_reads_back("examples/gearbox/gearbox.yaml");
}

static void test_effective_of_every_key(void) {
    ls_plant *plant = test_good_file("tests/data/plant/every_key.yaml");
    ls_buffer text;
    ls_buffer_init(&text);
    if (plant != NULL) {
        CHECK_INT(ls_plant_explain(plant, &text), LS_OK);
        CHECK_GOLDEN("tests/golden/plant-effective.yaml", text.data);
    }
    ls_buffer_clear(&text);
    ls_plant_destroy(plant);
}

static void test_reference_is_up_to_date(void) {
    ls_buffer text;
    ls_buffer_init(&text);
    CHECK_INT(ls_plant_reference(&text), LS_OK);
    CHECK_GOLDEN("docs/PLANT.md", text.data);
    ls_buffer_clear(&text);
}

static void test_out_of_memory_is_said(void) {
    ls_plant *plant = test_good_file("examples/gearbox/gearbox.yaml");
    for (int64_t allowed = 0; plant != NULL && allowed < 8; allowed++) {
        ls_buffer text;
        ls_buffer_init(&text);
        ls_alloc_fail_after(allowed);
        CHECK_INT(ls_plant_explain(plant, &text), LS_ERR_MEMORY);
        ls_alloc_fail_after(-1);
        ls_buffer_clear(&text);
    }
    ls_plant_destroy(plant);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_effective_reads_back_to_the_same_plant);
    TEST(test_effective_of_every_key);
    TEST(test_reference_is_up_to_date);
    TEST(test_out_of_memory_is_said);
    return harness_report();
}
