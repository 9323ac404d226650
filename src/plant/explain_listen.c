// explain_listen.c - `listen:` and `history:` as the plant file says them, every default filled in.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/names.h"
#include "plant/explain_values.h"

// One `KEY: VALUE` of a map in braces. *count is how many there were.
static void put_key(ls_buffer *out, unsigned *count, const char *key) {
    ls_buffer_printf(out, "%s%s: ", (*count)++ > 0 ? ", " : "", key);
}

static void put_text_key(ls_buffer *out, unsigned *count, const char *key, const char *text) {
    if (text != NULL) {
        put_key(out, count, key);
        ls_put_text(out, text);
    }
}

static void put_time_key(ls_buffer *out, unsigned *count, const char *key, int64_t us) {
    put_key(out, count, key);
    if (us == LS_FOREVER) {
        ls_buffer_text(out, "forever");
    } else {
        ls_put_time(out, us);
    }
}

static void put_number_key(ls_buffer *out, unsigned *count, const char *key, double value) {
    if (isfinite(value)) {
        put_key(out, count, key);
        ls_put_number(out, value);
    }
}

// --- sources

static void put_broker(ls_buffer *out, const ls_source *s, unsigned *count) {
    put_text_key(out, count, "broker", s->embedded ? "embedded" : s->broker);
    put_text_key(out, count, "login", s->login);
    put_text_key(out, count, "ca", s->ca);
    put_text_key(out, count, "certificate", s->certificate);
    put_text_key(out, count, "key", s->key);
    put_key(out, count, "mqtt");
    ls_buffer_text(out, s->mqtt_version == 5 ? "5" : "3.1.1");
}

static void put_texts(ls_buffer *out, const char *const *texts, uint32_t count) {
    ls_buffer_text(out, "[");
    for (uint32_t i = 0; i < count; i++) {
        ls_buffer_text(out, i > 0 ? ", " : "");
        ls_put_text(out, texts[i]);
    }
    ls_buffer_text(out, "]");
}

static void put_sparkplug(ls_buffer *out, const ls_source *s) {
    unsigned count = 0;
    ls_buffer_text(out, "  sparkplug: {");
    put_broker(out, s, &count);
    put_text_key(out, &count, "group", s->group);
    put_text_key(out, &count, "host", s->host);
    if (s->node_count > 0) {
        put_key(out, &count, "nodes");
        put_texts(out, s->nodes, s->node_count);
    }
    put_time_key(out, &count, "reorder", s->reorder_us);
    ls_buffer_printf(out, "}%s\n", s->node_count == 0 ? "  # nodes: all of the group" : "");
}

static void put_json(ls_buffer *out, const ls_source *s) {
    unsigned count = 0;
    ls_buffer_text(out, "  json:\n    {");
    put_broker(out, s, &count);
    ls_buffer_printf(out, ", qos: %d, topics: {\n", s->qos);
    for (uint32_t i = 0; i < s->topic_count; i++) {
        const ls_topic *topic = &s->topics[i];
        unsigned keys = 0;
        ls_buffer_text(out, "      ");
        ls_put_text(out, topic->filter);
        ls_buffer_text(out, ": {");
        put_text_key(out, &keys, "time", topic->time_path);
        if (topic->field_count > 0) {
            put_key(out, &keys, "fields");
            put_texts(out, topic->fields, topic->field_count);
        }
        ls_buffer_printf(out, "}%s\n", i + 1 < s->topic_count ? "," : "}}");
    }
}

static const char *const table_names[] = {"holding", "input", "coil", "discrete"};
static const char *const type_names[] = {"bit", "i16", "u16", "i32", "u32",
                                         "i64", "u64", "f32", "f64", "text"};

static void put_register(ls_buffer *out, const ls_source *s, const ls_register *reg) {
    unsigned count = 0;
    const bool is_number = reg->type != LS_REGISTER_TEXT && reg->type != LS_REGISTER_BIT;
    ls_buffer_text(out, "        ");
    ls_put_text(out, reg->name);
    ls_buffer_printf(out, ": {at: %u, table: %s, type: %s", reg->at, table_names[reg->table],
                     type_names[reg->type]);
    count = 3;
    if (reg->type == LS_REGISTER_TEXT) {
        ls_buffer_printf(out, ", words: %u", reg->words);
    }
    if (reg->type == LS_REGISTER_BIT && reg->table <= LS_REGISTER_INPUT) {
        ls_buffer_printf(out, ", bit: %u", reg->bit);
    }
    if (ls_register_size(reg) > 1) {
        ls_buffer_printf(out, ", order: %s", reg->low_word_first ? "low" : "high");
    }
    ls_buffer_printf(out, ", bytes: %s", reg->byte_swap ? "swapped" : "big");
    if (is_number) {
        put_number_key(out, &count, "scale", reg->scale);
        put_number_key(out, &count, "offset", reg->offset);
    }
    put_text_key(out, &count, "unit", reg->unit);
    put_time_key(out, &count, "every", reg->every_us > 0 ? reg->every_us : s->every_us);
    ls_buffer_printf(out, ", write: %s}\n", reg->write ? "yes" : "no");
}

