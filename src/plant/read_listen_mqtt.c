// read_listen_mqtt.c - `sparkplug:` and `json:`: brokers, groups, topics.
#include <assert.h>
#include <string.h>

#include "plant/listen_reader.h"

enum { PORT_MAX = 65535, TOPIC_MAX = 65535, ID_MAX = 127 };

// HOST or HOST:PORT; an IPv6 address in brackets.
bool ls_listen_is_address(const char *text) {
    const char *end = text[0] == '[' ? strchr(text, ']') : text + strcspn(text, ":");
    if (end == NULL || end == text || strpbrk(text, " /?#@") != NULL) {
        return false;
    }
    end += *end == ']' ? 1 : 0;
    int64_t port = 0;
    return *end == '\0' || (*end == ':' && ls_text_parse_i64(end + 1, strlen(end + 1), &port) &&
                            port >= 1 && port <= PORT_MAX);
}

static void read_broker(ls_listen_draft *d, const ls_yaml *map, ls_source *s) {
    ls_reader *r = d->r;
    ls_take_text(r, map, "listen.sparkplug.broker", &s->broker);
    const ls_yaml *at = ls_take(r, map, "listen.sparkplug.broker");
    s->embedded = strcmp(s->broker, "embedded") == 0;
    if (s->embedded) {
        s->broker = NULL;
        return;
    }
    const bool is_plain = strncmp(s->broker, "mqtt://", 7) == 0;
    const bool is_tls = strncmp(s->broker, "mqtts://", 8) == 0;
    const char *address = s->broker + (is_plain ? 7 : 8);
    if ((is_plain || is_tls) && strchr(address, '@') != NULL) {
        ls_reader_mistake(r, at, "write user and password into a file of their own: 'login: FILE'",
                          "a login does not belong into a plant file");
    } else if ((!is_plain && !is_tls) || !ls_listen_is_address(address)) {
        ls_reader_mistake(r, at, "'embedded', 'mqtt://HOST:PORT', or 'mqtts://HOST:PORT' for TLS",
                          "'%s' is not the address of a broker", s->broker);
    }
}

// Files only mean something with the kind of broker that asks for them.
static void check_files(ls_listen_draft *d, const ls_yaml *map, const ls_source *s) {
    static const char *const paths[] = {"listen.sparkplug.login", "listen.sparkplug.ca",
                                        "listen.sparkplug.certificate", "listen.sparkplug.key"};
    const bool is_tls = s->broker != NULL && strncmp(s->broker, "mqtts://", 8) == 0;
    const ls_yaml *broker = ls_take(d->r, map, "listen.sparkplug.broker");
    if (broker != NULL && !ls_yaml_is_text(broker)) {
        return;  // refused already
    }
    for (size_t i = 0; i < 4; i++) {
        const ls_yaml *at = ls_take(d->r, map, paths[i]);
        if (ls_yaml_is_text(at) && s->embedded) {
            ls_reader_mistake(d->r, at, "take it out",
                              "the embedded broker makes its own passwords and has no TLS");
        } else if (ls_yaml_is_text(at) && i > 0 && !is_tls) {
            ls_reader_mistake(d->r, at, "'broker: mqtts://...'", "a certificate is for TLS");
        }
    }
    if ((s->certificate == NULL) != (s->key == NULL)) {
        const char *path = s->key == NULL ? paths[2] : paths[3];
        ls_reader_mistake(d->r, ls_take(d->r, map, path), NULL,
                          "'certificate' and 'key' come together");
    }
}

static ls_source read_mqtt(ls_listen_draft *d, const char *name, const ls_yaml *map) {
    ls_reader *r = d->r;
    ls_source s = {.name = name, .line = map->line, .column = map->column};
    int version = 0;
    read_broker(d, map, &s);
    ls_take_text(r, map, "listen.sparkplug.login", &s.login);
    ls_take_text(r, map, "listen.sparkplug.ca", &s.ca);
    ls_take_text(r, map, "listen.sparkplug.certificate", &s.certificate);
    ls_take_text(r, map, "listen.sparkplug.key", &s.key);
    ls_take_choice(r, map, "listen.sparkplug.mqtt", &version);
    s.mqtt_version = version == 0 ? 5 : 4;
    check_files(d, map, &s);
    return s;
}

// --- Sparkplug

static bool is_id(const char *text) {
    return text[0] != '\0' && strlen(text) <= ID_MAX && strpbrk(text, "+/#") == NULL;
}

static void check_id(ls_reader *r, const ls_yaml *at, const char *what) {
    if (ls_yaml_is_text(at) && !is_id(at->text)) {
        ls_reader_mistake(r, at, "an id of Sparkplug has no '/', '+' or '#'",
                          "'%s' is not the id of a %s", at->text, what);
    }
}

