// Any bytes as the body of a record of the log. Samples that could be read are written and read
// again: they must be the same.
#include <stdlib.h>

#include "history/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const ls_sample *samples, size_t count) {
    ls_writer out = {0};
    const size_t begin = ls_record_begin(&out, LS_RECORD_SAMPLES_OF);
    const size_t taken = ls_record_samples(&out, samples, count);
    ls_record_end(&out, begin, 4711);
    size_t need = 0;
    if (out.failed || ls_record_check(out.bytes, out.size, 4711, &need) != out.size ||
        ls_record_check(out.bytes, out.size, 4712, &need) != 0) {
        abort();
    }
    ls_reader in = ls_reader_of(out.bytes + LS_RECORD_HEAD + 1, out.size - LS_RECORD_HEAD - 1);
    const size_t got_count = ls_record_read_count(&in);
    ls_sample *got = calloc(got_count + 1, sizeof *got);
    ls_record_read_samples(&in, got, got_count);
    if (in.failed || got_count != taken || taken > count) {
        abort();
    }
    for (size_t i = 0; i < taken; i++) {
        if (got[i].tag != samples[i].tag || got[i].time_us != samples[i].time_us ||
            got[i].flags != samples[i].flags || !ls_sample_same(&got[i], &samples[i])) {
            abort();
        }
    }
    free(got);
    ls_writer_clear(&out);
}

static void read_samples(ls_reader *in) {
    const size_t count = ls_record_read_count(in);
    ls_sample *samples = calloc(count + 1, sizeof *samples);
    ls_record_read_samples(in, samples, count);
    // What the log refuses to append is not written again.
    bool is_valid = !in->failed && count > 0;
    for (size_t i = 0; i < count && is_valid; i++) {
        is_valid = samples[i].kind < LS_VALUE_KIND_COUNT && samples[i].quality < LS_QUALITY_COUNT;
    }
    if (is_valid) {
        write_again(samples, count);
    }
    free(samples);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t need = 0;
    (void)ls_record_check(data, size, 0, &need);
    ls_reader in = ls_reader_of(data, size);
    ls_writer texts = {0};
    ls_record_tag_entry entry;
    ls_happened event;
    ls_state_entry state;
    switch (ls_read_byte(&in)) {
    case LS_RECORD_TAGS:
        while (ls_record_read_tag(&in, &entry)) {
        }
        break;
    case LS_RECORD_SAMPLES_OF: read_samples(&in); break;
    case LS_RECORD_EVENT: ls_record_read_event(&in, &texts, &event); break;
    case LS_RECORD_STATE: ls_record_read_state(&in, &texts, &state); break;
    default: break;
    }
    ls_writer_clear(&texts);
    return 0;
}
