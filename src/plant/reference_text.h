// reference_text.h - the parts of docs/PLANT.md that people write.
#pragma once

extern const char ls_reference_head[];            // before the tables of keys
extern const char *const ls_reference_meaning[];  // behind them, one section each; ends in NULL
