// intervene.h - a hand in the running plant: what a control system may do between two events.
//
// For the emulated line, and for trying decisions. Each call acts on a snapshot at its present
// moment and settles what follows in the same instant. Returns LS_OK, or LS_ERR_INVALID with the
// reason a PLC would give ("lathe-2 is in repair"); the snapshot is then unchanged. What is chosen
// ahead (choose, hold) is part of the state: copied, hashed and forked with it.
#pragma once

#include "twin/twin.h"

// The machine takes this lot next, as soon as it is free and the lot waits at its station; until
// then it goes by its rule. The lot must wait there or be on its way there; the choice lapses when
// it goes elsewhere or another machine takes it. LS_NO for lot: no choice.
ls_status ls_intervene_choose(const ls_twin *twin, ls_snapshot *snapshot, uint32_t machine,
                              uint32_t lot_index, ls_error *err);
// The same, and the batch begun with it takes lots of its product alone, though the station would
// mix them. Of a station without batches it is refused.
ls_status ls_intervene_choose_pure(const ls_twin *twin, ls_snapshot *snapshot, uint32_t machine,
                                   uint32_t lot_index, ls_error *err);
// The machine starts nothing new before until_us (LS_NEVER: until released); 0 releases it.
ls_status ls_intervene_hold(const ls_twin *twin, ls_snapshot *snapshot, uint32_t machine,
                            int64_t until_us, ls_error *err);
// One more release of the class now: its usual number of lots, one lot of a CONWIP class, the next
// order of a timetable (which then does not come at its time). Of a class with an order pool: the
// lot that has waited there longest comes in; refused when none does.
ls_status ls_intervene_release(const ls_twin *twin, ls_snapshot *snapshot, uint32_t release,
                               ls_error *err);
// The machine stops at once (what runs pauses) until start; a running repair goes on.
ls_status ls_intervene_stop(const ls_twin *twin, ls_snapshot *snapshot, uint32_t machine,
                            ls_error *err);
ls_status ls_intervene_start(const ls_twin *twin, ls_snapshot *snapshot, uint32_t machine,
                             ls_error *err);
// Nothing of a class with an order pool comes in before until_us (LS_NEVER: until told); 0: all
// that waits there comes in, and what is released from now on. While it is put off, `release` lets
// in the first that waits there.
ls_status ls_intervene_put_off(const ls_twin *twin, ls_snapshot *snapshot, uint32_t release,
                               int64_t until_us, ls_error *err);
// A maintenance of the machine (index among the machine's own modes, in the order of its station)
// becomes due now, as if its time or count had come: it is done when the machine is free, before
// the next lot.
ls_status ls_intervene_maintain(const ls_twin *twin, ls_snapshot *snapshot, uint32_t machine,
                                uint32_t mode, ls_error *err);
// The machine is set up now for this state (index among its station's, in their order), for no lot:
// it must be free, run, and have done the least its own setup is worth (`min-run`). It takes the
// time of the first step of the station that needs the state, and whom a setup needs; lots that
// come meanwhile wait for its end.
ls_status ls_intervene_set_up(const ls_twin *twin, ls_snapshot *snapshot, uint32_t machine,
                              uint32_t setup, ls_error *err);
// The step that is first to need this setup there; LS_NO: none does.
uint32_t ls_intervene_setup_step(const ls_twin *twin, uint32_t machine, uint32_t setup);
// Another level of a CONWIP class: raised, the difference is released now; lowered, the next ones
// that leave have no successor.
ls_status ls_intervene_keep(const ls_twin *twin, ls_snapshot *snapshot, uint32_t release,
                            uint32_t lots, ls_error *err);
// The line tells that this level is in force: nothing is released for it here, since the line has
// done so. Of the lots inside those beyond it have no successor; missing ones are owed.
ls_status ls_intervene_told_keep(const ls_twin *twin, ls_snapshot *snapshot, uint32_t release,
                                 uint32_t lots, ls_error *err);
// So many people of a pool are there while its shift runs. Who is at work finishes the phase.
ls_status ls_intervene_staff(const ls_twin *twin, ls_snapshot *snapshot, uint32_t pool,
                             uint32_t people, ls_error *err);
// What is known of a condition (index of ls_model_conditions): futures draw the time to its failure
// by that (condition.h). It holds until its part is renewed; NULL: nothing is known, its clock
// alone counts. Values and errors from 0 to 1e15. Of a slowness (slowness.h) what is told stretches
// process times between a hundredth and a hundred times; NULL: they are as the plant file says.
typedef struct ls_condition_told {
    double value, deviation;  // and the standard deviation of its error
    int64_t at_us;            // plant time when it was so
} ls_condition_told;
ls_status ls_intervene_told_condition(const ls_twin *twin, ls_snapshot *snapshot,
                                      uint32_t condition, const ls_condition_told *told,
                                      ls_error *err);
// Tells how likely a lot is bad, 0 to 1 (kept to the 65534th), at the sorting station that it waits
// at or comes to next on its route; NaN: nothing is known, what its steps find on average counts.
// It holds until the lot was inspected or sorted. Refused where its route comes to none.
ls_status ls_intervene_told_bad(const ls_twin *twin, ls_snapshot *snapshot, uint32_t lot_index,
                                double bad, ls_error *err);
// How likely lots are bad on average at the step at which it is sorted next; NaN: at none.
double ls_intervene_usual_bad(const ls_twin *twin, const ls_snapshot *snapshot, uint32_t lot_index);
// What was told of it; NaN: nothing.
double ls_intervene_bad(const ls_twin *twin, const ls_snapshot *snapshot, uint32_t lot_index);
// A lot that waits at a sorting station goes on without being inspected: one of LS_SORT_... of
// plant/decide.h. Refused where it does not wait, its step has no such way, or the station that it
// would go to has no room.
ls_status ls_intervene_sort(const ls_twin *twin, ls_snapshot *snapshot, uint32_t lot_index,
                            uint32_t way, ls_error *err);
// The numbers in force now: of a CONWIP class, of a pool; 0 where there is none.
uint32_t ls_intervene_kept(const ls_twin *twin, const ls_snapshot *snapshot, uint32_t release);
uint32_t ls_intervene_staffed(const ls_twin *twin, const ls_snapshot *snapshot, uint32_t pool);

// Several acts of one moment: between these two calls what follows from an act is not settled, so
// that no machine begins by its rule before it has heard its own. The snapshot must not be run in
// between. Calls on one snapshot do not nest.
void ls_intervene_begin(ls_snapshot *snapshot);
void ls_intervene_settle(const ls_twin *twin, ls_snapshot *snapshot);