static void read_texts(ls_listen_draft *d, const ls_yaml *list, const char *const **out,
                       uint32_t *out_count) {
    const uint32_t count = ls_yaml_many(list);
    const char **texts = count == 0 ? NULL
                                    : ls_arena_alloc(&d->r->plant->arena, count * sizeof *texts);
    d->r->form.out_of_memory = d->r->form.out_of_memory || (count > 0 && texts == NULL);
    uint32_t kept = 0;
    for (uint32_t i = 0; texts != NULL && i < count; i++) {
        const ls_yaml *item = ls_yaml_nth(list, i);
        bool is_new = ls_yaml_is_text(item);
        for (uint32_t k = 0; is_new && k < kept; k++) {
            is_new = strcmp(texts[k], item->text) != 0;
        }
        if (is_new) {
            texts[kept++] = ls_reader_text(d->r, item->text);
        } else if (ls_yaml_is_text(item)) {
            ls_reader_mistake(d->r, item, "take one of them out", "'%s' is named twice",
                              item->text);
        }
    }
    *out = texts;
    *out_count = kept;
}

static void read_sparkplug(ls_listen_draft *d, const ls_yaml *map) {
    ls_reader *r = d->r;
    ls_source s = read_mqtt(d, "sparkplug", map);
    s.kind = LS_SOURCE_SPARKPLUG;
    s.group = "";
    ls_take_text(r, map, "listen.sparkplug.group", &s.group);
    ls_take_text(r, map, "listen.sparkplug.host", &s.host);
    ls_take_time(r, map, "listen.sparkplug.reorder", &s.reorder_us);
    const ls_yaml *nodes = ls_take(r, map, "listen.sparkplug.nodes");
    check_id(r, ls_take(r, map, "listen.sparkplug.group"), "group");
    check_id(r, ls_take(r, map, "listen.sparkplug.host"), "host");
    for (uint32_t i = 0; i < ls_yaml_many(nodes); i++) {
        check_id(r, ls_yaml_nth(nodes, i), "node");
    }
    read_texts(d, nodes, &s.nodes, &s.node_count);
    *(ls_source *)ls_rows_push(r, &d->sources, NULL) = s;
}

// --- plain MQTT

// '#' only as the last level, '+' only as a whole level.
static bool is_filter(const char *text) {
    if (text[0] == '\0' || strlen(text) > TOPIC_MAX || text[0] == '$') {
        return false;
    }
    for (const char *c = text; *c != '\0'; c++) {
        const bool begins = c == text || c[-1] == '/';
        const bool ends = c[1] == '\0' || c[1] == '/';
        if ((*c == '#' && (!begins || c[1] != '\0')) || (*c == '+' && (!begins || !ends))) {
            return false;
        }
    }
    return true;
}

static void read_topics(ls_listen_draft *d, const ls_yaml *map, ls_source *s) {
    ls_reader *r = d->r;
    ls_rows rows = {.size = sizeof(ls_topic)};
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        const ls_yaml *key = &map->keys[i];
        const ls_yaml *node = &map->items[i];
        ls_topic topic = {.filter = ls_reader_text(r, key->text)};
        if (!is_filter(key->text)) {
            ls_reader_mistake(r, key,
                              "'+' stands for one whole level, '#' for all that follow, at the end",
                              "'%s' is not a topic filter", key->text);
        }
        ls_take_text(r, node, "listen.json.topics.*.time", &topic.time_path);
        read_texts(d, ls_take(r, node, "listen.json.topics.*.fields"), &topic.fields,
                   &topic.field_count);
        *(ls_topic *)ls_rows_push(r, &rows, NULL) = topic;
    }
    if (map != NULL && map->count == 0) {
        ls_reader_mistake(r, map, "'topics: {\"plant/+/status\": {}}'", "no topic is named");
    }
    s->topics = ls_rows_close(r, &rows, &s->topic_count);
    ls_free(rows.items);
}

static void read_json(ls_listen_draft *d, const ls_yaml *map) {
    ls_source s = read_mqtt(d, "json", map);
    int64_t qos = 0;
    s.kind = LS_SOURCE_JSON;
    ls_take_count(d->r, map, "listen.json.qos", &qos);
    s.qos = (int)qos;
    read_topics(d, ls_take_map(d->r, map, "listen.json.topics"), &s);
    *(ls_source *)ls_rows_push(d->r, &d->sources, NULL) = s;
}

void ls_listen_read_mqtt(ls_listen_draft *d) {
    const ls_yaml *sparkplug = ls_take_map(d->r, d->node, "listen.sparkplug");
    const ls_yaml *json = ls_take_map(d->r, d->node, "listen.json");
    if (sparkplug != NULL) {
        read_sparkplug(d, sparkplug);
    }
    if (json != NULL) {
        read_json(d, json);
    }
}
