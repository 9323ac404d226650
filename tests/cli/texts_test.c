// texts_test.c - help and error texts, as goldens under tests/cli/expected/.
#include <lineshaft/twin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tests/cli/program.h"
#include "tests/harness.h"

enum { PATH_SIZE = 256, LINE_SIZE = 256 };

// What a session in a shell would look like.
static void put_session(const char *line, ls_buffer *out) {
    program got = program_run(line);
    ls_buffer_printf(out, "$ lineshaft %s\n%s%s", line, got.out, got.err);
    ls_buffer_printf(out, "[exit code %d]\n\n", got.code);
    CHECK(got.code <= 4);  // no golden holds a crash
    program_clear(&got);
}

static void check_sessions(const char *const *lines, size_t count, const char *golden) {
    if (!program_is_there()) {
        return;
    }
    ls_buffer out;
    ls_buffer_init(&out);
    for (size_t i = 0; i < count; i++) {
        put_session(lines[i], &out);
    }
    CHECK(!out.failed);
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "tests/cli/expected/%s", golden);
    CHECK_GOLDEN(path, out.data);
    ls_buffer_clear(&out);
}

#define CHECK_SESSIONS(lines, golden) \
    check_sessions((lines), sizeof(lines) / sizeof((lines)[0]), (golden))

static void test_help_is_short_or_full(void) {
    static const char *const lines[] = {
        "-h", "--help", "help", "twin --help", "twin -h", "help twin fork",
    };
    CHECK_SESSIONS(lines, "help.txt");
}

static void test_demo_says_what_it_takes(void) {
    static const char *const lines[] = {
        "demo --help",     "demo --speed fast", "demo --speed 0.5",
        "demo plant.yaml", "demo --for soon",
    };
    CHECK_SESSIONS(lines, "demo.txt");
}

static void test_help_of_each_command(void) {
    static const char *const lines[] = {
        "check -h",          "check --help",          "twin run -h",  "twin run --help",
        "twin compare -h",   "twin compare --help",   "twin fork -h", "twin fork --help",
        "import smt2020 -h", "import smt2020 --help",
    };
    CHECK_SESSIONS(lines, "help-commands.txt");
}

static void test_pool_files_are_checked(void) {
    static const char *const lines[] = {
        "check examples/pools/park.yaml",
        "check examples/pools/group.yaml",
        "check --effective examples/pools/box.yaml",
        "check examples/pools/box.yaml",
        "check tests/cli/plants/pool-mistakes.yaml",
        "check tests/cli/plants/pool-promises.yaml",
    };
    CHECK_SESSIONS(lines, "check-pool.txt");
}

static void test_the_pool_explains_itself(void) {
    static const char *const lines[] = {
        "pool",
        "pool -h",
        "pool --help",
        "pool simulate -h",
        "pool simulate --help",
        "pool design -h",
        "pool design --help",
        "pool simulate examples/pools/box.yaml --for 2d --seed 3",
        "pool simulate examples/pools/box.yaml --for 2d --seed 3 --reps 3 --policy own,fifo",
        "pool simulate tests/cli/plants/pool.yaml --trace tests/cli/plants/pool-jobs.csv",
        "pool simulate tests/cli/plants/pool.yaml --trace tests/cli/plants/pool-chain.csv --for 1d",
        "pool design --gpus 512 --kind dgx-h100",
        "pool design --gpus 100000 --kind dgx-h100 --power 1MW",
        "pool simulate",
        "pool simluate examples/pools/box.yaml",
        "pool simulate examples/pools/box.yaml --mix grup",
        "pool simulate examples/pools/box.yaml --polcy fifo",
        "pool simulate examples/pools/box.yaml --policy first",
        "pool simulate examples/pools/box.yaml --policy own,fifo,own",
        "pool simulate examples/pools/box.yaml --reps 0",
        "pool simulate tests/cli/plants/pool.yaml --trace tests/cli/plants/pool-jobs.csv --reps 2",
        "pool simulate examples/pools/box.yaml --for 0s",
        "pool simulate examples/pools/box.yaml --for 30",
        "pool simulate examples/pools/box.yaml --load 0",
        "pool simulate examples/pools/box.yaml --account line",
        "pool simulate examples/pools/box.yaml --csv README.md",
        "pool simulate examples/pools/box.yaml --csv no-such-folder/x.csv",
        "pool simulate examples/pools/box.yaml --force --csv examples/pools/box.yaml",
        "pool simulate tests/cli/plants/pool.yaml --trace tests/cli/plants/no-such.csv",
        "pool simulate tests/cli/plants/pool.yaml --trace README.md",
        "pool simulate tests/cli/plants/pool.yaml --trace tests/cli/plants/pool-jobs-wrong.csv",
        ("pool simulate tests/cli/plants/pool.yaml --trace tests/cli/plants/pool-jobs.csv"
         " --account lien"),
        "pool simulate tests/cli/plants/pool-mistakes.yaml",
        "pool simulate no-such-pool.yaml",
        "pool design",
        "pool design --gpus 10",
        "pool design --gpus 10 --kind dgx-h1000",
        "pool design --gpus 10 --kind dgx-h100 --power 5",
        "pool design --gpus 10 --kind dgx-h100 -o README.md",
    };
    CHECK_SESSIONS(lines, "pool.txt");
}

