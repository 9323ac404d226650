// desk_acts.c - what was done and why: who gave back what to whom.
#include <string.h>

#include "base/units.h"
#include "exec/desk_inside.h"

enum { SENTENCE = 700 };

static const char *const kind_words[ACT_KINDS] = {"submit",  "start",  "end",  "fail",  "cancel",
                                                  "reclaim", "broken", "lost", "drain", "undrain"};

// ---- heard

static bool kind_of(const ls_exec_event *event, desk_act_kind *out) {
    const ls_exec_view *view = &event->job;
    switch (event->act) {
    case LS_EXEC_SUBMITTED: *out = ACT_SUBMIT; return true;
    case LS_EXEC_STARTED: *out = ACT_START; return true;
    case LS_EXEC_STOPS:
        *out = view->why == LS_WHY_RECLAIM  ? ACT_RECLAIM
               : view->why == LS_WHY_YIELD  ? ACT_RECLAIM
               : view->why == LS_WHY_MOVE   ? ACT_RECLAIM
               : view->why == LS_WHY_BROKEN ? ACT_BROKEN
                                            : ACT_CANCEL;
        return true;
    case LS_EXEC_ENDED:
        *out = view->state == LS_EXEC_DONE        ? ACT_END
               : view->state == LS_EXEC_CANCELLED ? ACT_CANCEL
               : view->state == LS_EXEC_LOST      ? ACT_LOST
                                                  : ACT_FAIL;
        return true;
    default: return false;
    }
}

static void put_act(ls_desk *desk, const desk_act *act) {
    desk_act *at = desk->acts + act->seq % ACTS_KEPT;
    ls_free(at->about);
    *at = *act;
}

static void told_out(ls_desk *desk, const ls_exec_event *event) {
    const bool drained = event->act == LS_EXEC_DRAINED;
    char text[SENTENCE];
    ls_text_format(text, sizeof text, "%s%s%s", event->place, drained ? ": " : "",
                   event->reason != NULL ? event->reason : "");
    desk_act act = {.seq = event->number,
                    .kind = drained ? ACT_DRAIN : ACT_UNDRAIN,
                    .at_us = event->at_us,
                    .to_account = LS_POOL_NONE,
                    .about = ls_text_copy(text)};
    if (act.about == NULL) {
        act.kind = ACT_KINDS;  // without memory nobody hears of it
    }
    put_act(desk, &act);
}

void ls_desk_told(void *context, const ls_exec_event *event) {
    ls_desk *desk = context;
    desk_act act = {.seq = event->number};
    const ls_exec_view *view = &event->job;
    desk->act_count = event->number;
    if (event->place != NULL) {
        told_out(desk, event);
        return;
    }
    if (!kind_of(event, &act.kind)) {
        act.kind = ACT_KINDS;  // keeps its place: places go by number
    }
    act.at_us = event->at_us;
    act.why = view->why;
    act.state = view->state;
    act.job = view->id;
    act.account = view->account;
    act.milli = ls_shape_milli(&view->job->shape);
    act.by_us = view->until_us;
    act.exit_code = view->exit_code;
    act.signal = view->signal;
    ls_text_format(act.who, sizeof act.who, "%s", view->job->user != NULL ? view->job->user : "");
    if (act.kind == ACT_RECLAIM) {
        ls_exec_view other;
        act.to_job = view->for_job;
        act.to_account = desk->exec != NULL && ls_exec_get(desk->exec, view->for_job, &other)
                             ? other.account
                             : LS_POOL_NONE;
    }
    put_act(desk, &act);
}

uint64_t ls_desk_seq(const ls_desk *desk) {
    return desk->act_count;
}

static const desk_act *find_act(const ls_desk *desk, uint64_t seq) {
    const desk_act *act = desk->acts + seq % ACTS_KEPT;
    return seq > 0 && act->seq == seq && act->kind != ACT_KINDS ? act : NULL;
}

// ---- told

