// desk_job.c - jobs: one of them, and lists of them.
#include <stdlib.h>
#include <string.h>

#include "exec/desk_inside.h"
#include "exec/run_limits.h"
#include "exec/submit.h"

enum { NODES_TOLD = 16 };

// ---- one job

// The words of the contract: what is held back waits, what is starting runs.
static const char *state_word(ls_exec_state state) {
    switch (state) {
    case LS_EXEC_HELD:
    case LS_EXEC_WAITING: return "waiting";
    case LS_EXEC_STARTING:
    case LS_EXEC_RUNNING: return "running";
    case LS_EXEC_TIMED_OUT: return "failed";
    default: return ls_exec_state_word(state);
    }
}

static json_t *shape_of(const ls_pool *pool, const ls_exec_view *view) {
    const ls_shape *s = &view->job->shape;
    const char *within = ls_level_word(s->within);
    const uint32_t allowed = s->kinds != 0 ? s->kinds : pool->accounts[view->account].kinds;
    json_t *kinds = json_array();
    for (uint32_t k = 0; k < pool->cluster.kind_count && (s->gpus > 0 || s->milli > 0); k++) {
        if ((allowed >> k & 1) != 0) {
            json_array_append_new(kinds, desk_text(pool->cluster.kinds[k].name));
        }
    }
    return json_pack("{s:I, s:o, s:o, s:I, s:I, s:o, s:o, s:b, s:b}", "parts", (json_int_t)s->parts,
                     "gpus",
                     desk_gpus(s->milli != 0 ? s->milli : (uint64_t)s->gpus * LS_POOL_WHOLE),
                     "cpus", json_real((double)s->cpu_milli / 1000.0), "memory_mib",
                     (json_int_t)s->memory_mib, "gpu_mib", (json_int_t)s->gpu_mib, "kinds", kinds,
                     "within", within != NULL ? json_string(within) : json_null(), "must",
                     (int)s->must, "spread", (int)s->spread);
}

static json_t *nodes_of(const ls_pool *pool, const ls_exec_view *view, uint32_t most,
                        uint32_t *out_count) {
    json_t *list = json_array();
    uint32_t last = LS_POOL_NONE;
    *out_count = 0;
    for (uint32_t p = 0; view->shares != NULL && p < view->job->shape.parts; p++) {
        const uint32_t node = view->shares[p].node;
        if (node != last && *out_count < most) {
            json_array_append_new(list, desk_text(pool->cluster.nodes[node].name));
        }
        *out_count += node != last;
        last = node;
    }
    return list;
}

static json_t *exit_of(const ls_exec_view *view) {
    const bool told = ls_exec_is_over(view->state) && (view->signal > 0 || view->exit_code >= 0);
    return !told ? json_null() : json_integer(view->signal > 0 ? -view->signal : view->exit_code);
}

static int64_t since_of(const ls_exec_view *view) {
    if (ls_exec_is_over(view->state)) {
        return view->ended_us;
    }
    if (view->state == LS_EXEC_STOPPING) {
        return view->until_us > view->job->grace_us && view->until_us < INT64_MAX
                   ? view->until_us - view->job->grace_us
                   : view->started_us;
    }
    const bool waits = view->state <= LS_EXEC_WAITING;
    return waits ? (view->runs > 0 && view->ended_us > 0 ? view->ended_us : view->submitted_us)
                 : view->started_us;
}

static json_t *command_of(const ls_exec_view *view) {
    json_t *list = json_array();
    for (size_t i = 0; view->job->argv[i] != NULL; i++) {
        json_array_append_new(list, desk_text(view->job->argv[i]));
    }
    return list;
}

static json_t *after_of(const ls_exec_view *view) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < view->job->after_count; i++) {
        const uint64_t number = view->job->after[i];
        char text[32];
        ls_text_format(text, sizeof text, "%llu+",
                       (unsigned long long)(number & ~LS_EXEC_AFTER_ARRAY));
        json_array_append_new(
            list, (number & LS_EXEC_AFTER_ARRAY) != 0 ? desk_text(text) : desk_id(number));
    }
    return list;
}

