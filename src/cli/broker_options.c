// broker_options.c - see broker_options.h.
#include "cli/broker_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/complain.h"
#include "line/data_folder.h"
#include "line/mqtt_url.h"

static const char *const versions[] = {"5", "3.1.1", NULL};

const ls_option ls_broker_options[] = {
    {.name = "login",
     .kind = LS_OPTION_TEXT,
     .argument = "FILE",
     .about = "user on its first line, password on its second; mode 0600"},
    {.name = "ca",
     .kind = LS_OPTION_TEXT,
     .argument = "FILE",
     .says = "those of the system",
     .about = "for mqtts://: certificates (PEM) of who vouches for the broker"},
    {.name = "certificate",
     .kind = LS_OPTION_TEXT,
     .argument = "FILE",
     .about = "our own certificate (PEM), for brokers that ask for one"},
    {.name = "key", .kind = LS_OPTION_TEXT, .argument = "FILE", .about = "and its key"},
    {.name = "mqtt",
     .kind = LS_OPTION_CHOICE,
     .argument = "VERSION",
     .choices = versions,
     .initial = "5",
     .about = "version of MQTT: 5 or 3.1.1"},
    {0},
};

static int read_plant(const char *path, ls_broker_choice *out) {
    ls_errors errors;
    if (access(path, F_OK) != 0) {
        ls_error err = {0};
        ls_fail(&err, LS_ERR_IO, "'%s' is neither the URL of a broker nor a plant file", path);
        ls_hint(&err, "mqtt://HOST, mqtt://HOST:PORT, or with TLS mqtts://HOST");
        return ls_complain(&err);
    }
    ls_errors_init(&errors);
    const ls_status status = ls_plant_file_read(path, &out->plant, &errors);
    const int code = status == LS_OK ? LS_EXIT_DONE : ls_complain_all(&errors);
    ls_errors_clear(&errors);
    return code;
}

static const ls_source *find_source(const ls_plant *plant) {
    for (uint32_t i = 0; i < plant->listen.source_count; i++) {
        if (plant->listen.sources[i].kind != LS_SOURCE_MODBUS) {
            return plant->listen.sources + i;
        }
    }
    return NULL;
}

// The plant's first source on a broker.
static ls_status choose_by_plant(const char *path, const char *data, ls_broker_role role,
                                 ls_broker_choice *out, ls_error *err) {
    char folder[LS_BROKER_PATH_MAX + 1], broker[LS_BROKER_PATH_MAX + 16];
    const ls_source *source = find_source(out->plant);
    if (source == NULL) {
        return ls_fail_at(err, LS_ERR_INVALID, path, 0, 0,
                          "no source on an MQTT broker under `listen:`");
    }
    ls_status status = ls_data_folder(data != NULL ? data : getenv("STATE_DIRECTORY"),
                                      out->plant->name, folder, sizeof folder, err);
    if (status == LS_OK) {
        snprintf(broker, sizeof broker, "%s/broker", folder);
        status = ls_mqtt_source_set(&out->plant->listen, source, broker, role, &out->texts,
                                    &out->def, err);
    }
    return status;
}

static void set_from_options(const ls_options *options, ls_mqtt_def *def) {
    const struct {
        const char *name;
        const char **to;
    } rows[] = {{"login", &def->login},
                {"ca", &def->ca},
                {"certificate", &def->certificate},
                {"key", &def->key}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const ls_option_value *value = ls_options_get(options, rows[i].name);
        if (value->given) {
            *rows[i].to = value->text;
        }
    }
    if (ls_options_get(options, "mqtt")->given) {
        def->version = ls_options_get(options, "mqtt")->number == 0 ? 5 : 4;
    }
}

int ls_broker_choose(const ls_options *options, const char *where, const char *data,
                     ls_broker_role role, ls_broker_choice *out) {
    ls_error err = {0};
    ls_mqtt_url url;
    memset(out, 0, sizeof *out);
    out->def = ls_mqtt_def_default();
    if (strstr(where, "://") != NULL) {
        out->def.url = where;
    } else {
        const int code = read_plant(where, out);
        if (code != LS_EXIT_DONE) {
            return code;
        }
        if (choose_by_plant(where, data, role, out, &err) != LS_OK) {
            return ls_complain(&err);
        }
    }
    set_from_options(options, &out->def);
    if (ls_mqtt_url_parse(out->def.url, &url, &err) != LS_OK) {
        return ls_complain(&err);
    }
    return LS_EXIT_DONE;
}

ls_status ls_broker_fail(const char *url, const char *why, ls_error *err) {
    ls_fail(err, LS_ERR_IO, "the broker %s cannot be reached: %s", url,
            why[0] != '\0' ? why : "no answer");
    if (strstr(why, "uthori") != NULL || strstr(why, "ser name") != NULL) {
        ls_hint(err, "--login FILE: user on its first line, password on its second");
    } else if (strstr(why, "certificate") != NULL) {
        ls_hint(err, "--ca FILE: the certificate (PEM) of who vouches for the broker");
    } else if (strstr(why, "closed the connection") != NULL) {
        ls_hint(err, "%s",
                strncmp(url, "mqtt:", 5) == 0 ? "does it want TLS? then mqtts://"
                                              : "does it speak TLS? else mqtt://");
    }
    return LS_ERR_IO;
}

void ls_broker_choice_close(ls_broker_choice *choice) {
    ls_plant_destroy(choice->plant);
    choice->plant = NULL;
}
