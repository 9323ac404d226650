// view_infer.h - the models in service, lent to whoever asks them with rows of their own.
#pragma once

#include "loop/models.h"
#include "loop/view.h"

typedef struct ls_view_loan {
    ls_model_loan loan;
    uint32_t serving, shadow;  // versions that may be asked; 0: none
} ls_view_loan;

typedef enum ls_view_lent {
    LS_VIEW_LENT,
    LS_VIEW_NO_MODEL,
    LS_VIEW_NO_VERSION,  // it does not serve; number 0: none does
    LS_VIEW_LENT_OUT,    // too many have one just now
} ls_view_lent;

// The name of the index-th model of the plant file into out; false: there is none.
bool ls_view_model_name(ls_service *service, uint32_t index, char *out, size_t size);
// number 0: the champion. What is lent stays as it is, and the plant file is not read again, until
// the same thread gives it back: soon.
ls_view_lent ls_view_lend(ls_service *service, const char *model, uint32_t number,
                          ls_view_loan *out);
void ls_view_give_back(ls_service *service, const ls_view_loan *loan);
