// minifab.c - the MiniFab example under other rules, releases and loads.
#include "decide/testing/minifab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "plant/read.h"

const char *const minifab_rules[] = {"FIFO", "SPT", "EDD",      "CR",       "LBFS",
                                     "FBFS", "LSU", "LSU+LBFS", "NSU+LBFS", NULL};
static const char *const rule_texts[] = {"fifo",
                                         "spt",
                                         "edd",
                                         "cr",
                                         "[lbfs, fifo]",
                                         "[fbfs, fifo]",
                                         "[setup, fifo]",
                                         "[setup, lbfs, fifo]",
                                         "[no-setup, lbfs, fifo]"};

// Every `from` of the text; NULL when there is none. Frees the text.
static char *replaced(char *text, const char *from, const char *to) {
    size_t count = 0;
    for (const char *at = text; at != NULL && (at = strstr(at, from)) != NULL; at += strlen(from)) {
        count++;
    }
    char *out = count > 0 ? malloc(strlen(text) + count * strlen(to) + 1) : NULL;
    if (out == NULL) {
        fprintf(stderr, "minifab: '%s' is not in the example\n", from);
        free(text);
        return NULL;
    }
    char *end = out;
    const char *at = text;
    for (const char *next; (next = strstr(at, from)) != NULL; at = next + strlen(from)) {
        memcpy(end, at, (size_t)(next - at));
        end = stpcpy(end + (next - at), to);
    }
    strcpy(end, at);
    free(text);
    return out;
}

static const char *rule_of(const char *name, size_t length) {
    for (size_t i = 0; minifab_rules[i] != NULL; i++) {
        if (strlen(minifab_rules[i]) == length && strncmp(minifab_rules[i], name, length) == 0) {
            return rule_texts[i];
        }
    }
    fprintf(stderr, "minifab: no rule '%.*s'\n", (int)length, name);
    return NULL;
}

static char *with_rules(char *text, const char *rules) {
    static const char *const stations[] = {"machines: [ma, mb]\n", "machines: [mc, md]\n",
                                           "machines: [me]\n"};
    const char *at = rules;
    for (int i = 0; i < 3 && text != NULL; i++) {
        const size_t length = strcspn(at, "/");
        const char *rule = rule_of(at, length);
        if (rule == NULL) {
            free(text);
            return NULL;
        }
        char with[256];
        snprintf(with, sizeof with, "%s    dispatch: %s\n", stations[i], rule);
        text = replaced(text, stations[i], with);
        at += length + (at[length] == '/');
    }
    return text;
}

static char *with_load(char *text, double load) {
    static const struct {
        const char *gap;
        double starts;
    } releases[] = {{"11858823529 us", 51.0}, {"336 min", 30.0}, {"3360 min", 3.0}};
    for (int i = 0; i < 3 && text != NULL; i++) {
        char from[64];
        char to[64];
        snprintf(to, sizeof to, "every: %.0f us", 10080.0 * 60e6 / (releases[i].starts * load));
        snprintf(from, sizeof from, "every: %s", releases[i].gap);
        text = replaced(text, from, to);
    }
    return text;
}

static char *text_of(const minifab_def *def) {
    char path[1024];
    ls_error err = {0};
    ls_arena arena;
    char *text = NULL;
    size_t size = 0;
    snprintf(path, sizeof path, "%s/examples/minifab/minifab.yaml", def->folder);
    ls_arena_init(&arena);
    char *copy = NULL;
    if (ls_file_read(path, 1 << 20, &arena, &text, &size, &err) == LS_OK) {
        copy = strdup(text);
    } else {
        fprintf(stderr, "%s\n", err.text);
    }
    ls_arena_clear(&arena);
    copy = copy != NULL ? with_rules(copy, def->rules) : NULL;
    copy = copy != NULL && def->pool
               ? replaced(copy, "release: {every: ", "release: {pool: yes, every: ")
               : copy;
    copy = copy != NULL && def->load != 1.0 ? with_load(copy, def->load) : copy;
    return copy != NULL && def->poisson
               ? replaced(copy, def->pool ? "yes, every: " : "release: {every: ",
                          def->pool ? "yes, every: exp " : "release: {every: exp ")
               : copy;
}

static bool add_points(const minifab_def *def, minifab *out) {
    static const char *const names[] = {"diffusion", "implant", "litho"};
    const uint32_t classes = def->pool ? out->plant->release_count : 0;
    out->points = malloc((3 + classes) * sizeof *out->points);
    for (uint32_t i = 0; i < 3 && out->points != NULL; i++) {
        out->points[i] = (ls_decide_point){
            .kind = i == 0 && def->part ? LS_DECIDE_BATCH : LS_DECIDE_DISPATCH,
            .mode = LS_MODE_AUTO,
            .name = names[i],
            .station = i,
            .release = LS_NONE,
            .operators = LS_NONE,
            .measured = LS_NONE,
            .on_event = true,
            .within_us = 100000,
            .futures = 2000,
            .wait = def->wait,
            .level = 0.95};
    }
    for (uint32_t i = 0; i < classes && out->points != NULL; i++) {
        out->points[3 + i] = out->points[1];
        out->points[3 + i].kind = LS_DECIDE_RELEASE;
        out->points[3 + i].name = out->plant->releases[i].name;
        out->points[3 + i].station = LS_NONE;
        out->points[3 + i].release = i;
        out->points[3 + i].wait = false;
    }
    out->plant->decide.given = true;
    out->plant->decide.weights[LS_TERM_CYCLE_TIME] = 1.0;
    out->plant->decide.objective = "cycle-time";
    out->plant->decide.unit = "lot h";
    out->plant->decide.points = out->points;
    out->plant->decide.point_count = 3 + classes;
    return out->points != NULL;
}

bool minifab_make(const minifab_def *def, minifab *out) {
    memset(out, 0, sizeof *out);
    char *text = text_of(def);
    if (text == NULL) {
        return false;
    }
    ls_errors errors;
    ls_error err = {0};
    ls_errors_init(&errors);
    if (ls_plant_read(text, strlen(text), "minifab.yaml", NULL, &out->plant, &errors) != LS_OK) {
        fprintf(stderr, "minifab: %s\n", errors.count > 0 ? errors.items[0].text : "no plant");
    } else if (ls_twin_create(out->plant, &out->twin, &err) != LS_OK) {
        fprintf(stderr, "minifab: %s\n", err.text);
    }
    ls_errors_clear(&errors);
    free(text);
    return out->twin != NULL && (!def->decide || add_points(def, out));
}

void minifab_clear(minifab *m) {
    ls_twin_destroy(m->twin);
    ls_plant_destroy(m->plant);
    free(m->points);
    memset(m, 0, sizeof *m);
}