static void test_a_running_pool_is_asked_with_words(void) {
    static const char *const lines[] = {
        "pool run -h",
        "pool run --help",
        "pool submit -h",
        "pool submit --help",
        "pool jobs --help",
        "pool logs --help",
        "pool cancel --help",
        "pool why --help",
        "pool usage --help",
        "pool top --help",
        "pool submit",
        "pool submit --gpus two -- true",
        "pool submit --gpus 1 --slots 1 -- true",
        "pool submit --array 1-10 -- true",
        "pool submit --within rack --prefer row -- true",
        "pool submit --memory much -- true",
        "pool submit --chdir tests/no-such-folder -- true",
        "pool submit --socket tests/no-such-folder/pool.sock -- true",
        "pool jobs --all --state done",
        "pool jobs --socket tests/no-such-folder/pool.sock",
        "pool logs twelve",
        "pool logs 12 --json",
        "pool submit --array 5-4 -- true",
        "pool logs 12 -f --run 1",
        "pool cancel 12 x",
        "pool why 0",
        "pool usage --from monday",
        "pool usage --from 2026-11-30 --to 2026-11-01",
        "pool top --once --socket tests/no-such-folder/pool.sock",
        "pool run tests/cli/plants/pool-promises.yaml",
    };
    CHECK_SESSIONS(lines, "pool-run.txt");
}

static void test_an_emulated_line_explains_itself(void) {
    static const char *const lines[] = {
        "line emulate -h",
        "line emulate --help",
        "line emulate tests/cli/plants/line.yaml",
        "line emulate tests/cli/plants/line.yaml --speed fast",
        "line emulate tests/cli/plants/line.yaml --speed max",
        "line emulate tests/cli/plants/line.yaml --disturb drop=1%,tw=2",
        "line emulate tests/cli/plants/line.yaml --modbus 70000",
        "line emulate tests/cli/plants/line.yaml --hide tests/cli/plants/hide-wrong.yaml",
        "line emulate tests/cli/plants/line.yaml --speed max --for 1h --broker none --seed 1",
        "line emulate tests/cli/plants/line.yaml --registers",
    };
    CHECK_SESSIONS(lines, "line-emulate.txt");
}

static void test_deciding_explains_itself(void) {
    static const char *const lines[] = {
        "decide now -h",
        "decide now --help",
        "decide explain --help",
        "decide replay --help",
        "decide put-off --help",
        "guard hold --help",
        "model acknowledge --help",
        "decide put-off examples/gearbox/cell.yaml a 5min --role boss",
        "decide now",
        "decide explain examples/gearbox/cell.yaml",
        "decide now tests/cli/plants/line.yaml",
        "decide now examples/gearbox/cell.yaml --data tests/no-such-folder",
        "decide replay examples/gearbox/cell.yaml d-1 --data tests/no-such-folder",
        "decide now examples/gearbox/cell.yaml --withn 1s",
        "prove --help",
        "prove",
        "prove examples/gearbox/cell.yaml --data tests/no-such-folder",
        "prove examples/gearbox/cell.yaml --kid dispatch",
    };
    CHECK_SESSIONS(lines, "decide.txt");
}

