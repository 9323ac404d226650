// version.c - see version.h.
#include "cli/version.h"

#include "cli/output.h"
#include "ls_build.h"
#include "ls_commit.h"

int ls_version_print(void) {
    ls_buffer out;
    ls_buffer_init(&out);
    ls_buffer_printf(&out, "lineshaft %s, commit %s\n", LS_VERSION, LS_COMMIT);
    ls_buffer_printf(&out, "built for %s by %s, %s, sanitizers %s, checks at every event %s\n",
                     LS_BUILD_CPU, LS_BUILD_COMPILER, LS_BUILD_TYPE, LS_BUILD_SANITIZE,
                     LS_BUILD_WALKS ? "on" : "off");
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code;
}
