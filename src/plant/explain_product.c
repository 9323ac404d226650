// explain_product.c - a product with its route and releases, every default filled in.
#include <assert.h>
#include <string.h>

#include "plant/explain_values.h"

static const char *name_of(const ls_plant *plant, uint32_t step) {
    return step == LS_NONE ? "done" : plant->steps[step].name;
}

static void put_key(ls_buffer *out, const char *key, const char *text) {
    ls_buffer_printf(out, ", %s: ", key);
    ls_put_text(out, text);
}

static void put_time(ls_buffer *out, const char *key, int64_t us) {
    ls_buffer_printf(out, ", %s: ", key);
    ls_put_time(out, us);
}

static void put_share(ls_buffer *out, const char *key, double share) {
    ls_buffer_printf(out, ", %s: ", key);
    ls_put_number(out, share);
}

static void put_dist(ls_buffer *out, const ls_plant *plant, const char *key, ls_dist_index dist) {
    ls_buffer_printf(out, ", %s: ", key);
    ls_put_dist(out, plant, dist);
}

static void put_batch(ls_buffer *out, const ls_step *s) {
    ls_buffer_printf(out, ", batch: {min: %u, max: %u, wait: ", s->batch_min, s->batch_max);
    if (s->batch_wait_us == LS_FOREVER) {
        ls_buffer_text(out, "forever");
    } else {
        ls_put_time(out, s->batch_wait_us);
    }
    ls_buffer_printf(out, ", most: %u}", s->batch_most);
}

static void put_rework(ls_buffer *out, const ls_plant *plant, const ls_step *s) {
    ls_buffer_text(out, ", rework: {chance: ");
    ls_put_number(out, s->rework);
    put_key(out, "to", plant->steps[s->rework_to].name);
    ls_buffer_printf(out, ", limit: %u, then: %s, draw: %s}", s->rework_limit,
                     s->rework_scrap ? "scrap" : "pass", s->rework_once ? "once" : "each");
}

static void put_ways(ls_buffer *out, const ls_plant *plant, const ls_step *s) {
    for (uint32_t i = 0; i < s->limit_count; i++) {
        const ls_queue_limit *limit = &plant->queue_limits[s->limit_at + i];
        ls_buffer_text(out, i == 0 ? ", start-by: [{step: " : ", {step: ");
        ls_put_text(out, plant->steps[limit->to].name);
        put_time(out, "limit", limit->limit_us);
        ls_buffer_text(out, "}");
    }
    ls_buffer_text(out, s->limit_count > 0 ? "]" : "");
    for (uint32_t i = 0; i < s->branch_count; i++) {
        const ls_branch *branch = &plant->branches[s->branch_at + i];
        ls_buffer_text(out, i == 0 ? ", then: {" : ", ");
        ls_put_text(out, name_of(plant, branch->step));
        ls_buffer_text(out, ": ");
        ls_put_number(out, branch->chance);
    }
    ls_buffer_text(out, s->branch_count > 0 ? "}" : "");
}

static void put_machines(ls_buffer *out, const ls_plant *plant, const ls_step *s) {
    if (s->same_as != LS_NONE) {
        put_key(out, "same-machine-as", plant->steps[s->same_as].name);
    }
    if (s->other_than != LS_NONE) {
        put_key(out, "other-machine-than", plant->steps[s->other_than].name);
    }
    for (uint32_t i = 0; i < s->on_count; i++) {
        ls_buffer_text(out, i == 0 ? ", on: [" : ", ");
        const uint32_t machine = plant->stations[s->station].machine_at +
                                 plant->indexes[s->on_at + i];
        ls_put_text(out, plant->machines[machine].name);
    }
    ls_buffer_text(out, s->on_count > 0 ? "]" : "");
}

static void put_setup(ls_buffer *out, const ls_plant *plant, const ls_step *s) {
    const ls_station *station = &plant->stations[s->station];
    if (s->setup != LS_NONE && !station->setup_by_kind) {
        put_key(out, "setup", plant->setup_names[station->setup_at + s->setup]);
    }
    if (s->setup_time != LS_NONE) {
        put_dist(out, plant, "setup-time", s->setup_time);
    }
}