static void put_gpus(const ls_desk *desk, uint64_t milli, char *out, size_t size, bool korean) {
    bool slots = desk->pool->cluster.kind_count > 0;
    for (uint32_t k = 0; k < desk->pool->cluster.kind_count; k++) {
        slots = slots && desk->pool->kinds[k].is_slots;
    }
    char number[32];
    ls_text_format(number, sizeof number, milli % LS_POOL_WHOLE == 0 ? "%.0f" : "%.3f",
                   (double)milli / LS_POOL_WHOLE);
    if (korean) {
        ls_text_format(out, size, "%s %s개", slots ? "CPU 슬롯" : "GPU", number);
    } else {
        ls_text_format(out, size, "%s %s%s", number, slots ? "slot" : "GPU",
                       milli == LS_POOL_WHOLE ? "" : "s");
    }
}

static void say_end(const desk_act *act, char *text, char *text_ko) {
    const unsigned long long job = act->job;
    if (act->state == LS_EXEC_TIMED_OUT) {
        ls_text_format(text, SENTENCE, "Job %llu was stopped: it ran for its longest time.", job);
        ls_text_format(text_ko, SENTENCE, "작업 %llu번이 실행 시간 제한에 이르러 중지되었습니다.",
                       job);
    } else if (act->signal > 0) {
        ls_text_format(text, SENTENCE, "Job %llu was ended by signal %d.", job, act->signal);
        ls_text_format(text_ko, SENTENCE, "작업 %llu번이 신호 %d로 끝났습니다.", job, act->signal);
    } else if (act->kind == ACT_FAIL && act->exit_code < 0) {
        ls_text_format(text, SENTENCE, "Job %llu could not be started.", job);
        ls_text_format(text_ko, SENTENCE, "작업 %llu번을 시작하지 못했습니다.", job);
    } else if (act->kind == ACT_FAIL) {
        ls_text_format(text, SENTENCE, "Job %llu failed with exit status %d.", job, act->exit_code);
        ls_text_format(text_ko, SENTENCE, "작업 %llu번이 종료 코드 %d로 실패했습니다.", job,
                       act->exit_code);
    } else if (act->kind == ACT_LOST) {
        ls_text_format(text, SENTENCE, "Job %llu was lost with the machine.", job);
        ls_text_format(text_ko, SENTENCE, "작업 %llu번을 장비와 함께 잃었습니다.", job);
    } else {
        ls_text_format(text, SENTENCE, "Job %llu is done.", job);
        ls_text_format(text_ko, SENTENCE, "작업 %llu번이 끝났습니다.", job);
    }
}

static void say_given_back(const desk_act *act, const char *account, const char *gpus,
                           const char *gpus_ko, char *text, char *text_ko) {
    const bool back = act->why == LS_WHY_RECLAIM;
    ls_text_format(text, SENTENCE,
                   back ? "Job %llu of %s gives back %s to an account that is guaranteed them."
                        : "Job %llu of %s gives its place, %s, to another job.",
                   (unsigned long long)act->job, account, gpus);
    ls_text_format(text_ko, SENTENCE,
                   back ? "%s 계정의 작업 %llu번이 %s를 보장량이 있는 계정에 돌려줍니다."
                        : "%s 계정의 작업 %llu번이 %s를 다른 작업에 내줍니다.",
                   account, (unsigned long long)act->job, gpus_ko);
}

