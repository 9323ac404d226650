// plant_reference.c - a small program of the build: prints docs/PLANT.md.
#include <stdio.h>

#include "plant/explain.h"

int main(void) {
    ls_buffer text;
    ls_buffer_init(&text);
    const ls_status status = ls_plant_reference(&text);
    if (status == LS_OK) {
        fwrite(text.data, 1, text.size, stdout);
    }
    ls_buffer_clear(&text);
    return status == LS_OK && fflush(stdout) == 0 ? 0 : 4;
}
