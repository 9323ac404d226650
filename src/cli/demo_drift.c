// demo_drift.c - see demo_drift.h.
#include "cli/demo_drift.h"

#include "base/text.h"

void ls_demo_drift_tell(const ls_plant *plant, char *out, size_t size) {
    const ls_model_plan *model = plant->model_count > 0 ? &plant->models[0] : NULL;
    size_t length = ls_text_format(out, size, "the vibration sensors of ");
    for (uint32_t i = 0; model != NULL && i < model->unit_count && length < size; i++) {
        length += ls_text_format(out + length, size - length, "%s%s",
                                 i == 0                      ? ""
                                 : i + 1 < model->unit_count ? ", "
                                                             : " and ",
                                 model->units[i]);
    }
    if (length < size) {
        ls_text_format(out + length, size - length,
                       " are replaced by ones that read 0.9 mm/s less");
    }
}

ls_status ls_demo_drift_make(const ls_plant *plant, int64_t from_us, ls_hide **out, ls_error *err) {
    ls_buffer text;
    ls_errors errors;
    *out = NULL;
    if (plant->model_count == 0 || plant->models[0].unit_count == 0) {
        return LS_OK;
    }
    ls_buffer_init(&text);
    ls_errors_init(&errors);
    const ls_model_plan *model = &plant->models[0];
    for (uint32_t i = 0; i < model->unit_count; i++) {
        ls_buffer_printf(&text,
                         "recalibrated %s: {sensor: %s/Vibration, offset: -0.9, from: %lld s}\n",
                         model->units[i], model->units[i], (long long)(from_us / 1000000));
    }
    ls_status status = text.failed ? ls_fail(err, LS_ERR_MEMORY, "out of memory")
                                   : ls_hide_read(plant, text.data, text.size, "the demo's drift",
                                                  out, &errors);
    if (status != LS_OK && errors.count > 0) {
        *err = errors.items[0];
    }
    ls_errors_clear(&errors);
    ls_buffer_clear(&text);
    return status;
}
