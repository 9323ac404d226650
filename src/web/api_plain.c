// api_plain.c - what machines ask that watch the service: alive, ready, figures, the raw state.
#include <stdlib.h>

#include "web/api.h"

static const char text_type[] = "text/plain; charset=utf-8";

void ls_api_healthz(void *context, const ls_request *request, ls_answer *answer) {
    (void)context;
    (void)request;
    answer->type = text_type;
    ls_buffer_text(&answer->body, "ok\n");
}

void ls_api_readyz(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    (void)request;
    answer->type = text_type;
    ls_view_ready(api->service, &answer->body);
    answer->status = answer->body.size == 0 ? 200 : 503;
    if (answer->status == 200) {
        ls_buffer_text(&answer->body, "ready\n");
    }
}

static void write_stream(ls_live *stream, ls_buffer *out) {
    const ls_ring_figures f = ls_live_describe(stream);
    ls_buffer_printf(out,
                     "# HELP lineshaft_page_listeners Pages that listen to the live stream.\n"
                     "# TYPE lineshaft_page_listeners gauge\n"
                     "lineshaft_page_listeners %u\n"
                     "# HELP lineshaft_page_events_total Events of the live stream.\n"
                     "# TYPE lineshaft_page_events_total counter\n"
                     "lineshaft_page_events_total %llu\n"
                     "# HELP lineshaft_page_behind_total Pages that read too slowly and got the "
                     "whole state instead.\n"
                     "# TYPE lineshaft_page_behind_total counter\n"
                     "lineshaft_page_behind_total %llu\n",
                     f.listeners, (unsigned long long)f.events, (unsigned long long)f.dropped);
}

void ls_api_metrics(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    (void)request;
    answer->type = "text/plain; version=0.0.4; charset=utf-8";
    ls_view_metrics(api->service, &answer->body);
    write_stream(api->stream, &answer->body);
}

// Indented, as it always was: people read it with curl.
void ls_api_raw_state(void *context, const ls_request *request, ls_answer *answer) {
    const ls_api *api = context;
    (void)request;
    json_t *object = ls_view_raw_state(api->service);
    char *text = object != NULL ? json_dumps(object, JSON_INDENT(1) | JSON_REAL_PRECISION(15))
                                : NULL;
    json_decref(object);
    if (text == NULL) {
        ls_answer_fail(answer, 503, "busy", "out of memory");
        return;
    }
    ls_buffer_text(&answer->body, text);
    ls_buffer_text(&answer->body, "\n");
    free(text);  // jansson's own
}
