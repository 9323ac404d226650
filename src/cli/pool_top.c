// pool_top.c - `lineshaft pool top`: the pool, live in a terminal.
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/complain.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/pool_call.h"
#include "cli/pool_top_draw.h"
#include "cli/progress.h"

static const ls_option own_options[] = {
    {.name = "once", .letter = '1', .kind = LS_OPTION_FLAG, .about = "prints it once and ends"},
    {.name = "every",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .initial = "1s",
     .about = "how often it looks"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_pool_call_options, NULL};

enum { WIDTH_USUAL = 80, HEIGHT_USUAL = 24, JOBS = 200, ACTS = 20 };

// ---- what is shown

typedef struct glance {
    json_t *pool, *jobs, *acts;
} glance;

static void drop(glance *g) {
    json_decref(g->pool);
    json_decref(g->jobs);
    json_decref(g->acts);
    *g = (glance){0};
}

static int look(ls_pool_call *call, glance *out) {
    *out = (glance){0};
    int code = ls_pool_call_do(call, json_pack("{s:s}", "do", "pool"), &out->pool);
    if (code == LS_EXIT_DONE) {
        code = ls_pool_call_do(call, json_pack("{s:s, s:i}", "do", "jobs", "limit", JOBS),
                               &out->jobs);
    }
    if (code == LS_EXIT_DONE) {
        code = ls_pool_call_do(
            call,
            json_pack("{s:s, s:i, s:i, s:s}", "do", "acts", "limit", ACTS, "from_us", 0, "kinds",
                      "start,end,fail,cancel,reclaim,broken,lost"),
            &out->acts);
    }
    if (code != LS_EXIT_DONE) {
        drop(out);
    }
    return code;
}

// ---- the terminal

static struct termios usual;
static volatile sig_atomic_t changed;

static void put_back(void) {
    static const char end[] = "\033[?25h\033[?1049l";
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &usual);
    (void)!write(STDOUT_FILENO, end, sizeof end - 1);
}

// Another screen, no cursor, keys as they are pressed. False: this is no terminal.
static bool take_over(void) {
    static const char begin[] = "\033[?1049h\033[?25l";
    if (tcgetattr(STDIN_FILENO, &usual) != 0) {
        return false;
    }
    struct termios raw = usual;
    raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    (void)!write(STDOUT_FILENO, begin, sizeof begin - 1);
    return true;
}

static void on_change(int number) {
    (void)number;
    changed = 1;
}

static void size_of(int *out_width, int *out_height) {
    struct winsize size = {0};
    *out_width = WIDTH_USUAL;
    *out_height = HEIGHT_USUAL;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        *out_width = size.ws_col;
        *out_height = size.ws_row;
    }
}

// The whole screen in one write, so that it does not flicker.
static void show(const glance *g) {
    int width, height;
    ls_buffer text, screen;
    ls_buffer_init(&text);
    ls_buffer_init(&screen);
    size_of(&width, &height);
    ls_pool_top_draw(g->pool, g->jobs, g->acts, width, height - 1, true, &text);
    ls_buffer_text(&screen, "\033[H");
    for (const char *at = text.data; at != NULL && *at != '\0';) {
        const size_t length = strcspn(at, "\n");
        ls_buffer_append(&screen, at, length);
        ls_buffer_text(&screen, "\033[K\r\n");
        at += length + (at[length] == '\n');
    }
    ls_buffer_text(&screen, "\033[J\033[7m q ends \033[0m");
    for (size_t sent = 0; !screen.failed && sent < screen.size;) {
        const ssize_t n = write(STDOUT_FILENO, screen.data + sent, screen.size - sent);
        if (n <= 0) {
            break;
        }
        sent += (size_t)n;
    }
    ls_buffer_clear(&text);
    ls_buffer_clear(&screen);
}

// Until the time is over or a key is pressed; true: to end.
static bool wait_for_key(int64_t us) {
    struct pollfd keys = {.fd = STDIN_FILENO, .events = POLLIN};
    char pressed[16];
    const int n = poll(&keys, 1, (int)(us / 1000));
    if (n > 0 && (keys.revents & (POLLHUP | POLLERR)) != 0 && (keys.revents & POLLIN) == 0) {
        return true;
    }
    const ssize_t got = n > 0 ? read(STDIN_FILENO, pressed, sizeof pressed) : 0;
    for (ssize_t i = 0; i < got; i++) {
        if (pressed[i] == 'q' || pressed[i] == 'Q' || pressed[i] == 3) {
            return true;
        }
    }
    return ls_interrupt_came();
}

static int watch(const ls_options *options, ls_pool_call *call) {
    const int64_t every = ls_options_get(options, "every")->number;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_handler = on_change;
    sigaction(SIGWINCH, &action, NULL);
    ls_interrupt_watch();
    glance g;
    int code = look(call, &g);
    if (code != LS_EXIT_DONE || !take_over()) {
        return code;
    }
    bool ends = false;
    while (code == LS_EXIT_DONE && !ends) {
        show(&g);
        changed = 0;
        ends = wait_for_key(every > 100000 ? every : 100000);
        if (!ends && !changed) {
            drop(&g);
            code = look(call, &g);
        }
    }
    put_back();
    drop(&g);
    return code;
}

// ---- once

static int print_once(const ls_options *options, ls_pool_call *call) {
    glance g;
    int width = WIDTH_USUAL, height = 0;
    int code = look(call, &g);
    if (code != LS_EXIT_DONE) {
        return code;
    }
    if (ls_options_get(options, "json")->given) {
        code = ls_pool_call_print(
            "pool-top/1", "top",
            json_pack("{s:O, s:O, s:O}", "pool", g.pool, "jobs", json_object_get(g.jobs, "jobs"),
                      "acts", json_object_get(g.acts, "acts")));
    } else {
        ls_buffer out;
        ls_buffer_init(&out);
        if (isatty(STDOUT_FILENO)) {
            size_of(&width, &height);
        }
        ls_pool_top_draw(g.pool, g.jobs, g.acts, width, HEIGHT_USUAL, false, &out);
        code = ls_output_print(&out);
        ls_buffer_clear(&out);
    }
    drop(&g);
    return code;
}

static int run(const ls_options *options) {
    ls_pool_call *call = NULL;
    int code = ls_pool_call_begin(options, &call);
    if (code != LS_EXIT_DONE) {
        return code;
    }
    const bool once = ls_options_get(options, "once")->given ||
                      ls_options_get(options, "json")->given ||
                      !ls_progress_can_draw(STDOUT_FILENO) || !isatty(STDIN_FILENO);
    code = once ? print_once(options, call) : watch(options, call);
    ls_pool_call_close(call);
    return code;
}

const ls_cli_command ls_command_pool_top = {
    .name = "pool top",
    .arguments = "",
    .least = 0,
    .most = 0,
    .about = "Shows the pool live: accounts, what they borrow, the queue, what happened.",
    .example = "lineshaft pool top",
    .examples = "lineshaft pool top --once\n",
    .detail =
        "Of an account the bar shows what it uses of its guarantee (=), what it borrows (+) and "
        "what of its guarantee it leaves to others (-). Racks are told of where something in them "
        "is out of service, the worst first. Where this is no terminal, or one that cannot be "
        "drawn over (TERM=dumb), it is printed once, for 80 columns and 24 lines.\n",
    .tables = tables,
    .run = run,
};
