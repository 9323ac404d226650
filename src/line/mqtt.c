// mqtt.c - see mqtt.h. What callers' threads do.
#include "line/mqtt.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "line/mqtt_inside.h"

enum { DEF_COOKIE = 0x6d717474, TOPIC_MAX = 65535 };

ls_mqtt_def ls_mqtt_def_default(void) {
    return (ls_mqtt_def){.version = 5,
                         .clean = true,
                         .session_s = 7 * 24 * 3600,
                         .keepalive_s = 15,
                         .retry_first_us = 250000,
                         .retry_max_us = 30000000,
                         .answer_us = 10000000,
                         .queue_max = 10000,
                         .queue_bytes_max = (size_t)64 << 20,
                         .inflight_max = 200,
                         .message_max = 16u << 20,
                         .cookie = DEF_COOKIE};
}

// ---- create

static pthread_once_t library_once = PTHREAD_ONCE_INIT;

static void start_library(void) {
    mosquitto_lib_init();
}

static bool copy_text(ls_arena *arena, const char **text) {
    if (*text != NULL) {
        *text = ls_arena_text(arena, *text, strlen(*text));
        return *text != NULL;
    }
    return true;
}

static ls_status check_file(const char *path, const char *what, bool secret, ls_error *err) {
    struct stat about;
    if (path == NULL) {
        return LS_OK;
    }
    if (access(path, R_OK) != 0 || stat(path, &about) != 0) {
        return ls_fail(err, LS_ERR_IO, "cannot read %s '%s': %s", what, path, ls_errno_text(errno));
    }
    if (secret && (about.st_mode & 007) != 0) {
        ls_fail(err, LS_ERR_INVALID, "%s '%s' is open to everybody (mode %04o)", what, path,
                (unsigned)(about.st_mode & 07777));
        ls_hint(err, "chmod 0600 '%s'", path);
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

static ls_status check_tls(const ls_mqtt_def *def, bool tls, ls_error *err) {
    if (!tls && (def->ca != NULL || def->certificate != NULL || def->key != NULL)) {
        ls_fail(err, LS_ERR_INVALID, "broker '%s': certificates are given, but this is not TLS",
                def->url);
        ls_hint(err, "mqtts:// instead of mqtt://");
        return LS_ERR_INVALID;
    }
    if ((def->certificate == NULL) != (def->key == NULL)) {
        return ls_fail(err, LS_ERR_INVALID, "a client certificate and its key go together");
    }
    ls_status status = check_file(def->ca, "the CA's certificates", false, err);
    if (status == LS_OK) {
        status = check_file(def->certificate, "the client certificate", false, err);
    }
    return status == LS_OK ? check_file(def->key, "the key", true, err) : status;
}

static ls_status check_filters(const ls_mqtt_def *def, ls_error *err) {
    for (uint32_t i = 0; i < def->filter_count; i++) {
        const char *topics = def->filters[i].topics;
        if (strlen(topics) > TOPIC_MAX || !ls_text_is_utf8(topics, strlen(topics), NULL) ||
            mosquitto_sub_topic_check(topics) != MOSQ_ERR_SUCCESS) {
            ls_fail(err, LS_ERR_INVALID, "'%.200s' is not a topic filter", topics);
            ls_hint(err, "words with '/' between; '+' for one word, '#' at the end for the rest");
            return LS_ERR_INVALID;
        }
    }
    return LS_OK;
}

static ls_status check_def(const ls_mqtt_def *def, ls_mqtt *m, ls_error *err) {
    ls_status status = ls_mqtt_url_parse(def->url, &m->url, err);
    if (status == LS_OK) {
        status = check_tls(def, m->url.tls, err);
    }
    if (status == LS_OK) {
        status = check_filters(def, err);
    }
    if (status == LS_OK && def->login != NULL) {
        status = ls_login_read(def->login, &m->login, err);
    }
    if (status == LS_OK && def->user != NULL) {
        ls_text_format(m->login.user, sizeof m->login.user, "%s", def->user);
        ls_text_format(m->login.password, sizeof m->login.password, "%s",
                       def->password != NULL ? def->password : "");
    }
    if (status == LS_OK && !def->clean && def->client_id == NULL) {
        status = ls_fail(err, LS_ERR_INVALID, "a kept session needs a client id");
    }
    return status;
}

// Texts, filters and tables into the arena.
static bool copy_def(ls_mqtt *m) {
    ls_mqtt_def *def = &m->def;
    ls_arena *arena = &m->arena;
    bool good = copy_text(arena, &def->url) && copy_text(arena, &def->ca) &&
                copy_text(arena, &def->certificate) && copy_text(arena, &def->key) &&
                copy_text(arena, &def->client_id);
    def->login = NULL;  // both are in m->login
    def->user = NULL;
    def->password = NULL;
    ls_mqtt_filter *filters = ls_arena_alloc(arena, (def->filter_count + 1) * sizeof *filters);
    m->filter_mids = ls_arena_alloc(arena, (def->filter_count + 1) * sizeof *m->filter_mids);
    m->inflight = ls_arena_alloc(arena, def->inflight_max * sizeof *m->inflight);
    good = good && filters != NULL && m->filter_mids != NULL && m->inflight != NULL;
    for (uint32_t i = 0; good && i < def->filter_count; i++) {
        filters[i] = def->filters[i];
        good = copy_text(arena, &filters[i].topics);
    }
    def->filters = filters;
    return good;
}

// The thread takes no signals: they are for main, and a write to a closed socket must not kill us.
static int start_thread(ls_mqtt *m) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(&m->thread, NULL, ls_mqtt_thread, m);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

static void free_mqtt(ls_mqtt *m) {
    ls_mqtt_open(m, false);
    if (m->wake_file >= 0) {
        close(m->wake_file);
    }
    pthread_cond_destroy(&m->answered);
    pthread_mutex_destroy(&m->lock);
    ls_arena_clear(&m->arena);
    explicit_bzero(&m->login, sizeof m->login);
    ls_free(m);
}

ls_status ls_mqtt_create(const ls_mqtt_def *def, ls_mqtt **out, ls_error *err) {
    assert(def->cookie == DEF_COOKIE);
    assert(def->inflight_max > 0 && def->queue_max > 0);
    const ls_status there = ls_mosquitto_open(err);
    if (there != LS_OK) {
        return there;
    }
    pthread_once(&library_once, start_library);
    ls_mqtt *m = ls_alloc(sizeof *m);
    if (m == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for an MQTT client");
    }
    ls_arena_init(&m->arena);
    m->def = *def;
    pthread_mutex_init(&m->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&m->answered, &monotonic);
    pthread_condattr_destroy(&monotonic);
    m->wake_file = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    ls_status status = check_def(def, m, err);
    if (status == LS_OK && (m->wake_file < 0 || !copy_def(m))) {
        status = ls_fail(err, LS_ERR_MEMORY, "no memory or no file for an MQTT client");
    }
    if (status == LS_OK && start_thread(m) != 0) {
        status = ls_fail(err, LS_ERR_MEMORY, "cannot start the thread of an MQTT client");
    }
    if (status != LS_OK) {
        free_mqtt(m);
        return status;
    }
    *out = m;
    return LS_OK;
}

void ls_mqtt_destroy(ls_mqtt *mqtt) {
    if (mqtt != NULL) {
        atomic_store(&mqtt->stopping, true);
        ls_mqtt_wake(mqtt);
        pthread_join(mqtt->thread, NULL);
        free_mqtt(mqtt);
    }
}

// ---- publish

void ls_mqtt_wake(ls_mqtt *mqtt) {
    const uint64_t one = 1;
    // Full is fine: then it is awake already.
    (void)!write(mqtt->wake_file, &one, sizeof one);
}

void ls_mqtt_again(ls_mqtt *mqtt) {
    atomic_store(&mqtt->again, true);
    ls_mqtt_wake(mqtt);
}

static mqtt_entry *make_entry(const ls_mqtt_message *message) {
    const size_t length = strlen(message->topic) + 1;
    mqtt_entry *entry = ls_alloc(sizeof *entry + length + message->size);
    if (entry != NULL) {
        entry->size = message->size;
        entry->qos = message->qos;
        entry->retain = message->retain;
        memcpy(entry->topic, message->topic, length);
        if (message->size > 0) {
            memcpy(entry->topic + length, message->payload, message->size);
        }
    }
    return entry;
}

// Under the lock.
static ls_status queue_entry(ls_mqtt *m, mqtt_entry *entry, uint64_t *out_ticket, ls_error *err) {
    if (!m->open) {
        return ls_fail(err, LS_ERR_IO, "no connection to %s", m->def.url);
    }
    if (m->waiting >= m->def.queue_max || entry->size > m->def.queue_bytes_max - m->waiting_bytes) {
        return ls_fail(err, LS_ERR_LIMIT, "%u messages wait to be sent to %s; no more are taken",
                       m->waiting, m->def.url);
    }
    if (out_ticket != NULL) {
        entry->ticket = ++m->last_ticket;
        *out_ticket = entry->ticket;
        m->tickets[entry->ticket % MQTT_TICKETS].ticket = entry->ticket;
        m->tickets[entry->ticket % MQTT_TICKETS].answer = ANSWER_PENDING;
    }
    if (m->last != NULL) {
        m->last->next = entry;
    } else {
        m->first = entry;
    }
    m->last = entry;
    m->waiting++;
    m->waiting_bytes += entry->size;
    return LS_OK;
}

ls_status ls_mqtt_publish(ls_mqtt *mqtt, const ls_mqtt_message *message, uint64_t *out_ticket,
                          ls_error *err) {
    assert(out_ticket == NULL || message->qos == 1);
    const size_t length = strlen(message->topic);
    if (length == 0 || length > TOPIC_MAX || !ls_text_is_utf8(message->topic, length, NULL) ||
        mosquitto_pub_topic_check(message->topic) != MOSQ_ERR_SUCCESS) {
        return ls_fail(err, LS_ERR_INVALID, "'%.200s' is not a topic to publish to",
                       message->topic);
    }
    mqtt_entry *entry = make_entry(message);
    if (entry == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a message of %zu bytes",
                       message->size);
    }
    pthread_mutex_lock(&mqtt->lock);
    const bool first = mqtt->first == NULL;
    const ls_status status = queue_entry(mqtt, entry, out_ticket, err);
    pthread_mutex_unlock(&mqtt->lock);
    if (status != LS_OK) {
        ls_free(entry);
    } else if (first) {
        ls_mqtt_wake(mqtt);
    }
    return status;
}

mqtt_entry *ls_mqtt_take(ls_mqtt *m) {
    pthread_mutex_lock(&m->lock);
    mqtt_entry *entry = m->first;
    if (entry != NULL) {
        m->first = entry->next;
        m->last = m->first != NULL ? m->last : NULL;
        m->waiting--;
        m->waiting_bytes -= entry->size;
    }
    pthread_mutex_unlock(&m->lock);
    return entry;
}

// ---- answers

static void set_answer(ls_mqtt *m, uint64_t ticket, mqtt_answer answer) {
    if (ticket != 0 && m->tickets[ticket % MQTT_TICKETS].ticket == ticket) {
        m->tickets[ticket % MQTT_TICKETS].answer = answer;
        pthread_cond_broadcast(&m->answered);
    }
}

void ls_mqtt_answer(ls_mqtt *m, uint64_t ticket, mqtt_answer answer) {
    pthread_mutex_lock(&m->lock);
    set_answer(m, ticket, answer);
    pthread_mutex_unlock(&m->lock);
}

void ls_mqtt_open(ls_mqtt *m, bool open) {
    pthread_mutex_lock(&m->lock);
    m->open = open;
    mqtt_entry *entry = open ? NULL : m->first;
    if (!open) {
        m->first = NULL;
        m->last = NULL;
        m->waiting = 0;
        m->waiting_bytes = 0;
    }
    while (entry != NULL) {
        mqtt_entry *next = entry->next;
        set_answer(m, entry->ticket, ANSWER_LOST);
        ls_free(entry);
        entry = next;
    }
    pthread_mutex_unlock(&m->lock);
}

ls_status ls_mqtt_wait(ls_mqtt *mqtt, uint64_t ticket, int64_t timeout_us, ls_error *err) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    const int64_t ns = until.tv_nsec + timeout_us % 1000000 * 1000;
    until.tv_sec += timeout_us / 1000000 + ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    pthread_mutex_lock(&mqtt->lock);
    const mqtt_answer *answer = &mqtt->tickets[ticket % MQTT_TICKETS].answer;
    const uint64_t *of = &mqtt->tickets[ticket % MQTT_TICKETS].ticket;
    int waited = 0;
    while (*of == ticket && *answer == ANSWER_PENDING && waited == 0) {
        waited = pthread_cond_timedwait(&mqtt->answered, &mqtt->lock, &until);
    }
    const mqtt_answer got = *of == ticket ? *answer : ANSWER_LOST;
    pthread_mutex_unlock(&mqtt->lock);
    switch (got) {
    case ANSWER_YES: return LS_OK;
    case ANSWER_REFUSED:
        return ls_fail(err, LS_ERR_IO, "broker %s refused the message", mqtt->def.url);
    case ANSWER_LOST:
        return ls_fail(err, LS_ERR_IO, "the connection to %s was lost before it was acknowledged",
                       mqtt->def.url);
    case ANSWER_PENDING: break;
    }
    return ls_fail(err, LS_ERR_IO, "broker %s did not acknowledge in time", mqtt->def.url);
}

void ls_mqtt_describe(ls_mqtt *mqtt, ls_mqtt_figures *out) {
    *out = (ls_mqtt_figures){.connects = atomic_load(&mqtt->connects),
                             .tries = atomic_load(&mqtt->tries),
                             .messages = atomic_load(&mqtt->messages),
                             .bytes = atomic_load(&mqtt->bytes),
                             .unkept = atomic_load(&mqtt->unkept),
                             .too_large = atomic_load(&mqtt->too_large),
                             .published = atomic_load(&mqtt->published),
                             .published_bytes = atomic_load(&mqtt->published_bytes),
                             .acknowledged = atomic_load(&mqtt->acknowledged)};
    pthread_mutex_lock(&mqtt->lock);
    out->waiting = mqtt->waiting;
    out->connected = mqtt->open;
    pthread_mutex_unlock(&mqtt->lock);
}
