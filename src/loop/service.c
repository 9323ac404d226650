// service.c - see service.h.
#include "loop/service.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "line/data_folder.h"
#include "loop/notify.h"
#include "loop/say.h"
#include "loop/service_parts.h"

enum { TICK_US = 50000, SAVE_TICKS = 200, SECOND_TICKS = 20 };
enum { FIRST_MAPPING_TICKS = 60 * SECOND_TICKS, MAPPING_TICKS = 600 * SECOND_TICKS };

// ---- starting

static ls_status start_parts(ls_service *s, ls_plant *plant, ls_error *err) {
    ls_status status = ls_service_open_history(s, plant, err);
    if (status == LS_OK) {
        status = ls_journal_create(s->intake.history, &s->journal, err);
    }
    if (status != LS_OK) {
        ls_plant_destroy(plant);
        return status;
    }
    status = ls_running_make(plant, s->tags, &s->intake.running, err);
    if (status == LS_OK) {
        status = ls_service_open_plant(s, err);
    }
    if (status == LS_OK) {
        uint64_t heard_again = 0;
        pthread_mutex_lock(&s->intake.lock);
        status = ls_keeper_restore(&s->intake, s->def->catch_up_us, &heard_again, err);
        pthread_mutex_unlock(&s->intake.lock);
        if (heard_again > 0) {
            ls_say(LS_LOG_INFO, "follow", "", "%llu samples were heard again from the history",
                   (unsigned long long)heard_again);
        }
    }
    if (status == LS_OK) {
        status = ls_service_open_line(s, err);
    }
    if (status == LS_OK) {
        ls_service_open_jobs(s);
        status = ls_service_open_web(s, err);
    }
    return status;
}

static ls_status start(ls_service *s, ls_errors *errors) {
    ls_plant *plant = NULL;
    ls_status status = ls_running_read(s->def->plant, &plant, errors);
    if (status != LS_OK) {
        return status;
    }
    ls_error err = {0};
    status = ls_data_folder_make(s->def->data, &err);
    if (status == LS_OK) {
        ls_service_open_pool(s, plant);
        status = start_parts(s, plant, &err);
    } else {
        ls_plant_destroy(plant);
    }
    if (status != LS_OK) {
        ls_errors_add(errors, &err);
    }
    return status;
}

// ---- running

static void save(ls_service *s) {
    ls_error err = {0};
    const bool fails = ls_keeper_save(&s->intake, &err) != LS_OK;
    if (fails && !s->save_fails) {
        ls_say(LS_LOG_ERROR, "follow", "", "the state could not be saved: %s", err.text);
    } else if (!fails && s->save_fails) {
        ls_say(LS_LOG_INFO, "follow", "", "the state is saved again");
    }
    s->save_fails = fails;
}

// Time passes for the twin only as far as the line has said: a silent line stands still.
static void advance(ls_service *s) {
    pthread_mutex_lock(&s->intake.lock);
    const ls_running *running = &s->intake.running;
    if (running->follow != NULL) {
        const int64_t newest = s->intake.figures.newest_us - running->plant->start_us;
        const int64_t now = ls_follow_now(running->follow);
        if (newest > now && newest - now < s->intake.follow_def.clock_jump_us) {
            ls_follow_advance(running->follow, newest);
        }
    }
    pthread_mutex_unlock(&s->intake.lock);
}

static void tell_status(ls_service *s) {
    char text[160];
    pthread_mutex_lock(&s->intake.lock);
    const uint64_t samples = s->intake.figures.samples;
    pthread_mutex_unlock(&s->intake.lock);
    ls_text_format(text, sizeof text, "%s: %llu samples heard, %s", s->intake.running.plant->name,
                   (unsigned long long)samples,
                   ls_sources_connected(&s->sources) ? "connected" : "not connected");
    ls_notify_status(text);
}

