// sparkplug_host_tell.c - notices, and rebirth requests that cannot become a storm.
#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "line/sparkplug_host_model.h"

enum { TEXT_SIZE = 768, ASK_MAX = 8 };
static const int64_t REFUSED_TELL_US = 10 * 1000000LL;

void host_tell(ls_sparkplug_host *host, ls_notice_kind kind, const char *subject, int64_t time_us,
               uint64_t count, int64_t amount_us, const char *format, ...) {
    char text[TEXT_SIZE];
    va_list args;
    va_start(args, format);
    ls_text_vformat(text, sizeof text, format, args);
    va_end(args);
    const ls_notice notice = {.kind = kind,
                              .time_us = time_us,
                              .subject = subject,
                              .text = text,
                              .count = count,
                              .amount_us = amount_us};
    host->sink.noticed(host->sink.context, &notice);
}

void host_refuse(ls_sparkplug_host *host, host_node *node, int64_t now_us, const char *format,
                 ...) {
    host->figures.refused++;
    node->refused_untold++;
    if (now_us - node->refused_told_us < REFUSED_TELL_US) {
        return;
    }
    char text[TEXT_SIZE];
    va_list args;
    va_start(args, format);
    ls_text_vformat(text, sizeof text, format, args);
    va_end(args);
    host_tell(host, LS_NOTICE_REFUSED, node->devices[0].subject, host_there(node, now_us),
              node->refused_untold, 0, "%s", text);
    node->refused_told_us = now_us;
    node->refused_untold = 0;
}

void host_want_rebirth(ls_sparkplug_host *host, host_node *node, int64_t now_us, const char *why) {
    node->asked = 0;  // somebody is there
    if (node->why == NULL) {
        // Quiet for long enough: the waiting time is forgotten.
        if (now_us - node->asked_us > 4 * node->backoff_us) {
            node->backoff_us = host->def.rebirth_first_us;
            node->ask_at_us = now_us;
        }
    }
    node->why = why;
    const int64_t at = host_rebirth_tick(host, node, now_us);
    host->due_us = at < host->due_us ? at : host->due_us;
}

bool host_send_rebirth(ls_sparkplug_host *host, host_node *node, int64_t now_us) {
    char topic[LS_SPARKPLUG_TOPIC_MAX];
    uint8_t bytes[128];
    ls_sparkplug_writer w;
    const ls_sparkplug_metric rebirth = {.name = {"Node Control/Rebirth", 20},
                                         .has_type = true,
                                         .type = LS_SPARKPLUG_BOOLEAN,
                                         .field = LS_SPARKPLUG_BOOLEAN_VALUE,
                                         .bits = 1};
    ls_sparkplug_begin(&w, bytes, sizeof bytes, now_us > 0 ? (uint64_t)now_us / 1000 : 0);
    ls_sparkplug_add(&w, &rebirth);
    ls_sparkplug_topic_format(topic, LS_SPARKPLUG_NCMD, node->group, node->name, NULL);
    return host->def.publish(host->def.context, topic, bytes, ls_sparkplug_size(&w), 0, false);
}

// Asks when it is time to. A node that does not answer is asked a few times and then left alone
// until something is heard of it.
int64_t host_rebirth_tick(ls_sparkplug_host *host, host_node *node, int64_t now_us) {
    if (node->why == NULL || node->asked >= ASK_MAX || !host->connected) {
        return INT64_MAX;
    }
    const int64_t at = node->ask_at_us > host->ask_next_us ? node->ask_at_us : host->ask_next_us;
    if (now_us < at) {
        return at;
    }
    if (!host_send_rebirth(host, node, now_us)) {
        return now_us + host->def.rebirth_first_us;
    }
    host->ask_next_us = now_us + 1000000 / (int64_t)host->def.rebirths_per_s;
    node->asked++;
    node->asked_us = now_us;
    node->ask_at_us = now_us + node->backoff_us;
    host->figures.rebirths++;
    host_tell(host, LS_NOTICE_REBIRTH, node->devices[0].subject, host_there(node, now_us),
              node->asked, 0, "asked for a rebirth: %s; again in %.1f s at the earliest", node->why,
              (double)node->backoff_us / 1e6);
    const int64_t doubled = 2 * node->backoff_us;
    node->backoff_us = doubled < host->def.rebirth_max_us ? doubled : host->def.rebirth_max_us;
    return node->ask_at_us;
}
