// propose.c - see propose.h.
#include "line/propose.h"

#include <assert.h>
#include <string.h>

#include "base/names.h"
#include "line/propose_guess.h"

enum {
    SURE = 65,  // below: by similarity, or by a word that may mean other things too
    PARTS_MAX = 16,
    UNUSED_SHOWN = 40,
    TEMPLATE_SIZE = LS_TAG_NAME_MAX + 32,
    CANDIDATES_MAX = 64,
};

typedef struct part {
    const char *text;
    size_t size;
} part;

typedef struct bound {            // the best tag for one meaning of one machine or station
    uint32_t tag, score;          // LS_TAG_NONE, 0: none
    uint32_t name_at, name_size;  // where its name stands in the tag
} bound;

typedef struct proposal {
    const ls_propose_def *def;
    ls_arena arena;
    ls_buffer *out;
    bound *machines;  // machine * LS_MEANS_MACHINE_COUNT + meaning
    bound *queues;    // by station
    bound lots[4], order;
    bool *used;        // by tag
    uint32_t *values;  // machine + 1 of a tag that is a measured value of it
    uint32_t tag_count;
    uint32_t group;  // the one that is proposed
    ls_propose_figures figures;
} proposal;

static uint32_t split(const char *tag, part *parts) {
    uint32_t count = 0;
    const char *at = tag;
    while (count < PARTS_MAX) {
        const size_t size = strcspn(at, "/#.");
        parts[count++] = (part){at, size};
        if (at[size] == '\0') {
            break;
        }
        at += size + 1;
    }
    return count;
}

// The group of a tag, LS_NONE for plain MQTT.
static uint32_t group_of(const proposal *p, const char *tag) {
    for (uint32_t g = 0; g < p->def->group_count; g++) {
        const size_t size = strlen(p->def->groups[g]);
        if (strncmp(tag, p->def->groups[g], size) == 0 && tag[size] == '/') {
            return g;
        }
    }
    return LS_NONE;
}

// The best of the names for any part but the last; *out_part says which.
static uint32_t find_named(const proposal *p, const part *parts, uint32_t count, bool is_station,
                           uint32_t *out_score, uint32_t *out_part) {
    const ls_plant *plant = p->def->plant;
    const uint32_t things = is_station ? plant->station_count : plant->machine_count;
    uint32_t best = LS_NONE;
    *out_score = 0;
    for (uint32_t k = 0; k < count; k++) {
        for (uint32_t i = 0; i < things && *out_score < 100; i++) {
            const char *name = is_station ? plant->stations[i].name : plant->machines[i].name;
            const uint32_t score = ls_guess_name(parts[k].text, parts[k].size, name);
            if (score > *out_score) {
                best = i;
                *out_score = score;
                *out_part = k;
            }
        }
    }
    return best;
}

static void offer(bound *at, uint32_t tag, uint32_t score, const char *name, const part *named) {
    if (score > at->score) {
        at->tag = tag;
        at->score = score;
        at->name_at = named != NULL ? (uint32_t)(named->text - name) : 0;
        at->name_size = named != NULL ? (uint32_t)named->size : 0;
    }
}

static bool is_number(ls_value_kind kind) {
    return kind == LS_VALUE_REAL || kind == LS_VALUE_FLOAT;
}

// NAME, or STATION/NAME where two stations have a machine of that name.
static void machine_key(const proposal *p, uint32_t machine, char *out, size_t size) {
    const ls_plant *plant = p->def->plant;
    const char *name = plant->machines[machine].name;
    uint32_t same = 0;
    for (uint32_t i = 0; i < plant->machine_count; i++) {
        same += strcmp(plant->machines[i].name, name) == 0 ? 1 : 0;
    }
    const ls_station *s = plant->stations;
    while (machine >= s->machine_at + s->machine_count) {
        s++;
    }
    ls_text_format(out, size, "%s%s%s", same > 1 ? s->name : "", same > 1 ? "/" : "", name);
}

