// stamp - the shortest job there is: writes down when it started (wall clock, ns) at the end of a
// file, and ends. Appended in one write, so that many at once do not mix.
//
//   stamp FILE
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct timespec now;
    char line[32];
    if (argc != 2 || clock_gettime(CLOCK_REALTIME, &now) != 0) {
        return 2;
    }
    snprintf(line, sizeof line, "%" PRId64 "\n", (int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
    const int file = open(argv[1], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) {
        return 4;
    }
    const size_t size = strlen(line);
    return write(file, line, size) == (ssize_t)size ? 0 : 4;
}
