// run_files.c - see run_files.h.
#include "exec/run_files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

void ls_run_file_name(char out[LS_RUN_NAME_SIZE], const char *what, uint32_t run) {
    snprintf(out, LS_RUN_NAME_SIZE, "%s.%u", what, run);
}

int ls_run_give(int folder, int fd) {
    struct stat owner;
    if (geteuid() != 0) {
        return 0;
    }
    return fstat(folder, &owner) == 0 && fchown(fd, owner.st_uid, owner.st_gid) == 0 ? 0 : errno;
}

bool ls_run_is_short(int wrong) {
    return wrong == EMFILE || wrong == ENFILE || wrong == ENOMEM || wrong == EINTR || wrong == EIO;
}

// A whole file under a name that nobody else uses. 0 or errno.
static int write_new(int folder, const char *name, const char *text) {
    unlinkat(folder, name, 0);
    const int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) {
        return errno;
    }
    const size_t size = strlen(text);
    errno = 0;
    const ssize_t wrote = write(fd, text, size);
    int wrong = wrote == (ssize_t)size ? 0 : errno != 0 ? errno : ENOSPC;
    wrong = wrong == 0 ? ls_run_give(folder, fd) : wrong;
    if (close(fd) != 0 && wrong == 0) {
        wrong = errno;
    }
    if (wrong != 0) {
        unlinkat(folder, name, 0);
    }
    return wrong;
}

// 0 or errno; ENOENT: there is none.
static int read_text(int folder, const char *name, char out[LS_RUN_FILE_SIZE_MAX]) {
    const int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    struct stat status;
    const bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    const ssize_t got = regular ? read(fd, out, LS_RUN_FILE_SIZE_MAX - 1) : 0;
    const int wrong = got < 0 ? errno : regular ? 0 : EINVAL;
    close(fd);
    out[got > 0 ? got : 0] = '\0';
    return wrong;
}

// ---- claims

int ls_run_claim_make(int folder, uint32_t run, const ls_run_claim *claim) {
    char name[LS_RUN_NAME_SIZE];
    char own[LS_RUN_NAME_SIZE + 16];
    char text[LS_RUN_FILE_SIZE_MAX];
    ls_run_file_name(name, "claim", run);
    snprintf(own, sizeof own, "%s.%d", name, (int)getpid());
    if (claim->forbidden) {
        snprintf(text, sizeof text, "forbidden\n");
    } else {
        snprintf(text, sizeof text, "shim %d %" PRIu64 " command %d %" PRIu64 " boot %s\n",
                 (int)claim->shim.pid, claim->shim.start, (int)claim->command.pid,
                 claim->command.start, claim->boot[0] != '\0' ? claim->boot : "-");
    }
    int wrong = write_new(folder, own, text);
    if (wrong == 0) {
        wrong = linkat(folder, own, folder, name, 0) == 0 ? 0 : errno;
        unlinkat(folder, own, 0);
    }
    return wrong;
}

bool ls_run_claim_parse(const char *text, ls_run_claim *out) {
    *out = (ls_run_claim){.forbidden = strcmp(text, "forbidden\n") == 0};
    if (out->forbidden) {
        return true;
    }
    int shim = 0;
    int command = 0;
    int end = 0;
    const int got = sscanf(text, "shim %9d %20" SCNu64 " command %9d %20" SCNu64 " boot %39s%n",
                           &shim, &out->shim.start, &command, &out->command.start, out->boot, &end);
    out->shim.pid = shim;
    out->command.pid = command;
    return got == 5 && strcmp(text + end, "\n") == 0 && shim > 0 && command > 0;
}

bool ls_run_claim_read(int folder, uint32_t run, ls_run_claim *out) {
    char name[LS_RUN_NAME_SIZE];
    char text[LS_RUN_FILE_SIZE_MAX];
    ls_run_file_name(name, "claim", run);
    const int wrong = read_text(folder, name, text);
    if (wrong != 0 &&
        (ls_run_is_short(wrong) || faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0)) {
        errno = wrong;
        return false;
    }
    if (wrong != 0 || !ls_run_claim_parse(text, out)) {
        *out = (ls_run_claim){0};  // it is claimed, by whom nobody knows
    }
    return true;
}

// ---- ends

static const char *const hows[] = {"exited", "signalled", "not-started", "never", "lost"};

int ls_run_end_make(int folder, const ls_run_end *end) {
    char name[LS_RUN_NAME_SIZE];
    char own[LS_RUN_NAME_SIZE + 8];
    char text[LS_RUN_FILE_SIZE_MAX];
    char note[sizeof end->note];
    snprintf(note, sizeof note, "%s", end->note);
    ls_text_tame(note, false);
    snprintf(text, sizeof text, "%s %d asked %d timed-out %d at %" PRId64 " note %s\n",
             hows[end->how], end->code, end->asked, end->timed_out, end->ended_us, note);
    ls_run_file_name(name, "end", end->run);
    snprintf(own, sizeof own, "%s.new", name);
    const int wrong = write_new(folder, own, text);
    if (wrong != 0) {
        return wrong;
    }
    return renameat(folder, own, folder, name) == 0 ? 0 : errno;
}

bool ls_run_end_parse(const char *text, ls_run_end *out) {
    char how[16];
    int asked = 0;
    int timed_out = 0;
    int end = 0;
    *out = (ls_run_end){0};
    const int got = sscanf(text, "%15s %9d asked %1d timed-out %1d at %19" SCNd64 " note%n", how,
                           &out->code, &asked, &timed_out, &out->ended_us, &end);
    const size_t length = strlen(text);
    if (got != 5 || end == 0 || text[end] != ' ' || text[length - 1] != '\n' ||
        length - (size_t)end - 2 >= sizeof out->note) {
        return false;
    }
    memcpy(out->note, text + end + 1, length - (size_t)end - 2);
    out->asked = asked != 0;
    out->timed_out = timed_out != 0;
    for (uint32_t i = 0; i < sizeof hows / sizeof *hows; i++) {
        if (strcmp(how, hows[i]) == 0) {
            out->how = (ls_run_how)i;
            return true;
        }
    }
    return false;
}

bool ls_run_end_read(int folder, uint64_t job, uint32_t run, ls_run_end *out) {
    char name[LS_RUN_NAME_SIZE];
    char text[LS_RUN_FILE_SIZE_MAX];
    ls_run_file_name(name, "end", run);
    const int wrong = read_text(folder, name, text);
    if (wrong != 0 || !ls_run_end_parse(text, out)) {
        errno = wrong != 0 ? wrong : EINVAL;
        return false;
    }
    ls_text_tame(out->note, false);
    out->job = job;
    out->run = run;
    return true;
}

// ---- stops

bool ls_run_stop_parse(const char *text, int64_t *out_until_us) {
    const char word[] = "stop ";
    const size_t length = strlen(text);
    return strncmp(text, word, sizeof word - 1) == 0 && text[length - 1] == '\n' &&
           ls_text_parse_i64(text + sizeof word - 1, length - sizeof word, out_until_us);
}

int ls_run_stop_send(int folder, uint32_t run, int64_t until_us) {
    char name[LS_RUN_NAME_SIZE];
    char text[64];
    ls_run_file_name(name, "ctl", run);
    const int fd = openat(folder, name, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    struct stat status;
    int wrong = fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode) ? 0 : EINVAL;
    const int size = snprintf(text, sizeof text, "stop %" PRId64 "\n", until_us);
    if (wrong == 0 && write(fd, text, (size_t)size) != size) {
        wrong = errno;
    }
    close(fd);
    return wrong;
}