static const char *name_of(const ls_exec_view *view) {
    const char *name = view->job->name;
    if (name == NULL || name[0] == '\0') {
        const char *slash = strrchr(view->job->argv[0], '/');
        name = slash != NULL && slash[1] != '\0' ? slash + 1 : view->job->argv[0];
    }
    return name;
}

// What it is held to while it holds its place; null: not, here.
static json_t *limits_of(const ls_desk *desk, const ls_exec_view *view) {
    const uint32_t held = ls_exec_limits(desk->exec, NULL);
    const ls_run_limits l = ls_run_limits_of(desk->pool, view->job, view->shares);
    const bool memory = (held & LS_LIMIT_MEMORY) != 0 && l.memory_mib > 0;
    const bool cpus = (held & LS_LIMIT_CPU) != 0 && l.cpu_milli > 0;
    return json_pack("{s:o, s:o, s:o}", "memory_mib",
                     memory ? json_integer((json_int_t)l.memory_mib) : json_null(), "cpus",
                     cpus ? json_real((double)l.cpu_milli / 1000.0) : json_null(), "processes",
                     (held & LS_LIMIT_PIDS) != 0 ? json_integer(l.processes) : json_null());
}

json_t *desk_job(ls_desk *desk, const ls_exec_view *view, const ls_asker *who, desk_detail detail) {
    const ls_pool *pool = desk->pool;
    const desk_tally *tally = desk_count(desk);
    const uint64_t milli = ls_shape_milli(&view->job->shape);
    const desk_holding *h = tally != NULL ? desk_find_holding(tally, view->id) : NULL;
    uint32_t node_count = 0;
    json_t *nodes = nodes_of(pool, view, detail == DETAIL_ONE ? UINT32_MAX : NODES_TOLD,
                             &node_count);
    const bool waits = view->state <= LS_EXEC_WAITING;
    json_t *made = json_pack(
        "{s:o, s:o, s:o, s:o, s:s, s:I, s:I, s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "id",
        desk_id(view->id), "name", desk_text(name_of(view)), "account",
        desk_text(desk_path(pool, view->account)), "who",
        desk_text(view->job->user != NULL ? view->job->user : ""), "state", state_word(view->state),
        "since_us", (json_int_t)since_of(view), "submitted_us", (json_int_t)view->submitted_us,
        "started_us", desk_time(view->started_us), "ended_us",
        waits ? json_null() : desk_time(view->ended_us), "most_s",
        view->job->limit_us > 0 ? json_real((double)view->job->limit_us * 1e-6) : json_null(),
        "priority",
        (json_int_t)(view->job->has_priority ? view->job->priority
                                             : (int32_t)pool->accounts[view->account].priority),
        "shape", shape_of(pool, view), "gpus", desk_gpus(milli), "borrowed",
        desk_gpus(h != NULL ? h->borrowed : 0));
    if (made == NULL) {
        json_decref(nodes);
        return NULL;
    }
    json_object_set_new(made, "deadline_us", desk_time(view->deadline_us));
    json_object_set_new(made, "nodes", nodes);
    json_object_set_new(made, "node_count", json_integer(node_count));
    json_object_set_new(made, "restarts", json_integer(view->runs > 1 ? view->runs - 1 : 0));
    json_object_set_new(made, "lost_gpu_s",
                        json_real((double)view->lost_us * 1e-6 * (double)milli / LS_POOL_WHOLE));
    json_object_set_new(made, "exit", exit_of(view));
    if (view->array_id != 0) {
        json_object_set_new(made, "array", desk_id(view->array_id));
        json_object_set_new(made, "array_index", json_integer(view->array_index));
    }
    if (view->job->spot) {
        json_object_set_new(made, "spot", json_true());
    }
    if (view->job->elastic > 0) {
        json_object_set_new(made, "elastic", json_integer(view->job->elastic));
    }
    if (view->job->busy > 0) {
        json_object_set_new(made, "busy", json_integer(view->job->busy));
        json_object_set_new(made, "load",
                            view->load_parts > 0
                                ? json_pack("{s:f, s:i, s:i}", "used", view->load_used, "parts",
                                            (int)view->load_parts, "wanted", (int)view->load_wanted)
                                : json_null());
    }
    if (view->shares != NULL && detail == DETAIL_ONE) {
        json_object_set_new(made, "limits", limits_of(desk, view));
    }
    if (view->job->leader > 0) {
        json_object_set_new(made, "leader", desk_id(view->job->leader));
    }
    if (view->job->after_count > 0) {
        json_object_set_new(made, "after", after_of(view));
    }
    if (view->note != NULL && view->note[0] != '\0') {
        json_object_set_new(made, "note", desk_text(view->note));
    }
    if (who != NULL && desk_reads(desk, who, view)) {
        json_object_set_new(made, "command", command_of(view));
    }
    json_t *why = desk_why(desk, view, who, detail);
    json_t *earliest = json_object_get(why, "earliest_us");
    json_t *promised = json_object_get(why, "promised_us");
    json_object_set(made, "earliest_us", earliest != NULL ? earliest : json_null());
    json_object_set(made, "promised_us", promised != NULL ? promised : json_null());
    if (why != NULL) {
        json_object_del(why, "earliest_us");
        json_object_del(why, "promised_us");
    }
    json_object_set_new(made, "why", why);
    return made;
}

