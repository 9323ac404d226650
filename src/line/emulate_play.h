// emulate_play.h - the emulated line on its wires: an edge node on a broker, a Modbus server, and
// the clock that drives it.
//
// Plant time is wall time times speed. Whoever holds it calls step in a loop; commands that came in
// between are obeyed there. Uses threads of the edge and of the Modbus server; the functions here
// are for one thread.
#pragma once

#include "line/edge.h"
#include "line/emulate.h"

typedef struct ls_emulate_play ls_emulate_play;

typedef struct ls_emulate_play_def {
    const ls_plant *plant;  // kept alive by the caller, as is hide
    const ls_hide *hide;
    const char *hide_file;
    const ls_emulate_process_def *process;  // NULL: none
    uint64_t seed;
    double speed;             // seconds of the plant per second; 0: as fast as it goes; default 1
    int64_t from_us, for_us;  // plant time; LS_FOREVER: no end
    const char *url;          // broker; NULL: no Sparkplug (Modbus alone, or nobody listens)
    const char *user, *password, *login;
    const char *primary;         // host application that is waited for; NULL: none
    int modbus_port;             // -1: none, 0: a free one
    uint32_t drop, twice, swap;  // of a million messages, see ls_edge_disturb
    uint32_t cookie;             // set by ls_emulate_play_def_default
} ls_emulate_play_def;
ls_emulate_play_def ls_emulate_play_def_default(void);

// Fails like ls_emulate_create, ls_edge_create and ls_emulate_modbus_create.
ls_status ls_emulate_play_create(const ls_emulate_play_def *def, ls_emulate_play **out,
                                 ls_error *err);
// The node says that it goes (NDEATH). NULL is fine.
void ls_emulate_play_destroy(ls_emulate_play *play);
// Takes commands and runs to what the clock says. *out_sleep_us: how long to wait until the next
// call, -1: for_us is over. Fails like ls_emulate_run.
ls_status ls_emulate_play_step(ls_emulate_play *play, int64_t *out_sleep_us, ls_error *err);

// The line stands still: takes commands, says its Clock again, disturbs nothing any more. To be
// called now and then after the end, for whoever listens to notice what it has missed.
void ls_emulate_play_linger(ls_emulate_play *play);

typedef struct ls_emulate_play_figures {
    ls_emulate_figures line;
    ls_edge_figures edge;
    int64_t now_us;
    double behind_s;     // wall time that it lags
    uint64_t overflows;  // commands that found no place: more than it can take between two steps
    int modbus_port;     // -1: none
} ls_emulate_play_figures;
ls_emulate_play_figures ls_emulate_play_describe(ls_emulate_play *play);
const ls_emulate *ls_emulate_play_line(const ls_emulate_play *play);
// With "disturbed": messages lost, doubled and swapped on purpose.
void ls_emulate_play_truth(ls_emulate_play *play, ls_buffer *out);
