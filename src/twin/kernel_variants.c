#include "twin/kernel_variants.h"

#include <stddef.h>
#include <string.h>

#define LS_DECLARE_KERNEL(variant)                                                           \
    int ls_kernel_run_##variant(const ls_model *, ls_state *, ls_scratch *, ls_i64, ls_u64); \
    int ls_kernel_start_##variant(const ls_model *, ls_state *, ls_scratch *, ls_u64);       \
    int ls_kernel_fork_##variant(const ls_model *, ls_state *, ls_scratch *, ls_u64);        \
    int ls_kernel_hand_##variant(const ls_model *, ls_state *, ls_scratch *, ls_u32, ls_u32, \
                                 ls_i64);                                                    \
    int ls_kernel_settle_##variant(const ls_model *, ls_state *, ls_scratch *);              \
    static const ls_kernel kernel_##variant = {#variant,                                     \
                                               ls_kernel_run_##variant,                      \
                                               ls_kernel_start_##variant,                    \
                                               ls_kernel_fork_##variant,                     \
                                               ls_kernel_hand_##variant,                     \
                                               ls_kernel_settle_##variant};

LS_DECLARE_KERNEL(base)
#if defined(LS_KERNEL_VARIANT_COUNT) && LS_KERNEL_VARIANT_COUNT > 1
LS_DECLARE_KERNEL(avx2)
LS_DECLARE_KERNEL(avx512)

static int has_avx2(void) {
    return __builtin_cpu_supports("avx2") != 0;
}
static int has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}
#endif

const ls_kernel *ls_kernel_find(const char *name) {
    if (strcmp(name, "base") == 0) {
        return &kernel_base;
    }
#if defined(LS_KERNEL_VARIANT_COUNT) && LS_KERNEL_VARIANT_COUNT > 1
    if (strcmp(name, "avx2") == 0 && has_avx2()) {
        return &kernel_avx2;
    }
    if (strcmp(name, "avx512") == 0 && has_avx512()) {
        return &kernel_avx512;
    }
#endif
    return NULL;
}

const ls_kernel *ls_kernel_best(void) {
    const ls_kernel *best = ls_kernel_find("avx512");
    best = best != NULL ? best : ls_kernel_find("avx2");
    return best != NULL ? best : &kernel_base;
}
