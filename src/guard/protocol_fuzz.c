// protocol_fuzz.c - any bytes as a message: refused with a reason, or read, written and read the
// same.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "guard/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ls_guard_message message, again;
    if (ls_guard_protocol_read((const char *)data, size, &message) != NULL) {
        return 0;
    }
    ls_buffer first, second;
    ls_buffer_init(&first);
    ls_buffer_init(&second);
    ls_guard_protocol_write(&message, &first);
    assert(!first.failed);
    const char *why = ls_guard_protocol_read(first.data, first.size - 1, &again);
    assert(why == NULL);
    ls_guard_protocol_write(&again, &second);
    assert(second.size == first.size && memcmp(first.data, second.data, first.size) == 0);
    ls_buffer_clear(&first);
    ls_buffer_clear(&second);
    return 0;
}
