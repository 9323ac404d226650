// clock.c - for tests: a library that is loaded before a program (LD_PRELOAD) and sets its wall
// clock by so many microseconds (whole seconds) as stand in the file LINESHAFT_TEST_CLOCK; whoever
// writes the file sets the clock while the program runs. The steady clocks are as they are.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { DIGITS = 20 };

static const char *shown;  // the file; NULL: none

__attribute__((constructor)) static void look(void) {
    const char *path = getenv("LINESHAFT_TEST_CLOCK");
    const int file = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0) {
        void *at = mmap(NULL, DIGITS, PROT_READ, MAP_SHARED, file, 0);
        shown = at != MAP_FAILED ? at : NULL;
        close(file);
    }
}

static long long ahead_us(void) {
    long long us = 0;
    const int sign = shown != NULL && shown[0] == '-' ? -1 : 1;
    for (int i = 0; shown != NULL && i < DIGITS; i++) {
        us = shown[i] >= '0' && shown[i] <= '9' ? us * 10 + (shown[i] - '0') : us;
    }
    return sign * us;
}

int clock_gettime(clockid_t clock, struct timespec *out) {
    const int result = (int)syscall(SYS_clock_gettime, clock, out);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        out->tv_sec += (time_t)(ahead_us() / 1000000);
    }
    return result;
}

int gettimeofday(struct timeval *out, void *zone) {
    struct timespec now;
    (void)zone;
    const int result = clock_gettime(CLOCK_REALTIME, &now);
    *out = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return result;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL) {
        *out = now.tv_sec;
    }
    return now.tv_sec;
}
