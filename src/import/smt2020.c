#include "import/smt2020.h"

#include <assert.h>
#include <string.h>

#include "import/folder.h"
#include "import/smt2020_model.h"
#include "import/smt2020_print.h"

bool ls_smt_reserve(ls_smt_model *model, void *array, uint32_t count, uint32_t *capacity,
                    size_t size) {
    if (count < *capacity) {
        return true;
    }
    void *old;
    memcpy(&old, array, sizeof old);
    const uint32_t longer = *capacity == 0 ? 64 : *capacity * 2;
    void *copy = ls_smt_alloc(&model->reader, longer, size);
    if (copy == NULL) {
        return false;
    }
    if (count > 0) {
        memcpy(copy, old, count * size);
    }
    memcpy(array, &copy, sizeof copy);
    *capacity = longer;
    return true;
}

static bool is_known(const ls_smt_table *table, size_t column) {
    for (int i = 0; table->columns[i].name != NULL; i++) {
        if (table->at[i] == (int)column) {
            return true;
        }
    }
    return false;
}

void ls_smt_note_unknown(ls_smt_model *model, const ls_smt_table *table) {
    for (size_t c = 0; c < table->csv.column_count && table->readable; c++) {
        size_t filled = 0;
        for (size_t r = 0; r < table->csv.row_count && !is_known(table, c); r++) {
            filled += table->csv.rows[r][c][0] != '\0';
        }
        if (filled > 0) {
            ls_buffer_text(&model->notes, "# not used: column ");
            ls_smt_print_comment(&model->notes, table->csv.columns[c]);
            ls_buffer_text(&model->notes, " of ");
            ls_smt_print_comment(&model->notes, table->name);
            ls_buffer_printf(&model->notes, ", %zu values\n", filled);
        }
    }
}

void ls_smt_doubled(const ls_smt_table *table, size_t row, int column, const char *name) {
    ls_smt_wrong(table, row, column, "leave one of the two rows out, or give it another name",
                 "'%s' is given twice", name);
}

void ls_smt_unknown(const ls_smt_table *table, size_t row, int column, const char *what,
                    const char *const *known, size_t known_count) {
    const char *text = ls_smt_cell(table, row, column);
    const char *near = ls_text_nearest(text, known, known_count);
    char hint[256];
    if (near != NULL) {
        ls_text_format(hint, sizeof hint, "is '%.100s' meant?", near);
    } else {
        size_t length = ls_text_format(hint, sizeof hint,
                                       known_count > 0 ? "there are: " : "there are none");
        for (size_t i = 0; i < known_count && length < 200; i++) {
            length += ls_text_format(hint + length, sizeof hint - length, "%s%.24s",
                                     i > 0 ? ", " : "", i == 8 ? "..." : known[i]);
            if (i == 8) {
                break;
            }
        }
    }
    ls_smt_wrong(table, row, column, hint, "there is no %s '%.120s'", what, text);
}

ls_smt2020_options ls_smt2020_options_default(bool compat) {
    return (ls_smt2020_options){.compat = compat, .half_width = !compat};
}

static ls_status finish(ls_smt_model *model, size_t errors_before, ls_buffer *out_plant,
                        ls_buffer *out_initial) {
    ls_error err;
    ls_status status = LS_OK;
    ls_buffer plant, initial;
    ls_buffer_init(&plant);
    ls_buffer_init(&initial);
    if (model->reader.out_of_memory || model->names.failed || model->notes.failed) {
        status = ls_fail(&err, LS_ERR_MEMORY, "out of memory");
        ls_errors_add(model->reader.errors, &err);
    } else if (model->reader.errors->total > errors_before) {
        status = LS_ERR_INVALID;
    } else {
        status = ls_smt_write_plant(model, &plant, &err);
        ls_smt_write_initial(model, &initial);
        if (status == LS_OK) {
            ls_buffer_append(out_plant, plant.data, plant.size);
            ls_buffer_append(out_initial, initial.data != NULL ? initial.data : "", initial.size);
        }
        if (status == LS_OK && (initial.failed || out_plant->failed || out_initial->failed)) {
            status = ls_fail(&err, LS_ERR_MEMORY, "out of memory");
        }
        if (status != LS_OK) {
            ls_errors_add(model->reader.errors, &err);
        }
    }
    ls_buffer_clear(&plant);
    ls_buffer_clear(&initial);
    return status;
}

ls_status ls_import_smt2020(const ls_import_files *files, const ls_smt2020_options *options,
                            ls_buffer *out_plant, ls_buffer *out_initial, ls_errors *errors) {
    assert(files != NULL && options != NULL && out_plant != NULL && out_initial != NULL &&
           errors != NULL);
    ls_arena arena;
    ls_arena_init(&arena);
    ls_smt_model model = {
        .reader = {.arena = &arena,
                   .errors = errors,
                   .files = files,
                   .half_width = options->half_width},
        .options = options,
    };
    ls_names_init(&model.names);
    ls_buffer_init(&model.notes);
    const size_t errors_before = errors->total;
    static void (*const readers[])(ls_smt_model *) = {
        ls_smt_read_stations,  ls_smt_read_parts,    ls_smt_read_setups, ls_smt_read_moves,
        ls_smt_read_calendars, ls_smt_read_releases, ls_smt_read_lots,
    };
    for (size_t i = 0; i < sizeof readers / sizeof readers[0] && !model.reader.out_of_memory; i++) {
        readers[i](&model);
    }
    ls_status status = finish(&model, errors_before, out_plant, out_initial);
    ls_buffer_clear(&model.notes);
    ls_names_clear(&model.names);
    ls_arena_clear(&arena);
    return status;
}

ls_status ls_import_smt2020_folder(const char *folder, const ls_smt2020_options *options,
                                   ls_buffer *out_plant, ls_buffer *out_initial,
                                   ls_errors *errors) {
    ls_arena arena;
    ls_arena_init(&arena);
    ls_import_files files;
    ls_error err;
    ls_status status = ls_import_folder_read(folder, &arena, &files, &err);
    if (status == LS_OK) {
        status = ls_import_smt2020(&files, options, out_plant, out_initial, errors);
    } else {
        ls_errors_add(errors, &err);
    }
    ls_arena_clear(&arena);
    return status;
}
