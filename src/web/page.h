// page.h - the page's files and the descriptions of the API, out of the program itself.
#pragma once

#include <jansson.h>

#include "web/server.h"

ls_route_fn ls_page_asset, ls_page_openapi, ls_page_pool_openapi;
// The page with what it draws first in it (takes it); NULL: without.
void ls_page_send(json_t *first, const ls_request *request, ls_answer *answer);
