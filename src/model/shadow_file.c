// shadow_file.c - what a shadow has seen, as JSON and back.
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "model/json_file.h"
#include "model/shadow.h"

static json_t *sum_json(const ls_shadow_sum *sum) {
    return json_pack("[f, f, I]", sum->champion, sum->challenger, (json_int_t)sum->rows);
}

static json_t *sums_json(const ls_shadow_sum *sums, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        if (json_array_append_new(list, sum_json(&sums[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *ls_shadow_save(const ls_shadow *s) {
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:I, s:I, s:I}",                   //
                     "champion", (json_int_t)s->def.champion,                                     //
                     "challenger", (json_int_t)s->def.challenger,                                 //
                     "begin_us", (json_int_t)s->begin_us, "newest_us", (json_int_t)s->newest_us,  //
                     "block_us", (json_int_t)s->block_us,                                         //
                     "blocks", sums_json(s->blocks, LS_SHADOW_BLOCKS),                            //
                     "units", sums_json(s->units, s->def.unit_count),                             //
                     "all", sum_json(&s->all),                                                    //
                     "inside", (json_int_t)s->inside, "intervals", (json_int_t)s->intervals,      //
                     "passed_over", (json_int_t)s->passed_over);
}

// ---- reading

static int64_t take_whole(ls_json_file *f, const json_t *object, const char *key, int64_t least,
                          int64_t most) {
    const json_t *value = json_object_get(object, key);
    const int64_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < least || number > most) {
        ls_json_refuse(f, "%s must be a whole number, %lld to %lld", key, (long long)least,
                       (long long)most);
        return least;
    }
    return number;
}

static void take_sum(ls_json_file *f, const json_t *value, const char *key, ls_shadow_sum *out) {
    const json_t *champion = json_array_get(value, 0), *challenger = json_array_get(value, 1);
    const json_t *rows = json_array_get(value, 2);
    out->champion = json_number_value(champion);
    out->challenger = json_number_value(challenger);
    if (json_array_size(value) != 3 || !json_is_number(champion) || !json_is_number(challenger) ||
        !json_is_integer(rows) || json_integer_value(rows) < 0 || !(out->champion >= 0.0) ||
        !(out->challenger >= 0.0)) {
        ls_json_refuse(f, "%s must hold two squared errors and how many rows they are of", key);
        return;
    }
    out->rows = (uint64_t)json_integer_value(rows);
}

static void take_sums(ls_json_file *f, const json_t *object, const char *key, ls_shadow_sum *out,
                      size_t count) {
    const json_t *list = json_object_get(object, key);
    if (json_array_size(list) != count) {
        ls_json_refuse(f, "%s must be %zu, not %zu", key, count, json_array_size(list));
    }
    for (size_t i = 0; i < count && f->status == LS_OK; i++) {
        take_sum(f, json_array_get(list, i), key, &out[i]);
    }
}

static void take_times(ls_json_file *f, const json_t *saved, ls_shadow *s) {
    const int64_t most = INT64_MAX / 4, least = s->block_us;
    s->begin_us = take_whole(f, saved, "begin_us", 0, most);
    s->newest_us = take_whole(f, saved, "newest_us", s->begin_us, most);
    s->block_us = take_whole(f, saved, "block_us", least, most);
    int64_t block = least;
    while (block < s->block_us) {
        block *= 2;
    }
    if (f->status == LS_OK && block != s->block_us) {
        ls_json_refuse(f, "block_us must be a power of two times %lld", (long long)least);
    }
    if (f->status == LS_OK && (s->newest_us - s->begin_us) / s->block_us >= LS_SHADOW_BLOCKS) {
        ls_json_refuse(f, "newest_us lies behind the last block");
    }
}

ls_status ls_shadow_load(const json_t *saved, ls_shadow *shadow, ls_error *err) {
    ls_json_file f = {.what = "shadow", .file = "shadow", .err = err, .status = LS_OK};
    ls_shadow_def def = shadow->def;
    ls_shadow read = {0};
    ls_status status = ls_shadow_init(&def, &read, err);
    if (status != LS_OK) {
        return status;
    }
    take_times(&f, saved, &read);
    take_sums(&f, saved, "blocks", read.blocks, LS_SHADOW_BLOCKS);
    take_sums(&f, saved, "units", read.units, def.unit_count);
    take_sum(&f, json_object_get(saved, "all"), "all", &read.all);
    read.intervals = (uint64_t)take_whole(&f, saved, "intervals", 0, INT64_MAX / 4);
    read.inside = (uint64_t)take_whole(&f, saved, "inside", 0, (int64_t)read.intervals);
    read.passed_over = (uint64_t)take_whole(&f, saved, "passed_over", 0, INT64_MAX / 4);
    if (take_whole(&f, saved, "champion", 0, UINT32_MAX) != (int64_t)def.champion ||
        take_whole(&f, saved, "challenger", 0, UINT32_MAX) != (int64_t)def.challenger) {
        ls_json_refuse(&f, "it is of other versions than %u and %u", def.champion, def.challenger);
    }
    if (f.status == LS_OK) {
        ls_shadow_clear(shadow);
        *shadow = read;
    } else {
        ls_shadow_clear(&read);
    }
    return f.status;
}
