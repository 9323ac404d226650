// reference_scheduler.h - the scheduler again, slowly and obviously: what scheduler*.c must do. For
// tests only.
//
// Works with plain lists; every question ("whose turn is it?", "who borrows?") is answered by
// looking at everything, every time. Shares with the scheduler only ls_occupancy, which has a
// reference of its own: the same question gets the same place. What follows is the specification;
// the scheduler is right when it gives the same acts, in the same order, in every round.
//
// Books. An account holds what its running jobs hold, and what the accounts below it hold; jobs
// that are asked to stop count for limits alone, until they are over; a claim (below) counts from
// when it is made until its job starts or the claim is dropped. Covered, borrowed, rank: shares.h.
// The kinds that an account could use, for its rank: those of the shapes of all jobs that are
// *ready* below it (of open classes when a turn is looked for); a job is ready while it waits and
// no limit stops its queue.
//
// Budgets. A month is one of the calendar at the wall clock of time zero. An account has spent its
// budget when the jobs below it, those that run and those that are over, have held that many GPU
// hours since the month began; being stopped counts until it is over. A job that asks for GPUs and
// whose account, or one above, has spent its budget meets a limit for all kinds: that of the
// highest of these accounts; it loses what is kept for it when that is looked at, and is not
// entitled to take back. When a month begins (looked at when a round begins, and decide wants to be
// called then) the queues stopped by accounts with a budget are ready again.
//
// Power. Every GPU of a unit draws what its kind draws idle, and where a part of a job is what it
// draws at work. A place that would raise what a unit draws above its limit is not taken: the last
// such unit of the cluster is left out and a place is sought again, until there is none or one that
// breaks no limit. In a pool with a unit whose limit all its GPUs at work would break, every job
// that is over opens all classes, and a job that has no place and met no limit loses what is
// promised to it when its time has come; whose claim is given up (below) is not entitled until it
// has run.
//
// Reservations. Nodes are kept, from one time to another, for the jobs below an account, or for
// nobody. For other jobs they are held from the beginning on as if they were kept for a job; no
// matter what runs there already. One is over in the first round from its end on: then all classes
// open, and the queues stopped by account 0 are ready again. Jobs belong to a group: the nearest
// account from their own up for which there is a reservation; classes are of one group.
//
// Classes. Waiting jobs of equal shape and group whose longest times fall into the same bucket (up
// to 1 min, 2 min, 4 min ...; any) are a class. A class is open until closed. A job that comes into
// a class in which nobody waits opens it. The jobs of one class in one account are a queue.
//
// Place of a job. The kinds of its shape that no limit on the way to the top keeps it from (as if
// its own claim did not count) are allowed; if none is (and it needs GPUs), it meets a limit: of
// the limiting accounts of its kinds (for each kind the first from below) the one nearest to the
// top, the first kind's among equals. Its own kept nodes are shown as not held, then a place is
// sought: a job of one part among all allowed kinds at once, one of several parts kind by kind,
// until now
// + its longest time.
//
// A round (decide):
//  1. Kept nodes, in the order of their places in the table (a new entry takes the first that is
//     free; claims of jobs of one part on the same node share one, in the order in which they were
//     made): where something was stirred (a part of a job left one of the nodes) since the last
//     look, or a promised time has come, the job's place is sought: it starts if there is one
//     (promised); a job that meets a limit for all of its kinds when its time has come loses what
//     is kept for it; a claim that meets one is looked at again in the next round, with those that
//     share its place; one that meets none and has no place, though nobody stops on its nodes, is
//     given up, and the job pauses.
//  2. Turns. From the top down, at each account the child with the least rank among those with a
//     ready job of an open class below, the first in file order among equals; in the leaf the job
//     of the highest priority, then of the earliest deadline, then submitted first, then of the
//     lowest number, among the heads of its open queues. Its place is sought. Found: it starts
//     (turn, when it would also be the one if all classes were open; else backfill). A limit for
//     some kinds stops its queue by account 0, a limit for all stops its queue by that account; no
//     place closes its class (strict: ends the turns instead). But before that, unless a limit for
//     all was met, the places of the jobs of equal shape for which nodes are kept are sought, in
//     the order of the table: the first that has one starts (promised), and the turn is taken anew.
//     Then the next, until nobody is left.
//  3. Promises (not with strict, no_backfill): for each account right below the top, in file order
//     (the top itself when it is a leaf), that has no promise and whose last search was not in vain
//     within the last minute: the job whose turn it were below it with all classes open, unless
//     nodes are kept for it. It is promised the time at which the last of the nodes could take its
//     parts, when that is later than now (else the search was in vain); the nodes are kept from
//     then on. A node could take parts at the first of: now, and the times at which jobs on it are
//     over at the latest, at which at least one part fits when all that should be over by then (by
//     now, too) are gone; but not before a time from which on no reservation keeps the job away as
//     long as it may run; it then takes as many as fit at that time (one with `spread`). If at the
//     promised time a reservation keeps the job from a node that could take its part before, all is
//     sought again with no node before that time, and so on. Considered
//     are nodes that are up, kept for nobody else and could take a part if empty. Taken are those
//     with the earliest times, then the lowest numbers, until all parts have a node; with `must`
//     within one unit (`within` a node: on one node): the one whose last time is the earliest, the
//     first among equals. All kinds of the shape are tried, also those that a limit keeps it from
//     now; the kind with the earliest time is taken, the first among equals. A job without a kind
//     is tried once, on all nodes.
//  4. Taking back. Leaves stand in a queue to be looked at, each once: a leaf gets in when a job of
//     it begins to wait; and when the tick has come (30 s after the first round in which somebody
//     waits, then every 30 s; none while nobody waits; it comes at once when a node comes up or a
//     reservation is over) all those with a job that waits and whose queue their own limit does not
//     stop, in file order. They are looked at from the front. The heads of a leaf are the first job
//     without a claim of each of its queues that its own limit does not stop, in their order (64 at
//     most). Those that do not pause, are due (they have waited for their account's promised time
//     of taking back, less 30 s and the longest stop time of all jobs submitted so far) and are
//     entitled (they ask for GPUs; by some kind their own account's limit does not keep them away,
//     and some account from their own up to below the top borrows nothing with it; what is on its
//     way out does not count for limits here) try to take back, one after another, each by such
//     kinds in order. After one that did, the heads are looked at anew, from the same number on;
//     one that tried in vain pauses (30 s, twice as long each time in vain since it began to wait,
//     at most its account's promised time less 30 s and that longest stop time, but 30 s at least
//     and 10 min at most; all pauses end when a node comes up or a reservation is over), and it
//     goes on with the head that comes next in number. One job tries in a round: then the leaf
//     stays at the front, and decide wants to be called again at once as long as leaves stand
//     there, and when what is kept was given up here. A leaf may give to the job when the account
//     on the job's side right below where their ways meet borrows nothing with the job, and every
//     account from the leaf up to below there borrows; if a limit keeps the job away (not counting
//     what is on its way out), only when the leaf is below the first such account from the job's
//     up. With `restore_shares` all who ask for GPUs are entitled, and where the account on the
//     job's side borrows something with the job, the leaf may give those jobs all the same that
//     hold no more than what the account on its side borrows, less its weight times (what the other
//     borrows with the job, and the job once more) over the weight of that; if that is above 0. It
//     is tried first without breaking promises; in vain, once more with those that may be
//     broken, if there are some: where ways meet as above (for a job of the same leaf, in that
//     leaf) the account on the job's side borrows nothing with the job, and every account from the
//     leaf to which it is promised up to below there (that leaf) would borrow with what is
//     promised, or no GPUs are. With `restore_shares` also if the account on the job's side (not
//     that leaf) borrows with it, but as much as above is above 0. If no leaf may give (and no
//     promise may be broken), or what they hold of the kind and what is free (of any kind) is less
//     than the job needs, it is in vain. A job may be stopped when it runs, is restartable, its
//     leaf may give, and it was never stopped for this job. Its loss: GPUs x (what is not saved +
//     the time to stop), where not saved is all it ran, or since the last checkpoint, or nothing if
//     it saves when asked. A node costs 0 if parts fit on it now: as many as fit, otherwise as many
//     as would fit if all that may be stopped were gone, at the sum of the losses (for a job of one
//     part the loss of each job, else for each part there the loss of its job over the number of
//     its job's parts) of those up to the first (by loss, of equal loss who was submitted last
//     first) with whom that many fit, less those without whom they fit as well (the dearest is
//     looked at first, and spared if so), over that many parts. On a node that is shared, a job of
//     one part looks at what is left beside the claims there (taken out in their order, a fraction
//     and each whole GPU from the GPU with the least free that suffices; nothing fits if they do
//     not) when all that is on its way out is gone. Nodes are considered as for promises, also
//     those of promises that may be broken, and shared ones for a job of one part, but not where a
//     reservation would keep the job away between now and its longest time after the longest stop
//     time of all jobs so far: for a job of one part shared ones in the order of the table, then
//     those of promises that may be broken, in that order and by number, then those of the jobs
//     that may be stopped, leaf by leaf in file order, the latest started first, part by part, each
//     node once, until 68 can be had; for others all, from the node at which the last search ended
//     (with `must`: from the beginning of its unit) around, until those that can be had have 4
//     times the parts that are needed and 64 more; with `must`, at the beginning of a unit, until 4
//     units have enough. Taken are the nodes with the least cost per part, then the lowest number,
//     until all parts have a node; with `must` the unit with the least sum over the parts, the
//     first looked at among equals. In that order, on each node where the parts do not fit now, the
//     jobs up to the first with whom the parts that it takes there fit, less those who are spared
//     so, are noted, the one that started last first, and taken out of the books; a job whose leaf
//     may by then give no more is passed over. If one was, all is put back, no leaf below those
//     accounts (for each such job the first from its leaf up that by then borrowed nothing, or
//     below where ways meet the last) may give, and it is tried again (4 times in all). Then, until
//     the limits have room for the job without those that are noted, the one that costs least of
//     the others that may be stopped and hold GPUs of the kind is noted, leaf by leaf in file
//     order, the one that started last first among equals; if there is none, it is in vain. If
//     nobody is noted, no promise is broken and no node shared, it is in vain. Otherwise: a promise
//     of the job is dropped, so are those that hold one of the nodes, its nodes are kept (nothing
//     is put there), it claims what it needs of the kind, and the noted jobs are told to stop in
//     that order. If nobody is noted it starts if it has a place now (promised); if not, and nobody
//     stops on its nodes, it is looked at in the next round; so it is if a limit keeps it away when
//     they have been told to stop (its own claim not counting).
//
//  5. Moving. When
//     the tick of 4 has come since the last search, and its pause is over: from the leaf at which
//     the last search ended, in file order around, of the heads of a leaf that has a job that no
//     limit stops the first that asks for GPUs, has no claim (and gave none up for want of power
//     since it ran), has waited for 2 min, has searched in vain not within the last 10 min, asks
//     for no more than what is free (of any kind), and that no limit (by some kind) and no budget
//     keeps away. It tries to take back as in 4, by each kind that no limit keeps it from, in
//     order, but: jobs of all leaves may be stopped, its own too, that are no spot jobs, have one
//     part, save when asked and have run for 30 min; no promise is broken, no node shared; and it
//     is in vain unless each of those that are noted, in their order, has a place now until its
//     longest time after its time to stop, with what is kept held and the nodes that were chosen
//     too, each beside those before it. In a pool with a unit whose limit of power all its GPUs at
//     work would break they are gone meanwhile, no limit may be broken by their places (as in a
//     place of a job), and with them there the job must have a place now on GPUs of the kind, with
//     its own kept nodes. In vain: the pause is 30 s, twice as long as the last one if that was in
//     vain too, at most 10 min.
//  6. Turns of spot jobs, as in 2 among spot jobs alone; the rank of an account is then what its
//     spot jobs, running or stopping, hold, by its weight. Nobody stops for them.
//
// Spot jobs have classes of their own. All of the above is of jobs that are not spot, but that:
// running spot jobs count for limits as if they were on their way out, and not for what is held;
// for budgets and power they count. In a turn (2) without a place, for whatever reason, as long as
// a spot job runs: a job that has a claim is passed for the rest of the round; one that has none
// tries to take back as in 4, by each kind in order for which no limit keeps it away but by spot
// jobs and what is on its way out (one that asks for no GPUs: once, on all nodes), where spot jobs
// alone may be stopped and no promise is broken; not within 30 s after a claim of it was given up,
// nor without budget. If it is not in vain it has a claim, and is passed. Those that were passed
// have no turn (their classes count for the rank of their accounts still); at the end of 2 their
// classes are closed, but of those that met a limit. In 4 spot jobs may be stopped whatever their
// leaf, at a millionth of their loss; for a job of one part they are looked at behind those of all
// leaves. In both, at last, spot jobs are noted until no limit is in the way, or none is left:
// below the account of the limit, those of the kind first, then the least loss, then the one that
// started last. As long as a spot job runs, no place closes the class alone, not all of its shape.
// A job that is over opens a class also if a part of it would fit without the spot jobs there, and
// as long as one runs whether or not there is room.
//
// A job that is over gives its place; then each closed class of which a part fits on one of the
// nodes it leaves that are up (as free as they are then) opens, and all queues stopped by account 0
// are ready again; so are those stopped by a limit of an account on its way to the top. Dropping
// what is kept (also because its job starts) opens all classes, and makes the queues stopped by
// account 0 ready (a claim those of all its accounts).
//
// Nodes. One that breaks or is drained drops what is kept with it. Jobs on one that breaks are told
// to stop at once, the one that started last first; then the first spare with the same kind and
// number of GPUs in the narrowest unit around it that has one comes up instead, unless one has
// already, or it is a spare itself. A spare, and a node that has a spare instead, comes back as a
// spare. A node that comes up opens all classes, and makes the queues stopped by account 0 ready.
// A job could ever run when it has a place on the empty pool without the nodes that were told to be
// spare.
#pragma once

