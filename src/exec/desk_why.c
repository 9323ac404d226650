// desk_why.c - why a job waits or stops, and when it starts, in words.
#include <string.h>

#include "base/units.h"
#include "exec/desk_inside.h"
#include "exec/submit.h"

enum { HOLDERS = 3, SENTENCE = 700, WHYS_US_MOST = 50000 };

static void put_gpus(char *out, size_t size, uint64_t milli) {
    ls_text_format(out, size, milli % LS_POOL_WHOLE == 0 ? "%.0f" : "%.3f",
                   (double)milli / LS_POOL_WHOLE);
}

static bool counts_slots(const ls_pool *pool) {
    bool slots = pool->cluster.kind_count > 0;
    for (uint32_t k = 0; k < pool->cluster.kind_count; k++) {
        slots = slots && pool->kinds[k].is_slots;
    }
    return slots;
}

// ---- sentences

typedef struct sentence {
    const char *code;
    char text[SENTENCE], text_ko[SENTENCE];
} sentence;

static const char *unit_of(bool slots, uint64_t milli) {
    const bool one = milli == LS_POOL_WHOLE;
    return slots ? (one ? "slot" : "slots") : one ? "GPU" : "GPUs";
}

// Who holds most of it, behind the sentence; not to who may not be told of him.
static void add_holder(const ls_desk *desk, const ls_exec_answer *a, const ls_asker *who,
                       sentence *out) {
    char holds[32], borrows[32];
    if (a->holder_count == 0 || !desk_sees(desk, who, a->holders[0].account)) {
        return;
    }
    const ls_exec_holder *h = a->holders;
    const char *path = desk_path(desk->pool, h->account);
    const size_t at = strlen(out->text), at_ko = strlen(out->text_ko);
    put_gpus(holds, sizeof holds, h->milli);
    put_gpus(borrows, sizeof borrows, h->borrowed);
    ls_text_format(out->text + at, SENTENCE - at, " %s holds %s%s%s.", path, holds,
                   h->borrowed > 0 ? " and borrows " : "", h->borrowed > 0 ? borrows : "");
    ls_text_format(out->text_ko + at_ko, SENTENCE - at_ko, " %s 계정이 %s개를 쓰고 있습니다%s%s%s.",
                   path, holds, h->borrowed > 0 ? "(" : "", h->borrowed > 0 ? borrows : "",
                   h->borrowed > 0 ? "개 빌림)" : "");
}

static void say_free(const ls_desk *desk, const ls_exec_answer *a, const ls_asker *who,
                     sentence *out) {
    char wants[32], free[32];
    const bool slots = counts_slots(desk->pool);
    put_gpus(wants, sizeof wants, a->needs_milli);
    put_gpus(free, sizeof free, a->free_milli);
    const char *wanted = unit_of(slots, a->needs_milli);
    const char *be = a->free_milli == LS_POOL_WHOLE ? "is" : "are";
    if (a->reason == LS_REASON_PLACE && a->needs_milli == 0) {
        out->code = "place";
        ls_text_format(out->text, SENTENCE, "No node has the CPUs and the memory for it free.");
        ls_text_format(out->text_ko, SENTENCE, "CPU와 메모리가 충분히 빈 노드가 없습니다.");
    } else if (a->reason == LS_REASON_PLACE) {
        out->code = "place";
        ls_text_format(out->text, SENTENCE,
                       "It wants %s %s; %s %s free, but not together where it may stand.", wants,
                       wanted, free, be);
        ls_text_format(out->text_ko, SENTENCE,
                       "%s %s개가 필요합니다. 여유는 %s개이지만 한곳에 모여 있지 않습니다.",
                       slots ? "CPU 슬롯" : "GPU", wants, free);
    } else {
        out->code = "free";
        ls_text_format(out->text, SENTENCE, "It wants %s %s; %s %s free.", wants, wanted, free, be);
        ls_text_format(out->text_ko, SENTENCE, "%s %s개가 필요합니다. 여유는 %s개입니다.",
                       slots ? "CPU 슬롯" : "GPU", wants, free);
    }
    add_holder(desk, a, who, out);
}

