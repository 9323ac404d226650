// gpu_test.c - GPUs found through a library that stands in for NVML, and handed out by their names.
//
// The library is compiled here: two whole GPUs and one that is divided into three slices.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec/nvml.h"
#include "exec/testing/small_service.h"
#include "pool/pool_file.h"
#include "tests/harness.h"

static const char library_text[] =
    "#include <stdio.h>\n"
    "#include <string.h>\n"
    "typedef struct { unsigned long long total, free, used; } memory;\n"
    "static int ids[16];\n"
    "int nvmlInit_v2(void) { return 0; }\n"
    "int nvmlShutdown(void) { return 0; }\n"
    "int nvmlDeviceGetCount_v2(unsigned *n) { *n = 3; return 0; }\n"
    "int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **d) { *d = ids + i; return 0; }\n"
    "static int id(void *d) { return (int)((int *)d - ids); }\n"
    "int nvmlDeviceGetUUID(void *d, char *o, unsigned s) {\n"
    "    snprintf(o, s, id(d) < 3 ? \"GPU-%d\" : \"MIG-%d\", id(d)); return 0; }\n"
    "int nvmlDeviceGetName(void *d, char *o, unsigned s) {\n"
    "    snprintf(o, s, \"%s\", id(d) < 3 ? \"NVIDIA H100 80GB HBM3\" : \"NVIDIA H100 MIG "
    "1g.10gb\");\n"
    "    return 0; }\n"
    "int nvmlDeviceGetMemoryInfo(void *d, memory *m) {\n"
    "    m->total = (id(d) < 3 ? 81559ull : 9856ull) << 20; return 0; }\n"
    "int nvmlDeviceGetMigMode(void *d, unsigned *c, unsigned *p) {\n"
    "    *c = *p = id(d) == 2; return 0; }\n"
    "int nvmlDeviceGetMaxMigDeviceCount(void *d, unsigned *n) { *n = 7; return 0; }\n"
    "int nvmlDeviceGetMigDeviceHandleByIndex(void *d, unsigned i, void **o) {\n"
    "    if (i >= 3) return 6; *o = ids + 8 + i; return 0; }\n";

static char library[128];

static bool build_library(void) {
    char source[128];
    char command[512];
    snprintf(source, sizeof source, "/tmp/ls-nvml-%d.c", (int)getpid());
    snprintf(library, sizeof library, "/tmp/ls-nvml-%d.so", (int)getpid());
    FILE *file = fopen(source, "w");
    if (file == NULL || fputs(library_text, file) < 0 || fclose(file) != 0) {
        return false;
    }
    snprintf(command, sizeof command, "cc -shared -fPIC -o %s %s 2>/dev/null", library, source);
    const bool fine = system(command) == 0;
    unlink(source);
    return fine;
}

static ls_pool *read_here(char *note, size_t size) {
    ls_buffer text;
    ls_buffer said;
    ls_pool *pool = NULL;
    ls_errors errors;
    ls_buffer_init(&text);
    ls_buffer_init(&said);
    ls_errors_init(&errors);
    CHECK_INT(ls_exec_this_machine(&text, &said), LS_OK);
    const ls_status status = ls_pool_read(text.data, text.size, "here", NULL, &pool, &errors);
    if (status != LS_OK) {
        printf("%s%s\n", text.data, errors.items[0].text);
    }
    CHECK_INT(status, LS_OK);
    snprintf(note, size, "%s", said.data);
    ls_errors_clear(&errors);
    ls_buffer_clear(&text);
    ls_buffer_clear(&said);
    return pool;
}

static void test_gpus_and_slices_are_found_and_handed_out_by_name(void) {
    char note[128];
    if (!build_library()) {
        harness_skip("no compiler to make the library that stands in for NVML");
        return;
    }
    ls_nvml_use(library);
    small_service s = {.exec = NULL};
    snprintf(s.folder, sizeof s.folder, "/tmp/ls-gpu-XXXXXX");
    CHECK(mkdtemp(s.folder) != NULL);
    s.pool = read_here(note, sizeof note);
    CHECK_STR(note, "5 GPUs, 3 of them slices of divided ones");
    if (s.pool != NULL && small_service_open(&s)) {
        CHECK_INT(s.pool->gpus, 5);
        CHECK_STR(s.pool->cluster.kinds[0].name, "nvidia-h100-80gb-hbm3");
        CHECK_INT(s.pool->cluster.kinds[0].memory_mib, 81559);
        const char *const argv[] = {
            "sh", "-c", "echo $CUDA_VISIBLE_DEVICES; [ -z \"$LINESHAFT_SLOTS\" ]", NULL};
        ls_exec_job both = small_job(argv);
        both.shape.gpus = 2;
        both.shape.kinds = 1;  // two whole ones
        ls_exec_job slices = small_job(argv);
        slices.shape.gpus = 3;
        slices.shape.kinds = 2;
        const uint64_t a = small_submit(&s, &both);
        const uint64_t b = small_submit(&s, &slices);
        CHECK(small_until(&s, a, LS_EXEC_DONE));
        CHECK(small_until(&s, b, LS_EXEC_DONE));
        CHECK_STR(small_log(&s, a), "GPU-0,GPU-1\n");
        CHECK_STR(small_log(&s, b), "MIG-8,MIG-9,MIG-10\n");
    }
    small_service_clear(&s);
    ls_nvml_use(NULL);
    unlink(library);
}

static void test_a_pool_of_more_gpus_than_there_are_is_refused(void) {
    small_service s = {.exec = NULL};
    ls_errors errors;
    const char text[] = "pool: big\nnodes: {kind: dgx-h100}\n";
    snprintf(s.folder, sizeof s.folder, "/tmp/ls-gpu-XXXXXX");
    CHECK(mkdtemp(s.folder) != NULL);
    ls_errors_init(&errors);
    CHECK_INT(ls_pool_read(text, sizeof text - 1, "big", NULL, &s.pool, &errors), LS_OK);
    ls_nvml_use("/no/such/library.so");
    const ls_exec_def def = {.folder = s.folder, .pool = s.pool};
    ls_error err = {0};
    CHECK_INT(ls_exec_open(&def, &s.exec, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "pool 'big' has more GPUs than this machine: 0 were found");
    ls_nvml_use(NULL);
    ls_errors_clear(&errors);
    small_service_clear(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_gpus_and_slices_are_found_and_handed_out_by_name);
    TEST(test_a_pool_of_more_gpus_than_there_are_is_refused);
    return harness_report();
}
