// hear_tables.c - see hear_inside.h.
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "guard/hear_inside.h"

static ls_status add_tag(ls_guard_ear *ear, const char *name, uint32_t *out, ls_error *err) {
    return ls_tags_add(ear->tags, name, strlen(name), out, err);
}

// "GROUP/NODE/DEVICE" of a tag; empty when it has no device.
static void device_path(const char *tag, char out[NAME_SIZE]) {
    size_t length = 0;
    for (int slashes = 0; tag[length] != '\0'; length++) {
        slashes += tag[length] == '/';
        if (slashes == 3) {
            break;
        }
    }
    out[0] = '\0';
    if (tag[length] == '/') {
        ls_text_format(out, NAME_SIZE, "%.*s", (int)length, tag);
    }
}

static uint32_t node_of(ls_guard_ear *ear, const char *path) {
    char node[NAME_SIZE];
    const char *slash = strchr(path, '/');
    slash = slash != NULL ? strchr(slash + 1, '/') : NULL;
    if (slash == NULL) {
        return LS_NONE;
    }
    ls_text_format(node, sizeof node, "%.*s/", (int)(slash - path), path);
    for (uint32_t i = 0; i < ear->node_count; i++) {
        if (strcmp(ear->nodes[i], node) == 0) {
            return i;
        }
    }
    if (ear->node_count == NODES_MAX) {
        return LS_NONE;
    }
    memcpy(ear->nodes[ear->node_count], node, sizeof node);
    return ear->node_count++;
}

static ls_status add_device(ls_guard_ear *ear, uint32_t of, const char *path, ls_error *err) {
    hand *d = &ear->devices[of];
    const struct {
        const char *name;
        uint32_t *tag;
    } parts[] = {{"Kind", &d->kind}, {"Argument", &d->argument}, {"Id", &d->id},
                 {"Done", &d->done}, {"Result", &d->result},     {"Reason", &d->reason}};
    d->node = node_of(ear, path);
    ls_status status = d->node != LS_NONE
                           ? LS_OK
                           : ls_fail(err, LS_ERR_LIMIT, "more than %d edge nodes", NODES_MAX);
    for (size_t i = 0; status == LS_OK && i < sizeof parts / sizeof parts[0]; i++) {
        char name[NAME_SIZE + 32];
        ls_text_format(name, sizeof name, "%s/Command/%s", path, parts[i].name);
        status = add_tag(ear, name, parts[i].tag, err);
    }
    return status;
}

static const char *state_tag(const ls_plant *plant, uint32_t machine) {
    for (uint32_t i = 0; i < plant->listen.binding_count; i++) {
        const ls_binding *b = &plant->listen.bindings[i];
        if (b->means == LS_MEANS_STATE && b->of == machine) {
            return b->tag;
        }
    }
    return NULL;
}

static ls_status add_devices(ls_guard_ear *ear, ls_error *err) {
    const uint32_t count = ear->plant->machine_count;
    char path[NAME_SIZE] = "", line[NAME_SIZE + 32], name[NAME_SIZE + 64];
    ls_status status = LS_OK;
    for (uint32_t m = 0; status == LS_OK && m < count; m++) {
        const char *tag = state_tag(ear->plant, m);
        path[0] = '\0';
        if (tag != NULL) {
            device_path(tag, path);
        }
        if (path[0] == '\0') {
            ls_fail(err, LS_ERR_INVALID,
                    "machine '%s' has no signal `state` of a Sparkplug device: the guard does not "
                    "know how to command it",
                    ear->plant->machines[m].name);
            ls_hint(err, "its tag is GROUP/NODE/DEVICE/METRIC");
            return LS_ERR_INVALID;
        }
        ear->names[m] = ear->plant->machines[m].name;
        status = add_device(ear, m, path, err);
    }
    if (status == LS_OK) {
        ls_text_format(line, sizeof line, "%sline", ear->nodes[0]);
        ear->names[count] = "line";
        status = add_device(ear, count, line, err);
    }
    if (status == LS_OK) {
        ls_text_format(name, sizeof name, "%s/HeartbeatLost", line);
        status = add_tag(ear, name, &ear->lost_tag, err);
    }
    if (status == LS_OK) {
        ls_text_format(name, sizeof name, "%s/Heartbeat", line);
        status = add_tag(ear, name, &ear->beat_tag, err);
    }
    return status;
}

