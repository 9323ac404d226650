// api.h - what is visible outside the shared library.
#pragma once

#if defined(__GNUC__) && !defined(LS_API)
#define LS_API __attribute__((visibility("default")))
#elif !defined(LS_API)
#define LS_API
#endif
