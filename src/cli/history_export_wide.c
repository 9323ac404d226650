// history_export_wide.c - the wide form: one time a row, one tag a column.
//
// First every tag is looked at: its kind, and whether the form can hold it. Then stretches of time,
// as many samples each as memory is meant for, are put in order and written.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/put.h"
#include "cli/history_export.h"

enum { STRETCH_SAMPLES = 1 << 20 };

typedef struct wide_tag {
    bool seen;
    uint8_t kind;
    int column;
} wide_tag;

typedef struct wide_export {
    ls_export *to;
    wide_tag *by_tag;  // owned
    uint32_t *tags;    // of the columns; owned
    int column_count;
    int64_t first_us, last_us;
    ls_status status;  // of a look or a collection
    ls_error *err;
    ls_sample *samples;  // of a stretch; owned
    size_t count;
    bool too_many;
    ls_arena texts;
} wide_export;

static bool refuse(wide_export *wide, const ls_sample *sample, const char *why) {
    wide->status = ls_fail(wide->err, LS_ERR_INVALID, "tag '%.200s': the wide form has no place %s",
                           ls_tags_get(wide->to->tags, sample->tag)->name, why);
    ls_hint(wide->err, "the long form holds everything; or name fewer tags");
    return false;
}

static bool look(void *context, const ls_sample *sample) {
    wide_export *wide = context;
    wide_tag *tag = &wide->by_tag[sample->tag];
    if (sample->quality != LS_QUALITY_GOOD || sample->kind == LS_VALUE_NONE || sample->flags != 0) {
        return refuse(wide, sample, "for qualities, flags, and values that are not there");
    }
    if (tag->seen && tag->kind != sample->kind) {
        return refuse(wide, sample, "for values of two kinds");
    }
    if (strcmp(ls_value_word(sample), "text:hex") == 0) {
        return refuse(wide, sample, "for texts that are no clean UTF-8");
    }
    tag->seen = true;
    tag->kind = sample->kind;
    wide->first_us = sample->time_us < wide->first_us ? sample->time_us : wide->first_us;
    wide->last_us = sample->time_us > wide->last_us ? sample->time_us : wide->last_us;
    return !*wide->to->stop;
}

static bool collect(void *context, const ls_sample *sample) {
    wide_export *wide = context;
    if (wide->count == STRETCH_SAMPLES) {
        wide->too_many = true;
        return false;
    }
    ls_sample *kept = &wide->samples[wide->count++];
    *kept = *sample;
    if (sample->kind == LS_VALUE_TEXT || sample->kind == LS_VALUE_BYTES) {
        kept->value.text = ls_arena_text(&wide->texts, sample->value.text, sample->size);
        if (kept->value.text == NULL) {
            wide->status = ls_fail(wide->err, LS_ERR_MEMORY, "out of memory for a text");
            return false;
        }
    }
    return !*wide->to->stop;
}

static int by_time(const void *a, const void *b) {
    const ls_sample *x = a;
    const ls_sample *y = b;
    if (x->time_us != y->time_us) {
        return x->time_us < y->time_us ? -1 : 1;
    }
    return x->tag < y->tag ? -1 : x->tag > y->tag ? 1 : 0;
}

static void put_header(wide_export *wide) {
    ls_buffer *out = &wide->to->out;
    ls_buffer_text(out, "time");
    for (int c = 0; c < wide->column_count; c++) {
        const wide_tag *tag = &wide->by_tag[wide->tags[c]];
        const char *name = ls_tags_get(wide->to->tags, wide->tags[c])->name;
        const char *colon = strrchr(name, ':');
        const bool plain = tag->kind == LS_VALUE_REAL || tag->kind == LS_VALUE_BOOL;
        const bool mistaken = strcmp(name, "time") == 0 ||
                              (colon != NULL &&
                               ls_value_kind_find(colon + 1) != LS_VALUE_KIND_COUNT);
        ls_buffer column;
        ls_buffer_init(&column);
        ls_buffer_text(&column, name);
        if (!plain || mistaken) {
            ls_buffer_printf(&column, ":%s", ls_value_kind_name((ls_value_kind)tag->kind));
        }
        ls_buffer_text(out, ",");
        ls_csv_put(out, column.data, column.size);
        ls_buffer_clear(&column);
    }
    ls_buffer_text(out, "\n");
}

static void put_cell(ls_buffer *out, const ls_sample *sample) {
    if (sample->kind != LS_VALUE_TEXT && sample->kind != LS_VALUE_BYTES) {
        ls_value_print(sample, out);
    } else if (sample->size == 0) {
        ls_buffer_text(out, "\"\"");  // unlike an empty cell, a sample
    } else if (sample->kind == LS_VALUE_TEXT) {
        ls_csv_put(out, sample->value.text, sample->size);
    } else {
        ls_value_print(sample, out);
    }
}

