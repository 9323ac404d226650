// reference_hands.c - see reference_hands.h.
#include "twin/testing/reference_hands.h"

#include "base/random.h"
#include "twin/context.h"
#include "twin/hand.h"
#include "twin/intervene.h"

uint64_t reference_hands_draw(reference_hands *h, uint64_t below) {
    return (uint64_t)(ls_random_uniform(h->seed, 77, h->count++) * (double)below);
}

typedef struct act {
    uint32_t kind, index, lot;
    int64_t until_us;
    bool pure;
} act;

static ls_status kernel_does(const ls_twin *twin, ls_snapshot *s, const act *a) {
    ls_error err;
    switch (a->kind) {
    case LS_ACT_CHOOSE:
        return a->pure ? ls_intervene_choose_pure(twin, s, a->index, a->lot, &err)
                       : ls_intervene_choose(twin, s, a->index, a->lot, &err);
    case LS_ACT_HOLD: return ls_intervene_hold(twin, s, a->index, a->until_us, &err);
    case LS_ACT_STOP: return ls_intervene_stop(twin, s, a->index, &err);
    case LS_ACT_START: return ls_intervene_start(twin, s, a->index, &err);
    case LS_ACT_MAINTAIN: return ls_intervene_maintain(twin, s, a->index, a->lot, &err);
    case LS_ACT_KEEP: return ls_intervene_keep(twin, s, a->index, a->lot, &err);
    case LS_ACT_STAFF: return ls_intervene_staff(twin, s, a->index, a->lot, &err);
    case LS_ACT_SET_UP: return ls_intervene_set_up(twin, s, a->index, a->lot, &err);
    case LS_ACT_PUT_OFF: return ls_intervene_put_off(twin, s, a->index, a->until_us, &err);
    default: return ls_intervene_release(twin, s, a->index, &err);
    }
}

static void reference_does(ls_reference *r, const ls_ctx *c, const act *a) {
    switch (a->kind) {
    case LS_ACT_CHOOSE:
        ls_reference_choose(r, a->index, a->lot == LS_NO ? LS_NO : c->lot[a->lot].serial, a->pure);
        break;
    case LS_ACT_HOLD: ls_reference_hold(r, a->index, a->until_us); break;
    case LS_ACT_STOP: ls_reference_stop(r, a->index); break;
    case LS_ACT_START: ls_reference_start(r, a->index); break;
    case LS_ACT_MAINTAIN: ls_reference_maintain(r, a->index, a->lot); break;
    case LS_ACT_KEEP: ls_reference_keep(r, a->index, a->lot); break;
    case LS_ACT_STAFF: ls_reference_staff(r, a->index, a->lot); break;
    case LS_ACT_SET_UP: ls_reference_set_up(r, a->index, a->lot); break;
    case LS_ACT_PUT_OFF: ls_reference_put_off(r, a->index, a->until_us); break;
    default: ls_reference_release(r, a->index); break;
    }
}

static act any_act(reference_hands *h, const ls_ctx *c) {
    static const uint8_t kinds[] = {LS_ACT_CHOOSE,  LS_ACT_CHOOSE,   LS_ACT_CHOOSE,  LS_ACT_CHOOSE,
                                    LS_ACT_HOLD,    LS_ACT_HOLD,     LS_ACT_STOP,    LS_ACT_START,
                                    LS_ACT_START,   LS_ACT_MAINTAIN, LS_ACT_RELEASE, LS_ACT_KEEP,
                                    LS_ACT_STAFF,   LS_ACT_SET_UP,   LS_ACT_SET_UP,  LS_ACT_SET_UP,
                                    LS_ACT_PUT_OFF, LS_ACT_PUT_OFF,  LS_ACT_RELEASE};
    act a = {kinds[reference_hands_draw(h, sizeof kinds)], 0, LS_NO, 0, false};
    const uint32_t things = a.kind == LS_ACT_RELEASE || a.kind == LS_ACT_KEEP ||
                                    a.kind == LS_ACT_PUT_OFF
                                ? c->m->releases
                            : a.kind == LS_ACT_STAFF ? c->m->pools
                                                     : c->m->machines;
    a.index = (uint32_t)reference_hands_draw(h, things);
    if (a.kind == LS_ACT_KEEP || a.kind == LS_ACT_STAFF) {
        a.lot = (uint32_t)reference_hands_draw(h, a.kind == LS_ACT_KEEP ? 12 : 5);
    }
    if (a.kind == LS_ACT_CHOOSE && c->s->lot_used > 0 && reference_hands_draw(h, 10) > 0) {
        a.lot = (uint32_t)reference_hands_draw(h, c->s->lot_used);
        if (reference_hands_draw(h, 4) > 0 && c->lot[a.lot].where != LS_LOT_FREE) {
            const ls_m_station *st = c->stations + c->steps[c->lot[a.lot].step].station;
            a.index = st->machine_at + (uint32_t)reference_hands_draw(h, st->machine_count);
        }
    }
    if (a.kind == LS_ACT_CHOOSE && a.lot != LS_NO &&
        (c->stations[c->machines[a.index].station].features & LS_F_BATCH) != 0) {
        a.pure = reference_hands_draw(h, 2) > 0;
    }
    if (a.kind == LS_ACT_SET_UP) {  // of stations that have setups, where there are any
        for (uint32_t i = 0; i < 8 && c->stations[c->machines[a.index].station].setup_count == 0;
             i++) {
            a.index = (uint32_t)reference_hands_draw(h, c->m->machines);
        }
        a.lot = (uint32_t)reference_hands_draw(
            h, c->stations[c->machines[a.index].station].setup_count + 1);
    }
    if (a.kind == LS_ACT_MAINTAIN) {
        a.lot = (uint32_t)reference_hands_draw(h, 3);
    }
    if (a.kind == LS_ACT_HOLD ||
        a.kind == LS_ACT_PUT_OFF) {  // whole minutes, so that ends meet other events
        const uint64_t minutes = reference_hands_draw(h, 40);
        a.until_us = minutes == 0    ? 0
                     : minutes == 39 ? LS_NEVER
                                     : (c->now / 60000000 + (int64_t)minutes) * 60000000;
    }
    return a;
}

bool reference_hands_act(reference_hands *h, const ls_twin *twin, ls_snapshot *traced,
                         ls_snapshot *untraced, ls_reference *reference) {
    ls_ctx c;
    ls_ctx_open(&c, twin->model, traced->state, &traced->scratch);
    const act a = any_act(h, &c);
    const uint64_t before = ls_state_hash(twin->model, traced->state);
    const ls_status status = kernel_does(twin, traced, &a);
    if (kernel_does(twin, untraced, &a) != status) {
        return false;
    }
    if (status != LS_OK) {
        h->refused++;
        return ls_state_hash(twin->model, traced->state) == before;
    }
    h->done[a.kind]++;
    reference_does(reference, &c, &a);
    return true;
}