static void put_step(ls_buffer *out, const ls_plant *plant, uint32_t step, bool in_group) {
    static const char *const per[] = {"lot", "part", "batch"};
    const ls_step *s = &plant->steps[step];
    ls_buffer_text(out, "{name: ");
    ls_put_text(out, s->name);
    put_key(out, "at", plant->stations[s->station].name);
    if (s->process != LS_NONE) {
        put_dist(out, plant, "process", s->process);
    }
    ls_buffer_printf(out, ", per: %s", per[s->per]);
    put_time(out, "cascade", s->cascade_us);
    put_time(out, "load", s->load_us);
    put_time(out, "unload", s->unload_us);
    put_setup(out, plant, s);
    if (plant->stations[s->station].batch) {
        put_batch(out, s);
    }
    if (s->recipe != NULL) {
        ls_buffer_printf(out, ", recipe: %s", s->recipe);
    }
    if (!in_group) {
        put_share(out, "sample", s->sample);
    }
    put_share(out, "scrap", s->scrap);
    if (s->rework_to != LS_NONE) {
        put_rework(out, plant, s);
    }
    put_ways(out, plant, s);
    put_machines(out, plant, s);
    ls_buffer_text(out, "}");
}

static void put_route(ls_buffer *out, const ls_plant *plant, const ls_product *p) {
    static const char *const choose[] = {"first", "shortest", "random"};
    ls_buffer_text(out, "    route:\n");
    uint32_t i = 0;
    while (i < p->step_count) {
        const ls_step *first = &plant->steps[p->step_at + i];
        const uint32_t more = first->alternative_count;
        ls_buffer_text(out, "      - ");
        if (more == 0) {
            put_step(out, plant, p->step_at + i, false);
            ls_buffer_text(out, "\n");
            i++;
            continue;
        }
        ls_buffer_printf(out, "choose: %s\n        sample: ", choose[first->choice]);
        ls_put_number(out, first->sample);
        ls_buffer_text(out, "\n        any:\n");
        for (uint32_t k = 0; k <= more; k++) {
            ls_buffer_text(out, "          - ");
            put_step(out, plant, p->step_at + i + k, true);
            ls_buffer_text(out, "\n");
        }
        i += more + 1;
    }
}

static void put_timetable(ls_buffer *out, const ls_plant *plant, const ls_release *r) {
    for (uint32_t i = 0; i < r->order_count; i++) {
        ls_buffer_text(out, i == 0 ? ", at: [" : ", ");
        ls_put_time(out, plant->orders[r->order_at + i].time_us);
    }
    ls_buffer_text(out, "]");
}

static void put_release(ls_buffer *out, const ls_plant *plant, const ls_release *r) {
    ls_buffer_text(out, "      - {name: ");
    ls_put_text(out, r->name);
    switch (r->kind) {
    case LS_RELEASE_EVERY:
        put_dist(out, plant, "every", r->every);
        if (r->first != LS_NONE) {
            put_dist(out, plant, "first", r->first);
        }
        break;
    case LS_RELEASE_KEEP: ls_buffer_printf(out, ", keep: %u", r->keep); break;
    case LS_RELEASE_TIMETABLE: put_timetable(out, plant, r); break;
    }
    if (r->kind != LS_RELEASE_KEEP) {
        ls_buffer_printf(out, ", lots: %u", r->lots);
    }
    if (r->count != LS_FOREVER) {
        ls_buffer_printf(out, ", count: %lld", (long long)r->count);
    }
    ls_buffer_printf(out, ", priority: %d, full: %s", r->priority, r->lose ? "lose" : "wait");
    if (r->pool) {
        ls_buffer_text(out, ", pool: yes");
    }
    if (r->due != LS_NONE) {
        put_dist(out, plant, "due", r->due);
    }
    ls_buffer_text(out, "}\n");
}

void ls_explain_product(ls_buffer *out, const ls_plant *plant, uint32_t product) {
    const ls_product *p = &plant->products[product];
    ls_buffer_text(out, "  ");
    ls_put_text(out, p->name);
    ls_buffer_printf(out, ":\n    lot: %u\n", p->parts);
    put_route(out, plant, p);
    uint32_t written = 0;
    for (uint32_t i = 0; i < plant->release_count; i++) {
        const ls_release *r = &plant->releases[i];
        if (r->product == product && !r->from_file) {
            ls_buffer_text(out, written++ == 0 ? "    release:\n" : "");
            put_release(out, plant, r);
        }
    }
    ls_buffer_text(out, written == 0 ? "    # release: none\n" : "");
    if (p->due == LS_NONE) {
        ls_buffer_text(out, "    # due: no due dates\n");
    } else {
        ls_buffer_text(out, "    due: ");
        ls_put_dist(out, plant, p->due);
        ls_buffer_text(out, "\n");
    }
}