static void say_limit(const ls_desk *desk, const ls_exec_answer *a, sentence *out) {
    const char *path = desk_path(desk->pool, a->account);
    out->code = "limit";
    ls_text_format(out->text, SENTENCE, "Account %s has reached its limit.",
                   path[0] != '\0' ? path : desk->pool->name);
    ls_text_format(out->text_ko, SENTENCE, "%s 계정이 상한에 이르렀습니다.",
                   path[0] != '\0' ? path : desk->pool->name);
}

static void say_budget(const ls_desk *desk, const ls_exec_answer *a, sentence *out) {
    const char *path = desk_path(desk->pool, a->account);
    const char *name = path[0] != '\0' ? path : desk->pool->name;
    out->code = "budget";
    ls_text_format(out->text, SENTENCE, "Account %s has used its GPU hours of this month.", name);
    ls_text_format(out->text_ko, SENTENCE, "%s 계정이 이번 달 GPU 시간을 다 썼습니다.", name);
}

static void say_turn(const ls_desk *desk, const ls_exec_view *view, const ls_exec_answer *a,
                     const ls_asker *who, sentence *out) {
    ls_exec_view other;
    const bool known = a->job != 0 && ls_exec_get(desk->exec, a->job, &other) &&
                       desk_sees(desk, who, other.account);
    if (known && other.account == view->account) {
        out->code = "priority";
        ls_text_format(out->text, SENTENCE, "Job %llu of the same account goes first.",
                       (unsigned long long)a->job);
        ls_text_format(out->text_ko, SENTENCE, "같은 계정의 작업 %llu번이 먼저입니다.",
                       (unsigned long long)a->job);
    } else {
        out->code = "turn";
        ls_text_format(out->text, SENTENCE, "It is the turn of others%s%s, who hold less.",
                       known ? ": " : "", known ? desk_path(desk->pool, other.account) : "");
        ls_text_format(out->text_ko, SENTENCE, "더 적게 쓰는 다른 계정%s%s%s의 차례입니다.",
                       known ? "(" : "", known ? desk_path(desk->pool, other.account) : "",
                       known ? ")" : "");
    }
}

static void say_waits(ls_desk *desk, const ls_exec_view *view, const ls_exec_answer *a,
                      const ls_asker *who, sentence *out) {
    switch (a->reason) {
    case LS_REASON_AFTER:
        out->code = "after";
        ls_text_format(out->text, SENTENCE, "It waits for job %llu.", (unsigned long long)a->job);
        ls_text_format(out->text_ko, SENTENCE, "작업 %llu번이 끝나기를 기다립니다.",
                       (unsigned long long)a->job);
        break;
    case LS_REASON_LIMIT: say_limit(desk, a, out); break;
    case LS_REASON_TURN: say_turn(desk, view, a, who, out); break;
    case LS_REASON_KEPT:
        out->code = "promised";
        ls_text_format(out->text, SENTENCE,
                       "Free GPUs are kept for a job that was promised them; this one would "
                       "still run then.");
        ls_text_format(out->text_ko, SENTENCE,
                       "여유 GPU는 먼저 약속된 작업을 위해 남겨 두었습니다.");
        break;
    case LS_REASON_RESERVED:
        out->code = "reserved";
        ls_text_format(out->text, SENTENCE, "The GPUs that are free are kept by a reservation.");
        ls_text_format(out->text_ko, SENTENCE, "여유 GPU는 예약되어 있습니다.");
        break;
    case LS_REASON_BUDGET: say_budget(desk, a, out); break;
    case LS_REASON_POWER:
        out->code = "power";
        ls_text_format(out->text, SENTENCE, "GPUs are free, but the limit of power is reached.");
        ls_text_format(out->text_ko, SENTENCE, "GPU는 비어 있으나 전력 상한에 이르렀습니다.");
        break;
    case LS_REASON_OUT:
        out->code = "drained";
        ls_text_format(out->text, SENTENCE, "Too many nodes are out of service for it.");
        ls_text_format(out->text_ko, SENTENCE, "사용할 수 없는 노드가 너무 많습니다.");
        break;
    case LS_REASON_RECLAIM:
        out->code = "reclaim";
        ls_text_format(out->text, SENTENCE, "What its account lent is being taken back for it.");
        ls_text_format(out->text_ko, SENTENCE, "빌려준 자원을 회수하고 있습니다.");
        break;
    case LS_REASON_NEXT:
        out->code = "turn";
        ls_text_format(out->text, SENTENCE, "It starts in a moment.");
        ls_text_format(out->text_ko, SENTENCE, "곧 시작합니다.");
        break;
    default: say_free(desk, a, who, out); break;
    }
}