static void test_twin_calibrate_explains_itself(void) {
    static const char *const lines[] = {
        "twin calibrate -h",
        "twin calibrate --help",
        "twin calibrate",
        "twin calibrate tests/cli/plants/line.yaml --write -o x.yaml",
        "twin calibrate tests/cli/plants/mistakes.yaml",
        "twin calibrate tests/cli/plants/line.yaml --from tests/cli/no-such-folder",
    };
    CHECK_SESSIONS(lines, "twin-calibrate.txt");
}

static void test_orders_notes_and_maps_explain_themselves(void) {
    static const char *const lines[] = {
        "order add -h",
        "order add --help",
        "order add",
        "order add tests/cli/plants/line.yaml",
        "order add tests/cli/plants/line.yaml --product blot",
        "order add tests/cli/plants/line.yaml --product bolt --class nut",
        "order add tests/cli/plants/line.yaml --product bolt --lots 0",
        "order add tests/cli/plants/line.yaml --product bolt --due tomorrow",
        "order add tests/cli/plants/line.yaml --product bolt --release 2026-03-02 --due 2026-03-01",
        "order add tests/cli/plants/line.yaml --product bolt --order=",
        "order add tests/cli/plants/no-such.yaml --class bolt",
        "line note -h",
        "line note --help",
        "line note tests/cli/plants/line.yaml --scrap 3",
        "line note tests/cli/plants/line.yaml --machine nowhere --scrap 3",
        "line map -h",
        "line map --help",
        "line map mqtt://me:secret@127.0.0.1 tests/cli/plants/line.yaml",
        "line map tcp://127.0.0.1 tests/cli/plants/line.yaml",
        "line map tests/cli/plants/line.yaml",
    };
    CHECK_SESSIONS(lines, "order-note-map.txt");
}

static void test_commands_on_a_broker_explain_themselves(void) {
    static const char *const lines[] = {
        "line browse -h",
        "line browse --help",
        "line record -h",
        "line record --help",
        "line replay -h",
        "line replay --help",
        "line browse",
        "line browse http://x",
        "line browse mqtt://someone:secret@host",
        "line browse mqtt://127.0.0.1:99999",
        "line browse mqtt://127.0.0.1:1 --for 300ms",
        "line browse mqtt://127.0.0.1:1 --login nowhere",
        "line browse tests/cli/plants/line.yaml",
        "line record mqtt://127.0.0.1:1",
        "line record mqtt://127.0.0.1:1 -o nowhere/file.rec",
        "line record mqtt://127.0.0.1:1 -o README.md",
        "line replay nofile mqtt://127.0.0.1:1",
        "line replay README.md mqtt://127.0.0.1:1",
        "line replay README.md mqtt://127.0.0.1:1 --speed fast",
        "line replay tests/data/tep/d00_te.csv mqtt://127.0.0.1:1",
        "line replay tests/data/tep/d00_te.csv mqtt://127.0.0.1:1 --group g --node n --start x",
        "line replay tests/data/tep/d00_te.csv mqtt://127.0.0.1:1 --group a/b --node n",
    };
    CHECK_SESSIONS(lines, "line-broker.txt");
}

static void test_mistakes_on_the_command_line_name_what_is_near(void) {
    static const char *const lines[] = {
        "",
        "runn tests/cli/plants/line.yaml",
        "tests/cli/plants/line.yaml",
        "--versoin",
        "twin",
        "twin rnu tests/cli/plants/line.yaml",
        "import smt tests/cli/plants",
        "check",
        "check a b",
        "check --efective tests/cli/plants/line.yaml",
        "check --json --effective tests/cli/plants/line.yaml",
        "twin run",
        "twin run tests/cli/plants/line.yaml --sed 3",
        "twin run tests/cli/plants/line.yaml -x",
        "twin run tests/cli/plants/line.yaml --for",
        "twin run tests/cli/plants/line.yaml --for --json",
        "twin run tests/cli/plants/line.yaml --for 90 d",
        "twin run tests/cli/plants/line.yaml --for 90",
        "twin run tests/cli/plants/line.yaml --for 0s",
        "twin run tests/cli/plants/line.yaml --warmup auot",
        "twin run tests/cli/plants/line.yaml --reps 0",
        "twin run tests/cli/plants/line.yaml --reps many",
        "twin run tests/cli/plants/line.yaml --reps=99999999999999999999",
        "twin run tests/cli/plants/line.yaml --reps 3 --until-ci 1%",
        "twin run tests/cli/plants/line.yaml --until-ci 0",
        "twin run tests/cli/plants/line.yaml --until-ci 200%",
        "twin run tests/cli/plants/line.yaml --watch cycle_time_meen_s",
        "twin run tests/cli/plants/line.yaml --level 1",
        "twin run tests/cli/plants/line.yaml --json=yes",
        "twin run tests/cli/plants/line.yaml --json --csv",
        "twin run tests/cli/plants/line.yaml -o tests/cli/plants/faster.yaml",
        "twin run tests/cli/plants/line.yaml -o tests/cli/no-such-folder/x.json",
        "twin run tests/cli/plants/line.yaml -o tests/cli/plants",
        "twin run tests/cli/plants/line.yaml --from tests/cli/plants/faster.yaml",
        "twin compare tests/cli/plants/line.yaml",
        "twin fork tests/cli/plants/line.yaml",
        "twin fork tests/cli/plants/line.yaml --at 1d -o tests/cli/plants/line.yaml",
        "twin fork tests/cli/plants/line.yaml --at 1d --then 0s",
        "import smt2020 tests/cli/plants",
        "import smt2020 tests/cli/plants -o tests/cli/x.yaml --compat pyscfab",
    };
    CHECK_SESSIONS(lines, "mistakes.txt");
}

