// main.c - the program.
#include "cli/command.h"

int main(int argc, char **argv) {
    return ls_command_line(argc, argv);
}
