// orders_fuzz.c - what an order tag says, as JSON or key=value text; nothing is taken, so that
// every input meets the same desk.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "line/orders.h"
#include "plant/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] =
    "plant: p\n"
    "start: 1970-01-01\n"
    "stations: {saw: {process: 1 min}}\n"
    "products: {x: {route: [saw], release: [{every: 1 h}, {every: 1 h, name: hot}]}}\n";

static bool hear(void *context, const ls_desk_event *e) {
    const ls_plant *plant = context;
    if (e->from == NULL || (e->kind == LS_DESK_SET_ASIDE && e->text == NULL)) {
        abort();
    }
    if (e->kind == LS_DESK_ORDER &&
        (e->product >= plant->product_count || e->lots < 1 || e->lots > 1000000 ||
         e->id[0] == '\0' || strlen(e->id) > 127 ||
         (e->release != LS_NONE && e->release >= plant->release_count))) {
        abort();
    }
    return false;
}

static ls_plant *plant;
static ls_orders *desk;
static char folder[] = "/tmp/lineshaft-fuzz-XXXXXX";

static void clean(void) {
    char command[100];
    ls_orders_destroy(desk);
    ls_plant_destroy(plant);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    (void)!system(command);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (desk == NULL) {
        if (mkdtemp(folder) == NULL ||
            ls_plant_read(text, sizeof text - 1, "plant.yaml", NULL, &plant, NULL) != LS_OK ||
            ls_orders_create(plant, folder, &desk, NULL) != LS_OK) {
            abort();
        }
        (void)atexit(clean);
    }
    ls_orders_text(desk, "mes/order", (const char *)data, size, 86400000000, hear, plant);
    return 0;
}