static void say(const ls_desk *desk, const desk_act *act, bool tells_whom, char *text,
                char *text_ko) {
    char gpus[64], gpus_ko[64];
    const unsigned long long job = act->job;
    const char *account = desk_path(desk->pool, act->account);
    const char *to = desk_path(desk->pool, act->to_account);
    put_gpus(desk, act->milli, gpus, sizeof gpus, false);
    put_gpus(desk, act->milli, gpus_ko, sizeof gpus_ko, true);
    if (act->kind == ACT_RECLAIM && !tells_whom) {
        say_given_back(act, account, gpus, gpus_ko, text, text_ko);
        return;
    }
    switch (act->kind) {
    case ACT_SUBMIT:
        ls_text_format(text, SENTENCE, "%s submits job %llu of %s: %s.", act->who, job, account,
                       gpus);
        ls_text_format(text_ko, SENTENCE, "%s 님이 %s 계정의 작업 %llu번을 제출했습니다(%s).",
                       act->who, account, job, gpus_ko);
        break;
    case ACT_START:
        ls_text_format(text, SENTENCE, "Job %llu of %s starts on %s%s.", job, account, gpus,
                       act->why == LS_WHY_BACKFILL   ? ", before others whose place it does "
                                                       "not take"
                       : act->why == LS_WHY_PROMISED ? ", which were kept for it"
                                                     : "");
        ls_text_format(text_ko, SENTENCE, "%s 계정의 작업 %llu번이 %s로 시작합니다%s.", account,
                       job, gpus_ko,
                       act->why == LS_WHY_BACKFILL   ? "(백필)"
                       : act->why == LS_WHY_PROMISED ? "(약속된 자리)"
                                                     : "");
        break;
    case ACT_RECLAIM:
        if (act->why == LS_WHY_YIELD) {
            ls_text_format(text, SENTENCE,
                           "Job %llu of %s, a spot job, gives its place to job %llu of %s.", job,
                           account, (unsigned long long)act->to_job, to);
            ls_text_format(text_ko, SENTENCE,
                           "%s 계정의 스팟 작업 %llu번이 %s 계정의 작업 %llu번에 자리를 내줍니다.",
                           account, job, to, (unsigned long long)act->to_job);
            break;
        }
        if (act->why == LS_WHY_MOVE) {
            ls_text_format(text, SENTENCE,
                           "Job %llu of %s is moved, so that job %llu of %s has a place.", job,
                           account, (unsigned long long)act->to_job, to);
            ls_text_format(text_ko, SENTENCE,
                           "%s 계정의 작업 %llu번을 옮겨 %s 계정의 작업 %llu번의 자리를 만듭니다.",
                           account, job, to, (unsigned long long)act->to_job);
            break;
        }
        ls_text_format(text, SENTENCE,
                       "Job %llu of %s gives back %s to job %llu of %s, which is guaranteed "
                       "them.",
                       job, account, gpus, (unsigned long long)act->to_job, to);
        ls_text_format(text_ko, SENTENCE,
                       "%s 계정의 작업 %llu번이 %s를 보장량이 있는 %s 계정의 작업 %llu번에 "
                       "돌려줍니다.",
                       account, job, gpus_ko, to, (unsigned long long)act->to_job);
        break;
    case ACT_CANCEL:
        ls_text_format(text, SENTENCE,
                       act->state == LS_EXEC_CANCELLED ? "Job %llu of %s is cancelled."
                                                       : "Job %llu of %s is told to stop.",
                       job, account);
        ls_text_format(text_ko, SENTENCE,
                       act->state == LS_EXEC_CANCELLED
                           ? "작업 %llu번(%s 계정)이 취소되었습니다."
                           : "작업 %llu번(%s 계정)에 중지를 요청했습니다.",
                       job, account);
        break;
    case ACT_BROKEN:
        ls_text_format(text, SENTENCE, "Job %llu of %s stops: its machine has failed.", job,
                       account);
        ls_text_format(text_ko, SENTENCE, "노드 장애로 작업 %llu번(%s 계정)이 중지됩니다.", job,
                       account);
        break;
    case ACT_DRAIN:
        ls_text_format(text, SENTENCE, "Out of service: %s.", act->about);
        ls_text_format(text_ko, SENTENCE, "드레인됨: %s.", act->about);
        break;
    case ACT_UNDRAIN:
        ls_text_format(text, SENTENCE, "Back in service: %s.", act->about);
        ls_text_format(text_ko, SENTENCE, "드레인 해제: %s.", act->about);
        break;
    default: say_end(act, text, text_ko); break;
    }
}

