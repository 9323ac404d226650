// read_listen_line.c - `queues:`, `lots:`, `values:` and `orders:` of `listen:`.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "plant/listen_reader.h"

// --- queues

static void bind_queue(ls_listen_draft *d, const ls_yaml *at, const char *tag, uint32_t station) {
    const ls_binding b = {.means = LS_MEANS_QUEUE, .of = station};
    (void)ls_listen_bind(d, at, tag, LS_NONE, station, b);
}

static void bind_default_queues(ls_listen_draft *d, const ls_source *source) {
    const ls_yaml at = {.line = source->line, .column = source->column};
    const char *tag = ls_reader_format(d->r, "%s/%s/queues/{station}", source->group,
                                       source->node_count > 0 ? source->nodes[0] : "line");
    for (uint32_t s = 0; s < d->r->stations.count && !d->r->form.out_of_memory; s++) {
        bind_queue(d, &at, tag, s);
    }
}

static void read_queues(ls_listen_draft *d) {
    ls_reader *r = d->r;
    const ls_yaml *map = ls_take_map(r, d->node, "listen.queues");
    const ls_source *source = ls_listen_default_source(d);
    if (map == NULL && source != NULL) {
        bind_default_queues(d, source);
    }
    if (map == NULL) {
        return;
    }
    const ls_yaml *any = ls_take(r, map, "listen.queues.any");
    const ls_yaml **own = ls_arena_alloc(&r->form.scratch,
                                         ((size_t)r->stations.count + 1) * sizeof *own);
    if (own == NULL) {
        r->form.out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < map->count; i++) {
        if (strcmp(map->keys[i].text, "any") != 0) {
            const uint32_t s = ls_reader_find(r, &map->keys[i], &r->station_names, 0, "station",
                                              &r->stations, offsetof(ls_station, name));
            if (s != LS_NONE && own[s] == NULL) {
                own[s] = &map->items[i];
            }
        }
    }
    const size_t before = r->form.error_count;  // a mistake in `any` is one mistake
    for (uint32_t s = 0; s < r->stations.count && !r->form.out_of_memory; s++) {
        const ls_yaml *value = own[s] != NULL ? own[s] : any;
        if (ls_yaml_is_text(value) && !ls_listen_is_none(value) &&
            (own[s] != NULL || r->form.error_count == before)) {
            bind_queue(d, value, value->text, s);
        }
    }
}

// --- lots

// "{class}-*": one of the two words, once, and * for anything.
static void read_named(ls_listen_draft *d, const ls_yaml *value) {
    if (!ls_yaml_is_text(value) || ls_listen_is_none(value)) {
        return;
    }
    const char *open = strchr(value->text, '{');
    const char *close = open != NULL ? strchr(open, '}') : NULL;
    const bool is_word = close != NULL && (strncmp(open, "{class}", strlen("{class}")) == 0 ||
                                           strncmp(open, "{product}", strlen("{product}")) == 0);
    const bool before = open != NULL &&
                        memchr(value->text, '*', (size_t)(open - value->text)) != NULL;
    if (!is_word || before || strpbrk(close + 1, "{}") != NULL) {
        ls_reader_mistake(d->r, value,
                          "as \"{class}-*\": {class} or {product} once, behind it * for anything",
                          "names of lots like '%s' do not say their class", value->text);
        return;
    }
    d->r->plant->listen.lots_named = ls_reader_text(d->r, value->text);
}

static void read_lots(ls_listen_draft *d) {
    static const char *const paths[] = {"listen.lots.released", "listen.lots.arrived",
                                        "listen.lots.done", "listen.lots.scrapped"};
    static const char *const metrics[] = {"Released", "Arrived", "Done", "Scrapped"};
    ls_reader *r = d->r;
    const ls_yaml *map = ls_take_map(r, d->node, "listen.lots");
    const ls_source *source = map == NULL ? ls_listen_default_source(d) : NULL;
    for (int i = 0; i < 4; i++) {
        const ls_yaml *value = ls_take(r, map, paths[i]);
        const ls_binding b = {.means = (ls_meaning)(LS_MEANS_LOT_RELEASED + i)};
        if (source != NULL) {
            const ls_yaml at = {.line = source->line, .column = source->column};
            const char *node = source->node_count > 0 ? source->nodes[0] : "line";
            (void)ls_listen_bind(
                d, &at, ls_reader_format(r, "%s/%s/line/%s", source->group, node, metrics[i]),
                LS_NONE, LS_NONE, b);
        } else if (ls_yaml_is_text(value) && !ls_listen_is_none(value)) {
            (void)ls_listen_bind(d, value, value->text, LS_NONE, LS_NONE, b);
        }
    }
    read_named(d, ls_take(r, map, "listen.lots.named"));
}

