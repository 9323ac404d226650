// dataset_split.c - training, calibration and test rows: by time and by unit, never by row.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "model/dataset.h"

ls_split_def ls_split_def_default(void) {
    return (ls_split_def){.by = LS_SPLIT_TIME, .train = 0.6, .calibrate = 0.2};
}

static const char *const part_names[LS_PART_COUNT] = {"training", "calibration", "test", "unused"};

// The moment at which the row number `share` of the labelled rows stands: rows before it are on the
// earlier side. Rows of one moment stay together.
static int64_t cut_at(const ls_dataset *d, size_t labelled, double share) {
    size_t before = (size_t)((double)labelled * share);
    for (size_t i = 0; i < d->row_count; i++) {
        if (!isnan(d->label[i])) {
            if (before == 0) {
                return d->time_us[i];
            }
            before--;
        }
    }
    return INT64_MAX;
}

int64_t ls_dataset_cut_us(const ls_dataset *dataset, double share) {
    size_t labelled = 0;
    for (size_t i = 0; i < dataset->row_count; i++) {
        labelled += isnan(dataset->label[i]) ? 0 : 1;
    }
    return cut_at(dataset, labelled, share);
}

static void split_time(const ls_dataset *d, const ls_split_def *def, size_t labelled,
                       uint8_t *parts) {
    const int64_t first = cut_at(d, labelled, def->train);
    const int64_t second = cut_at(d, labelled, def->train + def->calibrate);
    for (size_t i = 0; i < d->row_count; i++) {
        const int64_t time = d->time_us[i];
        const int64_t cut = time < first ? first : time < second ? second : INT64_MAX;
        parts[i] = time < first ? LS_PART_TRAIN : time < second ? LS_PART_CALIBRATE : LS_PART_TEST;
        if (cut != INT64_MAX && (d->known_us[i] > cut || time >= cut - def->gap_us)) {
            parts[i] = LS_PART_NONE;
        }
    }
}

// A unit counts where its last row is.
static ls_status keep_units_whole(const ls_dataset *d, uint8_t *parts, ls_arena *arena,
                                  ls_error *err) {
    uint8_t *latest = ls_arena_alloc(arena, d->unit_count);
    if (latest == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory while splitting a dataset");
    }
    for (size_t i = 0; i < d->row_count; i++) {
        if (parts[i] != LS_PART_NONE && parts[i] > latest[d->unit[i]]) {
            latest[d->unit[i]] = parts[i];
        }
    }
    for (size_t i = 0; i < d->row_count; i++) {
        parts[i] = parts[i] == latest[d->unit[i]] ? parts[i] : LS_PART_NONE;
    }
    return LS_OK;
}

static ls_status split_units(const ls_dataset *d, const ls_split_def *def, uint8_t *parts,
                             ls_arena *arena, ls_error *err) {
    uint32_t *place = ls_arena_alloc(arena, d->unit_count * sizeof *place);
    uint32_t count = 0;
    if (place == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory while splitting a dataset");
    }
    for (size_t i = 0; i < d->row_count; i++) {  // rows stand by time: first seen, first placed
        if (!isnan(d->label[i]) && place[d->unit[i]] == 0) {
            place[d->unit[i]] = ++count;
        }
    }
    const double train = (double)count * def->train;
    const double calibrate = (double)count * (def->train + def->calibrate);
    for (size_t i = 0; i < d->row_count; i++) {
        const double at = (double)place[d->unit[i]] - 0.5;
        parts[i] = at < train ? LS_PART_TRAIN : at < calibrate ? LS_PART_CALIBRATE : LS_PART_TEST;
    }
    return LS_OK;
}

ls_status ls_dataset_split(const ls_dataset *dataset, const ls_split_def *def, uint8_t *parts,
                           size_t counts[LS_PART_COUNT], ls_error *err) {
    assert(def->train > 0.0 && def->calibrate >= 0.0 && def->train + def->calibrate <= 1.0);
    ls_arena arena;
    ls_arena_init(&arena);
    ls_status status = LS_OK;
    size_t labelled = 0;
    for (size_t i = 0; i < dataset->row_count; i++) {
        labelled += isnan(dataset->label[i]) ? 0 : 1;
    }
    if (def->by == LS_SPLIT_UNIT) {
        status = split_units(dataset, def, parts, &arena, err);
    } else {
        split_time(dataset, def, labelled, parts);
        if (def->unit_is_whole) {
            status = keep_units_whole(dataset, parts, &arena, err);
        }
    }
    ls_arena_clear(&arena);
    if (status != LS_OK) {
        return status;
    }
    memset(counts, 0, LS_PART_COUNT * sizeof counts[0]);
    for (size_t i = 0; i < dataset->row_count; i++) {
        if (isnan(dataset->label[i])) {
            parts[i] = LS_PART_NONE;
        }
        counts[parts[i]]++;
    }
    for (int part = 0; part < LS_PART_NONE; part++) {
        const bool wanted = part == LS_PART_TRAIN ||
                            (part == LS_PART_CALIBRATE ? def->calibrate > 0.0
                                                       : def->train + def->calibrate < 1.0);
        if (wanted && counts[part] == 0) {
            return ls_fail(err, LS_ERR_INVALID,
                           "no labelled rows are left for %s: %zu of %zu rows have a label",
                           part_names[part], labelled, dataset->row_count);
        }
    }
    return LS_OK;
}

