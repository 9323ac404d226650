// demo_plant.c - see demo_plant.h. The build makes a C text of the file, line by line.
#include "cli/demo_plant.h"

const char ls_demo_plant[] =
#include "cli/ls_demo_plant.inc"
    ;
