#include "process/strip.h"

// Shares of A, B and C that rise, and how readily the others do.
static const double share[LS_TE_CONDENSE] = {0.99500f, 0.99100f, 0.99000f};
static const double ease[LS_TE_SPECIES] = {
    [LS_TE_D] = 8.5010f, [LS_TE_E] = 11.402f, [LS_TE_F] = 11.795f,
    [LS_TE_G] = 0.0480f, [LS_TE_H] = 0.0242f,
};
// Without liquid to strip nearly all of it rises.
static const double dry[LS_TE_SPECIES] = {
    [LS_TE_D] = 0.9999f, [LS_TE_E] = 0.999f, [LS_TE_F] = 0.999f,
    [LS_TE_G] = 0.99f,   [LS_TE_H] = 0.98f,
};

static double warmth(double t_c) {
    if (t_c > 170.0) {
        return t_c - 120.262f;
    }
    if (t_c < 5.292f) {
        return 0.1f;
    }
    return 363.744f / (177.0 - t_c) - 2.22579488f;
}

void ls_te_strip(ls_te_moment *m) {
    ls_te_stream *s = m->stream;
    const bool wet = s[11].flow > 0.1f;
    const double drive = wet ? s[4].flow / s[11].flow * warmth(m->stripper.t_c) : 0.0;
    double up[LS_TE_SPECIES], down[LS_TE_SPECIES];
    s[5].flow = 0.0;
    s[12].flow = 0.0;
    for (int i = 0; i < LS_TE_SPECIES; i++) {
        const double in = s[4].fraction[i] * s[4].flow + s[11].fraction[i] * s[11].flow;
        double rises = dry[i];
        if (i < LS_TE_CONDENSE) {
            rises = share[i];
        } else if (wet) {
            rises = ease[i] * drive / (1.0 + ease[i] * drive);
        }
        up[i] = rises * in;
        down[i] = in - up[i];
        s[5].flow += up[i];
        s[12].flow += down[i];
    }
    for (int i = 0; i < LS_TE_SPECIES; i++) {
        s[5].fraction[i] = up[i] / s[5].flow;
        s[12].fraction[i] = down[i] / s[12].flow;
    }
}
