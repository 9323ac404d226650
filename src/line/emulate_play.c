// emulate_play.c - see emulate_play.h.
#include "line/emulate_play.h"

#include <assert.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/units.h"
#include "line/emulate_modbus.h"

enum { DEF_COOKIE = 0x706c6179, COMMANDS_MAX = 1024, TEXT_MAX = 256 };
#define SLEEP_MAX_US 10000  // commands are looked for so often
#define STRIDE_US 10000000  // of plant time, where there is no clock to wait for

typedef struct command {
    uint32_t metric;
    ls_sample value;
    char text[TEXT_MAX];
} command;

struct ls_emulate_play {
    ls_emulate_play_def def;
    ls_emulate *line;
    ls_edge *edge;
    ls_emulate_modbus *modbus;
    int64_t begun_us;    // wall
    int64_t flushed_us;  // time of the values that are not yet flushed
    uint64_t greeted;    // births after which the lots that were there were told
    bool shown;          // the lots that were there stand in registers
    bool live;           // values go out; before that they are the birth's
    uint64_t overflows;
    pthread_mutex_t lock;  // of the commands
    command *commands;
    uint32_t command_count;
};

ls_emulate_play_def ls_emulate_play_def_default(void) {
    return (ls_emulate_play_def){
        .speed = 1.0, .for_us = LS_FOREVER, .modbus_port = -1, .cookie = DEF_COOKIE};
}

static int64_t wall_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// --- out

// What belongs to one instant goes out together.
static void on_told(void *context, uint32_t signal, const ls_sample *value) {
    ls_emulate_play *p = context;
    if (p->edge != NULL) {
        if (p->live && value->time_us != p->flushed_us) {
            ls_edge_flush(p->edge);
            p->flushed_us = value->time_us;
        }
        ls_edge_set(p->edge, signal, value);
    }
    if (p->modbus != NULL) {
        ls_emulate_modbus_tell(p->modbus, signal, value);
    }
}

// --- in

// From the edge's thread.
static void on_commanded(void *context, uint32_t metric, const ls_sample *value) {
    ls_emulate_play *p = context;
    pthread_mutex_lock(&p->lock);
    if (p->command_count == COMMANDS_MAX) {
        p->overflows++;
    } else {
        command *c = &p->commands[p->command_count++];
        c->metric = metric;
        c->value = *value;
        if (value->kind == LS_VALUE_TEXT && value->size <= TEXT_MAX) {
            memcpy(c->text, value->value.text, value->size);
        } else if (value->kind == LS_VALUE_TEXT || value->kind == LS_VALUE_BYTES) {
            c->value.kind = LS_VALUE_NONE;  // no command is that long
            c->value.size = 0;
        }
    }
    pthread_mutex_unlock(&p->lock);
}

static void obey(ls_emulate_play *p, int64_t now_us) {
    for (;;) {
        command c;
        pthread_mutex_lock(&p->lock);
        const bool any = p->command_count > 0;
        if (any) {
            c = p->commands[0];
            p->command_count--;
            memmove(p->commands, p->commands + 1, p->command_count * sizeof c);
        }
        pthread_mutex_unlock(&p->lock);
        if (!any) {
            break;
        }
        if (c.value.kind == LS_VALUE_TEXT) {
            c.value.value.text = c.text;
        }
        ls_emulate_write(p->line, c.metric, &c.value, now_us);
    }
    if (p->modbus != NULL) {
        ls_emulate_modbus_written(p->modbus, p->line, now_us);
    }
    ls_emulate_wall(p->line, now_us);
}

// --- made