#include "pool/scheduler.h"

typedef struct ls_reference_scheduler ls_reference_scheduler;

// The same functions as in scheduler.h.
ls_status ls_reference_scheduler_create(const ls_scheduler_def *def, ls_reference_scheduler **out,
                                        ls_error *err);
void ls_reference_scheduler_destroy(ls_reference_scheduler *s);
ls_status ls_reference_scheduler_submit(ls_reference_scheduler *s, int64_t now_us,
                                        const ls_pool_request *request, uint32_t *out_job,
                                        ls_error *err);
ls_status ls_reference_scheduler_ended(ls_reference_scheduler *s, int64_t now_us, uint32_t job,
                                       bool finished, bool *out_waits, ls_error *err);
void ls_reference_scheduler_cancel(ls_reference_scheduler *s, int64_t now_us, uint32_t job);
void ls_reference_scheduler_node(ls_reference_scheduler *s, int64_t now_us, uint32_t node,
                                 ls_node_state state, uint32_t *out_spare);
void ls_reference_scheduler_gpu(ls_reference_scheduler *s, int64_t now_us, uint32_t node,
                                uint32_t gpu, bool in);
void ls_reference_scheduler_gpu_breaks(ls_reference_scheduler *s, int64_t now_us, uint32_t node,
                                       uint32_t gpu);
uint32_t ls_reference_scheduler_decide(ls_reference_scheduler *s, int64_t now_us,
                                       const ls_pool_act **out_acts, ls_status *out_status);
