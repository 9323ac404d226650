// reference.h - the same plant run again, slowly and obviously: what step.c must do. For tests
// only.
//
// Works on the ls_plant itself with plain lists: every question ("which lot is best?", "what is the
// next event?") is answered by looking at everything, every time. Shares with the kernel only the
// random numbers: stream numbers come from the model, draws from sample.h. What follows is the
// specification of the engine; the kernel is right when its trace is this trace, item by item.
//
// Time. Events go by (time, kind, number): calendars in file order, then releases in file order,
// machines in file order (end of a phase), modes (failures and maintenances: by machine, then in
// the order of its station), then the lots' own events (end of a transport, of a cascade, of a
// batch's patience) by lot number. After each event everything that follows from it in the same
// instant is settled before the next event, even one of the same instant, is looked at.
//
// Settling. Stations at which something changed stand in a list, each once, in the order in which
// it changed. The first is taken out and settled: its idle machines in file order each start what
// they may (below); then, while there is room, the lot that has waited longest for room here comes
// in and the machines are asked again. A start puts the station (when lots wait for room there) and
// then, in file order, all stations that block before service back on the list, when the queue is
// finite; a machine that becomes idle puts its station there, and for a finite queue those others
// too. When the list is empty and operators were freed or machines that wait for one may go on, the
// machines that wait for an operator are asked in the order in which they began to wait, each once,
// and it begins anew.
//
// Room. A queue with N places has room when fewer than N lots wait there or are on the way (a
// reserved place counts as a lot on the way), or when nothing waits and fewer than N plus the
// number of idle machines are on the way. Lots come in in the order in which they asked; who finds
// others asking stands behind them. A lot of a release with `full: lose` goes away instead, before
// it has a number but after its first step was drawn. A lot whose machine reserved the place
// (blocking: before; the station of the step that follows by the route, one place per operation,
// for the first lot that goes there) goes in.
//
// Order pool. While a class is put off, or lots of it wait in its pool, a lot that is released
// waits there: it has its number and its due date, but its way is drawn when it comes in, in the
// order of release. At the time until which the class is put off all come in, with an event in the
// place of the first lot's own; a lot that is released in that very instant stands behind them.
//
// What a machine starts. Of the lots that wait here, that it may take (`on`, `only`,
// same-machine-as, other-machine-than) and whose next station has room (blocking: before): without
// batches the best. One lot is better than another when it does not end a setup before its minimal
// run and the other does; when it goes first by the chain of rules; when it arrived earlier; when
// its number is lower. With batches, each family that has the least number, or a lot that has
// waited as long as it may, offers its best lot; families are compared as lots are, after `prefer:
// full` (a full batch goes before one that is not); the first family wins a tie. The batch is
// filled with the best lots of the family until the next would not fit (the largest batch is that
// of the step of the first lot) or one step's most is reached. Least setup: the best lot of the
// first idle machine goes to the idle machine that may take it with the least mean setup time, the
// first of those; the machine is then asked again.
//
// An operation is setup (when the state differs and the matrix or the step says a time), load, run,
// unload; load and unload are part of the run unless an operator tells them from it. Each phase
// takes its draw when it begins, after the operator for it was found. At the end the machine's lots
// go on in the order in which they were taken, or all of them after the lag (cascade, two ports)
// while the machine takes the next. A lot that goes on: scrap, queue-time limits begin, rework,
// branch, sampling, alternatives (each one draw from the product's stream, only where the step has
// it), then room.
//
// Queue-time limits. One begins at the end of its step and ends at the start of the step it names
// (or of an alternative of it). A lot that skips that step is rid of it, as is one that goes back
// to or behind the step at which it began.
//
// Shift end. Calendars come first in an instant, yet an operation (or the lag of a lot) that ends
// at the very instant at which its station's calendar turns off is neither paused nor aborted.
//
// Down. A failure stops the phase and lags; its repair is drawn when the crew comes, crews serve in
// the order of asking. One mode at a time: others wait as pending, lowest number first; a pending
// maintenance only starts on an empty machine, before lots. Busy clocks run while load, run or
// unload runs; one that would end exactly with the phase stops it when the next begins. Counts are
// made at the end of the run. When the work on a mode ends its own clock starts anew, then, lowest
// number first, those of the modes that it renews; one of them that was pending is not any more.
// Lots put back by a shift's end have arrived when the aborted
// operation began.
//
// Slowness. What is told of a machine stretches the process times of operations whose run begins
// from then on: by what is told, off by one normal draw of the machine's stream for the whole
// future but never less than a tenth of it, over what is nominal. When the clock of one of the
// modes of `until` starts anew it is what is said of a new machine, off by nothing.
//
// Hands (intervene.h). A machine that is held or stopped is not idle; a hold ends at its time with
// an event in the place of the machine's own. A stopped machine stands still like one that has
// failed, while its modes go on; maintenance that is due starts on it when it is empty. An idle
// machine that may take its chosen lot (waits here, eligible, room downstream) takes it before all
// rules; a batch is begun with it, in its first family, even when it is not full. A choice is over
// after the instant in which its lot neither waits here nor is on its way here any more.
// Maintenance by hand is as if its time (or count) had come; a release by hand is one release of
// the class beside its clock, one lot of a CONWIP class, the next order of a timetable; of a class
// with an order pool its first lot comes in, and putting off changes the time of the event. Another
// CONWIP level: the lots that are missing come as an event of this instant; those that are too many
// are first taken from lots that are owed, then have no successor. Another number of operators: who
// is at work finishes the phase, who waits is asked now. A setup by hand is the setup phase of an
// operation without lots, of the first step of the station with that setup, on a machine that is
// empty and runs; at its end the machine is free.
#pragma once

