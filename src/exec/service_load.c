// service_load.c - elastic jobs that are services: they have as many parts as their load asks for.
//
// Every few seconds it is looked how much processor time each part has used, by one look at the
// machine's processes for all of them; load_rule.h says how many parts that asks for. Nothing of it
// is journalled but the parts themselves: after a restart a service keeps what it has until its
// load is known again.
#include <stdio.h>

#include "exec/service_inside.h"

// A part that runs, and the service that it is of (itself, for the first).
typedef struct load_look {
    ls_entry *j, *of;
    int64_t used_us;
} load_look;

static bool is_service(const ls_entry *j) {
    return j->spec->job->busy > 0 && j->spec->job->elastic > 0;
}

static ls_entry *service_of(const ls_exec *e, ls_entry *j) {
    if (is_service(j)) {
        return j;
    }
    ls_entry *of = ls_exec_find(e, j->spec->job->leader);
    return of != NULL && is_service(of) && of->runs == j->spec->job->leader_run ? of : NULL;
}

static void arm(ls_exec *e) {
    const int64_t at_us = e->now_us + e->def.load_every_us;
    e->load_us = at_us < e->load_us ? at_us : e->load_us;
}

void ls_exec_load_begin(ls_exec *e, ls_entry *j) {
    if (is_service(j)) {
        arm(e);
    }
}

void ls_exec_load_open(ls_exec *e) {
    for (uint32_t i = 0; i < e->holding_count; i++) {
        ls_exec_load_begin(e, ls_exec_find(e, e->holding[i]));
    }
}

// Of a service with a place: what of it runs. Returns how many; *out is owned, NULL: out of memory.
static uint32_t list(const ls_exec *e, load_look **out) {
    uint32_t count = 0;
    *out = e->holding_count > 0 ? ls_alloc(e->holding_count * sizeof **out) : NULL;
    for (uint32_t i = 0; *out != NULL && i < e->holding_count; i++) {
        ls_entry *j = ls_exec_find(e, e->holding[i]);
        ls_entry *of = service_of(e, j);
        if (of != NULL && of->shares != NULL) {
            (*out)[count++] = (load_look){.j = j, .of = of, .used_us = -1};
        }
    }
    return count;
}

static void ask_test(const ls_exec *e, load_look *looks, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        looks[i].used_us = e->def.used_us(e->def.context, looks[i].j->id, looks[i].j->runs);
    }
}

static void ask_machine(const ls_exec *e, load_look *looks, uint32_t count) {
    uint64_t *jobs = ls_alloc(count * sizeof *jobs);
    uint32_t *runs = ls_alloc(count * sizeof *runs);
    int64_t *used_us = ls_alloc(count * sizeof *used_us);
    if (jobs != NULL && runs != NULL && used_us != NULL) {
        for (uint32_t i = 0; i < count; i++) {
            jobs[i] = looks[i].j->id;
            runs[i] = looks[i].j->runs;
        }
        ls_machine_used(e->machine, jobs, runs, count, used_us);
        for (uint32_t i = 0; i < count; i++) {
            looks[i].used_us = used_us[i];
        }
    }
    ls_free(jobs);
    ls_free(runs);
    ls_free(used_us);
}

// Processors that one part can use: those that it asked for, else one for each slot or GPU.
static double processors_of(const ls_entry *of) {
    const ls_shape *s = &of->spec->job->shape;
    const uint64_t milli = s->cpu_milli > 0 ? s->cpu_milli : ls_shape_milli(s) / s->parts;
    return milli > 0 ? (double)milli / LS_POOL_WHOLE : 1.0;
}

static bool watch(ls_exec *e, ls_entry *of) {
    if (of->load == NULL) {
        of->load = ls_alloc(sizeof *of->load);
        if (of->load == NULL) {
            return false;
        }
        of->load->run = 0;
    }
    if (of->load->run != of->runs) {
        const uint32_t has = of->spec->job->shape.parts + ls_exec_elastic_parts(e, of);
        *of->load = (ls_load_watch){.run = of->runs, .wanted = has};
        ls_load_rule_init(&of->load->rule, of->spec->job->busy / 100.0, e->def.load_calm_us,
                          e->now_us, has);
    }
    of->load->parts = 0;
    of->load->used = 0.0;
    return true;
}

static void take(const load_look *look, int64_t span_us) {
    ls_entry *j = look->j;
    ls_load_watch *load = look->of->load;
    if (load != NULL && look->used_us >= 0 && j->used_run == j->runs && span_us > 0) {
        const int64_t us = look->used_us - j->used_us;  // less: a process went that nobody awaited
        load->parts += j == look->of ? j->spec->job->shape.parts : 1;
        load->used += us > 0 ? (double)us / ((double)span_us * processors_of(look->of)) : 0.0;
    }
    j->used_us = look->used_us;
    j->used_run = look->used_us >= 0 ? j->runs : 0;
}

static void resize(ls_exec *e, ls_entry *of) {
    ls_error err = {0};
    ls_load_watch *load = of->load;
    const uint32_t own = of->spec->job->shape.parts;
    if (load->parts == 0) {
        return;
    }
    load->wanted = ls_load_rule_wanted(&load->rule, e->now_us, load->used, load->parts, own,
                                       own + of->spec->job->elastic);
    if (load->wanted - own != ls_exec_elastic_parts(e, of) &&
        ls_exec_resize(e, of->id, load->wanted - own, &err) != LS_OK) {
        ls_exec_note(of, "it cannot have %u parts: %s", load->wanted, err.text);
    }
}

void ls_exec_load_follow(ls_exec *e) {
    if (e->now_us < e->load_us) {
        return;
    }
    load_look *looks = NULL;
    const uint32_t count = list(e, &looks);
    e->load_us = count > 0 || (looks == NULL && e->holding_count > 0)
                     ? e->now_us + e->def.load_every_us
                     : INT64_MAX;
    if (count > 0 && e->def.used_us != NULL) {
        ask_test(e, looks, count);
    } else if (count > 0 && e->machine != NULL) {
        ask_machine(e, looks, count);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (looks[i].j == looks[i].of && !watch(e, looks[i].of)) {
            looks[i].of->load = NULL;  // out of memory: the next time
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        take(looks + i, e->now_us - e->looked_us);
    }
    e->looked_us = e->now_us;
    for (uint32_t i = 0; i < count; i++) {
        if (looks[i].j == looks[i].of && looks[i].of->load != NULL) {
            resize(e, looks[i].of);
        }
    }
    ls_free(looks);
}
