// decide_reader.h - what the files read_decide*.c and read_guards.c share. Private to them.
#pragma once

#include "plant/listen_reader.h"

typedef struct ls_decide_draft {
    ls_reader *r;
    const ls_yaml *node;  // `decide:`
    ls_rows points, numbers;
    ls_rows limits, conditions;
    ls_names names;         // of points
    ls_listen_draft lines;  // machines by name, tags to fill in
    ls_decide_point usual;  // what points have that do not say their own
} ls_decide_draft;

// The value of `listen.values` of this name; LS_NONE after a mistake.
uint32_t ls_decide_measured(ls_decide_draft *d, const ls_yaml *at);
// Points of every kind of `decide:`.
void ls_decide_read_points(ls_decide_draft *d);  // read_decide_point.c
// What a kind alone says, at `map`; `target` is the station, class, operators or value.
void ls_decide_read_numbers(ls_decide_draft *d, const ls_yaml *map, const ls_yaml *at,
                            ls_decide_point *point);  // read_decide_number.c
void ls_decide_read_sort(ls_decide_draft *d, const ls_yaml *map, const ls_yaml *at,
                         ls_decide_point *point);  // read_decide_sort.c
void ls_decide_read_guards(ls_decide_draft *d);    // read_guards.c
// After the points: a line that lots are sent to names its lots.
void ls_decide_check_names(ls_decide_draft *d);  // read_decide_names.c
// Over Modbus: who is decided about can be commanded, and known words fit into registers.
void ls_decide_check_hands(ls_decide_draft *d, const ls_source *source);  // read_decide_hands.c