static ls_status make_edge(ls_emulate_play *p, ls_error *err) {
    const ls_emulate_play_def *def = &p->def;
    ls_source source = {.kind = LS_SOURCE_SPARKPLUG};
    for (uint32_t i = 0; i < def->plant->listen.source_count; i++) {
        if (def->plant->listen.sources[i].kind == LS_SOURCE_SPARKPLUG) {
            source = def->plant->listen.sources[i];
        }
    }
    source.group = ls_emulate_group(p->line);
    source.login = def->login != NULL ? def->login : source.login;
    ls_edge_def edge = ls_edge_def_default();
    edge.source = &source;
    edge.url = def->url;
    edge.user = def->user;
    edge.password = def->password;
    edge.node = ls_emulate_node(p->line);
    edge.primary = def->primary;
    edge.commanded = on_commanded;
    edge.context = p;
    ls_edge *made = NULL;
    ls_status status = ls_edge_create(&edge, &made, err);
    for (uint32_t i = 0; status == LS_OK && i < ls_emulate_signal_count(p->line); i++) {
        const ls_emulate_signal *s = ls_emulate_signal_get(p->line, i);
        uint32_t metric = 0;
        status = ls_edge_metric(made, s->device, s->name, s->kind, s->unit, s->writable, &metric,
                                err);
        assert(status != LS_OK || metric == i);
        if (status == LS_OK) {
            ls_edge_set(made, metric, ls_emulate_value(p->line, i));
        }
    }
    if (status == LS_OK && (def->drop | def->twice | def->swap) != 0) {
        ls_edge_disturb(made, def->drop, def->twice, def->swap, def->seed);
    }
    status = status == LS_OK ? ls_edge_start(made, err) : status;
    if (status != LS_OK) {
        ls_edge_destroy(made);
        return status;
    }
    p->edge = made;
    return LS_OK;
}