static void look_at_machine(proposal *p, uint32_t tag, const ls_tag *t, const part *parts,
                            uint32_t count) {
    uint32_t score = 0;
    uint32_t named = 0;
    const uint32_t machine = find_named(p, parts, count - 1, false, &score, &named);
    if (machine == LS_NONE) {
        return;
    }
    const part *last = &parts[count - 1];
    // "Status/StateCurrent" says more than "StateCurrent": both are tried.
    ls_guess guess = ls_guess_machine(last->text, last->size, (ls_value_kind)t->kind);
    if (guess.means < LS_MEANS_MACHINE_COUNT) {
        offer(&p->machines[machine * LS_MEANS_MACHINE_COUNT + guess.means], tag,
              score * guess.score / 100, t->name, &parts[named]);
    } else if (is_number((ls_value_kind)t->kind)) {
        p->values[tag] = machine + 1;
    }
}

static bool says_queue(const part *parts, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        char plain[LS_GUESS_WORD];
        ls_guess_plain(parts[i].text, parts[i].size, plain);
        if (strcmp(plain, "queues") == 0 || strcmp(plain, "queue") == 0 ||
            strcmp(plain, "wip") == 0 || strcmp(plain, "buffers") == 0 ||
            strcmp(plain, "waiting") == 0 || strcmp(plain, "queuelength") == 0) {
            return true;
        }
    }
    return false;
}

static void look_at_line(proposal *p, uint32_t tag, const ls_tag *t, const part *parts,
                         uint32_t count) {
    const ls_value_kind kind = (ls_value_kind)t->kind;
    const part *last = &parts[count - 1];
    uint32_t score = 0;
    uint32_t named = 0;
    if (says_queue(parts, count) && kind != LS_VALUE_TEXT && kind != LS_VALUE_BOOL) {
        const uint32_t station = find_named(p, parts, count, true, &score, &named);
        if (station != LS_NONE) {
            offer(&p->queues[station], tag, score, t->name, &parts[named]);
            return;
        }
    }
    const ls_guess guess = ls_guess_line(last->text, last->size, kind);
    if (guess.means == LS_MEANS_ORDER) {
        offer(&p->order, tag, guess.score, t->name, NULL);
    } else if (guess.means != LS_MEANS_COUNT) {
        offer(&p->lots[guess.means - LS_MEANS_LOT_RELEASED], tag, guess.score, t->name, NULL);
    }
}

// Sparkplug's own metrics mean nothing for the plant.
static bool is_housekeeping(const char *tag) {
    return strstr(tag, "/bdSeq") != NULL || strstr(tag, "/Node Control/") != NULL ||
           strstr(tag, "/Device Control/") != NULL;
}

// What we would write, not what the line tells.
static bool is_command(const part *parts, uint32_t count) {
    static const char *const words[] = {"command", "commands", "cmd", "request", "requests"};
    for (uint32_t i = 0; i < count; i++) {
        char plain[LS_GUESS_WORD];
        ls_guess_plain(parts[i].text, parts[i].size, plain);
        for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
            if (strcmp(plain, words[k]) == 0) {
                return true;
            }
        }
    }
    return false;
}

// Tags that a plant file can name: braces are filled in there, and topics have no wildcards.
static bool can_be_named(const char *tag, bool is_json) {
    const size_t topic = strcspn(tag, "#");
    const bool is_topic = topic > 0 && tag[0] != '$' && memchr(tag, '+', topic) == NULL;
    return strchr(tag, '{') == NULL && (!is_json || is_topic);
}

static void look_at_tags(proposal *p) {
    for (uint32_t i = 0; i < p->tag_count; i++) {
        const ls_tag *t = ls_tags_get(p->def->tags, i);
        const uint32_t group = group_of(p, t->name);
        part parts[PARTS_MAX];
        if (is_housekeeping(t->name) || !can_be_named(t->name, group == LS_NONE) ||
            (group != LS_NONE && group != p->group)) {
            continue;
        }
        const uint32_t count = split(t->name, parts);
        if (!is_command(parts, count)) {
            look_at_machine(p, i, t, parts, count);
            look_at_line(p, i, t, parts, count);
        }
    }
}

