// book.c - see book.h.
#include "model/book.h"

#include <math.h>
#include <string.h>

ls_status ls_book_create(double interval, ls_book *out, ls_error *err) {
    memset(out, 0, sizeof *out);
    const size_t doubles = ls_aci_doubles(LS_BOOK_WINDOW);
    out->memory = ls_alloc((doubles + LS_BOOK_WINDOW) * sizeof *out->memory);
    if (out->memory == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the scores of a model");
    }
    out->errors = out->memory + doubles;
    ls_aci_init(1.0 - interval, LS_BOOK_GAMMA, LS_BOOK_WINDOW, out->memory, &out->aci);
    ls_book_begin(out, 0, (double)INFINITY);
    return LS_OK;
}

void ls_book_clear(ls_book *book) {
    ls_free(book->memory);
    memset(book, 0, sizeof *book);
}

void ls_book_begin(ls_book *book, uint32_t version, double split) {
    book->version = version;
    book->split = split;
    book->count = book->next = 0;
    book->scored = 0;
    ls_aci_init(book->aci.target, book->aci.gamma, book->aci.capacity, book->memory, &book->aci);
}

void ls_book_enter(ls_book *book, double prediction, double truth, double radius) {
    const double error = prediction - truth;
    if (!isfinite(error)) {
        return;
    }
    ls_aci *a = &book->aci;
    (void)ls_aci_update(a, fabs(error), isnan(radius) ? (double)INFINITY : radius);
    // Labels come late: many misses of one cause may be told at once, and would keep the interval
    // infinite long after its radius has been learnt.
    a->alpha = fmin(fmax(a->alpha, -a->gamma), 1.0 + a->gamma);
    book->errors[book->next] = error;
    book->next = (book->next + 1) % LS_BOOK_WINDOW;
    book->count += book->count < LS_BOOK_WINDOW ? 1 : 0;
    book->scored++;
}

double ls_book_radius(const ls_book *book, bool *out_adaptive) {
    *out_adaptive = book->aci.outcomes >= LS_BOOK_LEAST;
    return *out_adaptive ? ls_aci_radius(&book->aci) : book->split;
}

ls_book_figures ls_book_describe(const ls_book *book) {
    ls_book_figures f = {.window = book->count, .coverage = ls_aci_coverage(&book->aci)};
    double squares = 0.0, sizes = 0.0, sum = 0.0;
    for (size_t i = 0; i < book->count; i++) {
        squares += book->errors[i] * book->errors[i];
        sizes += fabs(book->errors[i]);
        sum += book->errors[i];
    }
    const double n = book->count > 0 ? (double)book->count : (double)NAN;
    f.rmse = sqrt(squares / n);
    f.mae = sizes / n;
    f.bias = sum / n;
    return f;
}

// ---- as bytes

enum { MAGIC = 0x4c534231 };

typedef struct saved {  // what follows: errors, recent scores, outcomes
    uint32_t magic, version;
    double split, alpha;
    uint64_t count, next, aci_count, aci_next, outcomes, outcome_next;
    int64_t scored, total, total_misses;
} saved;

void ls_book_save(const ls_book *book, ls_buffer *out) {
    const ls_aci *a = &book->aci;
    const saved head = {.magic = MAGIC,
                        .version = book->version,
                        .split = book->split,
                        .alpha = a->alpha,
                        .count = book->count,
                        .next = book->next,
                        .aci_count = a->count,
                        .aci_next = a->next,
                        .outcomes = a->outcomes,
                        .outcome_next = a->outcome_next,
                        .scored = book->scored,
                        .total = a->total,
                        .total_misses = a->total_misses};
    ls_buffer_append(out, (const char *)&head, sizeof head);
    ls_buffer_append(out, (const char *)book->errors, LS_BOOK_WINDOW * sizeof *book->errors);
    ls_buffer_append(out, (const char *)a->recent, LS_BOOK_WINDOW * sizeof *a->recent);
    ls_buffer_append(out, (const char *)a->missed, LS_BOOK_WINDOW);
}

static bool is_ring(uint64_t count, uint64_t next) {
    return count <= LS_BOOK_WINDOW && next < LS_BOOK_WINDOW &&
           (count == LS_BOOK_WINDOW || next == count);
}

static bool is_whole(const saved *head) {
    return head->magic == MAGIC && is_ring(head->count, head->next) &&
           is_ring(head->aci_count, head->aci_next) &&
           is_ring(head->outcomes, head->outcome_next) && isfinite(head->alpha) &&
           head->scored >= 0 && head->total >= 0 && head->total_misses >= 0 &&
           head->total_misses <= head->total && !isnan(head->split);
}

static bool take(ls_book *book, const saved *head, const char *rest) {
    const size_t doubles = LS_BOOK_WINDOW * sizeof(double);
    ls_aci *a = &book->aci;
    memcpy(book->errors, rest, doubles);
    // Remembered one by one, in the order of then: the sorted ones are made anew.
    double recent[LS_BOOK_WINDOW];
    memcpy(recent, rest + doubles, sizeof recent);
    const size_t first = head->aci_count == LS_BOOK_WINDOW ? head->aci_next : 0;
    for (size_t i = 0; i < head->aci_count; i++) {
        const double score = recent[(first + i) % LS_BOOK_WINDOW];
        if (isnan(score)) {
            return false;
        }
        ls_aci_remember(a, score);
    }
    for (size_t i = 0; i < head->count; i++) {
        if (!isfinite(book->errors[i])) {
            return false;
        }
    }
    memcpy(a->missed, rest + 2 * doubles, LS_BOOK_WINDOW);
    for (size_t i = 0; i < head->outcomes; i++) {
        if (a->missed[i] > 1) {
            return false;
        }
        a->misses += a->missed[i];
    }
    // The ring begins anew at 0; so does that of the outcomes where it is full.
    a->outcomes = head->outcomes;
    a->outcome_next = head->outcome_next;
    a->alpha = head->alpha;
    a->total = head->total;
    a->total_misses = head->total_misses;
    book->count = head->count;
    book->next = head->next;
    book->scored = head->scored;
    return true;
}

ls_status ls_book_load(ls_book *book, const char *bytes, size_t size, size_t *at, ls_error *err) {
    const size_t rest = LS_BOOK_WINDOW * (2 * sizeof(double) + 1);
    saved head;
    ls_book_begin(book, 0, (double)INFINITY);
    if (size - *at < sizeof head + rest || *at > size) {
        return ls_fail(err, LS_ERR_INVALID, "the saved scores of a model are cut off");
    }
    memcpy(&head, bytes + *at, sizeof head);
    if (is_whole(&head)) {
        ls_book_begin(book, head.version, head.split);
        if (take(book, &head, bytes + *at + sizeof head)) {
            *at += sizeof head + rest;
            return LS_OK;
        }
        ls_book_begin(book, 0, (double)INFINITY);
    }
    return ls_fail(err, LS_ERR_INVALID, "the saved scores of a model are damaged");
}