#include "plant/plant.h"
#include "twin/state.h"

typedef struct ls_reference ls_reference;

typedef struct ls_reference_station {
    int64_t wait_sum, wait_max;
    uint64_t started, parts, lots, batches, bad, setups;
} ls_reference_station;

typedef struct ls_reference_class {
    int64_t cycle_sum, tardy_sum;
    int64_t pool_sum;  // time in the order pool
    uint64_t pool_entered;
    uint64_t released, done, scrapped, lost, on_time, late_limits, reworked;
} ls_reference_class;

// The plant at time zero, settled. The model gives numbers of streams and the limit of lots. trace
// holds capacity items and belongs to the caller, as do plant and model. NULL: out of memory.
ls_reference *ls_reference_create(const ls_plant *plant, const ls_model *model, uint64_t key,
                                  ls_trace_item *trace, size_t capacity);
void ls_reference_destroy(ls_reference *r);  // NULL is fine

// Runs all events up to and including until_us, at most max_events. Returns LS_RUN_UNTIL,
// LS_RUN_EVENTS or LS_RUN_LOTS.
int ls_reference_run(ls_reference *r, int64_t until_us, uint64_t max_events);

// What a control system does now; settled at once. Whether it may is for the caller to know.
// LS_NONE: no choice. `pure`: the batch takes lots of its product alone.
void ls_reference_choose(ls_reference *r, uint32_t machine, uint32_t serial, bool pure);
void ls_reference_hold(ls_reference *r, uint32_t machine, int64_t until_us);
void ls_reference_stop(ls_reference *r, uint32_t machine);
void ls_reference_start(ls_reference *r, uint32_t machine);
void ls_reference_maintain(ls_reference *r, uint32_t machine, uint32_t mode);  // of the machine's
void ls_reference_set_up(ls_reference *r, uint32_t machine, uint32_t setup);   // of its station's
void ls_reference_release(ls_reference *r, uint32_t release);
void ls_reference_put_off(ls_reference *r, uint32_t release, int64_t until_us);
void ls_reference_keep(ls_reference *r, uint32_t release, uint32_t lots);
void ls_reference_staff(ls_reference *r, uint32_t pool, uint32_t people);
// From now on work that begins on the machine takes value / nominal times as long, until it is as
// new (`slowness`); off by an error of this deviation, which the key draws.
void ls_reference_tell(ls_reference *r, uint32_t machine, double value, double deviation);

int64_t ls_reference_now(const ls_reference *r);
size_t ls_reference_trace_count(const ls_reference *r);  // also those that found no place
const ls_reference_station *ls_reference_station_totals(const ls_reference *r, uint32_t station);
const ls_reference_class *ls_reference_class_totals(ls_reference *r, uint32_t release);
// LS_STATE_COUNT times of a machine up to now.
const int64_t *ls_reference_machine_times(const ls_reference *r, uint32_t machine);