// The group with the most tags: a plant file has one.
static void choose_group(proposal *p) {
    uint32_t most = 0;
    p->group = LS_NONE;
    for (uint32_t g = 0; g < p->def->group_count; g++) {
        uint32_t count = 0;
        for (uint32_t i = 0; i < p->tag_count; i++) {
            count += group_of(p, ls_tags_get(p->def->tags, i)->name) == g ? 1 : 0;
        }
        if (count > most) {
            most = count;
            p->group = g;
        }
    }
}

// A tag means one thing: the strongest claim on it stays.
static void settle(proposal *p) {
    const uint32_t machine_rows = p->def->plant->machine_count * LS_MEANS_MACHINE_COUNT;
    const uint32_t rows = machine_rows + p->def->plant->station_count + 5;
    for (uint32_t i = 0; i < rows; i++) {
        bound *b = i < machine_rows ? &p->machines[i]
                   : i < rows - 5   ? &p->queues[i - machine_rows]
                   : i < rows - 1   ? &p->lots[i - (rows - 5)]
                                    : &p->order;
        if (b->score == 0) {
            continue;
        }
        if (p->used[b->tag]) {
            *b = (bound){0};
            continue;
        }
        p->used[b->tag] = true;
        p->figures.bound++;
        p->figures.unsure += b->score < SURE ? 1 : 0;
    }
}

// --- text

static void put_quoted(ls_buffer *out, const char *text) {
    ls_buffer_text(out, "\"");
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            ls_buffer_text(out, "\\");
        }
        ls_buffer_append(out, c, 1);
    }
    ls_buffer_text(out, "\"");
}

// The tag with the name in it replaced by {machine} or {station}, if it stands there exactly.
static void make_template(const proposal *p, const bound *b, const char *name, const char *word,
                          char *out) {
    const char *tag = ls_tags_get(p->def->tags, b->tag)->name;
    const bool is_exact = b->name_size == strlen(name) &&
                          memcmp(tag + b->name_at, name, b->name_size) == 0;
    if (is_exact) {
        ls_text_format(out, TEMPLATE_SIZE, "%.*s%s%s", (int)b->name_at, tag, word,
                       tag + b->name_at + b->name_size);
    } else {
        ls_text_format(out, TEMPLATE_SIZE, "%s", tag);
    }
}

// The template that most of the rows have, at least two; "" when there is none.
static void common_template(const proposal *p, const bound *rows, uint32_t count, uint32_t step,
                            bool is_station, char *out) {
    const ls_plant *plant = p->def->plant;
    char candidates[CANDIDATES_MAX][TEMPLATE_SIZE];
    uint32_t votes[CANDIDATES_MAX] = {0};
    uint32_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        char text[TEMPLATE_SIZE];
        if (rows[i * step].score == 0) {
            continue;
        }
        make_template(p, &rows[i * step],
                      is_station ? plant->stations[i].name : plant->machines[i].name,
                      is_station ? "{station}" : "{machine}", text);
        uint32_t k = 0;
        while (k < used && strcmp(candidates[k], text) != 0) {
            k++;
        }
        if (k == used && used < CANDIDATES_MAX && strchr(text, '{') != NULL) {
            memcpy(candidates[used++], text, sizeof text);
        }
        votes[k < used ? k : 0] += k < used ? 1 : 0;
    }
    uint32_t best = 0;
    for (uint32_t k = 1; k < used; k++) {
        best = votes[k] > votes[best] ? k : best;
    }
    if (used > 0 && votes[best] >= 2) {
        memcpy(out, candidates[best], TEMPLATE_SIZE);
    }
}

