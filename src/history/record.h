// record.h - what stands in the log: tags, samples, events, state, each with its place and CRC32C.
//
// A record is: CRC32C of the rest (4 bytes), size of the body (4), position of the record in the
// log (8), body. Body: type (1 byte), content. Little endian. Because a record says where it
// stands, old bytes and bytes inside of texts are not taken for one.
//
// Samples are written as differences from the sample before: a control byte says which parts follow
// (tag, time, attribute) and how many bytes the value has. A record stands for itself; what names
// its tags have is said by tag records before it in the same segment.
#pragma once

#include "base/tags.h"
#include "history/bytes.h"
#include "history/store.h"

enum {
    LS_RECORD_HEAD = 16,
    LS_RECORD_MAX = 40 << 20,     // bytes of a body
    LS_RECORD_SOFT = 4 << 20,     // a record of samples ends beyond that
    LS_RECORD_SAMPLES = 1 << 16,  // or at so many
    LS_STATE_MAX = 16 << 20,
    LS_EVENT_TEXT_MAX = 1 << 20,
};
typedef enum ls_record_type {
    LS_RECORD_TAGS = 1,
    LS_RECORD_SAMPLES_OF,
    LS_RECORD_EVENT,
    LS_RECORD_STATE,
} ls_record_type;

// ---- writing, behind what is already in `out`; running out of memory shows as out->failed.
// Starts a record and returns where; `end` fills the head in.
size_t ls_record_begin(ls_writer *out, ls_record_type type);
void ls_record_end(ls_writer *out, size_t begin, uint64_t position);
void ls_record_tag(ls_writer *out, uint32_t number, const ls_tag *tag);
// As many samples as one record takes; returns how many.
size_t ls_record_samples(ls_writer *out, const ls_sample *samples, size_t count);
void ls_record_event(ls_writer *out, const ls_happened *event);
void ls_record_state(ls_writer *out, const ls_state_entry *state);

// ---- reading
// Size of the whole record that stands at `bytes` and says that it is at `position`, 0 if there is
// none. *out_need: how many bytes to have before one can tell (0: it is none).
size_t ls_record_check(const uint8_t *bytes, size_t size, uint64_t position, size_t *out_need);
// The readers below take the content behind the type.
typedef struct ls_record_tag_entry {
    uint32_t number;
    ls_value_kind kind;
    const char *name, *unit;
    size_t name_size, unit_size;
} ls_record_tag_entry;
bool ls_record_read_tag(ls_reader *in, ls_record_tag_entry *out);  // false: no more, or failed
// Room for ls_record_read_count samples; texts point into the record. Tags are as written.
size_t ls_record_read_count(ls_reader *in);
void ls_record_read_samples(ls_reader *in, ls_sample *out, size_t count);
// Texts are copied to `texts` with a zero behind each.
void ls_record_read_event(ls_reader *in, ls_writer *texts, ls_happened *out);
void ls_record_read_state(ls_reader *in, ls_writer *texts, ls_state_entry *out);
