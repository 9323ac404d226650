// emulate_process_fuzz.c - any bytes as disturbances of a process plant, and as the name of a
// setpoint's metric; what is taken is played for a while, and shows numbers.
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "line/emulate_process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void play(const ls_emulate_process_def *def) {
    ls_error err = {0};
    ls_arena arena;
    ls_arena_init(&arena);
    ls_emulate_process *process = NULL;
    if (ls_emulate_process_create(def, &arena, &process, &err) == LS_OK) {
        ls_emulate_process_run(process, 600 * 1000000LL);
        const ls_emulate_process_truth truth = ls_emulate_process_describe(process);
        assert(truth.steps == 600);
        assert(isfinite(ls_emulate_process_value(process, ls_emulate_process_find("XMEAS_7"))));
    }
    ls_arena_clear(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char text[512];
    const size_t length = size < sizeof text - 1 ? size : sizeof text - 1;
    memcpy(text, data, length);
    text[length] = '\0';
    ls_error err = {0};
    ls_emulate_process_def def = {.seed = length};
    if (ls_emulate_process_parse(text, &def, &err) == LS_OK) {
        assert(def.idv_count >= 1 && def.idv_count <= LS_EMULATE_IDV_MAX);
        for (uint32_t i = 0; i < def.idv_count; i++) {
            assert(def.idv[i].from_us >= 0 && def.idv[i].from_us < def.idv[i].until_us);
        }
        play(&def);
    } else {
        assert(err.text[0] != '\0');
    }
    const ls_measured value = {
        .name = text, .set_low = 100.0, .set_high = 130.0, .set_default = 120.0};
    int loop = -1;
    if (ls_emulate_process_loop(text, &value, &loop, &err) == LS_OK) {
        assert(loop == 0 || (strncmp(text, "SP_", 3) == 0 && loop >= 1 && loop <= 20));
    }
    assert(ls_emulate_process_find(text) < 64);
    return 0;
}
