// demo_plant.h - the plant file that `lineshaft demo` plays, in the program itself.
#pragma once

// examples/gearbox/demo.yaml, ended by 0.
extern const char ls_demo_plant[];
