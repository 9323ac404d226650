// Any bytes as a manifest and as the stages of a model: read or refused, and no part's name leads
// out of the version's folder.
#include <stdlib.h>
#include <string.h>

#include "model/registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static ls_registry_stages stages;
    ls_registry_version version;
    ls_error err;
    if (ls_registry_read_manifest((const char *)data, size, "fuzz", &version, &err) == LS_OK) {
        for (uint32_t i = 0; i < version.part_count; i++) {
            if (strchr(version.parts[i].name, '/') != NULL || version.parts[i].name[0] == '.') {
                abort();
            }
        }
    }
    ls_registry_version_clear(&version);
    if (ls_registry_stages_parse((const char *)data, size, "fuzz", &stages, &err) == LS_OK &&
        (stages.past_count > LS_REGISTRY_PAST_MAX || stages.champion > LS_REGISTRY_VERSIONS_MAX)) {
        abort();
    }
    return 0;
}