static ls_status make(ls_emulate_play *p, ls_error *err) {
    const ls_emulate_play_def *def = &p->def;
    p->commands = ls_alloc(COMMANDS_MAX * sizeof *p->commands);
    if (p->commands == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    ls_emulate_def line = ls_emulate_def_default();
    line.seed = def->seed;
    line.hide = def->hide;
    line.hide_file = def->hide_file;
    line.process = def->process;
    line.from_us = def->from_us;
    line.told = on_told;
    line.context = p;
    ls_status status = ls_emulate_create(def->plant, &line, &p->line, err);
    if (status == LS_OK && def->url != NULL) {
        status = make_edge(p, err);
    }
    if (status == LS_OK && def->modbus_port >= 0) {
        status = ls_emulate_modbus_create(def->plant, p->line, def->modbus_port, &p->modbus, err);
    }
    p->live = true;
    p->begun_us = wall_us();
    return status;
}

ls_status ls_emulate_play_create(const ls_emulate_play_def *def, ls_emulate_play **out,
                                 ls_error *err) {
    assert(def->cookie == DEF_COOKIE);
    *out = NULL;
    ls_emulate_play *p = ls_alloc(sizeof *p);
    if (p == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    pthread_mutex_init(&p->lock, NULL);
    p->def = *def;
    const ls_status status = make(p, err);
    if (status != LS_OK) {
        ls_emulate_play_destroy(p);
        return status;
    }
    *out = p;
    return LS_OK;
}

void ls_emulate_play_destroy(ls_emulate_play *play) {
    if (play == NULL) {
        return;
    }
    ls_edge_destroy(play->edge);
    ls_emulate_modbus_destroy(play->modbus);
    ls_emulate_destroy(play->line);
    pthread_mutex_destroy(&play->lock);
    ls_free(play->commands);
    ls_free(play);
}

// --- time

static int64_t end_of(const ls_emulate_play *p) {
    const int64_t from = p->def.from_us;
    return p->def.for_us > LS_FOREVER - from ? LS_FOREVER : from + p->def.for_us;
}

// The plant time that belongs to a wall time.
static int64_t due_at(const ls_emulate_play *p, int64_t now_us) {
    if (p->def.speed <= 0.0) {
        return ls_emulate_now(p->line) + STRIDE_US;
    }
    const double passed = (double)(now_us - p->begun_us) * p->def.speed;
    return p->def.from_us + (passed < 4e18 ? (int64_t)passed : 4000000000000000000);
}

static int64_t sleep_for(const ls_emulate_play *p, int64_t now_us) {
    if (p->def.speed <= 0.0) {
        return 0;
    }
    const int64_t next = ls_emulate_next(p->line);
    const double at = (double)(next - p->def.from_us) / p->def.speed;
    const double wait = at - (double)(now_us - p->begun_us);
    return wait < 0.0 ? 0 : wait > SLEEP_MAX_US ? SLEEP_MAX_US : (int64_t)wait + 1;
}

// Whoever hears the birth also hears which lots there are.
static void greet(ls_emulate_play *p) {
    ls_edge_figures edge = {0};
    if (p->modbus != NULL && !p->shown) {
        p->shown = true;
        ls_emulate_tell_lots(p->line);
    }
    if (p->edge != NULL) {
        ls_edge_describe(p->edge, &edge);
        if (edge.births > p->greeted) {
            p->greeted = edge.births;
            ls_emulate_tell_lots(p->line);
        }
    }
}

ls_status ls_emulate_play_step(ls_emulate_play *play, int64_t *out_sleep_us, ls_error *err) {
    const int64_t now_us = wall_us();
    const int64_t end = end_of(play);
    greet(play);
    const int64_t due = due_at(play, now_us);
    const int64_t until = due < end ? due : end;
    ls_status status = LS_OK;
    if (until > ls_emulate_now(play->line)) {
        status = ls_emulate_run(play->line, until, err);
    }
    obey(play, now_us);
    if (play->edge != NULL) {
        ls_edge_flush(play->edge);
    }
    *out_sleep_us = until >= end ? -1 : sleep_for(play, wall_us());
    return status;
}

const ls_emulate *ls_emulate_play_line(const ls_emulate_play *play) {
    return play->line;
}

ls_emulate_play_figures ls_emulate_play_describe(ls_emulate_play *play) {
    ls_emulate_play_figures f = {.line = ls_emulate_describe(play->line),
                                 .now_us = ls_emulate_now(play->line),
                                 .modbus_port = -1};
    if (play->edge != NULL) {
        ls_edge_describe(play->edge, &f.edge);
    }
    if (play->modbus != NULL) {
        f.modbus_port = ls_emulate_modbus_port(play->modbus);
    }
    if (play->def.speed > 0.0) {
        f.behind_s = (double)(due_at(play, wall_us()) - f.now_us) / play->def.speed / 1e6;
    }
    pthread_mutex_lock(&play->lock);
    f.overflows = play->overflows;
    pthread_mutex_unlock(&play->lock);
    return f;
}

void ls_emulate_play_linger(ls_emulate_play *play) {
    greet(play);
    obey(play, wall_us());
    if (play->edge != NULL) {
        const uint32_t clock = ls_emulate_find(play->line, NULL, "Clock");
        const uint32_t at = clock != LS_NONE ? clock : ls_emulate_find(play->line, "line", "Clock");
        ls_edge_disturb(play->edge, 0, 0, 0, 0);
        if (at != LS_NONE) {
            ls_edge_set(play->edge, at, ls_emulate_value(play->line, at));
        }
        ls_edge_flush(play->edge);
    }
}

void ls_emulate_play_truth(ls_emulate_play *play, ls_buffer *out) {
    const ls_emulate_play_figures f = ls_emulate_play_describe(play);
    ls_buffer line;
    ls_buffer_init(&line);
    ls_emulate_truth(play->line, &line);
    json_t *root = line.data != NULL ? json_loads(line.data, 0, NULL) : NULL;
    json_object_set_new(root, "disturbed",
                        json_pack("{s:I, s:I, s:I}", "lost", (json_int_t)f.edge.disturbed_lost,
                                  "doubled", (json_int_t)f.edge.disturbed_doubled, "swapped",
                                  (json_int_t)f.edge.disturbed_swapped));
    char *text = root != NULL ? json_dumps(root, JSON_INDENT(1)) : NULL;
    if (text == NULL) {
        out->failed = true;
    } else {
        ls_buffer_printf(out, "%s\n", text);
    }
    free(text);
    json_decref(root);
    ls_buffer_clear(&line);
}
