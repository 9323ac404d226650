// history_export_long.c - the long form: one sample a row, nothing lost.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/put.h"
#include "cli/history_export.h"

enum { PIECE_SIZE = 1 << 16, TIME_SIZE = 48 };

bool ls_export_flush(ls_export *to, bool all) {
    if (to->out.size >= PIECE_SIZE || all) {
        to->failed = to->failed || to->out.failed ||
                     !ls_stream_put(to->stream, to->out.data, to->out.size);
        to->out.size = 0;
    }
    return !to->failed;
}

void ls_export_time(const ls_export *to, int64_t time_us) {
    char text[TIME_SIZE];
    ls_buffer *out = (ls_buffer *)(uintptr_t)&to->out;
    if (to->raw_times) {
        ls_buffer_printf(out, "%lldus", (long long)time_us);
    } else {
        ls_time_print(time_us, text, sizeof text);
        ls_buffer_text(out, text);
    }
}

static bool has_json_number(const ls_sample *sample) {
    switch (sample->kind) {
    case LS_VALUE_BOOL: return (uint64_t)sample->value.integer <= 1;
    case LS_VALUE_INT: return true;
    case LS_VALUE_UINT: return sample->value.natural <= INT64_MAX;
    case LS_VALUE_REAL:
    case LS_VALUE_FLOAT: return isfinite(sample->value.real);
    default: return false;
    }
}

void ls_export_json_value(ls_buffer *out, const ls_sample *sample) {
    const bool real = sample->kind == LS_VALUE_REAL || sample->kind == LS_VALUE_FLOAT;
    if (sample->kind == LS_VALUE_NONE) {
        ls_buffer_text(out, "null");
    } else if (real && sample->value.real == 0.0 && signbit(sample->value.real)) {
        ls_buffer_text(out, "-0.0");  // -0 would be read as a whole number, 0
    } else if (has_json_number(sample)) {
        ls_value_print(sample, out);
    } else {
        ls_buffer text;
        ls_buffer_init(&text);
        ls_value_print(sample, &text);
        ls_put_json_text(out, text.data != NULL ? text.data : "", text.size);
        out->failed = out->failed || text.failed;
        ls_buffer_clear(&text);
    }
}

static void put_csv(ls_export *to, const ls_sample *sample) {
    ls_buffer *out = &to->out;
    const char *name = ls_tags_get(to->tags, sample->tag)->name;
    ls_csv_put(out, name, strlen(name));
    ls_buffer_append(out, ",", 1);
    ls_export_time(to, sample->time_us);
    ls_buffer_append(out, ",", 1);
    if (sample->kind == LS_VALUE_TEXT && strcmp(ls_value_word(sample), "text") == 0) {
        ls_csv_put(out, sample->value.text, sample->size);
    } else {
        ls_value_print(sample, out);
    }
    ls_buffer_append(out, ",", 1);
    ls_buffer_text(out, ls_quality_name((ls_quality)sample->quality));
    ls_buffer_append(out, ",", 1);
    ls_buffer_text(out, ls_value_word(sample));
    ls_buffer_append(out, ",", 1);
    ls_flags_print(sample->flags, out);
    ls_buffer_append(out, "\n", 1);
}

static void put_json(ls_export *to, const ls_sample *sample) {
    ls_buffer *out = &to->out;
    const char *name = ls_tags_get(to->tags, sample->tag)->name;
    ls_buffer_text(out, "{\"tag\": ");
    ls_put_json_text(out, name, strlen(name));
    ls_buffer_text(out, ", \"time\": \"");
    ls_export_time(to, sample->time_us);
    ls_buffer_text(out, "\", \"value\": ");
    ls_export_json_value(out, sample);
    ls_buffer_printf(out, ", \"quality\": \"%s\", \"kind\": \"%s\"",
                     ls_quality_name((ls_quality)sample->quality), ls_value_word(sample));
    if (sample->flags != 0) {
        ls_buffer_text(out, ", \"flags\": \"");
        ls_flags_print(sample->flags, out);
        ls_buffer_text(out, "\"");
    }
    ls_buffer_text(out, "}\n");
}

static bool put_sample(void *context, const ls_sample *sample) {
    ls_export *to = context;
    if (to->json) {
        put_json(to, sample);
    } else {
        put_csv(to, sample);
    }
    to->samples++;
    return ls_export_flush(to, false) && !*to->stop;
}

ls_status ls_export_long(ls_export *to, ls_error *err) {
    if (!to->json) {
        ls_buffer_text(&to->out, "tag,time,value,quality,kind,flags\n");
    }
    const ls_status status = ls_history_query(to->history, to->query, put_sample, to, err);
    ls_export_flush(to, true);
    return status;
}
