// kernel.h - the ground under code that runs on a CPU and on a GPU.
//
// Kernel code is the common subset of C17 and C++17: no libc, no include outside such headers, no
// recursion, no function pointers, no designated initialisers, no compound literals, no implicit
// void* casts, no VLA, no global state. A C compiler builds it for the CPU, NVRTC or clang for a
// GPU. Floating point is IEEE double with contraction off, so every target computes the same bits.
#pragma once

#if defined(__CUDACC_RTC__)
typedef signed char ls_i8;
typedef unsigned char ls_u8;
typedef short ls_i16;
typedef unsigned short ls_u16;
typedef int ls_i32;
typedef unsigned int ls_u32;
typedef long long ls_i64;
typedef unsigned long long ls_u64;
#else  // the very types of <stdint.h>, without including it
typedef __INT8_TYPE__ ls_i8;
typedef __UINT8_TYPE__ ls_u8;
typedef __INT16_TYPE__ ls_i16;
typedef __UINT16_TYPE__ ls_u16;
typedef __INT32_TYPE__ ls_i32;
typedef __UINT32_TYPE__ ls_u32;
typedef __INT64_TYPE__ ls_i64;
typedef __UINT64_TYPE__ ls_u64;
#endif

#if defined(__CUDACC_RTC__)
#define LS_FN static __device__ inline
#define LS_HOT static __device__ inline
#define LS_SLOW static __device__ __noinline__
#define LS_ENTRY(name) extern "C" __device__ name
#elif defined(__CUDA__)  // clang, without the toolkit's headers
#define LS_FN static __attribute__((device)) inline
#define LS_HOT static __attribute__((device)) inline
#define LS_SLOW static __attribute__((device, noinline))
#define LS_ENTRY(name) extern "C" __attribute__((device)) name
#else
#define LS_FN static inline __attribute__((unused))
#define LS_HOT static inline __attribute__((always_inline, unused))
#define LS_SLOW static __attribute__((noinline, unused))
#ifdef __cplusplus
#define LS_ENTRY(name) extern "C" name
#else
#define LS_ENTRY(name) name
#endif
#endif

#if defined(__CUDACC_RTC__)
#define LS_LIKELY(x) (x)
#define LS_UNLIKELY(x) (x)
LS_FN int ls_clz64(ls_u64 x) {
    return __clzll((long long)x);
}
LS_FN int ls_ctz64(ls_u64 x) {
    return __ffsll((long long)x) - 1;
}
LS_FN ls_u64 ls_double_bits(double x) {
    return (ls_u64)__double_as_longlong(x);
}
LS_FN double ls_bits_double(ls_u64 x) {
    return __longlong_as_double((long long)x);
}
#else
#define LS_LIKELY(x) __builtin_expect(!!(x), 1)
#define LS_UNLIKELY(x) __builtin_expect(!!(x), 0)
LS_FN int ls_clz64(ls_u64 x) {
    return __builtin_clzll(x);
}
LS_FN int ls_ctz64(ls_u64 x) {
    return __builtin_ctzll(x);
}
// A union read is defined in C17 and by gcc and clang in C++.
typedef union ls_double_word {
    double d;
    ls_u64 u;
} ls_double_word;
LS_FN ls_u64 ls_double_bits(double x) {
    ls_double_word w;
    w.d = x;
    return w.u;
}
LS_FN double ls_bits_double(ls_u64 x) {
    ls_double_word w;
    w.u = x;
    return w.d;
}
#endif

#define LS_I64_MAX 0x7fffffffffffffffLL