// What of the mapping a person should look at: tags never heard, values that make no sense. One
// event a line, a minute after the begin, then each ten minutes in which there is more to say.
static void tell_mapping(ls_service *s) {
    ls_buffer text;
    ls_buffer_init(&text);
    pthread_mutex_lock(&s->intake.lock);
    if (s->intake.running.follow != NULL) {  // before the first signal nothing was heard, of course
        ls_mapping_complain(s->intake.running.mapping, &text);
    }
    pthread_mutex_unlock(&s->intake.lock);
    uint32_t lines = 0;
    for (size_t i = 0; i < text.size; i++) {
        lines += text.data[i] == '\n';
    }
    for (char *at = lines > s->mapping_lines ? text.data : NULL, *end; at != NULL && *at != '\0';
         at = end) {
        end = strchr(at, '\n');
        if (end != NULL) {
            *end++ = '\0';
        }
        ls_journal_write(s->journal, LS_LOG_WARNING, "mapping", "", 0, at, NULL);
    }
    s->mapping_lines = lines;
    ls_buffer_clear(&text);
}

static void loop(ls_service *s) {
    uint64_t begun = 0;
    int reloads = *s->def->reload;
    for (uint64_t tick = 1; *s->def->stop == 0; tick++) {
        const struct timespec pause = {.tv_nsec = TICK_US * 1000L};
        nanosleep(&pause, NULL);
        const bool saved = atomic_exchange(&s->saved, false);
        if (*s->def->reload != reloads || saved) {
            reloads = *s->def->reload;
            ls_notify_reloading();
            ls_service_reload(s);
            ls_notify_ready("running");
            begun = tick;
        }
        advance(s);
        if (tick % SECOND_TICKS == 0) {
            ls_calibrations_tick(s->calibrations, s->watch, s->intake.running.plant);
            ls_searches_tick(s->searches, s->intake.running.plant, s->intake.running.twin,
                             s->decisions);
            ls_service_tick_models(s);
            ls_notify_alive();
        }
        if (tick % SAVE_TICKS == 0) {
            save(s);
            tell_status(s);
        }
        if ((tick - begun) % MAPPING_TICKS == FIRST_MAPPING_TICKS) {
            tell_mapping(s);
        }
    }
}

// ---- ending

static ls_status finish(ls_service *s, ls_status status, ls_errors *errors) {
    ls_service_close_web(s);
    ls_service_close_jobs(s);
    ls_service_close_line(s);
    if (status == LS_OK) {
        save(s);
    }
    ls_service_close_pool(s);
    ls_journal_destroy(s->journal);
    ls_error err = {0};
    const ls_status closed = ls_history_close(s->intake.history, &err);
    if (closed != LS_OK) {
        ls_errors_add(errors, &err);
    }
    ls_intake_clear(&s->intake);
    ls_pulse_destroy(s->pulse);
    ls_tags_destroy(s->tags);
    pthread_rwlock_destroy(&s->line_lock);
    return status != LS_OK ? status : closed;
}

ls_status ls_service_run(const ls_service_def *def, ls_errors *errors) {
    ls_service service = {.def = def};
    ls_error err = {0};
    ls_status status = ls_intake_init(&service.intake, &err);
    service.pulse = ls_pulse_create();
    if (status != LS_OK || service.pulse == NULL ||
        pthread_rwlock_init(&service.line_lock, NULL) != 0) {
        ls_errors_add(errors, &err);
        return LS_ERR_MEMORY;
    }
    status = start(&service, errors);
    if (status == LS_OK) {
        ls_say(LS_LOG_INFO, "service", service.intake.running.plant->name,
               "listening on http://%s:%d, keeping in %s", def->listen, service.port, def->data);
        ls_notify_ready("running");
        loop(&service);
        ls_notify_stopping();
        ls_say(LS_LOG_INFO, "service", service.intake.running.plant->name, "stopping");
    }
    return finish(&service, status, errors);
}
