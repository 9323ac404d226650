// emulate_hide_fuzz.c - any bytes as a file of hidden truths; what is taken is played for a while.
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "line/emulate.h"
#include "plant/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char plant_text[] =
    "plant: fuzz\n"
    "stations:\n"
    "  saw: {process: 1 min}\n"
    "  mill:\n"
    "    machines: 2\n"
    "    process: lognormal 2 min sd 10 s\n"
    "    setup: {gear to shaft: 5 min, shaft to gear: 5 min}\n"
    "    fails: {name: tool, every: exp 30 min, repair: exp 5 min}\n"
    "    maintenance: {name: oil, every: 40 parts, for: 5 min}\n"
    "products:\n"
    "  gear: {route: [saw, mill], release: {every: exp 2 min}}\n"
    "  shaft: {route: [saw, mill], release: {every: exp 5 min}}\n";

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
    ls_hide *hide = NULL;
    ls_errors errors;
    ls_errors_init(&errors);
    if (ls_hide_read(plant(), (const char *)data, size, "hide.yaml", &hide, &errors) != LS_OK) {
        assert(hide == NULL && errors.total > 0);
    } else {
        ls_error err = {0};
        ls_emulate *line = NULL;
        ls_emulate_def def = ls_emulate_def_default();
        def.seed = 1;
        def.hide = hide;
        if (ls_emulate_create(plant(), &def, &line, &err) == LS_OK) {
            (void)ls_emulate_run(line, 1800 * 1000000LL, &err);
            assert(ls_emulate_now(line) <= 1800 * 1000000LL);
        }
        ls_emulate_destroy(line);
    }
    ls_hide_destroy(hide);
    ls_errors_clear(&errors);
    return 0;
}
