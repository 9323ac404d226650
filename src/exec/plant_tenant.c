// plant_tenant.c - see plant_tenant.h.
#include "exec/plant_tenant.h"

#include "exec/own_pool.h"

void ls_plant_pool_folder(const char *data, char out[LS_PLANT_POOL_PATH]) {
    ls_text_format(out, LS_PLANT_POOL_PATH, "%s/pool", data);
}

ls_status ls_plant_tenant_open(const ls_plant *plant, const char *data, ls_pool_daemon *own,
                               ls_tenant **out, ls_error *err) {
    char folder[LS_PLANT_POOL_PATH], socket[LS_PLANT_POOL_PATH];
    char token[LS_PLANT_POOL_PATH], trust[LS_PLANT_POOL_PATH];
    const ls_plant_pool *pool = &plant->pool;
    ls_tenant_def def = {.socket = socket, .account = pool->account};
    if (pool->url != NULL) {
        def.url = pool->url;
        def.token_file = pool->token_file != NULL ? token : NULL;
        def.trust = pool->trust != NULL ? trust : NULL;
        if ((def.token_file != NULL && ls_listen_path(&plant->listen, pool->token_file, token,
                                                      sizeof token) >= sizeof token) ||
            (def.trust != NULL &&
             ls_listen_path(&plant->listen, pool->trust, trust, sizeof trust) >= sizeof trust)) {
            return ls_fail(err, LS_ERR_INVALID, "the path of the pool's token is too long");
        }
    } else if (pool->socket != NULL) {
        if (ls_listen_path(&plant->listen, pool->socket, socket, sizeof socket) >= sizeof socket) {
            return ls_fail(err, LS_ERR_INVALID, "the path of the pool's socket is too long");
        }
    } else if (own != NULL) {
        def = (ls_tenant_def){.daemon = own};
    } else {
        ls_plant_pool_folder(data, folder);
        ls_own_pool_socket_path(folder, socket, sizeof socket);
    }
    return ls_tenant_open(&def, out, err);
}
