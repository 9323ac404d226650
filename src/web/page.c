// page.c - the page's files and the API's description, out of the program itself.
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "web/api.h"
#include "web/assets.h"
#include "web/page.h"

enum { ROWS = 50 };

static void send_asset(const char *name, const ls_request *request, ls_answer *answer) {
    const ls_asset *asset = ls_asset_find(name);
    if (asset == NULL) {
        ls_answer_fail(answer, 404, "unknown", "the page has no file %s", name);
        return;
    }
    answer->type = asset->kind;
    answer->etag = asset->etag;
    answer->keeps = true;
    if (request->if_none_match != NULL && strstr(request->if_none_match, asset->etag) != NULL) {
        answer->status = 304;
        return;
    }
    answer->bytes = request->takes_gzip ? asset->packed : asset->plain;
    answer->size = request->takes_gzip ? asset->packed_size : asset->plain_size;
    answer->encoding = request->takes_gzip ? "gzip" : NULL;
}

// ---- the first page, with what it draws first already in it

// The language that the page will choose (ui/src/i18n.ts): of the address, else the first of the
// browser's that we have. A wrong guess costs one question.
static bool wants_korean(const ls_request *request) {
    const char *asked = ls_request_get(request, "lang");
    if (asked != NULL && (strcmp(asked, "ko") == 0 || strcmp(asked, "en") == 0)) {
        return asked[0] == 'k';
    }
    for (const char *at = request->languages; at != NULL && *at != '\0';) {
        at += strspn(at, ", ");
        if (strncasecmp(at, "ko", 2) == 0 || strncasecmp(at, "en", 2) == 0) {
            return (*at | 0x20) == 'k';
        }
        at += strcspn(at, ",");
    }
    return false;
}

// As the page asks for them one by one where they are not given. NULL: out of memory.
static json_t *first_data(const ls_api *api, const ls_request *request) {
    json_t *rows = ls_view_decisions(api->service, false, 0, ROWS);
    return json_pack("{s:o, s:o, s:o, s:o}", "me", ls_api_about(api, request), "plant",
                     ls_view_plant(api->service), "state", ls_live_state(api->stream), "rows",
                     rows != NULL ? rows : json_array());
}

static void put_text(ls_buffer *out, const char *from, const char *to) {
    ls_buffer_append(out, from, (size_t)(to - from));
}

// In a script element a '<' of a name could begin its end; in JSON it stands only in texts.
static void put_json(ls_buffer *out, const char *text) {
    for (const char *at = text; *at != '\0';) {
        const size_t plain = strcspn(at, "<");
        ls_buffer_append(out, at, plain);
        at += plain;
        if (*at == '<') {
            ls_buffer_text(out, "\\u003c");
            at++;
        }
    }
}

// Copies the page, without the parts that stand between <!--NAME--> and <!--/NAME--> when they are
// not wanted, and with the data before the end of its body.
static void put_page(ls_buffer *out, const char *html, const char *data, bool korean) {
    const struct {
        const char *from, *to;
    } cuts[] = {{"<!--ask-->", "<!--/ask-->"},
                {korean ? "<!--en-->" : "<!--ko-->", korean ? "<!--/en-->" : "<!--/ko-->"}};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        const char *from = strstr(html, cuts[i].from);
        const char *to = from != NULL ? strstr(from, cuts[i].to) : NULL;
        if (to != NULL) {
            put_text(out, html, from);
            html = to + strlen(cuts[i].to);
        }
    }
    const char *end = strstr(html, "</body>");
    if (end != NULL) {
        put_text(out, html, end);
        ls_buffer_text(out, "<script type=\"application/json\" id=\"first\">");
        put_json(out, data);
        ls_buffer_text(out, "</script>\n");
        html = end;
    }
    ls_buffer_text(out, html);
}

void ls_page_send(json_t *first, const ls_request *request, ls_answer *answer) {
    char *data = json_dumps(first, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(first);
    const ls_asset *asset = ls_asset_find("index.html");
    char *html = data != NULL && asset != NULL ? ls_alloc(asset->plain_size + 1) : NULL;
    if (html != NULL) {
        memcpy(html, asset->plain, asset->plain_size);
        html[asset->plain_size] = '\0';
        answer->type = asset->kind;
        put_page(&answer->body, html, data, wants_korean(request));
    } else {  // then the page asks for itself
        send_asset("index.html", request, answer);
    }
    ls_free(html);
    free(data);  // jansson's own
}

void ls_page_index(void *context, const ls_request *request, ls_answer *answer) {
    ls_page_send(request->known ? first_data(context, request) : NULL, request, answer);
}

void ls_page_asset(void *context, const ls_request *request, ls_answer *answer) {
    (void)context;
    if (strstr(request->part, "openapi.yaml") != NULL) {
        ls_answer_fail(answer, 404, "unknown", "it is at /openapi.yaml");
        return;
    }
    send_asset(request->part, request, answer);
}

void ls_page_openapi(void *context, const ls_request *request, ls_answer *answer) {
    (void)context;
    send_asset("openapi.yaml", request, answer);
}

void ls_page_pool_openapi(void *context, const ls_request *request, ls_answer *answer) {
    (void)context;
    send_asset("pool_openapi.yaml", request, answer);
}