static const char *const keys[LS_MEANS_MACHINE_COUNT] = {"state", "lots",   "step", "product",
                                                         "setup", "reason", "good", "bad"};

// One machine where it differs from `any`. Returns whether anything of it was found.
static bool put_machine(proposal *p, uint32_t machine, char (*any)[TEMPLATE_SIZE]) {
    const char *name = p->def->plant->machines[machine].name;
    unsigned count = 0;
    bool has_any = false;
    bool is_unsure = false;
    for (int m = 0; m < LS_MEANS_MACHINE_COUNT; m++) {
        const bound *b = &p->machines[machine * LS_MEANS_MACHINE_COUNT + (uint32_t)m];
        char text[TEMPLATE_SIZE] = "none";
        if (b->score > 0) {
            make_template(p, b, name, "{machine}", text);
            has_any = true;
        }
        if (strcmp(text, any[m]) == 0 || (b->score == 0 && any[m][0] == '\0')) {
            continue;
        }
        if (count++ == 0) {
            char key[TEMPLATE_SIZE];
            machine_key(p, machine, key, sizeof key);
            ls_buffer_text(p->out, "    ");
            put_quoted(p->out, key);
            ls_buffer_text(p->out, ": {");
        } else {
            ls_buffer_text(p->out, ", ");
        }
        ls_buffer_printf(p->out, "%s: ", keys[m]);
        put_quoted(p->out, b->score > 0 ? ls_tags_get(p->def->tags, b->tag)->name : "none");
        is_unsure = is_unsure || (b->score > 0 && b->score < SURE);
    }
    if (count > 0) {
        ls_buffer_printf(p->out, "}%s\n",
                         is_unsure ? "  # by similarity: look at it"
                         : has_any ? ""
                                   : "  # nothing was found");
    }
    return has_any;
}

static void put_machines(proposal *p) {
    const uint32_t count = p->def->plant->machine_count;
    char any[LS_MEANS_MACHINE_COUNT][TEMPLATE_SIZE];
    unsigned written = 0;
    for (uint32_t m = 0; m < LS_MEANS_MACHINE_COUNT; m++) {
        common_template(p, p->machines + m, count, LS_MEANS_MACHINE_COUNT, false, any[m]);
    }
    ls_buffer_text(p->out, "  machines:\n    any: {");
    for (int m = 0; m < LS_MEANS_MACHINE_COUNT; m++) {
        if (any[m][0] != '\0') {
            ls_buffer_printf(p->out, "%s\n      %s: ", written++ > 0 ? "," : "", keys[m]);
            put_quoted(p->out, any[m]);
        }
    }
    ls_buffer_text(p->out, "}\n");
    if (any[LS_MEANS_GOOD][0] != '\0' || any[LS_MEANS_BAD][0] != '\0') {
        ls_buffer_text(p->out, "    # a counter of 16 bits: {tag: ..., wraps: 65535}\n");
    }
    for (uint32_t i = 0; i < count; i++) {
        p->figures.machines_bound += put_machine(p, i, any) ? 1 : 0;
    }
}

static void put_queues(proposal *p) {
    const ls_plant *plant = p->def->plant;
    char any[TEMPLATE_SIZE];
    unsigned count = 0;
    common_template(p, p->queues, plant->station_count, 1, true, any);
    ls_buffer_text(p->out, "  queues: {");
    if (any[0] != '\0') {
        ls_buffer_text(p->out, "any: ");
        put_quoted(p->out, any);
        count++;
    }
    for (uint32_t s = 0; s < plant->station_count; s++) {
        char text[TEMPLATE_SIZE] = "none";
        if (p->queues[s].score > 0) {
            make_template(p, &p->queues[s], plant->stations[s].name, "{station}", text);
        }
        if (strcmp(text, any) == 0 || (p->queues[s].score == 0 && any[0] == '\0')) {
            continue;
        }
        ls_buffer_text(p->out, count++ > 0 ? ", " : "");
        put_quoted(p->out, plant->stations[s].name);
        ls_buffer_text(p->out, ": ");
        put_quoted(p->out, p->queues[s].score > 0
                               ? ls_tags_get(p->def->tags, p->queues[s].tag)->name
                               : "none");
    }
    ls_buffer_text(p->out, "}\n");
}