static json_t *act_object(const ls_desk *desk, const desk_act *act, const ls_asker *who) {
    static const char *const starts[] = {"turn", "backfill", "promised"};
    char text[SENTENCE], text_ko[SENTENCE];
    const bool tells_whom = desk_sees(desk, who, act->to_account);
    say(desk, act, tells_whom, text, text_ko);
    json_t *made = json_pack(
        "{s:I, s:I, s:s, s:o, s:o, s:o, s:o, s:o}", "seq", (json_int_t)act->seq, "at_us",
        (json_int_t)act->at_us, "kind", kind_words[act->kind], "text", desk_text(text), "text_ko",
        desk_text(text_ko), "job", act->job != 0 ? desk_id(act->job) : json_null(), "account",
        desk_text(desk_path(desk->pool, act->account)), "gpus", desk_gpus(act->milli));
    if (act->kind == ACT_START && act->why <= LS_WHY_PROMISED) {
        json_object_set_new(made, "why", json_string(starts[act->why]));
    }
    if (act->kind == ACT_RECLAIM && tells_whom) {
        json_object_set_new(made, "to_job", desk_id(act->to_job));
        json_object_set_new(made, "to_account", desk_text(desk_path(desk->pool, act->to_account)));
    }
    if (act->kind == ACT_RECLAIM) {
        json_object_set_new(made, "by_us", json_integer(act->by_us));
    }
    if (act->kind == ACT_SUBMIT) {
        json_object_set_new(made, "who", desk_text(act->who));
    }
    return made;
}

json_t *ls_desk_act(const ls_desk *desk, uint64_t seq) {
    const desk_act *act = find_act(desk, seq);
    return act != NULL ? act_object(desk, act, NULL) : NULL;
}

// ---- asked

static ls_desk_code read_kinds(const char *list, uint32_t *out, ls_error *err) {
    static const char *const others[] = {"back", "adopt"};
    *out = list == NULL || list[0] == '\0' ? UINT32_MAX : 0;
    while (list != NULL && *list != '\0') {
        const size_t length = strcspn(list, ",");
        bool known = false;
        for (uint32_t i = 0; i < ACT_KINDS; i++) {
            if (strlen(kind_words[i]) == length && memcmp(kind_words[i], list, length) == 0) {
                *out |= UINT32_C(1) << i;
                known = true;
            }
        }
        for (size_t i = 0; i < sizeof others / sizeof *others; i++) {  // none of these happened
            known |= strlen(others[i]) == length && memcmp(others[i], list, length) == 0;
        }
        if (!known) {
            ls_fail(err, LS_ERR_INVALID, "kinds: there is no '%.*s'",
                    (int)(length < 40 ? length : 40), list);
            return LS_DESK_INVALID;
        }
        list += length + (list[length] == ',');
    }
    return LS_DESK_DONE;
}

static bool concerns(const ls_desk *desk, const desk_act *act, uint32_t account,
                     const ls_asker *who) {
    if (!desk_sees(desk, who, act->account)) {
        return false;
    }
    return desk_is_below(desk->pool, act->account, account) ||
           (act->kind == ACT_RECLAIM && act->to_account != LS_POOL_NONE &&
            desk_is_below(desk->pool, act->to_account, account));
}

ls_desk_code ls_desk_acts(ls_desk *desk, const ls_desk_acts_def *def, const ls_asker *who,
                          json_t **out, ls_error *err) {
    uint32_t kinds = 0, account = 0;
    *out = NULL;
    ls_desk_code code = read_kinds(def->kinds, &kinds, err);
    if (code != LS_DESK_DONE) {
        return code;
    }
    code = desk_account(desk, def->account, who, &account, err);
    if (code != LS_DESK_DONE) {
        return code;
    }
    const int64_t from_us = def->from_us >= 0 ? def->from_us
                            : def->after > 0  ? INT64_MIN
                                              : ls_exec_now_us(desk->exec) - LS_US_PER_HOUR;
    json_t *list = json_array();
    bool more = false;
    const uint64_t oldest = desk->act_count > ACTS_KEPT ? desk->act_count - ACTS_KEPT : 0;
    const uint64_t end = def->after > oldest ? def->after : oldest;
    for (uint64_t seq = desk->act_count; seq > end && !more; seq--) {
        const desk_act *act = find_act(desk, seq);
        if (act == NULL || act->at_us < from_us || (kinds >> act->kind & 1) == 0 ||
            !concerns(desk, act, account, who)) {
            continue;
        }
        more = json_array_size(list) == def->limit;
        if (!more) {
            json_array_append_new(list, act_object(desk, act, who));
        }
    }
    return desk_give(json_pack("{s:o, s:b}", "acts", list, "more", (int)more), out, err);
}