// --- measured values

// "20 to 31.5": a setting and where the value settles.
static bool parse_row(ls_reader *r, const ls_yaml *at, double *out_setting, double *out_value) {
    const char *from = NULL;
    const char *to = NULL;
    return ls_yaml_is_text(at) && ls_split_pair(r, at->text, &from, &to) &&
           !r->form.out_of_memory && ls_text_parse_double(from, strlen(from), out_setting) &&
           isfinite(*out_setting) && ls_text_parse_double(to, strlen(to), out_value) &&
           isfinite(*out_value);
}

static void read_table(ls_reader *r, const ls_yaml *table, ls_measured *v) {
    const uint32_t count = ls_yaml_many(table);
    double *settings = ls_arena_alloc(&r->plant->arena, ((size_t)count + 1) * sizeof *settings);
    double *values = ls_arena_alloc(&r->plant->arena, ((size_t)count + 1) * sizeof *values);
    if (settings == NULL || values == NULL) {
        r->form.out_of_memory = true;
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        const ls_yaml *at = ls_yaml_nth(table, i);
        if (!parse_row(r, at, &settings[i], &values[i])) {
            if (ls_yaml_is_text(at)) {
                ls_reader_mistake(r, at, "'20 to 31.5': a setting, and where the value settles",
                                  "'%s' is not a row of a response", at->text);
            }
            return;
        }
        if (i > 0 && settings[i] <= settings[i - 1]) {
            ls_reader_mistake(r, at, "settings rise from row to row",
                              "the setting of '%s' is not above the one before", at->text);
            return;
        }
    }
    v->table_settings = settings;
    v->table_values = values;
    v->table_count = count;
}

void ls_listen_read_response(ls_reader *r, const ls_yaml *response, ls_measured *v) {
    ls_take_number(r, response, "listen.values.*.response.gain", &v->gain);
    ls_take_time(r, response, "listen.values.*.response.tau", &v->tau_us);
    ls_take_time(r, response, "listen.values.*.response.delay", &v->delay_us);
    const ls_yaml *table = ls_take(r, response, "listen.values.*.response.table");
    if (table != NULL && ls_take(r, response, "listen.values.*.response.gain") != NULL) {
        ls_reader_mistake(r, table, "take one of them out",
                          "'gain' and 'table' both say where the value settles");
    } else if (table != NULL) {
        read_table(r, table, v);
    }
}

static void read_response(ls_reader *r, const ls_yaml *node, ls_measured *v) {
    const ls_yaml *response = ls_take_map(r, node, "listen.values.*.response");
    ls_listen_read_response(r, response, v);
    if (response != NULL && ls_take(r, node, "listen.values.*.setpoint") == NULL) {
        ls_reader_mistake(r, response, "add 'setpoint: TAG'",
                          "'response' says how the value follows its setpoint, and there is none");
    }
}

static void read_set(ls_listen_draft *d, const ls_yaml *key, const ls_yaml *node, uint32_t station,
                     ls_measured *v) {
    ls_reader *r = d->r;
    const ls_yaml *setpoint = ls_take(r, node, "listen.values.*.setpoint");
    const ls_yaml *set = ls_take_map(r, node, "listen.values.*.set");
    if (ls_yaml_is_text(setpoint)) {
        v->setpoint = ls_listen_tag(d, setpoint, setpoint->text, v->machine, station);
    }
    if ((setpoint != NULL) != (set != NULL)) {
        ls_reader_mistake(r, set != NULL ? set : key, "'setpoint: TAG, set: {low: 20, high: 80}'",
                          "value '%s': 'setpoint' and 'set' come together", key->text);
        return;
    }
    if (ls_take_number(r, set, "listen.values.*.set.low", &v->set_low) &&
        ls_take_number(r, set, "listen.values.*.set.high", &v->set_high)) {
        v->set_default = v->set_low + (v->set_high - v->set_low) / 2;
        ls_take_number(r, set, "listen.values.*.set.default", &v->set_default);
        if (!(v->set_low < v->set_high && v->set_low <= v->set_default &&
              v->set_default <= v->set_high)) {
            ls_reader_mistake(r, set, NULL,
                              "value '%s': 'low' <= 'default' <= 'high' does not hold", key->text);
        }
    }
}

