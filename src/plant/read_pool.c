// read_pool.c - `pool:`: where long work of the service runs.
#include <string.h>

#include "plant/reader.h"

#define DAY_US (INT64_C(24) * 3600 * 1000000)

void ls_read_pool(ls_reader *r) {
    ls_plant_pool *out = &r->plant->pool;
    const ls_yaml *map = ls_take_map(r, r->form.root, "pool");
    const ls_yaml *socket = ls_take(r, map, "pool.socket");
    const ls_yaml *account = ls_take(r, map, "pool.account");
    const ls_yaml *calibrate = ls_take(r, map, "pool.calibrate");
    ls_take_u32(r, map, "pool.slots", &out->slots);
    ls_take_text(r, map, "pool.socket", &out->socket);
    ls_take_text(r, map, "pool.account", &out->account);
    out->calibrate_us = DAY_US;
    ls_take_time(r, map, "pool.calibrate", &out->calibrate_us);
    if (ls_yaml_is_text(calibrate) && strcmp(calibrate->text, "never") == 0) {
        out->calibrate_us = LS_FOREVER;
    }
    if (ls_yaml_is_text(socket) && socket->text[0] == '\0') {
        ls_reader_mistake(r, socket, "a path, or take it out: then the pool is in process",
                          "the socket's path is empty");
    } else if (ls_yaml_is_text(socket) && strstr(socket->text, "://") != NULL) {
        ls_reader_mistake(r, socket, "as '/run/lineshaft/pool.sock'",
                          "'%s' is no path: a pool is reached by the socket of its daemon",
                          socket->text);
    }
    if (account != NULL && socket == NULL) {
        ls_reader_mistake(
            r, account, "say the pool's 'socket' too, or take it out",
            "'account' is for a pool with a 'socket': the one in process has only one");
    }
}
