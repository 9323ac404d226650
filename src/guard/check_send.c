// check_send.c - is it written down, and is nothing else on its way there?
#include "guard/check_inside.h"

static bool has_row(const ls_guard_case *c) {
    const uint64_t id = ls_guard_hash(c->command->id);
    for (uint32_t i = 0; i < c->state->journal_count; i++) {
        if (c->state->journal_ids[i] == id) {
            return true;
        }
    }
    return false;
}

// 23
bool ls_guard_journalled(const ls_guard_case *c) {
    if (!c->state->journal_ready) {
        return ls_guard_no(c, "the journal cannot be written", "기록(저널)에 쓸 수 없습니다");
    }
    if (!c->sending || has_row(c)) {
        return true;
    }
    return ls_guard_no(c, "its row is not in the journal yet", "저널에 아직 기록되지 않았습니다");
}

// 25
bool ls_guard_read_before(const ls_guard_case *c) {
    if (c->memory == NULL || !c->memory->pending.open) {
        return true;
    }
    return ls_guard_no(c, "the last command to %s is not read back yet",
                       "%s에 보낸 이전 명령이 아직 확인되지 않았습니다", c->target->name);
}