ls_status ls_dataset_take_part(const ls_dataset *from, const uint8_t *parts, ls_split_part part,
                               ls_dataset *out, ls_error *err) {
    ls_arena arena;
    ls_arena_init(&arena);
    size_t *rows = ls_arena_alloc(&arena, from->row_count * sizeof *rows);
    size_t count = 0;
    ls_status status = LS_ERR_MEMORY;
    memset(out, 0, sizeof *out);
    if (rows == NULL) {
        ls_fail(err, LS_ERR_MEMORY, "out of memory for a part of a dataset");
    } else {
        for (size_t i = 0; i < from->row_count; i++) {
            if (parts[i] == part) {
                rows[count++] = i;
            }
        }
        status = ls_dataset_take(from, rows, count, out, err);
    }
    ls_arena_clear(&arena);
    return status;
}

// The unit has rows to calibrate or test with: it is none to learn from.
static bool mark_others(const ls_dataset *d, const uint8_t *parts, ls_arena *arena, uint8_t **out) {
    *out = ls_arena_alloc(arena, d->unit_count > 0 ? d->unit_count : 1);
    for (size_t i = 0; i < d->row_count && *out != NULL; i++) {
        if (parts[i] == LS_PART_CALIBRATE || parts[i] == LS_PART_TEST) {
            (*out)[d->unit[i]] = 1;
        }
    }
    return *out != NULL;
}

static bool was_known(const ls_dataset *d, size_t row, int64_t at_us) {
    return !isnan(d->label[row]) && d->known_us[row] <= at_us;
}

// Seconds for which it was seen not to end; below 0: not seen at all.
static double seen_s(const ls_dataset *d, size_t row, const ls_censor_def *def) {
    return (double)(def->at_us - def->delay_us - d->time_us[row]) * 1e-6;
}

ls_status ls_dataset_take_lives(const ls_dataset *all, const uint8_t *parts,
                                const ls_censor_def *def, ls_dataset *out, ls_error *err) {
    ls_arena arena;
    ls_arena_init(&arena);
    size_t *rows = ls_arena_alloc(&arena, (all->row_count + 1) * sizeof *rows), count = 0;
    uint8_t *is_other = NULL;
    memset(out, 0, sizeof *out);
    ls_status status = rows != NULL && mark_others(all, parts, &arena, &is_other)
                           ? LS_OK
                           : ls_fail(err, LS_ERR_MEMORY, "out of memory for a part of a dataset");
    for (size_t i = 0; i < all->row_count && status == LS_OK; i++) {
        const bool is_before = def->by_unit ? is_other[all->unit[i]] == 0
                                            : all->time_us[i] < def->at_us - def->gap_us;
        if (is_before && (was_known(all, i, def->at_us) || seen_s(all, i, def) > 0.0)) {
            rows[count++] = i;
        }
    }
    if (status == LS_OK) {
        status = ls_dataset_take(all, rows, count, out, err);
    }
    if (status == LS_OK) {
        status = ls_dataset_bound(out, err);
    }
    for (size_t i = 0; i < count && status == LS_OK; i++) {
        const bool ended = was_known(all, rows[i], def->at_us);
        const double life = ended ? all->label[rows[i]] : seen_s(all, rows[i], def);
        const bool lasts = !ended || (def->most > 0.0 && life >= def->most);
        out->label[i] = def->most > 0.0 && life > def->most ? def->most : life;
        out->latest[i] = lasts ? (double)INFINITY : life;
        out->known_us[i] = ended ? out->known_us[i] : def->at_us;
    }
    ls_arena_clear(&arena);
    if (status != LS_OK) {
        ls_dataset_clear(out);
    }
    return status;
}
