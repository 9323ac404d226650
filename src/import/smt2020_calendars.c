// smt2020_calendars.c - breakdowns and maintenance, and which tools they concern.
#include <string.h>

#include "base/text.h"
#include "import/smt2020_model.h"

static void add_calendar(ls_smt_model *model, const ls_smt_table *table, size_t row, int column,
                         uint32_t scope, ls_smt_calendar calendar) {
    if (ls_names_add(&model->names, scope, calendar.name, model->calendar_count) != LS_SMT_NO) {
        ls_smt_doubled(table, row, column, calendar.name);
        return;
    }
    if (ls_smt_reserve(model, &model->calendars, model->calendar_count, &model->calendar_capacity,
                       sizeof calendar)) {
        model->calendars[model->calendar_count++] = calendar;
    }
}

// A calendar without time between its events would never let the plant work.
static void check_every(const ls_smt_table *table, size_t row, int column,
                        const ls_smt_dist *every) {
    if (every->shape != LS_SMT_NONE && every->high_us == 0) {
        ls_smt_wrong(table, row, column, "more than 0", "no time between two events");
    }
}

// clang-format off
enum { D_NAME, D_TYPE, D_FDIST, D_F, D_F2, D_FUNITS, D_RDIST, D_R, D_R2, D_RUNITS };
static const ls_smt_column down_columns[] = {
    {"DOWNCALNAME", true}, {"DOWNCALTYPE", true}, {"MTTFDIST", false}, {"MTTF", true}, {"MTTF2", false},
    {"MTTFUNITS", true}, {"MTTRDIST", false}, {"MTTR", true}, {"MTTR2", false}, {"MTTRUNITS", true},
    {"IGNORE", false}, {0},
};
// clang-format on

static void read_downs(ls_smt_model *model) {
    static const char *const types[] = {"mttf_by_cal", NULL};
    ls_smt_table table;
    ls_smt_open(&table, &model->reader, "downcal.txt", down_columns, false);
    for (size_t r = 0; r < table.csv.row_count; r++) {
        ls_smt_calendar calendar = {.down = true};
        int type;
        bool named = ls_smt_name(&table, r, D_NAME, &calendar.name);
        ls_smt_word(&table, r, D_TYPE, types, &type);
        ls_smt_spread(&table, r, D_FDIST, D_F, D_F2, D_FUNITS, &calendar.every);
        ls_smt_spread(&table, r, D_RDIST, D_R, D_R2, D_RUNITS, &calendar.duration);
        check_every(&table, r, D_F, &calendar.every);
        if (named) {
            add_calendar(model, &table, r, D_NAME, LS_SMT_DOWNS, calendar);
        }
    }
    ls_smt_note_unknown(model, &table);
}

// clang-format off
enum { PM_NAME, PM_TYPE, PM_EVERY, PM_EUNITS, PM_DIST, PM_FOR, PM_FOR2, PM_UNITS };
static const ls_smt_column pm_columns[] = {
    {"PMCALNAME", true}, {"PMCALTYPE", true}, {"MTBPM", true}, {"MTBPMUNITS", false}, {"MTTRDIST", false},
    {"MTTR", true}, {"MTTR2", false}, {"MTTRUNITS", true}, {"IGNORE", false}, {0},
};
// clang-format on

static void read_pms(ls_smt_model *model) {
    static const char *const types[] = {"mtbpm_by_cal", "mtbpm_by_pieces", NULL};
    static const char *const pieces[] = {"", "pieces", "piece", NULL};
    ls_smt_table table;
    ls_smt_open(&table, &model->reader, "pmcal.txt", pm_columns, false);
    for (size_t r = 0; r < table.csv.row_count; r++) {
        ls_smt_calendar calendar = {0};
        ls_smt_time every;
        int type = 0, unit;
        bool named = ls_smt_name(&table, r, PM_NAME, &calendar.name);
        if (ls_smt_word(&table, r, PM_TYPE, types, &type) && type == 1) {
            calendar.by_pieces = true;
            ls_smt_count(&table, r, PM_EVERY, 1, 1000000000, &calendar.pieces);
            ls_smt_word(&table, r, PM_EUNITS, pieces, &unit);
        } else if (ls_smt_span(&table, r, PM_EVERY, PM_EUNITS, &every)) {
            calendar.every = (ls_smt_dist){.shape = LS_SMT_CONSTANT,
                                           .low_us = every.us,
                                           .high_us = every.us,
                                           .unit = every.unit};
            check_every(&table, r, PM_EVERY, &calendar.every);
        }
        ls_smt_spread(&table, r, PM_DIST, PM_FOR, PM_FOR2, PM_UNITS, &calendar.duration);
        if (named) {
            add_calendar(model, &table, r, PM_NAME, LS_SMT_PMS, calendar);
        }
    }
    ls_smt_note_unknown(model, &table);
}

// clang-format off
enum { A_NAME, A_TYPE, A_RESTYPE, A_RES, A_DIST, A_FOA, A_FOA2, A_UNITS };
static const ls_smt_column attach_columns[] = {
    {"CALNAME", true}, {"CALTYPE", true}, {"RESTYPE", true}, {"RESNAME", true}, {"FOADIST", false},
    {"FOA", false}, {"FOA2", false}, {"FOAUNITS", false}, {"IGNORE", false}, {0},
};
// clang-format on

