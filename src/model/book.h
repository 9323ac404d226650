// book.h - how well a version in service does: its errors, and the intervals that follow them.
//
// One book for each version. A score is entered when the truth of a prediction becomes known; the
// rolling figures are about the last LS_BOOK_WINDOW of them. The adaptive radius (ACI, conformal.h)
// is told once LS_BOOK_LEAST scores are there; until then the version's own split radius counts.
// Its alpha is kept within -gamma..1 + gamma, so that labels that come late and together do not
// push it far outside. Nothing is allocated after create. Pure; not thread safe.
#pragma once

#include "base/status.h"
#include "base/text.h"
#include "model/conformal.h"

enum { LS_BOOK_WINDOW = 500, LS_BOOK_LEAST = 50 };
#define LS_BOOK_GAMMA 0.01

typedef struct ls_book {
    uint32_t version;  // whose; 0: nobody's
    double split;      // radius of the version, INFINITY: none
    ls_aci aci;
    double *errors;  // prediction - truth, a ring of LS_BOOK_WINDOW
    size_t count, next;
    int64_t scored;
    double *memory;
} ls_book;

// `interval` is the share that intervals are to hold, above 0 and below 1. LS_ERR_MEMORY.
ls_status ls_book_create(double interval, ls_book *out, ls_error *err);
void ls_book_clear(ls_book *book);  // all zero is fine
// Another version: nothing is known of it yet.
void ls_book_begin(ls_book *book, uint32_t version, double split);

// The truth has come; the radius that was given with it (NaN: none was, it counts as infinite).
void ls_book_enter(ls_book *book, double prediction, double truth, double radius);
// Of the next interval: INFINITY where everything is possible. *out_adaptive: not the split one.
double ls_book_radius(const ls_book *book, bool *out_adaptive);

typedef struct ls_book_figures {
    double rmse, mae, bias, coverage;  // rolling; NaN where nothing was scored
    size_t window;
} ls_book_figures;
ls_book_figures ls_book_describe(const ls_book *book);

// As bytes, and back into a book that was created with the same interval. Total: any bytes;
// *at moves on behind it. LS_ERR_INVALID: damaged; the book is then begun for nobody.
void ls_book_save(const ls_book *book, ls_buffer *out);
ls_status ls_book_load(ls_book *book, const char *bytes, size_t size, size_t *at, ls_error *err);
