// spec.h - a job as bytes: what stands of it in the journal and goes to the helper.
//
// Little endian, with a number of its format in front; what is read is checked against the limits
// of job.h, so that hostile bytes cost a message and nothing else.
#pragma once

#include "exec/job.h"
#include "history/bytes.h"

// Appends the job (array and after included). out->failed: out of memory.
void ls_exec_spec_write(ls_writer *out, const ls_exec_job *job);
// Reads what write wrote, all of it, into the arena. Fails with LS_ERR_INVALID (says what is
// wrong), LS_ERR_VERSION, LS_ERR_MEMORY.
ls_status ls_exec_spec_read(const void *bytes, size_t size, ls_arena *arena, ls_exec_job **out,
                            ls_error *err);