static uint32_t find_calendar(ls_smt_model *model, const ls_smt_table *table, size_t row,
                              bool down) {
    const char *name;
    if (!ls_smt_name(table, row, A_NAME, &name)) {
        return LS_SMT_NO;
    }
    uint32_t found = ls_names_find(&model->names, down ? LS_SMT_DOWNS : LS_SMT_PMS, name);
    if (found == LS_SMT_NO) {
        const char *known[512];
        size_t count = 0;
        for (uint32_t i = 0; i < model->calendar_count && count < 512; i++) {
            if (model->calendars[i].down == down) {
                known[count++] = model->calendars[i].name;
            }
        }
        ls_smt_unknown(table, row, A_NAME,
                       down ? "calendar in downcal.txt" : "calendar in pmcal.txt", known, count);
    }
    return found;
}

static void attach_to(ls_smt_model *model, const ls_smt_table *table, size_t row, uint32_t at,
                      ls_smt_attachment attachment) {
    if (model->attachment_count >= LS_SMT_ATTACHMENTS_MAX) {
        if (model->attachment_count == LS_SMT_ATTACHMENTS_MAX) {
            ls_smt_wrong(table, row, A_RES, NULL, "more than %d calendars on tool groups",
                         LS_SMT_ATTACHMENTS_MAX);
            model->attachment_count++;
        }
        return;
    }
    if (!ls_smt_reserve(model, &model->attachments, model->attachment_count,
                        &model->attachment_capacity, sizeof attachment)) {
        return;
    }
    uint32_t index = model->attachment_count++;
    model->attachments[index] = attachment;
    ls_smt_station *station = &model->stations[at];
    *(station->attach_first == LS_SMT_NO ? &station->attach_first
                                         : &model->attachments[station->attach_last].next) = index;
    station->attach_last = index;
}

static void attach(ls_smt_model *model, const ls_smt_table *table, size_t row, bool area,
                   ls_smt_attachment attachment) {
    const char *name;
    if (!ls_smt_name(table, row, A_RES, &name)) {
        return;
    }
    uint32_t found = ls_names_find(&model->names, area ? LS_SMT_AREAS : LS_SMT_STATIONS, name);
    if (found == LS_SMT_NO) {
        const char *known[512];
        size_t count = 0;
        for (uint32_t i = 0; i < (area ? model->area_count : model->station_count) && count < 512;
             i++) {
            known[count++] = area ? model->areas[i].name : model->stations[i].name;
        }
        ls_smt_unknown(table, row, A_RES, area ? "area (STNGRP)" : "tool group (STNFAM)", known,
                       count);
        return;
    }
    uint32_t at = area ? model->areas[found].station_first : found;
    while (at != LS_SMT_NO && !model->reader.out_of_memory) {
        attach_to(model, table, row, at, attachment);
        at = area ? model->stations[at].next_in_area : LS_SMT_NO;
    }
}

static void read_attachments(ls_smt_model *model) {
    static const char *const types[] = {"down", "pm", NULL};
    static const char *const resources[] = {"stngrp", "stnfam", NULL};
    static const char *const pieces[] = {"", "pieces", "piece", NULL};
    static const char *const constant[] = {"", "constant", NULL};
    ls_smt_table table;
    ls_smt_open(&table, &model->reader, "attach.txt", attach_columns, false);
    for (size_t r = 0; r < table.csv.row_count; r++) {
        ls_smt_attachment attachment = {.next = LS_SMT_NO};
        int type, resource, word;
        bool good = ls_smt_word(&table, r, A_TYPE, types, &type);
        good = ls_smt_word(&table, r, A_RESTYPE, resources, &resource) && good;
        if (!good) {
            continue;
        }
        attachment.calendar = find_calendar(model, &table, r, type == 0);
        if (attachment.calendar == LS_SMT_NO) {
            continue;
        }
        ls_smt_calendar *calendar = &model->calendars[attachment.calendar];
        calendar->used = true;
        if (ls_smt_has(&table, r, A_FOA) && calendar->by_pieces) {
            ls_smt_word(&table, r, A_DIST, constant, &word);
            ls_smt_word(&table, r, A_UNITS, pieces, &word);
            ls_smt_count(&table, r, A_FOA, 1, 1000000000, &attachment.first_pieces);
        } else if (ls_smt_has(&table, r, A_FOA)) {
            ls_smt_spread(&table, r, A_DIST, A_FOA, A_FOA2, A_UNITS, &attachment.first);
        }
        attach(model, &table, r, resource == 0, attachment);
    }
    ls_smt_note_unknown(model, &table);
}

void ls_smt_read_calendars(ls_smt_model *model) {
    read_downs(model);
    read_pms(model);
    read_attachments(model);
    for (uint32_t i = 0; i < model->calendar_count; i++) {
        if (!model->calendars[i].used) {
            ls_buffer_printf(&model->notes, "# %s: %s is attached to nothing\n",
                             model->calendars[i].down ? "downcal.txt" : "pmcal.txt",
                             model->calendars[i].name);
        }
    }
}
