// read_fuzz.c - any bytes as a plant file: no crash, no leak, and what is read can be told back and
// read again.
#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "plant/check.h"
#include "plant/explain.h"
#include "plant/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Files beside the plant: tables that are right.
static ls_status load(void *context, const char *name, const char **out, size_t *out_size,
                      ls_error *err) {
    static const char orders[] =
        "time_min,product,lots,due_min,priority,class\n1,g1,2,50,1,\n0,g2,1,,,rush\n";
    static const char wip[] = "product,step,class,released_min\ng1,1,,-5\ng2,1,,\n";
    static const char times[] = "turn_s\n60\n62.5\n";
    const char *text = strcmp(name, "orders.csv") == 0  ? orders
                       : strcmp(name, "wip.csv") == 0   ? wip
                       : strcmp(name, "times.csv") == 0 ? times
                                                        : NULL;
    (void)context;
    if (text == NULL) {
        return ls_fail(err, LS_ERR_IO, "it is not there");
    }
    *out = text;
    *out_size = strlen(text);
    return LS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const ls_plant_files files = {.load = load};
    ls_errors errors;
    ls_errors_init(&errors);
    ls_plant *plant = NULL;
    const ls_status status = ls_plant_read((const char *)data, size, "plant.yaml", &files, &plant,
                                           &errors);
    assert((status == LS_OK) == (plant != NULL));
    assert((status == LS_OK) == (errors.total == 0));
    if (plant != NULL) {
        ls_errors notes;
        ls_errors_init(&notes);
        assert(ls_plant_notes(plant, &notes) == LS_OK);
        ls_errors_clear(&notes);
        ls_buffer text;
        ls_buffer_init(&text);
        assert(ls_plant_explain(plant, &text) == LS_OK);
        ls_plant *again = NULL;
        const ls_status back = ls_plant_read(text.data, text.size, "effective.yaml", &files, &again,
                                             &errors);
        assert(back == LS_OK || back == LS_ERR_LIMIT);
        ls_plant_destroy(again);
        ls_buffer_clear(&text);
    }
    ls_plant_destroy(plant);
    ls_errors_clear(&errors);
    return 0;
}