static ls_desk_code no_such(uint64_t id, ls_error *err) {
    ls_fail(err, LS_ERR_INVALID, "there is no job %llu (any more)", (unsigned long long)id);
    ls_hint(err, "'lineshaft pool jobs --all' lists those that are known");
    return LS_DESK_UNKNOWN;
}

ls_desk_code ls_desk_job(ls_desk *desk, uint64_t id, const ls_asker *who, json_t **out,
                         ls_error *err) {
    ls_exec_view view;
    *out = NULL;
    if (!ls_exec_get(desk->exec, id, &view) || !desk_sees(desk, who, view.account)) {
        return no_such(id, err);
    }
    return desk_give(desk_job(desk, &view, who, DETAIL_ONE), out, err);
}

// ---- lists

static const struct {
    const char *word;
    uint32_t states;
} state_words[] = {
    {"waiting", 1u << LS_EXEC_HELD | 1u << LS_EXEC_WAITING},
    {"running", 1u << LS_EXEC_STARTING | 1u << LS_EXEC_RUNNING},
    {"stopping", 1u << LS_EXEC_STOPPING},
    {"done", 1u << LS_EXEC_DONE},
    {"failed", 1u << LS_EXEC_FAILED | 1u << LS_EXEC_TIMED_OUT},
    {"cancelled", 1u << LS_EXEC_CANCELLED},
    {"lost", 1u << LS_EXEC_LOST},
};
enum { LIVE = (1 << LS_EXEC_DONE) - 1 };

static ls_desk_code read_states(const char *list, uint32_t *out, ls_error *err) {
    const size_t known = sizeof state_words / sizeof *state_words;
    *out = list == NULL ? LIVE : 0;
    while (list != NULL && *list != '\0') {
        const size_t length = strcspn(list, ",");
        uint32_t found = 0;
        for (size_t i = 0; i < known; i++) {
            if (strlen(state_words[i].word) == length &&
                memcmp(state_words[i].word, list, length) == 0) {
                found = state_words[i].states;
            }
        }
        if (found == 0) {
            ls_fail(err, LS_ERR_INVALID, "state: there is no '%.*s'",
                    (int)(length < 40 ? length : 40), list);
            ls_hint(err, "states are waiting, running, stopping, done, failed, cancelled and lost");
            return LS_DESK_INVALID;
        }
        *out |= found;
        list += length + (list[length] == ',');
    }
    if ((*out & LIVE) != 0 && (*out & ~(uint32_t)LIVE) != 0) {
        ls_fail(err, LS_ERR_INVALID, "state: jobs that are over are asked for apart");
        return LS_DESK_INVALID;
    }
    return LS_DESK_DONE;
}

typedef struct ended {
    uint64_t id;
    int64_t at_us;
} ended;

static int last_ended_first(const void *a, const void *b) {
    const ended *x = a, *y = b;
    if (x->at_us != y->at_us) {
        return x->at_us > y->at_us ? -1 : 1;
    }
    return x->id > y->id ? -1 : x->id < y->id;
}

// What a list is made from.
typedef struct query {
    uint32_t states, account;
    uint64_t after;
    const ls_desk_jobs_def *def;
    const ls_asker *who;
} query;

