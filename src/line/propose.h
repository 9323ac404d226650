// propose.h - the part `listen:` of a plant file, proposed from the tags that are on a broker.
//
// Names of machines and stations are looked for in the tags, and what a tag means is guessed from
// its last part and its kind. What is printed is YAML that loads; what is unsure stands behind it
// as comments. Pure.
#pragma once

#include "base/tags.h"
#include "base/text.h"
#include "plant/plant.h"

typedef struct ls_propose_def {
    const ls_plant *plant;
    const ls_tags *tags;
    const char *broker;         // mqtt://HOST:PORT, printed as it is
    const char *const *groups;  // of Sparkplug; tags that begin with none of them are JSON's
    uint32_t group_count;
} ls_propose_def;

typedef struct ls_propose_figures {
    uint32_t tags, bound;
    uint32_t machines, machines_bound;  // bound: something of it was found
    uint32_t unsure;                    // bound by similarity only
} ls_propose_figures;

// Appends the text. Fails with LS_ERR_MEMORY.
ls_status ls_propose(const ls_propose_def *def, ls_buffer *out, ls_propose_figures *figures);
