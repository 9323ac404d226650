// model_version.h - a version of a model, out of the registry: its parts, its predictor.
#pragma once

#include "cli/model_open.h"
#include "model/dataset.h"
#include "model/predictor.h"

// `--version N`, else the champion, else the newest one; for the tables of commands.
extern const ls_option ls_model_version_options[];
// Its number. LS_ERR_INVALID when there is none.
ls_status ls_model_pick(const ls_model_opened *opened, const ls_options *options,
                        const ls_registry_stages *stages, uint32_t *out, ls_error *err);
// The version that is picked, with the stages of all. *out is to be cleared in any case.
ls_status ls_model_take(const ls_model_opened *opened, const ls_options *options,
                        ls_registry_stages *out_stages, ls_registry_version *out, ls_error *err);
// `--sign KEY`: is it a secret key? LS_OK where it is not given. Before anything is trained.
ls_status ls_model_check_key(const ls_options *options, ls_error *err);
// Signs with it, where it is given: before the version is placed, since where a key is demanded
// nothing unsigned serves.
ls_status ls_model_sign_version(const ls_model_opened *opened, const ls_options *options,
                                uint32_t number, ls_error *err);
// May it serve at once, being signed as the plant demands? Else *why says why not.
bool ls_model_may_serve(const ls_model_opened *opened, uint32_t number, ls_error *why);
// Says to the person what of its gates the version did not pass when it was trained.
void ls_model_warn_of_gates(const ls_registry_version *version);
// What predicts, as JSON. LS_ERR_INVALID: it has no such part.
ls_status ls_model_part(const ls_registry_version *version, const ls_registry_part **out,
                        ls_error *err);
// Its predictor for these features. *out_radius (may be NULL): half the width of its intervals,
// INFINITY when it has none.
ls_status ls_model_predictor(const ls_model_plan *plan, const ls_registry_version *version,
                             const ls_dataset *rows, ls_predictor *out, double *out_radius,
                             ls_error *err);
