// registry_inside.h - what the files of the registry share. Private to registry*.c.
#pragma once

#include "model/registry.h"

enum { LS_REGISTRY_PATH_SIZE = 4096 };

// FOLDER/MODEL and `rest`, which begins with '/' or is empty.
ls_status ls_registry_path(char out[LS_REGISTRY_PATH_SIZE], const char *folder, const char *model,
                           const char *rest, ls_error *err);
// Makes the folders where they are missing; waits. Unlock takes -1 too.
ls_status ls_registry_lock(const char *folder, const char *model, int *out_fd, ls_error *err);
void ls_registry_unlock(int fd);
// Is the manifest, these bytes, signed by the key of the file? And is it this model's?
ls_status ls_registry_check_signature(const char *folder, const char *model, uint32_t number,
                                      const char *key_file, const char *bytes, size_t size,
                                      ls_error *err);
// The manifest as text, to be freed by free().
ls_status ls_registry_make_manifest(const char *model, uint32_t number,
                                    const ls_registry_part *parts, uint32_t count,
                                    const char *lineage, char **out, ls_error *err);