static ls_status add_values(ls_guard_ear *ear, ls_error *err) {
    const ls_listen *listen = &ear->plant->listen;
    ls_status status = LS_OK;
    uint32_t at = 0;
    for (uint32_t i = 0; status == LS_OK && i < listen->value_count; i++) {
        if (listen->values[i].setpoint != NULL) {
            ear->heard_settings[at] = NAN;
            status = add_tag(ear, listen->values[i].setpoint, &ear->settings[at++], err);
        }
    }
    const ls_guards *guards = ear->def.limits->guards;
    for (uint32_t i = 0; status == LS_OK && i < guards->condition_count; i++) {
        status = add_tag(ear, guards->conditions[i].tag, &ear->conditions[i], err);
    }
    return status;
}

static void set_role(ls_guard_ear *ear, uint32_t tag, role what, uint32_t of) {
    ear->roles[tag] = (tag_role){.role = (uint8_t)what, .of = of};
}

// A register of the source that is commanded.
static bool is_ours(const ls_guard_ear *ear, const char *tag) {
    const size_t length = strlen(ear->source->name);
    return ear->modbus != NULL && strncmp(tag, ear->source->name, length) == 0 &&
           tag[length] == '/';
}

static ls_status set_roles(ls_guard_ear *ear, ls_error *err) {
    ear->role_count = ls_tags_count(ear->tags);
    ear->roles = ls_arena_alloc(&ear->arena, (ear->role_count + 1) * sizeof *ear->roles);
    if (ear->roles == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for what the guard hears");
    }
    for (uint32_t i = 0; i < ear->device_count; i++) {
        const hand *d = &ear->devices[i];
        set_role(ear, d->kind, ROLE_KIND, i);
        set_role(ear, d->argument, ROLE_ARGUMENT, i);
        set_role(ear, d->id, ROLE_ID, i);
        set_role(ear, d->done, ROLE_DONE, i);
        set_role(ear, d->result, ROLE_RESULT, i);
        set_role(ear, d->reason, ROLE_REASON, i);
    }
    for (uint32_t i = 0; i < ear->plant->listen.binding_count; i++) {
        const ls_binding *b = &ear->plant->listen.bindings[i];
        const uint32_t tag = ls_tags_find(ear->tags, b->tag, strlen(b->tag));
        if (tag < ear->role_count && b->means == LS_MEANS_STATE) {
            set_role(ear, tag, ROLE_STATE, b->of);
        } else if (tag < ear->role_count && b->means == LS_MEANS_LOTS && is_ours(ear, b->tag)) {
            set_role(ear, tag, ROLE_LOTS, b->of);
        }
    }
    for (uint32_t i = 0; i < ear->def.limits->value_count; i++) {
        set_role(ear, ear->settings[i], ROLE_SETTING, i);
    }
    set_role(ear, ear->lost_tag, ROLE_LOST, 0);
    set_role(ear, ear->beat_tag, ROLE_BEAT, 0);
    return LS_OK;
}

ls_status ls_guard_ear_make_tables(ls_guard_ear *ear, ls_error *err) {
    const ls_guard_limits *limits = ear->def.limits;
    ls_arena *arena = &ear->arena;
    ear->device_count = ear->plant->machine_count + 1;
    ear->names = ls_arena_alloc(arena, ear->device_count * sizeof *ear->names);
    ear->devices = ls_arena_alloc(arena, ear->device_count * sizeof *ear->devices);
    ear->settings = ls_arena_alloc(arena, (limits->value_count + 1) * sizeof *ear->settings);
    ear->heard_settings = ls_arena_alloc(arena, (limits->value_count + 1) * sizeof(double));
    ear->conditions = ls_arena_alloc(
        arena, (limits->guards->condition_count + 1) * sizeof *ear->conditions);
    if (ear->names == NULL || ear->devices == NULL || ear->settings == NULL ||
        ear->heard_settings == NULL || ear->conditions == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for what the guard hears");
    }
    ls_status status = ear->modbus != NULL ? ls_guard_ear_modbus_devices(ear, err)
                                           : add_devices(ear, err);
    if (status == LS_OK) {
        status = add_values(ear, err);
    }
    if (status == LS_OK) {
        status = ls_mapping_create(ear->plant, ear->tags, &ear->mapping, err);
    }
    return status == LS_OK ? set_roles(ear, err) : status;
}
