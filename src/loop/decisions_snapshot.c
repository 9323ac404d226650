// decisions_snapshot.c - see decisions_snapshot.h.
#include "loop/decisions_snapshot.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "loop/decisions_inside.h"
#include "twin/model.h"

enum { SNAPSHOT_MAGIC = 0x4c534431, OUTLOOK_MAGIC = 0x4c534f31 };

typedef struct kept_head {
    uint32_t magic, answer_size;
    uint64_t number, snapshot_size, seal;  // of what follows
} kept_head;

static void name_of(uint64_t number, char *out, size_t size) {
    ls_text_format(out, size, "decision-%03u", (unsigned)(number % DECISION_SNAPSHOTS));
}

void ls_decisions_keep_snapshot(ls_decisions *d, uint64_t number, const ls_answer *answer) {
    size_t size = sizeof *d->outlook;
    const bool of_setting = ls_decisions_is_setting(d->plant, &answer->question);
    const void *bytes = of_setting ? (const void *)d->outlook
                                   : ls_snapshot_bytes(d->present, &size);
    const size_t all = sizeof(kept_head) + sizeof *answer + size;
    char *block = d->intake->history != NULL && all <= 16u << 20 ? ls_alloc(all) : NULL;
    if (block == NULL) {
        return;
    }
    memcpy(block + sizeof(kept_head), answer, sizeof *answer);
    memcpy(block + sizeof(kept_head) + sizeof *answer, bytes, size);
    const kept_head head = {
        .magic = of_setting ? OUTLOOK_MAGIC : SNAPSHOT_MAGIC,
        .answer_size = (uint32_t)sizeof *answer,
        .number = number,
        .snapshot_size = size,
        .seal = ls_state_seal(block + sizeof head, all - sizeof head),
    };
    memcpy(block, &head, sizeof head);
    char name[32];
    name_of(number, name, sizeof name);
    if (ls_history_save(d->intake->history, name, block, all, NULL) == LS_OK) {
        decision_row *row = ls_decisions_row(d, number);
        if (row != NULL) {
            json_object_set_new(json_object_get(row->json, "snapshot"), "bytes",
                                json_integer((json_int_t)size));
        }
    }
    ls_free(block);
}

static ls_status fail_not_kept(uint64_t number, const char *how, ls_error *err) {
    ls_fail(err, LS_ERR_INVALID, "no snapshot of d-%llu %s", (unsigned long long)number, how);
    ls_hint(err, "those of the newest %d decisions that proposed something are",
            DECISION_SNAPSHOTS);
    return LS_ERR_INVALID;
}

static ls_status unpack_outlook(const void *bytes, size_t size, ls_kept_answer *out,
                                ls_error *err) {
    out->outlook = size == sizeof *out->outlook ? ls_alloc(size) : NULL;
    if (out->outlook == NULL) {
        return size == sizeof *out->outlook
                   ? ls_fail(err, LS_ERR_MEMORY, "out of memory for a kept decision")
                   : ls_fail(err, LS_ERR_VERSION, "the snapshot was made by another version");
    }
    memcpy(out->outlook, bytes, size);
    return LS_OK;
}

static ls_status unpack(const char *block, size_t size, const ls_twin *twin, uint64_t number,
                        ls_kept_answer *out, ls_error *err) {
    kept_head head;
    if (size < sizeof head) {
        return ls_fail(err, LS_ERR_INVALID, "the snapshot is damaged");
    }
    memcpy(&head, block, sizeof head);
    if ((head.magic != SNAPSHOT_MAGIC && head.magic != OUTLOOK_MAGIC) ||
        head.answer_size != sizeof out->answer) {
        return ls_fail(err, LS_ERR_VERSION, "the snapshot was made by another version");
    }
    if (head.number != number) {
        return fail_not_kept(number, "is kept any more", err);
    }
    const size_t rest = size - sizeof head;
    if (rest < sizeof out->answer || head.snapshot_size != rest - sizeof out->answer ||
        head.seal != ls_state_seal(block + sizeof head, rest)) {
        return ls_fail(err, LS_ERR_INVALID, "the snapshot is damaged");
    }
    out->number = number;
    memcpy(&out->answer, block + sizeof head, sizeof out->answer);
    const char *bytes = block + sizeof head + sizeof out->answer;
    return head.magic == OUTLOOK_MAGIC
               ? unpack_outlook(bytes, head.snapshot_size, out, err)
               : ls_snapshot_load(twin, bytes, head.snapshot_size, &out->snapshot, err);
}

