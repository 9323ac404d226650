// sparkplug_payload_fuzz.c - any bytes into the payload reader. What it takes stays inside the
// bytes, and what is written from it is read again the same.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "line/sparkplug_payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(ls_sparkplug_span span, const uint8_t *data, size_t size) {
    const uint8_t *at = (const uint8_t *)span.data;
    assert(at == NULL ||
           (at >= data && at <= data + size && span.size <= (size_t)(data + size - at)));
}

static bool same(ls_sparkplug_span a, ls_sparkplug_span b) {
    return (a.data == NULL) == (b.data == NULL) && a.size == b.size &&
           (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static void check_again(const ls_sparkplug_metric *m) {
    const size_t capacity = ls_sparkplug_metric_size(m) + 16;
    uint8_t *bytes = malloc(capacity);
    assert(bytes != NULL);
    ls_sparkplug_writer w;
    ls_sparkplug_begin(&w, bytes, capacity, 1);
    ls_sparkplug_add(&w, m);
    assert(!w.failed);
    ls_sparkplug_reader r;
    ls_sparkplug_metric back;
    const bool opened = ls_sparkplug_open(&r, bytes, ls_sparkplug_size(&w));
    const bool read = opened && ls_sparkplug_next(&r, &back);
    assert(read && back.bits == m->bits && back.field == m->field && back.type == m->type);
    assert(same(back.name, m->name) && same(back.span, m->span));
    assert(same(back.properties, m->properties) && back.quality == m->quality);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ls_sparkplug_reader r;
    if (!ls_sparkplug_open(&r, data, size)) {
        assert(r.reason != NULL && r.bad_at <= size);
        return 0;
    }
    check_inside(r.uuid, data, size);
    check_inside(r.body, data, size);
    ls_sparkplug_metric m;
    uint32_t count = 0;
    while (ls_sparkplug_next(&r, &m)) {
        ls_sample sample = {0};
        check_inside(m.name, data, size);
        check_inside(m.span, data, size);
        check_inside(m.unit, data, size);
        check_inside(m.metadata, data, size);
        if (ls_sparkplug_value(&m, m.type, &sample) == NULL) {
            assert(sample.kind < LS_VALUE_KIND_COUNT && sample.quality < LS_QUALITY_COUNT);
        }
        check_again(&m);
        count++;
    }
    assert(r.reason != NULL ? r.bad_at <= size : count == r.metrics);
    return 0;
}
