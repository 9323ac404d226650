// demo_week.c - see demo_week.h.
#include "cli/demo_week.h"

#include <string.h>

#include "base/arena.h"
#include "base/tags.h"
#include "base/text.h"
#include "history/history.h"
#include "line/emulate.h"

enum { BATCH = 4096, TEXT_SIZE = 1 << 18, NAME_SIZE = 512 };
#define STRIDE_US (900LL * 1000000)  // of plant time, between two looks at the progress

typedef struct maker {
    ls_emulate *line;
    ls_tags *tags;
    ls_history *history;
    uint32_t *tag_of;  // of each signal
    ls_sample *batch;
    uint32_t count;
    char *texts;  // of the batch
    size_t text_size;
    uint64_t samples;
    ls_status status;
    ls_error *err;
} maker;

static void flush(maker *m) {
    if (m->status == LS_OK && m->count > 0) {
        m->status = ls_history_append(m->history, m->batch, m->count, m->err);
        m->samples += m->count;
    }
    m->count = 0;
    m->text_size = 0;
}

// The line tells while it is made too; what it is like then is told again by the births.
static void on_told(void *context, uint32_t signal, const ls_sample *value) {
    maker *m = context;
    if (m->tag_of == NULL || m->status != LS_OK) {
        return;
    }
    if (m->count == BATCH || m->text_size + value->size > TEXT_SIZE) {
        flush(m);
    }
    ls_sample *sample = &m->batch[m->count];
    *sample = *value;
    sample->tag = m->tag_of[signal];
    if (value->kind == LS_VALUE_TEXT && value->size <= TEXT_SIZE) {
        char *text = m->texts + m->text_size;
        memcpy(text, value->value.text, value->size);
        sample->value.text = text;
        m->text_size += value->size;
    }
    m->count++;
}

// Tags as a Sparkplug host names them: group, node, device, metric.
static ls_status name_tags(maker *m, ls_error *err) {
    const uint32_t count = ls_emulate_signal_count(m->line);
    uint32_t *tag_of = ls_alloc(count * sizeof *tag_of);
    if (tag_of == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the week's tags");
    }
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < count && status == LS_OK; i++) {
        const ls_emulate_signal *signal = ls_emulate_signal_get(m->line, i);
        char name[NAME_SIZE];
        const size_t size = ls_text_format(name, sizeof name, "%s/%s/%s%s%s",
                                           ls_emulate_group(m->line), ls_emulate_node(m->line),
                                           signal->device != NULL ? signal->device : "",
                                           signal->device != NULL ? "/" : "", signal->name);
        status = ls_tags_add(m->tags, name, size, &tag_of[i], err);
        if (status == LS_OK) {
            ls_tags_declare(m->tags, tag_of[i], signal->kind, signal->unit);
        }
    }
    m->tag_of = tag_of;
    return status;
}

static ls_status begin(maker *m, const ls_plant *plant, const ls_demo_week *week, ls_error *err) {
    m->batch = ls_alloc(BATCH * sizeof *m->batch);
    m->texts = ls_alloc(TEXT_SIZE);
    if (m->batch == NULL || m->texts == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the emulated week");
    }
    ls_emulate_def emulate = ls_emulate_def_default();
    emulate.seed = week->seed;
    emulate.hide = week->hide;
    emulate.hide_file = week->hide_file;
    emulate.process = week->process;
    emulate.told = on_told;
    emulate.context = m;
    ls_history_def keep = ls_history_def_default();
    keep.store = week->history;
    ls_status status = ls_tags_create(&m->tags, err);
    if (status == LS_OK) {
        status = ls_history_open(&keep, m->tags, &m->history, err);
    }
    if (status == LS_OK) {
        status = ls_emulate_create(plant, &emulate, &m->line, err);
    }
    return status == LS_OK ? name_tags(m, err) : status;
}

static void tell_present(maker *m) {
    for (uint32_t i = 0; i < ls_emulate_signal_count(m->line); i++) {
        on_told(m, i, ls_emulate_value(m->line, i));
    }
    ls_emulate_tell_lots(m->line);
}

static ls_status play(maker *m, const ls_demo_week *week, ls_error *err) {
    tell_present(m);
    ls_status status = LS_OK;
    for (int64_t at = 0; at < week->for_us && status == LS_OK;) {
        if (week->stop != NULL && *week->stop != 0) {
            return ls_fail(err, LS_ERR_STOPPED, "stopped");
        }
        const int64_t stop = at < week->birth_us ? week->birth_us : week->for_us;
        at = at + STRIDE_US < stop ? at + STRIDE_US : stop;
        status = ls_emulate_run(m->line, at, err);
        if (status == LS_OK && at == week->birth_us) {
            tell_present(m);
        }
        status = status == LS_OK ? m->status : status;
        if (week->progress != NULL) {
            week->progress(week->context, (double)at / (double)week->for_us);
        }
    }
    flush(m);
    return status == LS_OK ? m->status : status;
}

ls_status ls_demo_week_make(const ls_plant *plant, const ls_demo_week *week, uint64_t *out_samples,
                            ls_error *err) {
    maker m = {.status = LS_OK, .err = err};
    ls_status status = begin(&m, plant, week, err);
    if (status == LS_OK) {
        status = play(&m, week, err);
    }
    *out_samples = m.samples;
    const ls_status closed = ls_history_close(m.history, status == LS_OK ? err : NULL);
    ls_emulate_destroy(m.line);
    ls_tags_destroy(m.tags);
    ls_free(m.tag_of);
    ls_free(m.batch);
    ls_free(m.texts);
    return status == LS_OK ? closed : status;
}
