// history_import_fuzz.c - any bytes as a file to import: the first says whether CSV or JSON Lines.
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "cli/history_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *context, const ls_lines *lines, uint64_t samples) {
    (void)context;
    (void)lines;
    (void)samples;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static ls_history_intake intake;
    static const int going = 0;
    if (size < 2) {
        return 0;
    }
    FILE *file = fmemopen((void *)(uintptr_t)(data + 1), size - 1, "r");
    ls_error err = {0};
    ls_lines lines;
    if (file == NULL || ls_lines_open_file(&lines, "fuzz", file, &err) != LS_OK) {
        return 0;
    }
    memset(&intake, 0, sizeof intake);
    ls_arena_init(&intake.texts);
    ls_buffer_init(&intake.scratch);
    if (ls_tags_create(&intake.tags, &err) == LS_OK) {
        const ls_import_watch watch = {.tell = ignore, .stop = &going};
        const ls_status status = data[0] == 'j'
                                     ? ls_history_import_jsonl(&lines, &intake, &watch, &err)
                                     : ls_history_import_csv(&lines, &intake, &watch, &err);
        assert(status == err.status);
        assert(status == LS_OK || err.text[0] != '\0');
    }
    ls_tags_destroy(intake.tags);
    ls_arena_clear(&intake.texts);
    ls_buffer_clear(&intake.scratch);
    ls_lines_close(&lines);
    return 0;
}