static void put_lots(proposal *p) {
    static const char *const names[] = {"released", "arrived", "done", "scrapped"};
    unsigned count = 0;
    ls_buffer_text(p->out, "  lots: {");
    for (int i = 0; i < 4; i++) {
        if (p->lots[i].score > 0) {
            ls_buffer_printf(p->out, "%s%s: ", count++ > 0 ? ", " : "", names[i]);
            put_quoted(p->out, ls_tags_get(p->def->tags, p->lots[i].tag)->name);
        }
    }
    ls_buffer_text(p->out, "}\n");
    if (p->order.score > 0) {
        ls_buffer_text(p->out, "  orders: {tag: ");
        put_quoted(p->out, ls_tags_get(p->def->tags, p->order.tag)->name);
        ls_buffer_text(p->out, "}\n");
    }
}

// "grind-1 Temperature", or the tag itself where that name is taken.
static void name_value(proposal *p, const ls_tag *t, const char *machine, ls_names *taken,
                       char *out) {
    part parts[PARTS_MAX];
    const uint32_t last = split(t->name, parts) - 1;
    ls_text_format(out, TEMPLATE_SIZE, "%.200s %.*s", machine, (int)parts[last].size,
                   parts[last].text);
    const char *copy = ls_arena_text(&p->arena, out, strlen(out));
    if (copy == NULL || ls_names_add(taken, 0, copy, 1) != LS_NONE) {
        ls_text_format(out, TEMPLATE_SIZE, "%s", t->name);
    }
}

static void put_value(proposal *p, uint32_t tag, const char *name, const char *machine) {
    const ls_tag *t = ls_tags_get(p->def->tags, tag);
    ls_buffer_text(p->out, "    ");
    put_quoted(p->out, name);
    ls_buffer_text(p->out, ": {tag: ");
    put_quoted(p->out, t->name);
    if (t->unit[0] != '\0') {
        ls_buffer_text(p->out, ", unit: ");
        put_quoted(p->out, t->unit);
    }
    ls_buffer_text(p->out, ", of: ");
    put_quoted(p->out, machine);
    ls_buffer_text(p->out, "}\n");
    p->used[tag] = true;
    p->figures.bound++;
}

static void put_values(proposal *p) {
    ls_names taken;
    bool is_first = true;
    ls_names_init(&taken);
    for (uint32_t i = 0; i < p->tag_count; i++) {
        if (p->values[i] != 0 && !p->used[i]) {
            char name[TEMPLATE_SIZE];
            char machine[TEMPLATE_SIZE];
            machine_key(p, p->values[i] - 1, machine, sizeof machine);
            name_value(p, ls_tags_get(p->def->tags, i), machine, &taken, name);
            ls_buffer_text(p->out, is_first ? "  values:\n" : "");
            put_value(p, i, name, machine);
            is_first = false;
        }
    }
    p->out->failed = p->out->failed || taken.failed;
    ls_names_clear(&taken);
}

// --- sources

static void put_topics(proposal *p) {
    unsigned count = 0;
    for (uint32_t i = 0; i < p->tag_count; i++) {
        const char *name = ls_tags_get(p->def->tags, i)->name;
        const size_t size = strcspn(name, "#");
        bool is_new = p->used[i] && group_of(p, name) == LS_NONE;
        for (uint32_t k = 0; is_new && k < i; k++) {  // of plain MQTT there are few
            const char *other = ls_tags_get(p->def->tags, k)->name;
            is_new = !(p->used[k] && strncmp(other, name, size) == 0 &&
                       (other[size] == '#' || other[size] == '\0'));
        }
        if (is_new) {
            char topic[LS_TAG_NAME_MAX + 1];
            ls_text_format(topic, sizeof topic, "%.*s", (int)size, name);
            if (count++ == 0) {
                ls_buffer_text(p->out, "  json:\n    broker: ");
                put_quoted(p->out, p->def->broker);
                ls_buffer_text(p->out, "\n    topics:\n");
            }
            ls_buffer_text(p->out, "      ");
            put_quoted(p->out, topic);
            ls_buffer_text(p->out, ": {}\n");
        }
    }
}

