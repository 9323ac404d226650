// record_file.h - a recording: messages as they came, with their topics, bytes and spacing.
//
//     "LSREC01\n", then records, little-endian:
//     u32 CRC-32C of what follows it, u32 size of what follows, and of that size:
//       varint  microseconds since the record before (the first: since 1970)
//       u8      QoS (bits 0 and 1), retained (bit 2), a new topic follows (bit 3)
//       varint  number of the topic; of a new one: its length, its bytes, and it gets the next
//               number, from 0 on
//       the payload, up to the end
//
// A file that was cut anywhere is read up to the last whole record. Nothing here knows a network.
#pragma once

#include "base/status.h"
#include "line/mqtt.h"

enum { LS_RECORD_TOPICS_MAX = 1 << 20, LS_RECORD_SIZE_MAX = 64 << 20 };

typedef struct ls_record_writer ls_record_writer;
// Makes a new file; LS_ERR_IO when it is there already, unless `force`.
ls_status ls_record_create(const char *path, bool force, ls_record_writer **out, ls_error *err);
// at_us: wall clock; earlier than the record before counts as the same moment. Kept in memory until
// flush or 64 KiB. After a failure the writer takes no more.
ls_status ls_record_add(ls_record_writer *writer, const ls_mqtt_message *message, int64_t at_us,
                        ls_error *err);
ls_status ls_record_flush(ls_record_writer *writer, ls_error *err);
ls_status ls_record_close(ls_record_writer *writer, ls_error *err);  // flushes, syncs; NULL is fine

typedef struct ls_record_reader ls_record_reader;
// Fails with LS_ERR_IO, or LS_ERR_INVALID (not a recording).
ls_status ls_record_open(const char *path, ls_record_reader **out, ls_error *err);
// From memory, which must live as long as the reader.
ls_status ls_record_open_bytes(const void *bytes, size_t size, ls_record_reader **out,
                               ls_error *err);
// The next message (valid until the next call) and when it came. False at the end.
bool ls_record_next(ls_record_reader *reader, ls_mqtt_message *out, int64_t *out_at_us);
// NULL: the file ended where a record ends. Else one sentence: cut, damaged.
const char *ls_record_complaint(const ls_record_reader *reader);
void ls_record_reader_close(ls_record_reader *reader);  // NULL is fine
