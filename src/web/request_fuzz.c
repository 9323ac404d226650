// request_fuzz.c - whatever a client asks: found, read, refused or taken, and never a crash.
//
// First line: METHOD PATH?name=value&...; what follows is the body.
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/api.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_arguments(ls_request *request, char *query) {
    while (query != NULL && *query != '\0') {
        char *next = strchr(query, '&');
        if (next != NULL) {
            *next++ = '\0';
        }
        char *value = strchr(query, '=');
        if (value != NULL) {
            *value++ = '\0';
        }
        (void)ls_request_add(request, query, value);
        query = next;
    }
}

// Everything that reads, on everything: no reader may lean on its route.
static void read_all(const ls_request *request) {
    ls_answer answers[10];
    for (int i = 0; i < 10; i++) {
        ls_answer_init(answers + i);
    }
    ls_api_review_asked review;
    const bool reviewed = ls_api_read_review(request, &review, answers);
    assert(reviewed == (answers[0].status == 200) && (!reviewed || review.version > 0));
    json_decref(review.body);
    ls_api_note_asked note;
    if (ls_api_read_note(request, &note, answers + 1)) {
        assert(note.machine != NULL && (note.reason != NULL) != (note.scrap > 0));
        json_decref(note.body);
    }
    json_t *asked = ls_api_read_what_if(request, answers + 2);
    assert((asked != NULL) == (answers[2].status == 200));
    json_decref(asked);
    for (int i = 0; i < 2; i++) {
        json_t *file = ls_api_read_file(request, i == 1, answers + 3 + i);
        assert((file != NULL) == (answers[3 + i].status == 200));
        json_decref(file);
    }
    ls_guard_deed deed;
    const bool wants = ls_api_read_deed(request, &deed, answers + 7);
    assert(wants == (answers[7].status == 200) && (!wants || deed.kind < LS_DEED_SHOW));
    ls_api_entries_asked entries;
    const bool enters = ls_api_read_entries(request, &entries, answers + 8);
    assert(enters == (answers[8].status == 200));
    if (enters) {
        assert(entries.hand.class[0] != '\0' && entries.hand.span_us >= -1);
        json_decref(entries.body);
    }
    ls_api_seen_asked seen;
    const bool sees = ls_api_read_seen(request, &seen, answers + 9);
    assert(sees == (answers[9].status == 200));
    if (sees) {
        assert(seen.seen.unit[0] != '\0' && seen.seen.since_us >= 0);
        json_decref(seen.body);
    }
    ls_view_span span;
    if (ls_api_read_span(request, &span, answers + 5)) {
        assert(span.from_us >= 0 && span.to_us > span.from_us && span.points > 0);
    }
    unsigned topics = 0;
    (void)ls_live_topics(ls_request_get(request, "topics"), &topics);
    ls_page_asset(NULL, request, answers + 6);
    for (int i = 0; i < 10; i++) {
        assert(answers[i].status < 500);
        ls_answer_clear(answers + i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char line[2048];
    const uint8_t *end = memchr(data, '\n', size);
    const size_t length = end != NULL ? (size_t)(end - data) : size;
    if (length >= sizeof line || memchr(data, 0, length) != NULL) {
        return 0;
    }
    memcpy(line, data, length);
    line[length] = '\0';
    char *path = strchr(line, ' ');
    if (path == NULL) {
        return 0;
    }
    *path++ = '\0';
    ls_request request = {.method = line};
    ls_buffer_init(&request.body);
    char *query = strchr(path, '?');
    if (query != NULL) {
        *query++ = '\0';
    }
    char methods[LS_METHODS_SIZE];
    char parts[LS_ROUTE_STARS][LS_REQUEST_PART_SIZE];
    const ls_route *route = ls_route_find(ls_api_routes, ls_api_route_count, line, path, parts,
                                          methods);
    memcpy(request.part, parts[0], sizeof request.part);
    memcpy(request.part2, parts[1], sizeof request.part2);
    assert(route == NULL || methods[0] == '\0' || strlen(methods) < sizeof methods);
    add_arguments(&request, query);
    if (end != NULL) {
        ls_buffer_append(&request.body, (const char *)end + 1, size - length - 1);
    }
    read_all(&request);
    static const char *const names[] = {"cell"};
    ls_role role;
    (void)ls_auth_host_is_ours(path, names, 1);
    (void)ls_auth_origin_is_ours(path, line, false);
    (void)ls_auth_find(&(ls_auth){0}, &(ls_claim){.authorization = path, .cookie = line}, &role);
    request.method = NULL;
    ls_request_clear(&request);
    return 0;
}