static bool is_wanted(const query *q, const ls_exec_view *view) {
    return !q->def->mine || view->job->uid == q->who->uid;
}

// Jobs that the query asks for, without looking at them; not of one asker alone.
static uint64_t count_all(const ls_desk *desk, const query *q) {
    const ls_exec_crowd *crowd = ls_exec_crowd_of(desk->exec, q->account);
    uint64_t total = 0;
    for (uint32_t s = 0; s < LS_EXEC_STATE_COUNT; s++) {
        total += (q->states >> s & 1) != 0 ? crowd->by_state[s] : 0;
    }
    return total;
}

// Ids grow with the time of submission. Looked at are those of this part and what lies between
// them; of one asker alone all are, to count them.
static json_t *list_live(ls_desk *desk, const query *q, uint64_t *out_total, uint64_t *out_next) {
    json_t *list = json_array();
    ls_exec_view view;
    const bool counts = q->def->mine;
    uint64_t last = 0, seen = 0;
    *out_total = counts ? 0 : count_all(desk, q);
    for (uint64_t id = counts ? 0 : q->after;
         (counts || (*out_next == 0 && seen < *out_total)) &&
         ls_exec_next(desk->exec, id, q->states, q->account, &view);
         id = view.id) {
        if (!is_wanted(q, &view)) {
            continue;
        }
        seen++;
        *out_total += counts;
        if (view.id > q->after && json_array_size(list) < q->def->limit) {
            json_array_append_new(list, desk_job(desk, &view, q->who, DETAIL_LIST));
            last = view.id;
        } else if (view.id > q->after) {
            *out_next = last;
        }
    }
    return list;
}

static json_t *list_ended(ls_desk *desk, const query *q, uint64_t *out_total, uint64_t *out_next) {
    ended *all = NULL;
    size_t count = 0, room = 0;
    ls_exec_view view;
    for (uint64_t id = 0; ls_exec_next(desk->exec, id, q->states, q->account, &view);
         id = view.id) {
        if (!is_wanted(q, &view)) {
            continue;
        }
        if (count == room) {
            room = room == 0 ? 256 : 2 * room;
            ended *more = ls_realloc(all, room * sizeof *more);
            if (more == NULL) {
                ls_free(all);
                return NULL;
            }
            all = more;
        }
        all[count++] = (ended){.id = view.id, .at_us = view.ended_us};
    }
    if (count > 0) {
        qsort(all, count, sizeof *all, last_ended_first);
    }
    json_t *list = json_array();
    size_t i = 0;
    while (q->after != 0 && i < count && all[i].id != q->after) {
        i++;
    }
    for (i += q->after != 0; i < count && json_array_size(list) < q->def->limit; i++) {
        if (ls_exec_get(desk->exec, all[i].id, &view)) {
            json_array_append_new(list, desk_job(desk, &view, q->who, DETAIL_LIST));
        }
    }
    *out_next = i < count && i > 0 ? all[i - 1].id : 0;
    *out_total = count;
    ls_free(all);
    return list;
}

ls_desk_code ls_desk_jobs(ls_desk *desk, const ls_desk_jobs_def *def, const ls_asker *who,
                          json_t **out, ls_error *err) {
    query q = {.def = def, .who = who};
    int64_t after = 0;
    *out = NULL;
    ls_desk_code code = read_states(def->states, &q.states, err);
    if (code != LS_DESK_DONE) {
        return code;
    }
    code = desk_account(desk, def->account, who, &q.account, err);
    if (code != LS_DESK_DONE) {
        return code;
    }
    if (def->after != NULL &&
        (!ls_text_parse_i64(def->after, strlen(def->after), &after) || after < 0)) {
        ls_fail(err, LS_ERR_INVALID, "after must be `next` of the answer before");
        return LS_DESK_INVALID;
    }
    q.after = (uint64_t)after;
    uint64_t total = 0, next = 0;
    desk->whys_us = 0;
    json_t *list = (q.states & LIVE) != 0 ? list_live(desk, &q, &total, &next)
                                          : list_ended(desk, &q, &total, &next);
    return desk_give(json_pack("{s:o, s:I, s:o}", "jobs", list, "total", (json_int_t)total, "next",
                               next != 0 ? desk_id(next) : json_null()),
                     out, err);
}