static void put_modbus(ls_buffer *out, const ls_plant *plant, const ls_names *names,
                       const ls_source *s) {
    ls_buffer_text(out, "    ");
    ls_put_text(out, s->name);
    ls_buffer_text(out, ":\n      address: ");
    ls_put_text(out, s->address);
    ls_buffer_printf(out, "\n      unit: %d\n      every: ", s->unit);
    ls_put_time(out, s->every_us);
    ls_buffer_text(out, "\n      timeout: ");
    ls_put_time(out, s->timeout_us);
    ls_buffer_text(out, "\n      registers:\n");
    for (uint32_t i = 0; i < s->register_count; i++) {
        put_register(out, s, &s->registers[i]);
    }
    ls_explain_commands(out, plant, names, s);
}

static void put_sources(ls_buffer *out, const ls_plant *plant, const ls_names *names) {
    const ls_listen *listen = &plant->listen;
    bool has_modbus = false;
    for (uint32_t i = 0; i < listen->source_count; i++) {
        const ls_source *s = &listen->sources[i];
        if (s->kind == LS_SOURCE_SPARKPLUG) {
            put_sparkplug(out, s);
        } else if (s->kind == LS_SOURCE_JSON) {
            put_json(out, s);
        } else {
            ls_buffer_text(out, has_modbus ? "" : "  modbus:\n");
            has_modbus = true;
            put_modbus(out, plant, names, s);
        }
    }
}

// --- machines

static const char *const machine_keys[LS_MEANS_MACHINE_COUNT] = {
    "state", "lots", "step", "product", "setup", "reason", "good", "bad"};

static void put_translations(ls_buffer *out, const ls_plant *plant, const ls_binding *b,
                             unsigned *count) {
    if (b->translation_count == 0) {
        return;
    }
    put_key(out, count, b->means == LS_MEANS_STATE ? "states" : "reasons");
    for (uint32_t i = 0; i < b->translation_count; i++) {
        ls_buffer_text(out, i > 0 ? ", " : "{");
        ls_put_text(out, b->translations[i].from);
        ls_buffer_text(out, ": ");
        ls_put_text(out, b->means == LS_MEANS_STATE ? ls_packml_name((int)b->translations[i].to)
                                                    : plant->failures[b->translations[i].to].name);
    }
    ls_buffer_text(out, "}");
}

static void put_binding(ls_buffer *out, const ls_plant *plant, const ls_binding *b,
                        unsigned *count) {
    put_key(out, count, machine_keys[b->means]);
    const bool is_map = b->wraps > 0;
    ls_buffer_text(out, is_map ? "{tag: " : "");
    ls_put_text(out, b->tag);
    if (is_map) {
        ls_buffer_text(out, ", wraps: ");
        ls_put_number(out, b->wraps);
        ls_buffer_text(out, "}");
    }
    put_translations(out, plant, b, count);
}

static const ls_station *station_of(const ls_plant *plant, uint32_t machine) {
    const ls_station *s = plant->stations;
    while (machine >= s->machine_at + s->machine_count) {
        s++;
    }
    return s;
}

// NAME, or STATION/NAME where two stations have a machine of that name.
void ls_put_machine(ls_buffer *out, const ls_plant *plant, const ls_names *names,
                    uint32_t machine) {
    const char *name = plant->machines[machine].name;
    char both[600];
    if (ls_names_find(names, 0, name) == 2) {
        ls_text_format(both, sizeof both, "%s/%s", station_of(plant, machine)->name, name);
        name = both;
    }
    ls_put_text(out, name);
}

