// demo_account.h - what the demo says at its end.
#pragma once

#include "cli/demo_decisions.h"
#include "cli/demo_lines.h"
#include "cli/demo_served.h"

typedef struct ls_demo_account {
    ls_demo_figures figures;
    ls_demo_ledger ledger;
    const ls_demo_served *served;  // NULL: no models
    double speed;
    uint64_t seed;
    double wall_s;
    char unit[32];  // of the objective
} ls_demo_account;

void ls_demo_account_text(const ls_demo_account *account, ls_buffer *out);
void ls_demo_account_json(const ls_demo_account *account, ls_buffer *out);
// demo.json, which the service reads for its page.
void ls_demo_account_page(const ls_demo_figures *figures, double speed, uint64_t seed,
                          int64_t start_us, ls_buffer *out);
// Both lines in one line of text: for a terminal, now and then.
void ls_demo_account_short(const ls_demo_figures *figures, char *out, size_t size);
