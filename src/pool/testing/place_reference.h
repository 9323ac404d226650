// place_reference.h - where LS_PLACE_OWN puts a job, slowly and obviously: every node and every
// unit is looked at. For tests only. Uses what anybody can ask of an occupancy.
//
// *Fit* of a node: how many parts it could take now (one of a gang with `spread`), and its *rest*:
// whole GPUs of the node that would be left free; for a fraction what would be left of the used GPU
// that fits it best, in 16ths, or 15 + free GPUs (33 at most) where a free one must be broken; for
// processors alone 0 on a node without GPUs, else 1 + free GPUs. A node is *empty* when all its
// GPUs are free, it has some, and it stands in a unit that holds no other units. A unit's *room* is
// the sum of the parts that its nodes could take.
//
// One part goes to the node with the least rest; among those, to one that is not empty; among empty
// ones to one of the unit with the least room, then the first unit; then the first node.
//
// A gang goes into the narrowest level that has a unit with room for all, there into the unit with
// the least such room, the first among equals; with `must`, into none wider than `within`; else, if
// no unit has room, over all. With `spread` it is sought at the level `within` alone, then (unless
// it must) over all. `within` a node: all parts on one node, the one of the least rest, not empty,
// first that has room for all; (unless it must) as other gangs after that.
//
// In a unit that holds other units and no nodes besides, a gang is split over these: over as few as
// can be (the roomiest count); if that many have room for an even part (rounded up), over those of
// least room that have it, else over the roomiest. With `spread`: over as many as can be, those of
// the least room when there are more of them than parts. Each gets an even part, or its room if
// that is less; what is over goes one each to the first that have room. Otherwise nodes are filled
// one after another by least rest, not empty first, first node.
#pragma once

#include "pool/occupancy.h"

bool ls_place_reference(const ls_occupancy *o, const ls_cluster *cluster, const ls_shape *shape,
                        int64_t until_us, ls_pool_share *out);
