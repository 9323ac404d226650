// registers.c - see registers.h.
#include "tests/service/registers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/harness.h"
#include "tests/servers/child.h"

enum { TEXT_SIZE = 32768 };

bool registers_begin(service *s, char port[REGISTERS_PORT_SIZE], const char *plant,
                     const char *tags) {
    static char text[TEXT_SIZE];
    char start[40];
    const time_t ago = time(NULL) - 3600;
    struct tm day;
    strftime(start, sizeof start, "%Y-%m-%dT%H:%M", gmtime_r(&ago, &day));
    snprintf(text, sizeof text, "plant: cell\nstart: %s\n%s%s", start, plant, tags);
    if (!service_begin_text(s, text)) {
        return false;
    }
    snprintf(port, REGISTERS_PORT_SIZE, "%d", child_free_port());
    const char *const ask[] = {"line", "emulate", s->plant, "--registers", "--modbus", port, NULL};
    const char *listen = service_ask(ask);
    const char *at = listen != NULL ? strstr(listen, "      registers:") : NULL;
    CHECK(at != NULL);
    if (at == NULL) {
        return false;
    }
    snprintf(text, sizeof text, "plant: cell\nstart: %s\n%s%.*s      every: 100 ms\n%s", start,
             plant, (int)(at - listen), listen, at);
    return service_write(s->plant, text);
}

bool registers_emulate(service *s, const char *port, const char *from) {
    const char *const all[] = {"--broker", "none", "--modbus", port, "--from", from, NULL};
    const char *const begun[] = {"--broker", "none", "--modbus", port, NULL};
    return service_emulate(s, from != NULL ? all : begun);
}

double registers_newest(const service *s, const char *tag) {
    const char *const query[] = {"history", "query", s->data, tag, "--csv", NULL};
    double number = -1.0;
    const char *said = service_ask(query);
    for (const char *line = said; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n';
        char name[80], value[40];
        if (sscanf(line, "%79[^,],%*[^,],%39[^,\n]", name, value) == 2 && strcmp(name, tag) == 0) {
            number = strtod(value, NULL);
        }
    }
    return number;
}
