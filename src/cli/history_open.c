// history_open.c - see history_open.h.
#include "cli/history_open.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/units.h"
#include "cli/complain.h"
#include "cli/history_value.h"
#include "cli/output.h"

const ls_option ls_history_place_options[] = {
    {.name = "login",
     .kind = LS_OPTION_TEXT,
     .argument = "FILE",
     .says = "PGPASSFILE, ~/.pgpass",
     .about = "a file with the password of the server, readable by you alone"},
    {.name = "log",
     .kind = LS_OPTION_TEXT,
     .argument = "FOLDER",
     .says = "none",
     .about = "with a server: the folder of the log before it"},
    {0},
};
const ls_option ls_history_range_options[] = {
    {.name = "from",
     .kind = LS_OPTION_TEXT,
     .argument = "TIME",
     .says = "the beginning",
     .about = "from this time on: 2026-01-05T06:00 (UTC), or -1d before now"},
    {.name = "to",
     .kind = LS_OPTION_TEXT,
     .argument = "TIME",
     .says = "the end",
     .about = "before this time"},
    {0},
};

static bool is_server(const char *place) {
    return strncmp(place, "postgresql://", 13) == 0 || strncmp(place, "postgres://", 11) == 0;
}

// The data folder of a service (lineshaft-data/NAME) has its history in `history`.
static const char *in_data_folder(const char *place, ls_opened_history *out) {
    char file[sizeof out->place + 16];
    *out = (ls_opened_history){0};
    snprintf(out->place, sizeof out->place, "%s/history", place);
    snprintf(file, sizeof file, "%s/history.db", out->place);
    return !is_server(place) && access(file, F_OK) == 0 ? out->place : place;
}

ls_status ls_history_open_argument(const ls_options *options, bool read_only,
                                   ls_opened_history *out, ls_error *err) {
    const char *place = in_data_folder(options->arguments[0], out);
    const ls_option_value *login = ls_options_get(options, "login");
    const ls_option_value *log = ls_options_get(options, "log");
    ls_history_def def = ls_history_def_default();
    def.store = place;
    def.login = login->given ? login->text : NULL;
    def.folder = log->given ? log->text : NULL;
    def.read_only = read_only;
    if (!is_server(place) && (login->given || log->given)) {
        return ls_fail(err, LS_ERR_INVALID, "'--%s' is for a history on a server",
                       login->given ? "login" : "log");
    }
    if (is_server(place) && !log->given) {
        if (!read_only) {
            ls_fail(err, LS_ERR_INVALID, "'--log FOLDER' is missing: the log before the server");
            ls_hint(err, "that of the service that writes this history, or a new folder");
            return LS_ERR_INVALID;
        }
        // Nothing to read there: what is in no block yet is seen only with --log.
        snprintf(out->folder, sizeof out->folder, "/nonexistent/lineshaft");
        def.folder = out->folder;
    }
    if (!is_server(place) && read_only && access(place, F_OK) != 0) {
        ls_fail_at(err, LS_ERR_IO, place, 0, 0, "there is no history here");
        ls_hint(err, "that of a service is lineshaft-data/NAME/history, where it was started");
        return LS_ERR_IO;
    }
    ls_status status = ls_tags_create(&out->tags, err);
    if (status == LS_OK) {
        status = ls_history_open(&def, out->tags, &out->history, err);
    }
    if (status != LS_OK) {
        ls_tags_destroy(out->tags);
        *out = (ls_opened_history){0};
    }
    return status;
}

int ls_history_close_argument(ls_opened_history *opened, int code) {
    ls_error err = {0};
    const ls_status status = ls_history_close(opened->history, &err);
    ls_tags_destroy(opened->tags);
    *opened = (ls_opened_history){0};
    if (status != LS_OK) {
        const int failed = ls_complain(&err);
        return code == LS_EXIT_DONE ? failed : code;
    }
    return code;
}

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * LS_US_PER_S + now.tv_nsec / 1000;
}

ls_status ls_history_parse_when(const char *text, int64_t *out_us, ls_error *err) {
    if (strcmp(text, "now") == 0) {
        *out_us = now_us();
        return LS_OK;
    }
    int64_t span_us = 0;
    if (text[0] == '-' && ls_units_time(text + 1, &span_us, NULL) == LS_OK) {
        *out_us = now_us() - span_us;
        return LS_OK;
    }
    if (ls_time_read(text, strlen(text), LS_TIME_AUTO, out_us)) {
        return LS_OK;
    }
    ls_fail(err, LS_ERR_INVALID, "'%s' is no time", text);
    ls_hint(err, "as in 2026-01-05T06:00 (UTC), 2026-01-05T06:00+09:00, or -1d");
    return LS_ERR_INVALID;
}

ls_status ls_history_parse_range(const ls_options *options, int64_t *out_from_us,
                                 int64_t *out_to_us, ls_error *err) {
    const ls_option_value *from = ls_options_get(options, "from");
    const ls_option_value *to = ls_options_get(options, "to");
    *out_from_us = INT64_MIN;
    *out_to_us = INT64_MAX;
    ls_status status = from->given ? ls_history_parse_when(from->text, out_from_us, err) : LS_OK;
    if (status == LS_OK && to->given) {
        status = ls_history_parse_when(to->text, out_to_us, err);
    }
    if (status == LS_OK && *out_from_us >= *out_to_us) {
        return ls_fail(err, LS_ERR_INVALID, "'--from' is not before '--to'");
    }
    return status;
}

// ---- output of any length

static ls_status fail_write(const char *path, ls_error *err) {
    return ls_fail_errno(err, path != NULL ? path : "stdout", "cannot write", errno);
}

ls_status ls_stream_open(ls_stream *stream, const ls_options *options, ls_error *err) {
    const ls_option_value *path = ls_options_get(options, "output");
    *stream = (ls_stream){.file = stdout};
    if (!path->given || strcmp(path->text, "-") == 0) {
        return LS_OK;
    }
    const ls_status status = ls_output_check_option(options, err);
    if (status != LS_OK) {
        return status;
    }
    stream->path = path->text;
    snprintf(stream->temporary, sizeof stream->temporary, "%.4096s.%d.part", path->text,
             (int)getpid());
    stream->file = fopen(stream->temporary, "we");
    return stream->file != NULL ? LS_OK : fail_write(stream->temporary, err);
}

bool ls_stream_put(ls_stream *stream, const char *bytes, size_t size) {
    return size == 0 || fwrite(bytes, 1, size, stream->file) == size;
}

ls_status ls_stream_close(ls_stream *stream, bool keep, ls_error *err) {
    errno = 0;
    ls_status status = LS_OK;
    if (ferror(stream->file) || fflush(stream->file) != 0 ||
        (stream->path != NULL && fsync(fileno(stream->file)) != 0)) {
        status = fail_write(stream->path, err);
    }
    if (stream->path == NULL) {
        return status;
    }
    if (fclose(stream->file) != 0 && status == LS_OK) {
        status = fail_write(stream->path, err);
    }
    if (status == LS_OK && keep && rename(stream->temporary, stream->path) != 0) {
        status = fail_write(stream->path, err);
    }
    if (status != LS_OK || !keep) {
        unlink(stream->temporary);
    }
    return status;
}