// For another job, which who asks may not be told of.
static void say_stops_for_some(const ls_exec_view *view, sentence *out) {
    const bool gives_back = view->why == LS_WHY_RECLAIM;
    out->code = gives_back ? "reclaim" : view->why == LS_WHY_YIELD ? "yield" : "move";
    ls_text_format(
        out->text, SENTENCE,
        gives_back ? "It gives back what it borrowed." : "It gives its place to another job.");
    ls_text_format(out->text_ko, SENTENCE,
                   gives_back ? "빌려 쓴 자원을 돌려줍니다." : "다른 작업에 자리를 내줍니다.");
}

static void say_stops(const ls_exec_view *view, bool tells_whom, sentence *out) {
    const bool for_other = view->why == LS_WHY_RECLAIM || view->why == LS_WHY_YIELD ||
                           view->why == LS_WHY_MOVE;
    if (for_other && !tells_whom) {
        say_stops_for_some(view, out);
    } else if (view->why == LS_WHY_RECLAIM) {
        out->code = "reclaim";
        ls_text_format(out->text, SENTENCE, "It gives back what it borrowed, for job %llu.",
                       (unsigned long long)view->for_job);
        ls_text_format(out->text_ko, SENTENCE, "빌려 쓴 자원을 작업 %llu번에 돌려줍니다.",
                       (unsigned long long)view->for_job);
    } else if (view->why == LS_WHY_YIELD) {
        out->code = "yield";
        ls_text_format(out->text, SENTENCE, "A spot job, it gives its place to job %llu.",
                       (unsigned long long)view->for_job);
        ls_text_format(out->text_ko, SENTENCE, "스팟 작업이라 작업 %llu번에 자리를 내줍니다.",
                       (unsigned long long)view->for_job);
    } else if (view->why == LS_WHY_MOVE) {
        out->code = "move";
        ls_text_format(out->text, SENTENCE, "It is moved, so that job %llu has a place.",
                       (unsigned long long)view->for_job);
        ls_text_format(out->text_ko, SENTENCE, "작업 %llu번의 자리를 만들려고 옮깁니다.",
                       (unsigned long long)view->for_job);
    } else if (view->why == LS_WHY_BROKEN) {
        out->code = "broken";
        ls_text_format(out->text, SENTENCE, "The machine it runs on has failed.");
        ls_text_format(out->text_ko, SENTENCE, "실행 중인 노드에 장애가 생겼습니다.");
    } else {
        out->code = "cancel";
        ls_text_format(out->text, SENTENCE, "It was told to stop.");
        ls_text_format(out->text_ko, SENTENCE, "중지 요청을 받았습니다.");
    }
}

// ---- who holds what is short

static json_t *holders_of(const ls_desk *desk, const ls_exec_answer *a, const ls_asker *who) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < a->holder_count && i < HOLDERS; i++) {
        const ls_exec_holder *h = a->holders + i;
        if (!desk_sees(desk, who, h->account)) {
            continue;
        }
        json_array_append_new(
            list, json_pack("{s:o, s:o, s:o, s:I, s:o, s:I, s:o}", "account",
                            desk_text(desk_path(desk->pool, h->account)), "gpus",
                            desk_gpus(h->milli), "borrowed", desk_gpus(h->borrowed), "jobs",
                            (json_int_t)h->jobs, "oldest", desk_id(h->oldest), "since_us",
                            (json_int_t)h->since_us, "until_us", desk_time(h->until_us)));
    }
    return list;
}

