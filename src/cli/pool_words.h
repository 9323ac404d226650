// pool_words.h - how the commands of a pool tell GPUs, times and jobs to people.
#pragma once

#include <jansson.h>

#include "base/text.h"

// "2", "0.5".
void ls_pool_put_gpus(const json_t *value, char *out, size_t size);
// "GPU", "slot": what the pool (as its daemon tells it) is made of; with an s where it is not one.
const char *ls_pool_unit_word(const json_t *pool, double count);
// A span in two parts, "3 min 12 s"; a moment of today "14:07:09", else "2026-11-25 14:07".
void ls_pool_put_span(int64_t us, char *out, size_t size);
void ls_pool_put_moment(int64_t us, char *out, size_t size);
int64_t ls_pool_now_us(void);
// "jobs are limited in memory, processors", "; not in processes: why". `limits`: as a daemon tells
// them; NULL (an older daemon): "".
void ls_pool_put_limits(const json_t *limits, char *out, size_t size);
// The job's state with what belongs to it: "running", "failed 2", "failed SIGKILL", "waiting".
void ls_pool_put_state(const json_t *job, char *out, size_t size);