static void read_value(ls_listen_draft *d, const ls_yaml *key, const ls_yaml *node) {
    ls_reader *r = d->r;
    ls_measured v = {.name = ls_reader_text(r, key->text),
                     .machine = LS_NONE,
                     .low = -INFINITY,
                     .high = INFINITY,
                     .set_low = -INFINITY,
                     .set_high = INFINITY};
    const ls_yaml *of = ls_take(r, node, "listen.values.*.of");
    const ls_yaml *tag = ls_take(r, node, "listen.values.*.tag");
    if (ls_yaml_is_text(of)) {
        v.machine = ls_listen_machine(d, of);
    }
    const uint32_t station = v.machine != LS_NONE ? ls_listen_station_of(r, v.machine) : LS_NONE;
    ls_take_text(r, node, "listen.values.*.unit", &v.unit);
    ls_take_number(r, node, "listen.values.*.low", &v.low);
    ls_take_number(r, node, "listen.values.*.high", &v.high);
    if (v.low >= v.high) {
        ls_reader_mistake(r, ls_take(r, node, "listen.values.*.low"), NULL,
                          "value '%s': 'low' is not below 'high'", key->text);
    }
    read_set(d, key, node, station, &v);
    read_response(r, node, &v);
    uint32_t index = 0;
    *(ls_measured *)ls_rows_push(r, &d->values, &index) = v;
    if (ls_yaml_is_text(tag) && !r->form.out_of_memory) {
        const ls_binding b = {.means = LS_MEANS_VALUE, .of = index};
        (void)ls_listen_bind(d, tag, tag->text, v.machine, station, b);
    }
}

static void read_values(ls_listen_draft *d) {
    const ls_yaml *map = ls_take_map(d->r, d->node, "listen.values");
    for (size_t i = 0; map != NULL && i < map->count && !d->r->form.out_of_memory; i++) {
        if (map->keys[i].text[0] == '\0' || ls_listen_has_control(map->keys[i].text)) {
            ls_reader_mistake(d->r, &map->keys[i], NULL, "'%s' is not the name of a value",
                              map->keys[i].text);
        }
        if (map->items[i].kind == LS_YAML_MAP) {
            read_value(d, &map->keys[i], &map->items[i]);
        }
    }
}

void ls_listen_read_line(ls_listen_draft *d) {
    read_queues(d);
    read_lots(d);
    read_values(d);
}

// --- orders

static void check_sql(ls_reader *r, const ls_yaml *map, const ls_order_source *o) {
    const ls_yaml *sql = ls_take(r, map, "listen.orders.sql");
    const ls_yaml *view = ls_take(r, map, "listen.orders.view");
    const bool is_sqlite = o->sql != NULL && strncmp(o->sql, "sqlite:", 7) == 0 &&
                           o->sql[7] != '\0';
    const bool is_postgres = o->sql != NULL && strncmp(o->sql, "postgresql://", 13) == 0 &&
                             o->sql[13] != '\0';
    if (o->sql != NULL && ls_listen_check_url(r, sql) && !is_sqlite && !is_postgres) {
        ls_reader_mistake(r, sql, "'sqlite:FILE' or 'postgresql://HOST/DATABASE'",
                          "'%s' is not a database that can be read", o->sql);
    }
    if ((sql == NULL) != (view == NULL)) {
        ls_reader_mistake(r, sql != NULL ? sql : view, "'sql: sqlite:mes.db, view: orders'",
                          "'sql' and 'view' come together");
    }
    if (o->login != NULL && !is_postgres) {
        ls_reader_mistake(r, ls_take(r, map, "listen.orders.login"), "take it out",
                          "'login' is for 'sql: postgresql://...'");
    }
}

void ls_listen_read_orders(ls_listen_draft *d) {
    ls_reader *r = d->r;
    const ls_yaml *map = ls_take_map(r, d->node, "listen.orders");
    const ls_yaml *tag = ls_take(r, map, "listen.orders.tag");
    ls_order_source *o = &r->plant->listen.orders;
    if (map == NULL) {
        return;
    }
    ls_take_text(r, map, "listen.orders.folder", &o->folder);
    ls_take_text(r, map, "listen.orders.sql", &o->sql);
    ls_take_text(r, map, "listen.orders.view", &o->view);
    ls_take_text(r, map, "listen.orders.login", &o->login);
    ls_take_time(r, map, "listen.orders.every", &o->every_us);
    if (o->every_us == 0) {
        ls_reader_mistake(r, ls_take(r, map, "listen.orders.every"), "at least 1 s",
                          "'every' cannot be 0");
    }
    check_sql(r, map, o);
    if (ls_yaml_is_text(tag)) {
        (void)ls_listen_bind(d, tag, tag->text, LS_NONE, LS_NONE,
                             (ls_binding){.means = LS_MEANS_ORDER});
    }
}
