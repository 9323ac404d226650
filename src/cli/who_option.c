// who_option.c - see who_option.h.
#include "cli/who_option.h"

#include <stdlib.h>

static const char *const roles[] = {"operator", "engineer", NULL};

const ls_option ls_who_options[] = {
    {.name = "who",
     .kind = LS_OPTION_TEXT,
     .argument = "NAME",
     .says = "the user's login name",
     .about = "who does it, for the record"},
    {.name = "role",
     .kind = LS_OPTION_CHOICE,
     .argument = "ROLE",
     .choices = roles,
     .says = "the highest of which the data folder shows a token",
     .about = "as operator or engineer"},
    {0},
};

const char *ls_who_name(const ls_options *options) {
    const ls_option_value *who = ls_options_get(options, "who");
    const char *login = getenv("USER");
    return who->given ? who->text : login != NULL ? login : "somebody";
}

const char *ls_who_role(const ls_options *options) {
    const ls_option_value *role = ls_options_get(options, "role");
    return role->given ? role->text : NULL;
}
