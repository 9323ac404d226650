// read_pool.c - `pool:`: where long work of the service runs.
#include <string.h>

#include "plant/reader.h"

#define DAY_US (INT64_C(24) * 3600 * 1000000)

// Whether somebody is there is seen when it is asked; here, whether it can be an address at all.
static void check_url(ls_reader *r, const ls_yaml *map, const ls_yaml *url) {
    static const char *const with[] = {"pool.token-file", "pool.trust"};
    if (ls_yaml_is_text(url) && strncmp(url->text, "https://", 8) != 0 &&
        strncmp(url->text, "http://127.", 11) != 0 &&
        strncmp(url->text, "http://localhost", 16) != 0) {
        ls_reader_mistake(r, url, "as 'https://pool.example:8378'; http:// only on this machine",
                          "'%s' is no address of a pool", url->text);
    }
    for (size_t i = 0; i < sizeof with / sizeof *with && url == NULL; i++) {
        const ls_yaml *alone = ls_take(r, map, with[i]);
        if (alone != NULL) {
            ls_reader_mistake(r, alone, "say the pool's 'url' too, or take it out",
                              "'%s' is for a pool with a 'url'", with[i] + 5);
        }
    }
}

void ls_read_pool(ls_reader *r) {
    ls_plant_pool *out = &r->plant->pool;
    const ls_yaml *map = ls_take_map(r, r->form.root, "pool");
    const ls_yaml *socket = ls_take(r, map, "pool.socket");
    const ls_yaml *url = ls_take(r, map, "pool.url");
    const ls_yaml *account = ls_take(r, map, "pool.account");
    const ls_yaml *calibrate = ls_take(r, map, "pool.calibrate");
    ls_take_u32(r, map, "pool.slots", &out->slots);
    ls_take_text(r, map, "pool.socket", &out->socket);
    ls_take_text(r, map, "pool.url", &out->url);
    ls_take_text(r, map, "pool.token-file", &out->token_file);
    ls_take_text(r, map, "pool.trust", &out->trust);
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
        ls_reader_mistake(r, socket, "as '/run/lineshaft/pool.sock'; an address is a 'url'",
                          "'%s' is no path of a socket", socket->text);
    }
    check_url(r, map, url);
    if (account != NULL && socket == NULL && url == NULL) {
        ls_reader_mistake(r, account, "say the pool's 'socket' or 'url' too, or take it out",
                          "'account' is for a pool with a 'socket' or a 'url': the one in process "
                          "has only one");
    }
}
