// request.h - one question and its answer, apart from how they travel.
//
// What a client sends is read here, with bounds: a wrong value is answered with 400, its name and
// what would be right. Not thread safe: one thread at a time has a request.
#pragma once

#include <jansson.h>
#include <sys/types.h>

#include "base/text.h"
#include "guard/link.h"

enum {
    LS_REQUEST_ARGUMENTS = 16,
    LS_REQUEST_PART_SIZE = 80,
    LS_REQUEST_BODY_SMALL = 64 << 10,
    LS_REQUEST_BODY_FILE = 4 << 20,
};

typedef struct ls_argument {
    char *name, *value;  // ls_free; value may be ""
} ls_argument;

// Who shows a token that is for a part of what is here alone.
typedef struct ls_guest {
    bool is_one;
    uint32_t account;  // of the pool
    char name[64];     // of the token
    uid_t uid;         // as whom its jobs run
    gid_t gid;
} ls_guest;

typedef struct ls_request {
    const char *method;
    char *path;                        // ls_free
    char part[LS_REQUEST_PART_SIZE];   // what stood in the place of the route's star
    char part2[LS_REQUEST_PART_SIZE];  // of its second one
    ls_argument arguments[LS_REQUEST_ARGUMENTS];
    uint32_t argument_count;
    ls_role role;
    char who[64];  // for the record: role, or name of the token, and address
    ls_guest guest;
    ls_buffer body;
    const char *if_none_match;  // may be NULL; belongs to the connection
    const char *languages;      // the same: Accept-Language
    bool known;                 // a token of ours was shown: role and who are right
    bool takes_gzip;
    bool tls;
} ls_request;

typedef struct ls_answer {
    int status;
    const char *type;
    ls_buffer body;
    const void *bytes;  // instead of body: bytes that stay for ever
    size_t size;
    const char *encoding, *etag, *csp;  // may be NULL
    char location[64];
    char cookie[256];
    char next[24];  // header Next, where a long text goes on; "": none
    uint32_t retry_s;
    bool keeps;     // may be cached, asked again each time
    bool download;  // a file for the disk
    bool plain;     // an error is said as the Open Inference Protocol does: {"error": TEXT}
} ls_answer;

void ls_request_clear(ls_request *request);
// Adds an argument; false: there are too many, or memory ran out.
bool ls_request_add(ls_request *request, const char *name, const char *value);
const char *ls_request_get(const ls_request *request, const char *name);  // NULL: not given

void ls_answer_init(ls_answer *answer);
void ls_answer_clear(ls_answer *answer);
// Takes the object; NULL is answered with 503.
void ls_answer_json(ls_answer *answer, json_t *object);
// {"error": {"code", "text", "text_ko", "id"}}, unless the answer is plain; `code` is one of the
// table in request.c.
void ls_answer_fail(ls_answer *answer, int status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
// The same with its own words in Korean.
void ls_answer_fail_in_both(ls_answer *answer, int status, const char *code, const char *text,
                            const char *text_ko);
// The same, with status and code by what went wrong, its hint and place.
void ls_answer_error(ls_answer *answer, const ls_error *err);
int ls_answer_status_of(ls_status status);

// ---- values. False: it is wrong, and the answer says so. What is not given leaves *out alone.
bool ls_request_integer(const ls_request *request, const char *name, int64_t least, int64_t most,
                        int64_t *out, ls_answer *answer);
bool ls_request_real(const ls_request *request, const char *name, double least, double most,
                     double *out, ls_answer *answer);
// The body as a JSON object of these keys (NULL-ended); json_decref. NULL: it is wrong.
json_t *ls_request_json(const ls_request *request, const char *const *keys, ls_answer *answer);
// A text of an object: `least` to `most` bytes. NULL: it is wrong.
const char *ls_request_text(const json_t *object, const char *key, size_t least, size_t most,
                            ls_answer *answer);
