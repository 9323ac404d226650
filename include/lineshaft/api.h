// api.h - marks what the shared library offers; everything without the mark stays inside it.
#pragma once

#if defined(__GNUC__) || defined(__clang__)
#define LS_API __attribute__((visibility("default")))
#else
#define LS_API
#endif