// May a job be named to him?
static bool sees_job(const ls_desk *desk, const ls_asker *who, uint64_t id) {
    ls_exec_view view;
    return who == NULL || who->account == 0 ||
           (ls_exec_get(desk->exec, id, &view) && desk_sees(desk, who, view.account));
}

static void add_figures(const ls_desk *desk, const ls_exec_answer *a, const char *code,
                        const ls_asker *who, json_t *made) {
    // What an account above the asker's holds is the business of others below it, too.
    const bool tells = a->account >= desk->pool->account_count || desk_sees(desk, who, a->account);
    if (a->job != 0 && sees_job(desk, who, a->job)) {
        json_object_set_new(made, "job", desk_id(a->job));
    }
    if (strcmp(code, "free") == 0 || strcmp(code, "place") == 0) {
        json_object_set_new(made, "wants", desk_gpus(a->needs_milli));
        json_object_set_new(made, "free", desk_gpus(a->free_milli));
        json_object_set_new(made, "holders", holders_of(desk, a, who));
    }
    if (a->within != LS_POOL_ANYWHERE && ls_level_word(a->within) != NULL) {
        json_object_set_new(made, "within", json_string(ls_level_word(a->within)));
    }
    if (a->by_us != INT64_MAX) {
        json_object_set_new(made, "by_us", json_integer(a->by_us));
    }
    if (a->account < desk->pool->account_count) {
        json_object_set_new(made, "account", desk_text(desk_path(desk->pool, a->account)));
    }
    if (strcmp(code, "limit") == 0 && tells) {
        const uint64_t left = a->free_milli < a->most_milli ? a->free_milli : a->most_milli;
        json_object_set_new(made, "wants", desk_gpus(a->needs_milli));
        json_object_set_new(made, "used", desk_gpus(a->most_milli - left));
        json_object_set_new(made, "limit", desk_gpus(a->most_milli));
    }
    if (a->ahead > 0) {
        json_object_set_new(made, "before", json_integer((json_int_t)a->ahead));
    }
    json_object_set_new(made, "earliest_us", desk_time(a->earliest_us));
    json_object_set_new(made, "promised_us", desk_time(a->promised_us));
}

// ---- in lists

static bool is_like(const desk_why_kept *k, const ls_exec_view *view) {
    const ls_shape *a = &k->shape, *b = &view->job->shape;
    return k->id != 0 && k->account == view->account && a->parts == b->parts &&
           a->gpus == b->gpus && a->milli == b->milli && a->cpu_milli == b->cpu_milli &&
           a->memory_mib == b->memory_mib && a->gpu_mib == b->gpu_mib && a->kinds == b->kinds &&
           a->sites == b->sites && a->within == b->within && a->must == b->must &&
           a->spread == b->spread &&
           k->priority == (view->job->has_priority ? view->job->priority : -1) &&
           k->limit_us == view->job->limit_us && k->deadline_us == view->job->deadline_us &&
           k->spot == view->job->spot;
}

static void keep_why(desk_why_kept *k, const ls_exec_view *view, int64_t began_us) {
    k->id = view->id;
    k->account = view->account;
    k->shape = view->job->shape;
    k->priority = view->job->has_priority ? view->job->priority : -1;
    k->limit_us = view->job->limit_us;
    k->deadline_us = view->job->deadline_us;
    k->spot = view->job->spot;
    k->made_us = desk_clock_us();
    k->cost_us = k->made_us - began_us;
}