static void test_bad_input_says_where(void) {
    static const char *const lines[] = {
        "check tests/cli/plants/mistakes.yaml",
        "check --json tests/cli/plants/mistakes.yaml",
        "check tests/cli/plants/not-yaml.yaml",
        "check tests/cli/plants/no-such-file.yaml",
        "check tests/cli/plants",
        "check /dev/null",
        "twin run tests/cli/plants/mistakes.yaml",
        "twin run tests/cli/plants/no-such-file.yaml",
        "twin run tests/cli/plants/line.yaml --from tests/cli/no-such.snapshot",
        "import smt2020 tests/cli/plants -o tests/cli/x.yaml",
        "import smt2020 tests/cli/no-such-folder -o tests/cli/x.yaml",
    };
    CHECK_SESSIONS(lines, "bad-input.txt");
}

static void test_check_of_good_plants(void) {
    static const char *const lines[] = {
        "check tests/cli/plants/line.yaml",
        "check tests/cli/plants/overloaded.yaml",
    };
    CHECK_SESSIONS(lines, "check.txt");
}

static void test_version_names_commit_and_build(void) {
    if (!program_is_there()) {
        return;
    }
    program got = program_run("--version");
    CHECK_INT(got.code, 0);
    CHECK_CONTAINS(got.out, "lineshaft ");
    CHECK_CONTAINS(got.out, ", commit ");
    CHECK_CONTAINS(got.out, "sanitizers ");
    CHECK_STR(got.err, "");
    program_clear(&got);
}

// The tables of docs/JSON.md are what ls_figure_describe says.
static void test_document_has_every_figure(void) {
    char *text = harness_read_file(harness_source_path("docs/JSON.md"), NULL);
    for (int f = 0; f < LS_FIG_COUNT; f++) {
        const ls_figure_info info = ls_figure_describe((ls_figure)f);
        const char *better = info.better > 0 ? "more" : (info.better < 0 ? "less" : "");
        char line[LINE_SIZE];
        snprintf(line, sizeof line, "\n| `%s` | %s | %s | %s |\n", info.name, info.unit, better,
                 info.about);
        CHECK_CONTAINS(text, line);
    }
    free(text);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_help_is_short_or_full);
    TEST(test_help_of_each_command);
    TEST(test_demo_says_what_it_takes);
    TEST(test_pool_files_are_checked);
    TEST(test_the_pool_explains_itself);
    TEST(test_a_running_pool_is_asked_with_words);
    TEST(test_an_emulated_line_explains_itself);
    TEST(test_deciding_explains_itself);
    TEST(test_twin_calibrate_explains_itself);
    TEST(test_orders_notes_and_maps_explain_themselves);
    TEST(test_commands_on_a_broker_explain_themselves);
    TEST(test_mistakes_on_the_command_line_name_what_is_near);
    TEST(test_bad_input_says_where);
    TEST(test_check_of_good_plants);
    TEST(test_document_has_every_figure);
    TEST(test_version_names_commit_and_build);
    return harness_report();
}
