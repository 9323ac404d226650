// disk.c - see disk.h.
#include "exec/disk.h"

#include <sys/statvfs.h>

#define LOGS_LEAVE (UINT64_C(64) << 20)

static int64_t pretended = -1;

void ls_disk_pretend(int64_t free_bytes) {
    pretended = free_bytes;
}

static uint64_t free_of(const struct statvfs *disk) {
    return pretended >= 0 ? (uint64_t)pretended : (uint64_t)disk->f_bavail * disk->f_frsize;
}

ls_status ls_disk_check(const char *folder, ls_error *err) {
    struct statvfs disk;
    if (statvfs(folder, &disk) != 0 || free_of(&disk) >= LS_DISK_LEAST) {
        return LS_OK;
    }
    ls_fail(err, LS_ERR_LIMIT, "the disk of '%s' is full: %llu KiB are left, and %llu are needed",
            folder, (unsigned long long)(free_of(&disk) >> 10),
            (unsigned long long)(LS_DISK_LEAST >> 10));
    ls_hint(err, "nothing was done; what runs goes on. Make room, and ask again");
    return LS_ERR_LIMIT;
}

bool ls_disk_has_room_for_logs(int folder) {
    struct statvfs disk;
    if (fstatvfs(folder, &disk) != 0) {
        return true;
    }
    const uint64_t part = (uint64_t)disk.f_blocks * disk.f_frsize / 64;
    return free_of(&disk) >= LS_DISK_LEAST + (part < LOGS_LEAVE ? part : LOGS_LEAVE);
}
