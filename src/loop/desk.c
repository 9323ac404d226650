// desk.c - see desk.h.
#include "loop/desk.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"

enum { QUEUE_MAX = 256, TEXT_MAX = 65536 };

typedef struct letter {
    char *tag, *text;
    size_t size;
} letter;

struct ls_desk {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool ends;
    letter queue[QUEUE_MAX];
    uint32_t head, count;
    ls_orders *orders;  // the thread's
    ls_orders_figures figures;
    const ls_plant *plant;
    ls_intake *intake;
    ls_journal *journal;
};

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// ---- what came

static bool take_order(ls_desk *desk, const ls_desk_event *event) {
    const ls_plant *plant = desk->plant;
    char text[300];
    ls_text_format(text, sizeof text, "order %s: %u lots of %s, from %s", event->id, event->lots,
                   plant->products[event->product].name, event->from);
    json_t *object = json_pack("{s:s, s:s, s:I, s:I, s:I, s:i}", "order", event->id, "product",
                               plant->products[event->product].name, "lots",
                               (json_int_t)event->lots, "release_us", (json_int_t)event->release_us,
                               "due_us",
                               (json_int_t)(event->due_us == LS_FOREVER ? -1 : event->due_us),
                               "priority", (int)event->priority);
    char *json = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    if (json != NULL) {
        ls_journal_write(desk->journal, LS_LOG_INFO, "order", event->id, 0, text, json);
    }
    json_decref(object);
    const bool taken = json != NULL;
    free(json);
    return taken;
}

// A person's word moves the twin as the line's does.
static void follow_note(ls_desk *desk, const ls_desk_event *event) {
    pthread_mutex_lock(&desk->intake->lock);
    ls_follow *follow = desk->intake->running.follow;
    if (follow != NULL) {
        const int64_t now = ls_follow_now(follow);
        ls_heard heard = {.of = event->machine,
                          .time_us = event->time_us < now ? event->time_us : now};
        if (event->mode != LS_NONE) {
            heard.kind = LS_HEARD_REASON;
            heard.number = (int64_t)event->mode + 1;
            ls_follow_hear(follow, &heard);
        }
        if (event->scrap > 0) {
            heard.kind = LS_HEARD_BAD;
            heard.number = event->scrap;
            ls_follow_hear(follow, &heard);
        }
    }
    pthread_mutex_unlock(&desk->intake->lock);
}

static bool take_note(ls_desk *desk, const ls_desk_event *event) {
    const ls_plant *plant = desk->plant;
    const char *reason = event->mode != LS_NONE ? plant->failures[event->mode].name : "";
    char text[1000];
    ls_text_format(text, sizeof text, "%s: %s%s%u parts scrapped, said by %s%s%s",
                   plant->machines[event->machine].name, reason, reason[0] != '\0' ? ", " : "",
                   event->scrap, event->by != NULL ? event->by : "a person",
                   event->text != NULL ? ": " : "", event->text != NULL ? event->text : "");
    ls_journal_write(desk->journal, LS_LOG_INFO, "note", plant->machines[event->machine].name,
                     plant->start_us + event->time_us, text, NULL);
    follow_note(desk, event);
    return true;
}

static bool hear(void *context, const ls_desk_event *event) {
    ls_desk *desk = context;
    switch (event->kind) {
    case LS_DESK_ORDER: return take_order(desk, event);
    case LS_DESK_NOTE: return take_note(desk, event);
    case LS_DESK_SET_ASIDE:
        ls_journal_write(desk->journal, LS_LOG_WARNING, "set-aside", event->from, 0, event->text,
                         NULL);
        return true;
    case LS_DESK_AWAY:
        ls_journal_write(desk->journal, LS_LOG_WARNING, "orders", event->from, 0, event->text,
                         NULL);
        return true;
    default:
        ls_journal_write(desk->journal, LS_LOG_INFO, "orders", event->from, 0,
                         "orders can be read again", NULL);
        return true;
    }
}

// ---- the thread

static bool take_letter(ls_desk *desk, letter *out) {
    const bool there = desk->count > 0;
    if (there) {
        *out = desk->queue[desk->head];
        desk->head = (desk->head + 1) % QUEUE_MAX;
        desk->count--;
    }
    return there;
}

