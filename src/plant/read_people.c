// read_people.c - operators with their skills, and crews.
#include <string.h>

#include "plant/reader.h"

static uint32_t skill_index(ls_reader *r, const char *text) {
    const char *name = ls_reader_text(r, text);
    const uint32_t old = ls_names_add(&r->skill_names, 0, name, r->skills.count);
    if (old != LS_NONE) {
        return old;
    }
    uint32_t index = 0;
    *(const char **)ls_rows_push(r, &r->skills, &index) = name;
    return index;
}

static void read_skills(ls_reader *r, const ls_yaml *value, ls_operators *group) {
    group->skill_at = r->indexes.count;
    for (uint32_t i = 0; i < ls_yaml_many(value); i++) {
        const ls_yaml *item = ls_yaml_nth(value, i);
        if (ls_yaml_is_text(item)) {
            ls_reader_index(r, skill_index(r, item->text));
        }
    }
    if (value == NULL) {
        ls_reader_index(r, skill_index(r, group->name));
    }
    group->skill_count = r->indexes.count - group->skill_at;
}

static void read_operators(ls_reader *r) {
    const ls_yaml *map = ls_take_map(r, r->form.root, "operators");
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        const ls_yaml *key = &map->keys[i];
        const ls_yaml *node = &map->items[i];
        if (ls_names_add(&r->operator_names, 0, key->text, r->operators.count) != LS_NONE) {
            continue;
        }
        ls_operators group = {.name = ls_reader_text(r, key->text),
                              .place = {key->line, key->column}};
        ls_take_u32(r, node, "operators.*.count", &group.count);
        read_skills(r, ls_take(r, node, "operators.*.skills"), &group);
        group.calendar = ls_read_calendar_name(r, node, "operators.*.calendar");
        *(ls_operators *)ls_rows_push(r, &r->operators, NULL) = group;
    }
}

static void read_crews(ls_reader *r) {
    const ls_yaml *map = ls_take_map(r, r->form.root, "crews");
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        const ls_yaml *key = &map->keys[i];
        if (ls_names_add(&r->crew_names, 0, key->text, r->crews.count) != LS_NONE) {
            continue;
        }
        ls_crew crew = {.name = ls_reader_text(r, key->text), .place = {key->line, key->column}};
        ls_take_u32(r, &map->items[i], "crews.*.count", &crew.count);
        *(ls_crew *)ls_rows_push(r, &r->crews, NULL) = crew;
    }
}

void ls_read_people(ls_reader *r) {
    read_operators(r);
    read_crews(r);
}