// How many stations have a machine of a name: 1, or 2 for more.
static void count_names(const ls_plant *plant, ls_names *names) {
    for (uint32_t m = 0; m < plant->machine_count; m++) {
        if (ls_names_add(names, 0, plant->machines[m].name, 1) != LS_NONE) {
            ls_names_set(names, 0, plant->machines[m].name, 2);
        }
    }
}

static void put_machines(ls_buffer *out, const ls_plant *plant, const ls_names *names) {
    const ls_listen *listen = &plant->listen;
    uint32_t open = LS_NONE;
    unsigned count = 0;
    for (uint32_t i = 0; i < listen->binding_count; i++) {
        const ls_binding *b = &listen->bindings[i];
        if (b->means >= LS_MEANS_MACHINE_COUNT) {
            continue;
        }
        if (b->of != open) {
            ls_buffer_text(out, open == LS_NONE ? "  machines:\n    " : "}\n    ");
            ls_put_machine(out, plant, names, b->of);
            ls_buffer_text(out, ": {");
            open = b->of;
            count = 0;
        }
        put_binding(out, plant, b, &count);
    }
    ls_buffer_text(out, open == LS_NONE ? "  machines: {}\n" : "}\n");
}

// --- the rest

static void put_queues(ls_buffer *out, const ls_plant *plant) {
    const ls_listen *listen = &plant->listen;
    unsigned count = 0;
    for (uint32_t i = 0; i < listen->binding_count; i++) {
        const ls_binding *b = &listen->bindings[i];
        if (b->means == LS_MEANS_QUEUE) {
            ls_buffer_text(out, count++ == 0 ? "  queues:\n    " : "    ");
            ls_put_text(out, plant->stations[b->of].name);
            ls_buffer_text(out, ": ");
            ls_put_text(out, b->tag);
            ls_buffer_text(out, "\n");
        }
    }
    ls_buffer_text(out, count == 0 ? "  queues: {}\n" : "");
}

static void put_lots(ls_buffer *out, const ls_listen *listen) {
    static const char *const keys[] = {"released", "arrived", "done", "scrapped"};
    unsigned count = 0;
    ls_buffer_text(out, "  lots: {");
    for (uint32_t i = 0; i < listen->binding_count; i++) {
        const ls_binding *b = &listen->bindings[i];
        if (b->means >= LS_MEANS_LOT_RELEASED && b->means <= LS_MEANS_LOT_SCRAPPED) {
            put_text_key(out, &count, keys[b->means - LS_MEANS_LOT_RELEASED], b->tag);
        }
    }
    put_text_key(out, &count, "named", listen->lots_named);
    ls_buffer_text(out, "}\n");
}

static void put_set(ls_buffer *out, const ls_measured *v) {
    unsigned count = 0;
    if (v->setpoint == NULL) {
        return;
    }
    ls_buffer_text(out, ", setpoint: ");
    ls_put_text(out, v->setpoint);
    ls_buffer_text(out, ", set: {");
    put_number_key(out, &count, "low", v->set_low);
    put_number_key(out, &count, "high", v->set_high);
    put_number_key(out, &count, "default", v->set_default);
    ls_buffer_text(out, "}");
    ls_put_response(out, v);
}

void ls_put_response(ls_buffer *out, const ls_measured *v) {
    unsigned count = 0;
    ls_buffer_text(out, ", response: {");
    if (v->table_count == 0) {
        put_number_key(out, &count, "gain", v->gain);
    } else {
        put_key(out, &count, "table");
        for (uint32_t i = 0; i < v->table_count; i++) {
            ls_buffer_text(out, i == 0 ? "[" : ", ");
            ls_put_number(out, v->table_settings[i]);
            ls_buffer_text(out, " to ");
            ls_put_number(out, v->table_values[i]);
        }
        ls_buffer_text(out, "]");
    }
    put_time_key(out, &count, "tau", v->tau_us);
    put_time_key(out, &count, "delay", v->delay_us);
    ls_buffer_text(out, "}");
}

static void put_value(ls_buffer *out, const ls_plant *plant, const ls_names *names,
                      const ls_binding *b) {
    const ls_measured *v = &plant->listen.values[b->of];
    unsigned count = 0;
    ls_buffer_text(out, "    ");
    ls_put_text(out, v->name);
    ls_buffer_text(out, ": {");
    put_text_key(out, &count, "tag", b->tag);
    put_text_key(out, &count, "unit", v->unit);
    if (v->machine != LS_NONE) {
        put_key(out, &count, "of");
        ls_put_machine(out, plant, names, v->machine);
    }
    put_number_key(out, &count, "low", v->low);
    put_number_key(out, &count, "high", v->high);
    put_set(out, v);
    ls_buffer_text(out, "}\n");
}