static void read_letter(ls_desk *desk, letter *of) {
    ls_orders_text(desk->orders, of->tag, of->text, of->size, now_us(), hear, desk);
    ls_free(of->tag);
    ls_free(of->text);
}

static void wait_until(ls_desk *desk, int64_t us) {
    const struct timespec until = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    if (!desk->ends && desk->count == 0) {
        pthread_cond_timedwait(&desk->wake, &desk->lock, &until);
    }
}

static void *work(void *context) {
    ls_desk *desk = context;
    int64_t next = 0;
    pthread_mutex_lock(&desk->lock);
    while (!desk->ends) {
        letter one;
        const bool came = take_letter(desk, &one);
        pthread_mutex_unlock(&desk->lock);
        if (came) {
            read_letter(desk, &one);
        } else if (now_us() >= next) {
            next = ls_orders_poll(desk->orders, now_us(), hear, desk);
        }
        const ls_orders_figures figures = ls_orders_describe(desk->orders);
        pthread_mutex_lock(&desk->lock);
        desk->figures = figures;
        const int64_t second = now_us() + 1000000;
        wait_until(desk, next < second ? next : second);
    }
    pthread_mutex_unlock(&desk->lock);
    return NULL;
}

// ---- opening, closing

ls_status ls_desk_open(const ls_plant *plant, const char *data_folder, ls_intake *intake,
                       ls_journal *journal, ls_desk **out, ls_error *err) {
    *out = NULL;
    ls_desk *desk = ls_alloc(sizeof *desk);
    if (desk == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the order desk");
    }
    desk->plant = plant;
    desk->intake = intake;
    desk->journal = journal;
    const ls_status status = ls_orders_create(plant, data_folder, &desk->orders, err);
    if (status != LS_OK) {
        ls_free(desk);
        return status;
    }
    pthread_mutex_init(&desk->lock, NULL);
    pthread_cond_init(&desk->wake, NULL);
    if (pthread_create(&desk->thread, NULL, work, desk) != 0) {
        ls_orders_destroy(desk->orders);
        ls_free(desk);
        return ls_fail(err, LS_ERR_MEMORY, "no thread for the order desk");
    }
    *out = desk;
    return LS_OK;
}

void ls_desk_close(ls_desk *desk) {
    if (desk == NULL) {
        return;
    }
    pthread_mutex_lock(&desk->lock);
    desk->ends = true;
    pthread_cond_signal(&desk->wake);
    pthread_mutex_unlock(&desk->lock);
    pthread_join(desk->thread, NULL);
    letter left;
    while (take_letter(desk, &left)) {
        read_letter(desk, &left);
    }
    ls_orders_destroy(desk->orders);
    pthread_cond_destroy(&desk->wake);
    pthread_mutex_destroy(&desk->lock);
    ls_free(desk);
}

static char *copy(const char *text, size_t size) {
    char *to = ls_alloc(size + 1);
    if (to != NULL) {
        memcpy(to, text, size);
    }
    return to;
}

void ls_desk_put(ls_desk *desk, const char *tag, const char *text, size_t size) {
    const letter one = {.tag = copy(tag, strlen(tag)),
                        .text = size <= TEXT_MAX ? copy(text, size) : NULL,
                        .size = size};
    pthread_mutex_lock(&desk->lock);
    const bool fits = desk->count < QUEUE_MAX && one.tag != NULL && one.text != NULL;
    if (fits) {
        desk->queue[(desk->head + desk->count) % QUEUE_MAX] = one;
        desk->count++;
        pthread_cond_signal(&desk->wake);
    }
    pthread_mutex_unlock(&desk->lock);
    if (!fits) {
        ls_free(one.tag);
        ls_free(one.text);
        ls_journal_write(desk->journal, LS_LOG_WARNING, "set-aside", tag, 0,
                         "an order was not taken: it is too long, or too many came at once", NULL);
    }
}

ls_orders_figures ls_desk_describe(ls_desk *desk) {
    pthread_mutex_lock(&desk->lock);
    const ls_orders_figures figures = desk->figures;
    pthread_mutex_unlock(&desk->lock);
    return figures;
}