static void hint_other(uint64_t number, ls_error *err) {
    ls_hint(err,
            "d-%llu can be made again with the plant file and the version that it was made with "
            "alone; 'lineshaft decide explain' shows the row as it was",
            (unsigned long long)number);
}

ls_status ls_kept_answer_load(ls_history *history, const ls_twin *twin, uint64_t number,
                              ls_kept_answer *out, ls_error *err) {
    void *block = NULL;
    size_t size = 0;
    char name[32];
    memset(out, 0, sizeof *out);
    name_of(number, name, sizeof name);
    ls_status status = ls_history_load(history, name, &block, &size, err);
    if (status == LS_OK && block == NULL) {
        status = fail_not_kept(number, "is kept", err);
    }
    if (status == LS_OK) {
        status = unpack(block, size, twin, number, out, err);
        if (status == LS_ERR_VERSION) {
            hint_other(number, err);
        }
    }
    ls_free(block);
    return status;
}

void ls_kept_answer_clear(ls_kept_answer *kept) {
    ls_snapshot_destroy(kept->snapshot);
    ls_free(kept->outlook);
    kept->snapshot = NULL;
    kept->outlook = NULL;
}

ls_status ls_kept_answer_replay(const ls_kept_answer *kept, ls_decider *decider,
                                const ls_plant *plant, const ls_twin *twin, ls_answer *out,
                                ls_error *err) {
    memset(out, 0, sizeof *out);
    if (kept->outlook == NULL) {
        return ls_decider_replay(decider, kept->snapshot, &kept->answer, out, err);
    }
    if (kept->answer.model_hash != twin->model->hash) {
        ls_fail(err, LS_ERR_VERSION,
                "decided for another plant (model %016llx, this one is %016llx)",
                (unsigned long long)kept->answer.model_hash, (unsigned long long)twin->model->hash);
        hint_other(kept->number, err);
        return LS_ERR_VERSION;
    }
    return ls_setting_replay(plant, kept->outlook, &kept->answer, out, err);
}

// ---- comparing

static bool same_bits(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0;
}

static bool same_effect(const ls_effect *a, const ls_effect *b) {
    return same_bits(a->gain, b->gain) && same_bits(a->low, b->low) && same_bits(a->high, b->high);
}

static bool same_course(const ls_course *a, const ls_course *b) {
    bool same = a->span_us == b->span_us;
    for (int i = 0; i < LS_COURSE; i++) {
        same = same && same_bits(a->gain[i], b->gain[i]) && same_bits(a->spread[i], b->spread[i]);
    }
    return same;
}

static bool same_candidate(const ls_candidate *a, const ls_candidate *b) {
    bool same = a->act_count == b->act_count && a->futures == b->futures &&
                a->rounds == b->rounds && same_bits(a->gain, b->gain) &&
                same_bits(a->low, b->low) && same_bits(a->high, b->high);
    for (uint32_t i = 0; same && i < a->act_count; i++) {
        same = a->acts[i].kind == b->acts[i].kind && a->acts[i].index == b->acts[i].index &&
               a->acts[i].value == b->acts[i].value &&
               same_bits(a->acts[i].number, b->acts[i].number);
    }
    return same;
}

bool ls_answer_is_same(const ls_answer *a, const ls_answer *b, const char **out_what) {
    bool candidates = a->candidate_count == b->candidate_count;
    for (uint32_t i = 0; candidates && i < a->candidate_count; i++) {
        candidates = same_candidate(&a->candidates[i], &b->candidates[i]);
    }
    bool terms = true;
    for (unsigned t = 0; t < LS_TERM_COUNT; t++) {
        terms = terms && same_effect(&a->terms[t], &b->terms[t]);
    }
    const struct {
        const char *what;
        bool same;
    } parts[] = {
        {"the snapshot", a->snapshot_hash == b->snapshot_hash},
        {"the model", a->model_hash == b->model_hash},
        {"the base rule", strcmp(a->base, b->base) == 0},
        {"the horizon", a->horizon_us == b->horizon_us},
        {"the candidates", candidates},
        {"the choice", a->chosen == b->chosen && a->own == b->own},
        {"the claim", same_effect(&a->claim, &b->claim) && a->claim_futures == b->claim_futures},
        {"the joint claim", same_effect(&a->joint, &b->joint) && a->joint_count == b->joint_count},
        {"the course of the claim", same_course(&a->course, &b->course)},
        {"the terms", terms},
        {"the number of futures", a->futures == b->futures},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (!parts[i].same) {
            *out_what = parts[i].what;
            return false;
        }
    }
    return true;
}