// The samples of one time.
static void put_csv_row(wide_export *wide, const ls_sample *samples, size_t count) {
    ls_buffer *out = &wide->to->out;
    ls_export_time(wide->to, samples[0].time_us);
    size_t at = 0;
    for (int c = 0; c < wide->column_count; c++) {
        ls_buffer_text(out, ",");
        if (at < count && wide->by_tag[samples[at].tag].column == c) {
            put_cell(out, &samples[at++]);
        }
    }
    ls_buffer_text(out, "\n");
}

static void put_json_row(wide_export *wide, const ls_sample *samples, size_t count) {
    ls_buffer *out = &wide->to->out;
    ls_buffer_text(out, "{\"time\": \"");
    ls_export_time(wide->to, samples[0].time_us);
    ls_buffer_text(out, "\"");
    for (size_t i = 0; i < count; i++) {
        const char *name = ls_tags_get(wide->to->tags, samples[i].tag)->name;
        ls_buffer_text(out, ", ");
        ls_put_json_text(out, name, strlen(name));
        ls_buffer_text(out, ": ");
        ls_export_json_value(out, &samples[i]);
    }
    ls_buffer_text(out, "}\n");
}

static ls_status put_stretch(wide_export *wide) {
    qsort(wide->samples, wide->count, sizeof *wide->samples, by_time);
    for (size_t at = 0; at < wide->count;) {
        size_t end = at + 1;
        while (end < wide->count && wide->samples[end].time_us == wide->samples[at].time_us) {
            if (wide->samples[end].tag == wide->samples[end - 1].tag) {
                refuse(wide, &wide->samples[end], "for two values of one time");
                return wide->status;
            }
            end++;
        }
        if (wide->to->json) {
            put_json_row(wide, wide->samples + at, end - at);
        } else {
            put_csv_row(wide, wide->samples + at, end - at);
        }
        wide->to->samples += end - at;
        if (!ls_export_flush(wide->to, false)) {
            return LS_OK;  // the stream says why
        }
        at = end;
    }
    return LS_OK;
}

// From first to last; a stretch that holds too many samples is halved and tried again.
static ls_status put_stretches(wide_export *wide) {
    __int128 width = (__int128)wide->last_us - wide->first_us + 1;
    __int128 at = wide->first_us;
    ls_status status = LS_OK;
    while (at <= wide->last_us && status == LS_OK && !*wide->to->stop && !wide->to->failed) {
        ls_query query = *wide->to->query;
        const __int128 end = at + width;
        query.from_us = (int64_t)at;
        query.to_us = end > wide->last_us ? wide->last_us + 1 : (int64_t)end;
        wide->count = 0;
        wide->too_many = false;
        ls_arena_clear(&wide->texts);
        status = ls_history_query(wide->to->history, &query, collect, wide, wide->err);
        status = status == LS_OK ? wide->status : status;
        if (status == LS_OK && wide->too_many && width > 1) {
            width /= 2;
            continue;
        }
        if (status == LS_OK && wide->too_many) {
            return ls_fail(wide->err, LS_ERR_LIMIT, "more than %d samples of one time",
                           STRETCH_SAMPLES);
        }
        status = status == LS_OK ? put_stretch(wide) : status;
        at = query.to_us;
    }
    return status;
}

ls_status ls_export_wide(ls_export *to, ls_error *err) {
    const uint32_t tag_count = ls_tags_count(to->tags);
    wide_export wide = {.to = to, .err = err, .first_us = INT64_MAX, .last_us = INT64_MIN};
    wide.by_tag = ls_alloc(tag_count * sizeof *wide.by_tag);
    wide.tags = ls_alloc(tag_count * sizeof *wide.tags);
    wide.samples = ls_alloc(STRETCH_SAMPLES * sizeof *wide.samples);
    ls_arena_init(&wide.texts);
    ls_status status = LS_OK;
    if (wide.by_tag == NULL || wide.tags == NULL || wide.samples == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory for the columns");
    }
    if (status == LS_OK) {
        status = ls_history_query(to->history, to->query, look, &wide, err);
        status = status == LS_OK ? wide.status : status;
    }
    for (uint32_t tag = 0; status == LS_OK && tag < tag_count; tag++) {
        if (wide.by_tag[tag].seen) {
            wide.by_tag[tag].column = wide.column_count;
            wide.tags[wide.column_count++] = tag;
        }
    }
    if (status == LS_OK && !to->json) {
        put_header(&wide);
    }
    if (status == LS_OK && wide.column_count > 0) {
        status = put_stretches(&wide);
    }
    if (status == LS_OK) {
        ls_export_flush(to, true);
    }
    ls_free(wide.by_tag);
    ls_free(wide.tags);
    ls_free(wide.samples);
    ls_arena_clear(&wide.texts);
    return status;
}
