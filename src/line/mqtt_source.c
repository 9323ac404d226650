// mqtt_source.c - see mqtt_source.h.
#include "line/mqtt_source.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "base/units.h"

int64_t ls_wall_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// The file's path, or NULL when the plant file names none.
static const char *file_of(const ls_listen *listen, const char *name, char *out, size_t size) {
    if (name == NULL) {
        return NULL;
    }
    ls_listen_path(listen, name, out, size);
    return out;
}

ls_status ls_mqtt_source_set(const ls_listen *listen, const ls_source *source,
                             const char *broker_folder, ls_broker_role role, ls_mqtt_source *texts,
                             ls_mqtt_def *def, ls_error *err) {
    def->version = source->mqtt_version != 0 ? source->mqtt_version : 5;
    if (source->embedded) {
        if (broker_folder == NULL) {
            return ls_fail(err, LS_ERR_INVALID, "source '%s': no embedded broker was started",
                           source->name);
        }
        const ls_status status = ls_broker_access_get(broker_folder, role, &texts->access, err);
        def->url = texts->access.url;
        def->login = texts->access.login;
        return status;
    }
    if (source->broker == NULL) {
        return ls_fail(err, LS_ERR_INVALID, "source '%s' names no broker", source->name);
    }
    ls_text_format(texts->url, sizeof texts->url, "%s", source->broker);
    def->url = texts->url;
    def->login = file_of(listen, source->login, texts->login, sizeof texts->login);
    def->ca = file_of(listen, source->ca, texts->ca, sizeof texts->ca);
    def->certificate = file_of(listen, source->certificate, texts->certificate,
                               sizeof texts->certificate);
    def->key = file_of(listen, source->key, texts->key, sizeof texts->key);
    return LS_OK;
}

// FNV-1a.
static uint64_t mix(uint64_t hash, const char *text) {
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    }
    return hash * 0x100000001b3u;
}

void ls_mqtt_source_client_id(const ls_listen *listen, const ls_source *source, char *out,
                              size_t size) {
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    const char *folder = listen->folder != NULL && listen->folder[0] != '\0' ? listen->folder : ".";
    char *whole = realpath(folder, NULL);
    uint64_t hash = mix(mix(0xcbf29ce484222325u, host), whole != NULL ? whole : folder);
    free(whole);
    hash = mix(hash, source->name != NULL ? source->name : "");
    for (uint32_t i = 0; i < source->topic_count; i++) {
        hash = mix(hash, source->topics[i].filter);
    }
    ls_text_format(out, size, "lineshaft-%016llx", (unsigned long long)hash);
}

// ---- notices

static void notice(const ls_mqtt_notices *notices, const ls_sink *sink, ls_notice_kind kind,
                   const char *text, uint64_t count) {
    if (sink->noticed != NULL) {
        const ls_notice what = {.kind = kind,
                                .time_us = ls_wall_us(),
                                .subject = notices->subject,
                                .text = text,
                                .count = count};
        sink->noticed(sink->context, &what);
    }
}

void ls_mqtt_notices_init(ls_mqtt_notices *notices, const ls_source *source, const char *url) {
    ls_text_format(notices->subject, sizeof notices->subject, "%s %s", source->name, url);
    notices->why[0] = '\0';
}

void ls_mqtt_notices_connected(ls_mqtt_notices *notices, const ls_sink *sink, bool resumed) {
    notices->why[0] = '\0';
    notice(notices, sink, LS_NOTICE_CONNECTED,
           resumed ? "connected; the broker has kept what came meanwhile" : "connected", 0);
}

void ls_mqtt_notices_lost(ls_mqtt_notices *notices, const ls_sink *sink, bool first, uint32_t tries,
                          const char *why, int64_t retry_us) {
    const bool same = strcmp(why, notices->why) == 0;
    if (!first && same && (tries & (tries - 1)) != 0) {
        return;
    }
    char text[512], when[48];
    ls_text_format(notices->why, sizeof notices->why, "%s", why);
    ls_units_show_time((double)retry_us, when, sizeof when);
    ls_text_format(text, sizeof text, retry_us > 0 ? "%s; next try in %s" : "%s", why, when);
    notice(notices, sink, LS_NOTICE_LOST, text, tries);
}