static void put_sources(proposal *p) {
    if (p->group != LS_NONE) {
        ls_buffer_text(p->out, "  sparkplug: {broker: ");
        put_quoted(p->out, p->def->broker);
        ls_buffer_text(p->out, ", group: ");
        put_quoted(p->out, p->def->groups[p->group]);
        ls_buffer_text(p->out, "}\n");
    }
    for (uint32_t g = 0; g < p->def->group_count; g++) {
        if (g != p->group) {
            ls_buffer_printf(p->out, "  # not looked at: group %s\n", p->def->groups[g]);
        }
    }
    put_topics(p);
}

static void put_unused(proposal *p) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < p->tag_count; i++) {
        const ls_tag *t = ls_tags_get(p->def->tags, i);
        if (p->used[i] || is_housekeeping(t->name)) {
            continue;
        }
        if (count++ < UNUSED_SHOWN) {
            ls_buffer_printf(p->out, "%s  #   %s  (%s%s%s)\n",
                             count == 1 ? "  # what these mean is not clear:\n" : "", t->name,
                             ls_value_kind_name((ls_value_kind)t->kind),
                             t->unit[0] != '\0' ? ", " : "", t->unit);
        }
    }
    if (count > UNUSED_SHOWN) {
        ls_buffer_printf(p->out, "  #   ... and %u more\n", count - UNUSED_SHOWN);
    }
}

static bool make_room(proposal *p) {
    const ls_plant *plant = p->def->plant;
    const size_t tags = (size_t)p->tag_count + 1;
    p->machines = ls_arena_alloc(&p->arena, ((size_t)plant->machine_count + 1) *
                                                LS_MEANS_MACHINE_COUNT * sizeof *p->machines);
    p->queues = ls_arena_alloc(&p->arena, ((size_t)plant->station_count + 1) * sizeof *p->queues);
    p->used = ls_arena_alloc(&p->arena, tags * sizeof *p->used);
    p->values = ls_arena_alloc(&p->arena, tags * sizeof *p->values);
    return p->machines != NULL && p->queues != NULL && p->used != NULL && p->values != NULL;
}

ls_status ls_propose(const ls_propose_def *def, ls_buffer *out, ls_propose_figures *figures) {
    assert(def != NULL && out != NULL && figures != NULL);
    proposal p = {.def = def, .out = out, .tag_count = ls_tags_count(def->tags)};
    ls_arena_init(&p.arena);
    const bool has_room = make_room(&p);
    if (has_room) {
        p.figures.tags = p.tag_count;
        p.figures.machines = def->plant->machine_count;
        choose_group(&p);
        look_at_tags(&p);
        settle(&p);
        // Sources name the topics that are used: what is used has to be known first.
        ls_buffer body;
        ls_buffer_init(&body);
        p.out = &body;
        put_machines(&p);
        put_queues(&p);
        put_lots(&p);
        put_values(&p);
        p.out = out;
        ls_buffer_text(out, "listen:\n");
        put_sources(&p);
        ls_buffer_text(out, body.data != NULL ? body.data : "");
        put_unused(&p);
        out->failed = out->failed || body.failed;
        ls_buffer_clear(&body);
    }
    ls_arena_clear(&p.arena);
    *figures = p.figures;
    return has_room && !out->failed ? LS_OK : LS_ERR_MEMORY;
}
