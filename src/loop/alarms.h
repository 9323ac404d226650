// alarms.h - monitors in service: an alarm that begins or ends is told, with who is to blame.
//
// An event of kind `alarm` in the history, a line of the log and of the page's stream when it
// begins and one when it ends, and one when a person has seen it. Hears the rows that the models
// ask about (models.h), on their second thread: a sentry of its own for each unit goes over them
// again, so that nothing of this is in the way of a prediction.
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "loop/alarm.h"
#include "loop/journal.h"
#include "loop/models.h"
#include "model/monitor.h"
#include "plant/models.h"

typedef struct ls_alarms ls_alarms;

// The plans stay until close. LS_ERR_MEMORY.
ls_status ls_alarms_create(const ls_model_plan *plans, uint32_t plan_count, ls_journal *journal,
                           ls_alarms **out, ls_error *err);
void ls_alarms_destroy(ls_alarms *alarms);  // NULL is fine
// Alarms that stood when the service ended stand again: they are not told anew. From the events of
// the last 30 days before now_us.
ls_status ls_alarms_recall(ls_alarms *alarms, ls_history *history, int64_t now_us, ls_error *err);

// This version of a monitor serves from now on; it is copied. NULL: none does. An alarm that stands
// goes on, and is judged by the new one. LS_ERR_INVALID: the plan is of other rows.
ls_status ls_alarms_serve(ls_alarms *alarms, uint32_t model, uint32_t version,
                          const ls_monitor *monitor, const char *const *columns,
                          uint32_t column_count, ls_error *err);
// A row that this version was asked about, in the order of time. Of another version, or of a model
// that is no monitor, nothing happens. After a gap in time the sentry begins anew.
void ls_alarms_hear(ls_alarms *alarms, uint32_t model, uint32_t unit, uint32_t version,
                    int64_t time_us, const float *row);

// From now on the models in service are heard, and who serves; until they are closed. Fails
// with LS_ERR_LIMIT: too many listen already.
ls_status ls_alarms_attach(ls_alarms *alarms, ls_models *models, ls_error *err);
// `live` of a model (models.h): each unit gets "alarm", as ls_alarms_json says it. NULL is fine.
void ls_alarms_add(ls_alarms *alarms, json_t *model);

// Does one stand? As ls_alarm_json says it; null: no. Any thread.
json_t *ls_alarms_json(ls_alarms *alarms, uint32_t model, uint32_t unit);

// A person has seen an alarm: kept with it, told once as an event, and it stands on. The time is
// that of the newest row. Seen already: nothing changes, the first one stays. *out: the alarm.
// Fails with LS_ERR_INVALID (no such monitor or unit), LS_ERR_STOPPED (none stands, or another than
// was seen). Any thread.
ls_status ls_alarms_see(ls_alarms *alarms, const ls_alarms_seen *def, json_t **out, ls_error *err);