// That of one like it, if that was found out just now: what is short is the same; when it starts,
// and how many go before it, is not told of this one then. False: nothing is told, since too much
// was found out for this answer already.
static bool answer_for_list(ls_desk *desk, const ls_exec_view *view, ls_exec_answer *out) {
    const int64_t now = desk_clock_us();
    desk_why_kept *oldest = desk->whys;
    for (uint32_t i = 0; i < WHYS_KEPT; i++) {
        desk_why_kept *k = desk->whys + i;
        oldest = k->made_us < oldest->made_us ? k : oldest;
        const bool own = k->answer.reason == LS_REASON_NEXT ||
                         k->answer.reason == LS_REASON_RECLAIM;
        if (now < k->made_us + REST * k->cost_us && is_like(k, view) &&
            (k->id == view->id || !own)) {
            *out = k->answer;
            if (k->id != view->id) {
                out->ahead = 0;
                out->promised_us = out->earliest_us = INT64_MAX;
            }
            return true;
        }
    }
    if (desk->whys_us > WHYS_US_MOST) {
        return false;
    }
    if (ls_exec_why(desk->exec, view->id, out, NULL) != LS_OK) {
        return false;
    }
    oldest->answer = *out;
    keep_why(oldest, view, now);
    desk->whys_us += oldest->cost_us;
    return true;
}

static bool find_answer(ls_desk *desk, const ls_exec_view *view, desk_detail detail,
                        ls_exec_answer *out) {
    if (detail == DETAIL_LIST && view->state != LS_EXEC_WAITING) {
        return ls_exec_why_brief(desk->exec, view->id, out, NULL) == LS_OK;
    }
    return detail == DETAIL_LIST ? answer_for_list(desk, view, out)
                                 : ls_exec_why(desk->exec, view->id, out, NULL) == LS_OK;
}

json_t *desk_why(ls_desk *desk, const ls_exec_view *view, const ls_asker *who, desk_detail detail) {
    sentence said = {.code = NULL};
    ls_exec_answer answer = {.promised_us = INT64_MAX};
    const bool waits = view->state <= LS_EXEC_WAITING;
    if (waits && find_answer(desk, view, detail, &answer)) {
        say_waits(desk, view, &answer, who, &said);
    } else if (view->state == LS_EXEC_STOPPING) {
        say_stops(view, sees_job(desk, who, view->for_job), &said);
    }
    if (said.code == NULL) {
        return json_null();
    }
    json_t *made = json_pack("{s:s, s:o, s:o}", "code", said.code, "text", desk_text(said.text),
                             "text_ko", desk_text(said.text_ko));
    if (waits) {
        add_figures(desk, &answer, said.code, who, made);
    } else {
        if (view->for_job != 0 && sees_job(desk, who, view->for_job)) {
            json_object_set_new(made, "job", desk_id(view->for_job));
        }
        if (view->until_us > 0 && view->until_us < INT64_MAX) {
            json_object_set_new(made, "by_us", json_integer(view->until_us));
        }
    }
    return made;
}

// The whole answer of the service is in sentences already; they are its lines.
ls_desk_code ls_desk_why(ls_desk *desk, uint64_t id, const ls_asker *who, json_t **out,
                         ls_error *err) {
    ls_exec_answer answer = {0};
    ls_exec_view view;
    const ls_desk_code code = ls_desk_job(desk, id, who, out, err);
    if (code != LS_DESK_DONE || !ls_exec_get(desk->exec, id, &view)) {
        return code;
    }
    json_t *lines = json_array();
    if (who != NULL && who->account != 0) {  // the service's own sentences name everybody
        json_t *text = json_object_get(json_object_get(*out, "why"), "text");
        if (text != NULL) {
            json_array_append(lines, text);
        }
    } else if (view.state <= LS_EXEC_WAITING &&
               ls_exec_why(desk->exec, id, &answer, err) == LS_OK) {
        for (const char *at = answer.text; *at != '\0';) {
            const size_t length = strcspn(at, "\n");
            json_array_append_new(lines, json_stringn(at, length));
            at += length + (at[length] == '\n');
        }
    }
    json_object_set_new(*out, "lines", lines);
    return LS_DESK_DONE;
}
