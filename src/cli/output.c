// output.c - see output.h.
#include "cli/output.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/complain.h"

const ls_option ls_output_options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = LS_OPTION_TEXT,
     .writes = true,
     .argument = "FILE",
     .says = "stdout",
     .about = "write the result to FILE",
     .detail = "It appears whole or not at all"},
    {.name = "force", .kind = LS_OPTION_FLAG, .about = "replace a file that is there"},
    {0},
};

enum { PATH_SIZE = 4096 };

static int complain_memory(void) {
    ls_error err = {0};
    ls_fail(&err, LS_ERR_MEMORY, "out of memory while writing the result");
    return ls_complain(&err);
}

int ls_output_print(const ls_buffer *out) {
    if (out->failed) {
        return complain_memory();
    }
    errno = 0;
    const size_t written = out->size > 0 ? fwrite(out->data, 1, out->size, stdout) : 0;
    if (written != out->size || fflush(stdout) != 0) {
        const int code = errno;
        ls_error err = {0};
        ls_fail(&err, LS_ERR_IO, "cannot write to stdout: %s", ls_errno_text(code));
        return ls_complain(&err);
    }
    return LS_EXIT_DONE;
}

static ls_status check_folder(const char *path, ls_error *err) {
    char folder[PATH_SIZE];
    const char *slash = strrchr(path, '/');
    const int length = slash == NULL ? 0 : (int)(slash - path) + 1;
    if (snprintf(folder, sizeof folder, "%.*s.", length, path) >= (int)sizeof folder) {
        return ls_fail(err, LS_ERR_IO, "the path is too long: %.100s...", path);
    }
    if (access(folder, W_OK | X_OK) != 0) {
        return ls_fail_errno(err, path, "cannot write here", errno);
    }
    return LS_OK;
}

ls_status ls_output_check(const char *path, bool force, ls_error *err) {
    struct stat info;
    if (path[0] == '\0') {
        return ls_fail(err, LS_ERR_INVALID, "the name of the file to write is empty");
    }
    if (stat(path, &info) != 0) {
        return check_folder(path, err);
    }
    if (S_ISDIR(info.st_mode)) {
        return ls_fail_at(err, LS_ERR_IO, path, 0, 0, "cannot write: this is a folder");
    }
    if (!S_ISREG(info.st_mode)) {
        return LS_OK;
    }
    if (!force) {
        ls_fail_at(err, LS_ERR_INVALID, path, 0, 0, "the file is there already");
        ls_hint(err, "--force replaces it");
        return LS_ERR_INVALID;
    }
    return check_folder(path, err);
}

// Where the last name of a path begins, and its folder, as `stat` takes it.
static const char *split(const char *path, char *folder, size_t size) {
    const char *slash = strrchr(path, '/');
    const int length = slash == NULL ? 0 : (int)(slash - path) + 1;
    snprintf(folder, size, "%.*s.", length, path);
    return path + length;
}

// One file under two names, or two paths that would make one file.
static bool is_same_file(const char *a, const char *b) {
    char folder_a[PATH_SIZE], folder_b[PATH_SIZE];
    struct stat x, y;
    const bool is_a = stat(a, &x) == 0;
    const bool is_b = stat(b, &y) == 0;
    if (is_a || is_b) {
        return is_a && is_b && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
    }
    const char *name_a = split(a, folder_a, sizeof folder_a);
    const char *name_b = split(b, folder_b, sizeof folder_b);
    return strcmp(name_a, name_b) == 0 && stat(folder_a, &x) == 0 && stat(folder_b, &y) == 0 &&
           x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static ls_status refuse_input(const char *path, const char *input, ls_error *err) {
    if (!is_same_file(path, input)) {
        return LS_OK;
    }
    ls_fail_at(err, LS_ERR_INVALID, path, 0, 0,
               "this file is read here, the result would replace it");
    ls_hint(err, "give the result another name");
    return LS_ERR_INVALID;
}

ls_status ls_output_check_inputs(const char *path, const ls_options *options, ls_error *err) {
    ls_status status = LS_OK;
    for (int i = 0; i < options->argument_count && status == LS_OK; i++) {
        status = refuse_input(path, options->arguments[i], err);
    }
    for (int i = 0; i < options->count && status == LS_OK; i++) {
        if (options->options[i]->reads && options->values[i].given) {
            status = refuse_input(path, options->values[i].text, err);
        }
    }
    return status;
}

static bool is_written(const ls_options *options, int i) {
    const ls_option_value *value = options->values + i;
    return options->options[i]->writes && value->given && strcmp(value->text, "-") != 0;
}

ls_status ls_output_check_read(const char *input, const ls_options *options, ls_error *err) {
    ls_status status = LS_OK;
    for (int i = 0; i < options->count && status == LS_OK; i++) {
        status = is_written(options, i) ? refuse_input(options->values[i].text, input, err) : LS_OK;
    }
    return status;
}

ls_status ls_output_check_files(const ls_options *options, ls_error *err) {
    const bool force = ls_options_get(options, "force")->given;
    ls_status status = LS_OK;
    for (int i = 0; i < options->count && status == LS_OK; i++) {
        const char *path = options->values[i].text;
        if (!is_written(options, i)) {
            continue;
        }
        status = ls_output_check_inputs(path, options, err);
        for (int k = 0; k < i && status == LS_OK; k++) {
            if (is_written(options, k) && is_same_file(path, options->values[k].text)) {
                ls_fail_at(err, LS_ERR_INVALID, path, 0, 0,
                           "'--%s' and '--%s' would write to one file", options->options[k]->name,
                           options->options[i]->name);
                ls_hint(err, "give one of them another name");
                status = LS_ERR_INVALID;
            }
        }
        status = status == LS_OK ? ls_output_check(path, force, err) : status;
    }
    return status;
}

// `-o -` is stdout, as with most programs.
static bool is_to_file(const ls_option_value *path) {
    return path->given && strcmp(path->text, "-") != 0;
}

ls_status ls_output_check_option(const ls_options *options, ls_error *err) {
    const ls_option_value *path = ls_options_get(options, "output");
    if (!is_to_file(path)) {
        return LS_OK;
    }
    const ls_status status = ls_output_check_inputs(path->text, options, err);
    const bool force = ls_options_get(options, "force")->given;
    return status == LS_OK ? ls_output_check(path->text, force, err) : status;
}

int ls_output_complain(const ls_error *err) {
    const int code = ls_complain(err);
    return err->status == LS_ERR_INVALID ? LS_EXIT_USAGE : code;
}

int ls_output_deliver(const ls_options *options, const ls_buffer *out) {
    const ls_option_value *path = ls_options_get(options, "output");
    if (!is_to_file(path)) {
        return ls_output_print(out);
    }
    if (out->failed) {
        return complain_memory();
    }
    ls_error err = {0};
    if (ls_file_write(path->text, out->data != NULL ? out->data : "", out->size, &err) != LS_OK) {
        return ls_complain(&err);
    }
    return LS_EXIT_DONE;
}
