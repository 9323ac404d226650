// service_watch.c - what is looked at beside the signals: orders and notes, estimates, forecasts.
#include "loop/service_parts.h"

void ls_service_every_second(ls_service *service) {
    (void)service;
}

void ls_service_watch_json(ls_service *service, json_t *object) {
    (void)service;
    (void)object;
}