static void put_values(ls_buffer *out, const ls_plant *plant, const ls_names *names) {
    const ls_listen *listen = &plant->listen;
    ls_buffer_text(out, listen->value_count > 0 ? "  values:\n" : "  # values: none\n");
    for (uint32_t i = 0; i < listen->binding_count; i++) {
        if (listen->bindings[i].means == LS_MEANS_VALUE) {
            put_value(out, plant, names, &listen->bindings[i]);
        }
    }
}

static void put_orders(ls_buffer *out, const ls_listen *listen) {
    const ls_order_source *o = &listen->orders;
    unsigned count = 0;
    ls_buffer_text(out, "  orders: {");
    put_text_key(out, &count, "folder", o->folder);
    put_text_key(out, &count, "sql", o->sql);
    put_text_key(out, &count, "view", o->view);
    put_text_key(out, &count, "login", o->login);
    put_time_key(out, &count, "every", o->every_us);
    for (uint32_t i = 0; i < listen->binding_count; i++) {
        if (listen->bindings[i].means == LS_MEANS_ORDER) {
            put_text_key(out, &count, "tag", listen->bindings[i].tag);
        }
    }
    ls_buffer_text(out, "}\n");
}

void ls_explain_listen(ls_buffer *out, const ls_plant *plant) {
    const ls_listen *listen = &plant->listen;
    if (!listen->given) {
        ls_buffer_text(out, "# listen: the line is not heard\n");
        return;
    }
    ls_buffer_printf(
        out, "listen:\n  clock: %s\n  stale: ", listen->clock_is_arrival ? "arrival" : "line");
    ls_put_time(out, listen->stale_us);
    ls_buffer_text(out, "\n");
    ls_names names;
    ls_names_init(&names);
    count_names(plant, &names);
    put_sources(out, plant, &names);
    put_machines(out, plant, &names);
    put_queues(out, plant);
    put_lots(out, listen);
    put_values(out, plant, &names);
    out->failed = out->failed || names.failed;
    ls_names_clear(&names);
    put_orders(out, listen);
}

void ls_explain_history(ls_buffer *out, const ls_plant *plant) {
    const ls_listen *listen = &plant->listen;
    unsigned count = 0;
    if (listen->history_store == NULL && listen->keep_count == 0) {
        ls_buffer_text(out, "# history: in the data folder, everything, for ever\n");
        return;
    }
    ls_buffer_text(out, "history: {");
    put_text_key(out, &count, "store", listen->history_store);
    put_text_key(out, &count, "login", listen->history_login);
    for (uint32_t i = 0; i < listen->keep_count; i++) {
        const ls_keep_rule *rule = &listen->keep[i];
        if (i == 0) {
            put_key(out, &count, "keep");
        }
        unsigned keys = 0;
        ls_buffer_text(out, i == 0 ? "[{" : ", {");
        put_text_key(out, &keys, "tags", rule->tags);
        put_time_key(out, &keys, "raw", rule->raw_us);
        if (rule->rollup_us > 0) {
            put_time_key(out, &keys, "then", rule->rollup_us);
            put_time_key(out, &keys, "for", rule->rollup_keep_us);
        }
        ls_buffer_text(out, i + 1 == listen->keep_count ? "}]" : "}");
    }
    ls_buffer_text(out, "}\n");
}

void ls_explain_pool(ls_buffer *out, const ls_plant *plant) {
    const ls_plant_pool *pool = &plant->pool;
    unsigned count = 0;
    ls_buffer_text(out, "pool: {");
    if (pool->slots > 0) {
        put_key(out, &count, "slots");
        ls_buffer_printf(out, "%u", pool->slots);
    }
    put_text_key(out, &count, "socket", pool->socket);
    put_text_key(out, &count, "url", pool->url);
    put_text_key(out, &count, "token-file", pool->token_file);
    put_text_key(out, &count, "trust", pool->trust);
    put_text_key(out, &count, "account", pool->account);
    if (pool->calibrate_us == LS_FOREVER) {
        put_key(out, &count, "calibrate");
        ls_buffer_text(out, "never");
    } else {
        put_time_key(out, &count, "calibrate", pool->calibrate_us);
    }
    ls_buffer_text(out, pool->socket == NULL && pool->url == NULL ? "}  # in process\n" : "}\n");
}
