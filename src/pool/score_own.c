// score_own.c - the product's own score.
#include "pool/score.h"

double ls_score_own(const ls_occupancy *o, const ls_class *class, const ls_free_state *f,
                    const ls_shape *s, uint32_t *out_gpu) {
    const double before = class != NULL ? class->fragments : ls_score_fragments(o->score, f);
    double best = -1e9;
    for (uint32_t g = 0; g < (s->milli != 0 ? f->gpus : 1); g++) {
        if (s->milli == 0 || f->free[g] >= s->milli) {
            const ls_free_state after = ls_score_after(f, s, g);
            const double here = before - ls_score_fragments(o->score, &after);
            if (here > best) {
                best = here;
                *out_gpu = g;
            }
        }
    }
    return best;
}
