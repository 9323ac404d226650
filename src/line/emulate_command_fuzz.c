// emulate_command_fuzz.c - any bytes as writes to the emulated line; its state stays whole.
//
// Each write takes a signal, a kind of value, a length and that many bytes; between them time goes
// on.
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "line/emulate_inside.h"
#include "plant/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char plant_text[] =
    "plant: fuzz\n"
    "stations:\n"
    "  saw: {machines: 2, process: 1 min}\n"
    "  mill:\n"
    "    queue: 3\n"
    "    batch: {min: 2, max: 3, wait: 10 min}\n"
    "    process: lognormal 2 min sd 10 s\n"
    "    fails: {name: tool, every: exp 30 min, repair: exp 5 min}\n"
    "    maintenance: {name: oil, every: 40 parts, for: 5 min}\n"
    "products:\n"
    "  gear: {route: [saw, mill], release: {every: exp 2 min}}\n"
    "listen:\n"
    "  sparkplug: {group: g, nodes: [n]}\n"
    "  values:\n"
    "    heat: {tag: g/n/mill/Heat, setpoint: g/n/mill/HeatSet, set: {low: 0, high: 9}}\n";

static ls_plant *plant(void) {
    static ls_plant *made;
    if (made == NULL) {
        ls_errors errors;
        ls_errors_init(&errors);
        const ls_status status = ls_plant_read(plant_text, sizeof plant_text - 1, "fuzz.yaml", NULL,
                                               &made, &errors);
        assert(status == LS_OK);
        ls_errors_clear(&errors);
    }
    return made;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ls_error err = {0};
    ls_emulate *line = NULL;
    ls_emulate_def def = ls_emulate_def_default();
    int64_t wall_us = 0;
    def.seed = 1;
    const ls_status made = ls_emulate_create(plant(), &def, &line, &err);
    assert(made == LS_OK);
    for (size_t at = 0; at + 4 <= size;) {
        const uint32_t signal = data[at] % (ls_emulate_signal_count(line) + 1);
        const uint8_t kind = data[at + 1] % LS_VALUE_KIND_COUNT;
        size_t length = data[at + 2];
        wall_us += data[at + 3] * 40000;
        at += 4;
        length = length < size - at ? length : size - at;
        ls_sample value = {.kind = kind};
        if (kind == LS_VALUE_TEXT || kind == LS_VALUE_BYTES) {
            value.value.text = (const char *)data + at;
            value.size = (uint32_t)length;
        } else {
            memcpy(&value.value, data + at, length < 8 ? length : 8);
        }
        at += length;
        ls_emulate_write(line, signal, &value, wall_us);
        const ls_status ran = ls_emulate_run(line, ls_emulate_now(line) + 20000000, &err);
        const ls_status whole = ls_state_check(line->twin, line->snapshot->state, &err);
        assert(ran == LS_OK && whole == LS_OK);
    }
    ls_emulate_destroy(line);
    return 0;
}
