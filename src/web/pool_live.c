// pool_live.c - see pool_live.h.
#include "web/pool_live.h"

#include <pthread.h>
#include <time.h>

enum { LOOK_MS = 200, CHANGE_TICKS = 5, BEAT_TICKS = 10, ACTS_MOST = 200, LISTENERS_MOST = 200 };

struct ls_pool_live {
    ls_pool_daemon *daemon;
    ls_ring *ring;
    json_t *told;        // the pool as it was last told; the thread's own
    uint64_t acts;       // up to here they were told
    uint64_t acts_then;  // at the last change
    pthread_t thread;
    bool has_thread;
};

static json_t *pool_now(ls_pool_live *l, uint64_t *out_acts) {
    json_t *pool = NULL;
    ls_error err = {0};
    ls_desk *desk = ls_pool_daemon_lock(l->daemon);
    (void)ls_desk_pool(desk, NULL, &pool, &err);
    *out_acts = ls_desk_seq(desk);
    ls_pool_daemon_unlock(l->daemon);
    return pool;
}

json_t *ls_pool_live_state(ls_pool_live *l) {
    uint64_t acts;
    const uint64_t number = ls_ring_await(l->ring);  // then the stream goes on from there
    json_t *pool = pool_now(l, &acts);
    if (pool != NULL) {
        json_object_set_new(pool, "seq", json_integer((json_int_t)number));
    }
    return pool;
}

// ---- what has changed

static void tell_acts(ls_pool_live *l, bool heard) {
    json_t *acts[ACTS_MOST];
    uint32_t count = 0;
    ls_desk *desk = ls_pool_daemon_lock(l->daemon);
    const uint64_t last = ls_desk_seq(desk);
    if (!heard || last - l->acts > ACTS_MOST) {  // who missed some asks for them
        l->acts = heard ? last - ACTS_MOST : last;
    }
    while (l->acts < last) {
        json_t *act = ls_desk_act(desk, ++l->acts);
        if (act != NULL) {
            acts[count++] = act;
        }
    }
    ls_pool_daemon_unlock(l->daemon);
    for (uint32_t i = 0; i < count; i++) {
        ls_ring_add(l->ring, LS_RING_ALWAYS, "act", acts[i]);
    }
}

static json_t *changed_accounts(const json_t *before, const json_t *now) {
    static const char *const keys[] = {"used",    "borrowed", "unused",
                                       "running", "waiting",  "waiting_gpus"};
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(now); i++) {
        const json_t *old = json_array_get(before, i), *fresh = json_array_get(now, i);
        if (json_equal(old, fresh)) {
            continue;
        }
        json_t *row = json_pack("[I]", (json_int_t)i);
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            json_array_append(row, json_object_get(fresh, keys[k]));
        }
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *changed_racks(const json_t *before, const json_t *now) {
    static const char *const keys[] = {"used",    "borrowed", "reserved",
                                       "drained", "broken",   "spare"};
    enum { KEYS = sizeof keys / sizeof *keys };
    const json_t *old[KEYS], *fresh[KEYS];
    json_t *list = json_array();
    for (size_t k = 0; k < KEYS; k++) {
        old[k] = json_object_get(before, keys[k]);
        fresh[k] = json_object_get(now, keys[k]);
    }
    for (size_t i = 0; i < json_array_size(fresh[0]); i++) {
        bool same = true;
        for (size_t k = 0; k < KEYS && same; k++) {
            same = json_equal(json_array_get(old[k], i), json_array_get(fresh[k], i));
        }
        json_t *row = same ? NULL : json_pack("[I]", (json_int_t)i);
        for (size_t k = 0; k < KEYS && row != NULL; k++) {
            json_array_append(row, json_array_get(fresh[k], i));
        }
        if (row != NULL) {
            json_array_append_new(list, row);
        }
    }
    return list;
}

