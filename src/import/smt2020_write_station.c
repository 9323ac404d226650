// smt2020_write_station.c - one tool group as a station of the plant file.
#include <string.h>

#include "base/units.h"
#include "import/smt2020_model.h"
#include "import/smt2020_print.h"

static bool same_dist(const ls_smt_dist *a, const ls_smt_dist *b) {
    return a->shape == b->shape && a->low_us == b->low_us && a->high_us == b->high_us;
}

static const char *const rank_names[] = {"hot", "setup", "fifo", "cr"};

static bool same_ranks(const ls_smt_station *a, const ls_smt_station *b) {
    return a->rank_count == b->rank_count &&
           memcmp(a->ranks, b->ranks, a->rank_count * sizeof a->ranks[0]) == 0;
}

void ls_smt_write_ranks(ls_buffer *out, const ls_smt_station *station) {
    ls_buffer_text(out, "dispatch: [");
    for (uint32_t i = 0; i < station->rank_count; i++) {
        ls_buffer_printf(out, "%s%s", i > 0 ? ", " : "", rank_names[station->ranks[i]]);
    }
    ls_buffer_text(out, station->rank_count > 0 ? "]\n" : "fifo]\n");
}

static void write_setups(const ls_smt_model *model, ls_buffer *out, const ls_smt_station *station) {
    bool clears = model->options->compat && station->has_setup;
    if (station->pair_first == LS_SMT_NO && station->min_run == 0 && !clears) {
        return;
    }
    const char *comma = "";
    ls_buffer_text(out, "    setup: {");
    for (uint32_t i = station->pair_first; i != LS_SMT_NO; i = model->pairs[i].next) {
        const ls_smt_pair *pair = &model->pairs[i];
        ls_buffer_printf(out, "%s%s to %s: ", comma, pair->from[0] != '\0' ? pair->from : "any",
                         pair->to);
        ls_smt_print_time(out, pair->time.us, pair->time.unit);
        comma = ", ";
    }
    if (station->min_run > 0) {
        ls_buffer_printf(out, "%smin-run: %lld", comma, (long long)station->min_run);
        comma = ", ";
    }
    if (clears) {
        ls_buffer_printf(out, "%swithout: clear", comma);
    }
    ls_buffer_text(out, "}\n");
}

static void write_down(const ls_smt_model *model, ls_buffer *out,
                       const ls_smt_attachment *attachment) {
    const ls_smt_calendar *calendar = &model->calendars[attachment->calendar];
    ls_buffer_text(out, "      - {name: ");
    ls_smt_print_name(out, calendar->name);
    ls_buffer_text(out, ", by: calendar, every: ");
    ls_smt_print_dist(out, &calendar->every);
    if (attachment->first.shape != LS_SMT_NONE &&
        !same_dist(&attachment->first, &calendar->every)) {
        ls_buffer_text(out, ", first: ");
        ls_smt_print_dist(out, &attachment->first);
    }
    ls_buffer_text(out, ", repair: ");
    ls_smt_print_dist(out, &calendar->duration);
    ls_buffer_text(out, "}\n");
}

// The data have one first time for all machines of a group. We take it as that of the last machine
// and spread the others evenly over one interval before it, as in a plant that has run for long.
static ls_smt_dist first_of_staggered(const ls_smt_attachment *attachment, const ls_smt_dist *every,
                                      int64_t machines) {
    ls_smt_dist first = attachment->first;
    const int64_t spread = every->high_us / machines * (machines - 1);
    int64_t us = first.high_us > spread ? first.high_us - spread : 0;
    us -= machines > 1 ? us % LS_US_PER_MIN : 0;  // keeps the file readable
    first.low_us = first.high_us = us;
    return first;
}

