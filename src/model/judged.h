// judged.h - what a version's lineage says of the gates that it went through when it was trained.
//
// A lineage is what `model train` keeps in the manifest: {"metrics": {"gates": {"gain": {"passed",
// "value", "limit"}, ...}}}. How fast it was does not stand there: the same history gives the same
// manifest. What is not there, or is no such thing, says nothing. Total: any text.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// True: some gate was not passed; *out then names them, "gain, worst" (cut to `size`), else "".
bool ls_judged_failed(const char *lineage, char *out, size_t size);
