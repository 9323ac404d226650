// registry.h - the versions of a plant's models, kept beside its history.
//
//   FOLDER/NAME/versions/1/manifest.json    what the version is made of and where it came from
//   FOLDER/NAME/versions/1/...              its parts, as the manifest names them
//   FOLDER/NAME/stages.json                 which version serves, which one wants to, which did
//   FOLDER/NAME/lock                        one process changes a model's registry at a time
//
// A version is made in a hidden folder and renamed when it is whole and on disk: it is there or it
// is not, whenever the power goes. It never changes afterwards. Stages are one small file, replaced
// by rename: promotion and rollback are one write each. A version whose parts are not what its
// manifest says (size, SHA-256) cannot be opened, promoted or rolled back to.
//
// Thread safe across threads and processes: writers wait for the lock, readers need none.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "model/sha256.h"
#include "plant/models.h"

enum {
    LS_REGISTRY_PARTS_MAX = 16,
    LS_REGISTRY_NAME_MAX = 63,
    LS_REGISTRY_VERSIONS_MAX = 1000000,
    LS_REGISTRY_MANIFEST_MAX = 1 << 20,
    LS_REGISTRY_PAST_MAX = 1000,  // champions of before that are remembered
};
#define LS_REGISTRY_PART_MAX ((size_t)256 << 20)  // bytes of one part

typedef enum ls_model_stage {
    LS_STAGE_CANDIDATE,   // made, has served nobody
    LS_STAGE_CHALLENGER,  // predicts in the shadow of the champion
    LS_STAGE_CHAMPION,    // serves
    LS_STAGE_RETIRED,     // has served, or lost against the champion
    LS_STAGE_COUNT
} ls_model_stage;
const char *ls_model_stage_name(ls_model_stage stage);  // "candidate"

typedef struct ls_registry_part {
    const char *name;  // of a file: letters, digits, '-', '_', '.'; not "manifest.json"
    const void *bytes;
    size_t size;
    char sha256[LS_SHA256_TEXT];  // out
} ls_registry_part;

// One version, read and checked. All memory in `arena`.
typedef struct ls_registry_version {
    uint32_t number;
    const char *model;  // whose it is, by its manifest
    ls_registry_part parts[LS_REGISTRY_PARTS_MAX];
    uint32_t part_count;
    const char *lineage;  // a JSON object: data, features, code, parameters, metrics
    ls_arena arena;
} ls_registry_version;

typedef struct ls_registry_stages {
    uint32_t champion, challenger;        // 0: none
    uint32_t past[LS_REGISTRY_PAST_MAX];  // champions of before, the last one last
    uint32_t past_count;
    uint32_t lost[LS_REGISTRY_PAST_MAX];  // that are no more to serve: challengers that lost,
    uint32_t lost_count;                  // champions that were rolled back
} ls_registry_stages;

// Adds a version with the next free number. `lineage` is one JSON object. Fails with LS_ERR_INVALID
// (name, part, lineage), LS_ERR_LIMIT (names the limit), LS_ERR_IO; the registry is then as it was.
ls_status ls_registry_add(const char *folder, const char *model, const ls_registry_part *parts,
                          uint32_t part_count, const char *lineage, uint32_t *out_number,
                          ls_error *err);
// Reads and checks a version; clear it afterwards, also after a failure. LS_ERR_INVALID: there is
// no such version, its manifest is of another model or version, or a part is not what it says.
ls_status ls_registry_load(const char *folder, const char *model, uint32_t number,
                           ls_registry_version *out, ls_error *err);
void ls_registry_version_clear(ls_registry_version *version);
const ls_registry_part *ls_registry_find_part(const ls_registry_version *version,
                                              const char *name);  // NULL: none
// The same of a version that must be signed (ls_registry_sign) by the key whose public half is in
// the file `key_file`; NULL: it need not be. LS_ERR_INVALID: it is not signed, by another key, or
// changed since.
ls_status ls_registry_load_signed(const char *folder, const char *model, uint32_t number,
                                  const char *key_file, ls_registry_version *out, ls_error *err);
// The same of a version that is to serve or to be asked: where a key is demanded it must also be
// none of before the plan's `signed-from`, since whoever may write into the registry could put an
// older signed version in the champion's place.
ls_status ls_registry_load_demanded(const char *folder, const ls_model_plan *plan, uint32_t number,
                                    const char *key_file, ls_registry_version *out, ls_error *err);
// Signs the manifest of a version, and so all its parts, with a secret key (signature.h); what is
// not what its manifest says is not signed. `file` is what errors call the key.
ls_status ls_registry_sign(const char *folder, const char *model, uint32_t number,
                           const char *secret, size_t secret_size, const char *file, ls_error *err);
// The file of a plan's `signed-by`, which is looked for from the folder of the plant file; empty
// where signed_by is NULL.
void ls_registry_key_file(const char *plant_file, const char *signed_by, char *out, size_t size);
// Only the manifest, not the parts it names: their bytes are NULL.
ls_status ls_registry_peek(const char *folder, const char *model, uint32_t number,
                           ls_registry_version *out, ls_error *err);
// Total: any bytes.
ls_status ls_registry_read_manifest(const char *bytes, size_t size, const char *file,
                                    ls_registry_version *out, ls_error *err);

// Numbers of all versions, rising, in `arena`. A model without versions has none: LS_OK.
ls_status ls_registry_list(const char *folder, const char *model, ls_arena *arena,
                           uint32_t **out_numbers, size_t *out_count, ls_error *err);
ls_status ls_registry_stages_load(const char *folder, const char *model, ls_registry_stages *out,
                                  ls_error *err);
ls_status ls_registry_stages_parse(const char *bytes, size_t size, const char *file,
                                   ls_registry_stages *out, ls_error *err);
ls_model_stage ls_registry_stage_of(const ls_registry_stages *stages, uint32_t number);

// The version serves from now on; the champion of before is remembered.
ls_status ls_registry_promote(const char *folder, const char *model, uint32_t number,
                              ls_error *err);
// The version runs in the shadow; the challenger of before becomes a candidate again.
ls_status ls_registry_challenge(const char *folder, const char *model, uint32_t number,
                                ls_error *err);
// The challenger goes, since it lost. LS_ERR_INVALID when that version is not the challenger (any
// more).
ls_status ls_registry_retire(const char *folder, const char *model, uint32_t number, ls_error *err);
// The champion of before serves again. LS_ERR_INVALID when there was none.
ls_status ls_registry_rollback(const char *folder, const char *model, uint32_t *out_number,
                               ls_error *err);