static void write_pm(const ls_smt_model *model, ls_buffer *out, const ls_smt_station *station,
                     const ls_smt_attachment *attachment) {
    const ls_smt_calendar *calendar = &model->calendars[attachment->calendar];
    bool staggered = !model->options->compat;
    ls_buffer_text(out, "      - {name: ");
    ls_smt_print_name(out, calendar->name);
    ls_buffer_text(out, ", every: ");
    if (calendar->by_pieces) {
        ls_buffer_printf(out, "%lld parts", (long long)calendar->pieces);
        if (attachment->first_pieces > 0) {
            ls_buffer_printf(out, ", first: %lld parts", (long long)attachment->first_pieces);
        }
    } else {
        ls_smt_print_dist(out, &calendar->every);
        staggered = staggered && attachment->first.shape != LS_SMT_EXPONENTIAL &&
                    station->machines > 1;
        if (attachment->first.shape != LS_SMT_NONE) {
            ls_smt_dist first = staggered ? first_of_staggered(attachment, &calendar->every,
                                                               station->machines)
                                          : attachment->first;
            ls_buffer_text(out, ", first: ");
            ls_smt_print_dist(out, &first);
        }
    }
    ls_buffer_text(out, ", for: ");
    ls_smt_print_dist(out, &calendar->duration);
    if (!calendar->by_pieces) {
        ls_buffer_text(out, staggered ? ", from: end, stagger: yes" : ", from: end");
    }
    ls_buffer_text(out, "}\n");
}

static void write_calendars(const ls_smt_model *model, ls_buffer *out,
                            const ls_smt_station *station, bool down) {
    bool first = true;
    for (uint32_t i = station->attach_first; i != LS_SMT_NO; i = model->attachments[i].next) {
        const ls_smt_attachment *attachment = &model->attachments[i];
        if (model->calendars[attachment->calendar].down != down) {
            continue;
        }
        if (first) {
            ls_buffer_text(out, down ? "    fails:\n" : "    maintenance:\n");
            first = false;
        }
        if (down) {
            write_down(model, out, attachment);
        } else {
            write_pm(model, out, station, attachment);
        }
    }
}

void ls_smt_write_station(const ls_smt_model *model, ls_buffer *out,
                          const ls_smt_station *station) {
    ls_buffer_text(out, "  ");
    ls_smt_print_name(out, station->name);
    ls_buffer_printf(out, ":%s%s\n    machines: %lld\n", station->area[0] != '\0' ? "  # " : "",
                     station->area, (long long)station->machines);
    if (station->location[0] != '\0') {
        ls_buffer_text(out, "    area: ");
        ls_smt_print_name(out, station->location);
        ls_buffer_text(out, "\n");
    }
    if (station->per == LS_SMT_PER_PIECE || station->per == LS_SMT_PER_BATCH) {
        ls_buffer_printf(out, "    per: %s\n", station->per == LS_SMT_PER_PIECE ? "part" : "batch");
    }
    if (station->load.us > 0) {
        ls_buffer_text(out, "    load: ");
        ls_smt_print_time(out, station->load.us, station->load.unit);
        ls_buffer_text(out, "\n");
    }
    if (station->unload.us > 0) {
        ls_buffer_text(out, "    unload: ");
        ls_smt_print_time(out, station->unload.us, station->unload.unit);
        ls_buffer_text(out, "\n");
    }
    if (station->ports == 2) {
        ls_buffer_text(out, "    ports: 2\n");
    }
    if (!same_ranks(station, &model->stations[0])) {
        ls_buffer_text(out, "    ");
        ls_smt_write_ranks(out, station);
    }
    if (station->least_setup) {
        ls_buffer_text(out, "    machine-choice: least-setup\n");
    }
    if (station->batch_max != 0) {
        ls_buffer_printf(out, "    batch: {by: %s, count: %s",
                         model->options->compat ? "recipe" : "step",
                         station->batch_by_lots ? "lots" : "parts");
        if (station->batch_max > 0) {
            ls_buffer_printf(out, ", min: %lld, max: %lld", (long long)station->batch_min,
                             (long long)station->batch_max);
        }
        ls_buffer_text(out, "}\n");
    }
    write_setups(model, out, station);
    write_calendars(model, out, station, true);
    write_calendars(model, out, station, false);
}
