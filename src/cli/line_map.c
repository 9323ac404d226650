// line_map.c - `lineshaft line map`: the part `listen:` of a plant file, proposed from a broker.
#include <string.h>
#include <time.h>

#include "cli/broker_options.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/data_option.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "import/plant_file.h"
#include "line/browse.h"
#include "line/propose.h"

static const ls_option own_options[] = {
    {.name = "for",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .initial = "5s",
     .about = "how long to listen",
     .detail = "Sparkplug nodes are asked to say all they have; plain MQTT is only heard when "
               "something is published"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_broker_options, ls_data_options, NULL};

enum { GROUPS_MAX = 64, GROUP_SIZE = 128, CONNECT_US = 10000000, STEP_US = 50000 };

typedef struct found {  // on the broker
    ls_tags *tags;
    char groups[GROUPS_MAX][GROUP_SIZE];
    uint32_t group_count;
    ls_status status;
} found;

static void keep_group(found *f, const char *name) {
    const size_t size = strcspn(name, "/");
    for (uint32_t i = 0; i < f->group_count; i++) {
        if (strlen(f->groups[i]) == size && memcmp(f->groups[i], name, size) == 0) {
            return;
        }
    }
    if (f->group_count < GROUPS_MAX && size < GROUP_SIZE) {
        memcpy(f->groups[f->group_count], name, size);
        f->groups[f->group_count++][size] = '\0';
    }
}

static void keep_row(void *context, const ls_browse_row *row) {
    found *f = context;
    uint32_t tag = 0;
    if (row->sparkplug) {
        keep_group(f, row->name);
    }
    const ls_status status = ls_tags_add(f->tags, row->name, strlen(row->name), &tag, NULL);
    if (status == LS_OK) {
        ls_tags_declare(f->tags, tag, row->kind, row->unit);
    } else if (status == LS_ERR_MEMORY) {
        f->status = status;
    }
}

// For so long from the first connection on. Births are asked for meanwhile.
static ls_status listen_for(ls_browse *browse, const char *url, int64_t for_us, ls_error *err) {
    const struct timespec step = {.tv_nsec = STEP_US * 1000};
    ls_browse_figures now = {0};
    int64_t connected_us = 0;
    for (int64_t waited_us = 0; connected_us < for_us && !ls_interrupt_came();
         waited_us += STEP_US) {
        (void)nanosleep(&step, NULL);
        ls_browse_describe(browse, &now);
        connected_us += now.connected ? STEP_US : 0;
        if (connected_us == 0 && waited_us >= CONNECT_US) {
            return ls_broker_fail(url, now.why, err);
        }
    }
    // Stopped by hand: what was heard so far is shown, if anything could be heard.
    return connected_us > 0 ? LS_OK : ls_fail(err, LS_ERR_STOPPED, "stopped");
}

static ls_status gather(const ls_options *options, const ls_mqtt_def *def, found *f,
                        ls_error *err) {
    ls_browse *browse = NULL;
    ls_status status = ls_browse_open(def, false, &browse, err);
    if (status == LS_OK) {
        status = listen_for(browse, def->url, ls_options_get(options, "for")->number, err);
    }
    if (status == LS_OK) {
        status = ls_browse_rows(browse, keep_row, f, err);
    }
    if (status == LS_OK && f->status != LS_OK) {
        status = ls_fail(err, f->status, "out of memory");
    }
    ls_browse_close(browse);
    return status;
}

static int propose(const char *broker, const ls_plant *plant, const found *f) {
    const char *groups[GROUPS_MAX];
    ls_propose_figures figures;
    ls_buffer out;
    for (uint32_t i = 0; i < f->group_count; i++) {
        groups[i] = f->groups[i];
    }
    const ls_propose_def def = {.plant = plant,
                                .tags = f->tags,
                                .broker = broker,
                                .groups = groups,
                                .group_count = f->group_count};
    ls_buffer_init(&out);
    ls_error err = {0};
    int code = LS_EXIT_DONE;
    if (ls_propose(&def, &out, &figures) != LS_OK) {
        (void)ls_fail(&err, LS_ERR_MEMORY, "out of memory");
        code = ls_complain(&err);
    } else {
        code = ls_output_print(&out);
        ls_note("%u tags on %s, %u of them mean something here; %u of %u machines found%s",
                figures.tags, broker, figures.bound, figures.machines_bound, figures.machines,
                figures.unsure > 0 ? "; look at what is marked" : "");
        code = code == LS_EXIT_DONE && figures.bound == 0 ? LS_EXIT_NO : code;
    }
    ls_buffer_clear(&out);
    return code;
}

static int gather_and_propose(const ls_options *options, const ls_mqtt_def *def, const char *broker,
                              const ls_plant *plant) {
    static found f;  // some KiB
    ls_error err = {0};
    memset(&f, 0, sizeof f);
    ls_interrupt_watch();
    ls_status status = ls_tags_create(&f.tags, &err);
    if (status == LS_OK) {
        status = gather(options, def, &f, &err);
    }
    int code = LS_EXIT_STOPPED;
    if (status == LS_OK) {
        code = propose(broker, plant, &f);
    } else if (status == LS_ERR_STOPPED) {
        ls_note("%s before the broker answered", err.text);
    } else {
        code = ls_complain(&err);
    }
    ls_tags_destroy(f.tags);
    return code;
}

// A broker of its own port is named by how the plant file names it.
static const char *broker_name(const ls_broker_choice *choice) {
    for (uint32_t i = 0; choice->plant != NULL && i < choice->plant->listen.source_count; i++) {
        const ls_source *source = choice->plant->listen.sources + i;
        if (source->kind != LS_SOURCE_MODBUS) {
            return source->embedded ? "embedded" : source->broker;
        }
    }
    return choice->def.url;
}

static int run(const ls_options *options) {
    ls_broker_choice choice;
    ls_errors errors;
    ls_plant *plant = NULL;
    // As a host: a reader may not ask for births.
    int code = ls_broker_choose(options, options->arguments[0],
                                ls_options_get(options, "data")->text, LS_BROKER_HOST, &choice);
    ls_errors_init(&errors);
    if (code == LS_EXIT_DONE) {
        const char *file = options->arguments[options->argument_count - 1];
        code = ls_plant_file_read(file, &plant, &errors) == LS_OK
                   ? gather_and_propose(options, &choice.def, broker_name(&choice), plant)
                   : ls_complain_all(&errors);
    }
    ls_plant_destroy(plant);
    ls_errors_clear(&errors);
    ls_broker_choice_close(&choice);
    return code;
}

const ls_cli_command ls_command_line_map = {
    .name = "line map",
    .arguments = "[URL] PLANT",
    .least = 1,
    .most = 2,
    .about = "Proposes which signal of a broker means what in a plant.",
    .example = "lineshaft line map mqtt://10.0.0.9 plant.yaml",
    .examples =
        "lineshaft line map mqtts://broker.plant:8883 plant.yaml --login broker.login --ca "
        "ca.pem\n"
        "lineshaft line map plant.yaml\n",
    .detail =
        "Listens to the broker (without URL: that of the plant file) for a while, looks for the "
        "names of the plant's machines and "
        "stations in what it hears, and prints the part 'listen:' to be put into the plant "
        "file. What it is not sure about is marked by comments. Nothing is changed.\n",
    .tables = tables,
    .run = run,
};