static void tell_change(ls_pool_live *l) {
    uint64_t acts = 0;
    json_t *pool = pool_now(l, &acts);
    if (pool == NULL) {
        return;
    }
    json_t *accounts = changed_accounts(json_object_get(l->told, "accounts"),
                                        json_object_get(pool, "accounts"));
    json_t *racks = changed_racks(json_object_get(l->told, "racks"),
                                  json_object_get(pool, "racks"));
    const bool queue = acts != l->acts_then;
    if (queue || json_array_size(accounts) + json_array_size(racks) > 0) {
        ls_ring_add(
            l->ring, LS_RING_ALWAYS, "change",
            json_pack("{s:I, s:O, s:O, s:O, s:O, s:O, s:b}", "seq",
                      (json_int_t)ls_ring_next(l->ring), "t", json_object_get(pool, "now_us"),
                      "gpus", json_object_get(pool, "gpus"), "jobs", json_object_get(pool, "jobs"),
                      "a", accounts, "r", racks, "queue", (int)queue));
    }
    json_decref(accounts);
    json_decref(racks);
    json_decref(l->told);
    l->told = pool;
    l->acts_then = acts;
}

static void tell_beat(ls_pool_live *l) {
    ls_ring_add(l->ring, LS_RING_ALWAYS, "beat",
                json_pack("{s:O, s:I}", "t", json_object_get(l->told, "now_us"), "seq",
                          (json_int_t)ls_ring_next(l->ring)));
}

static void *work(void *context) {
    ls_pool_live *l = context;
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    for (unsigned tick = 1; !ls_ring_ends(l->ring); tick++) {
        nanosleep(&pause, NULL);
        const bool heard = ls_ring_is_heard(l->ring);
        tell_acts(l, heard);
        if (heard && tick % CHANGE_TICKS == 0) {
            tell_change(l);
        }
        if (heard && tick % BEAT_TICKS == 0 && l->told != NULL) {
            tell_beat(l);
        }
        if (ls_ring_wants_snapshot(l->ring)) {
            const uint64_t number = ls_ring_next(l->ring) - 1;
            ls_ring_give_snapshot(l->ring, ls_pool_live_state(l), number);
        }
        ls_ring_show(l->ring);
    }
    return NULL;
}

// ---- opening, closing, listening

static ls_listener *listen_to(void *context, uint64_t after, unsigned topics) {
    ls_pool_live *l = context;
    ls_listener *listener = ls_ring_listen(l->ring, after, topics, LISTENERS_MOST);
    if (listener != NULL && ls_ring_begins(listener)) {
        json_t *state = ls_pool_live_state(l);
        const uint64_t number = (uint64_t)json_integer_value(json_object_get(state, "seq"));
        ls_ring_begin(listener, state, number);
    }
    return listener;
}

static void end_of(void *context) {
    ls_ring_end(((ls_pool_live *)context)->ring);
}

ls_stream ls_pool_live_stream(ls_pool_live *live) {
    return (ls_stream){.listen = listen_to, .end = end_of, .context = live};
}

ls_status ls_pool_live_open(ls_pool_daemon *daemon, ls_pool_live **out, ls_error *err) {
    *out = NULL;
    ls_pool_live *l = ls_alloc(sizeof *l);
    if (l == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the live stream");
    }
    l->daemon = daemon;
    ls_status status = ls_ring_create("pool", &l->ring, err);
    if (status == LS_OK && pthread_create(&l->thread, NULL, work, l) != 0) {
        status = ls_fail(err, LS_ERR_MEMORY, "no thread for the live stream");
    }
    if (status != LS_OK) {
        ls_pool_live_close(l);
        return status;
    }
    l->has_thread = true;
    *out = l;
    return LS_OK;
}

void ls_pool_live_close(ls_pool_live *l) {
    if (l == NULL) {
        return;
    }
    if (l->ring != NULL) {
        ls_ring_end(l->ring);
    }
    if (l->has_thread) {
        pthread_join(l->thread, NULL);
    }
    ls_ring_destroy(l->ring);
    json_decref(l->told);
    ls_free(l);
}
