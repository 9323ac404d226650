// schema_rows.h - short ways to write the rows of a table of keys. For the files that hold one.
#pragma once

#include "base/schema.h"

#define ONE LS_SHAPE_ONE
#define LIST LS_SHAPE_LIST
#define MAP LS_SHAPE_MAP

#define COUNT_MAX 4294967294.0
#define CENTURY_US 3155760000000000.0

// clang-format off
#define KEY_MAP(p, ...)       {.path = p, .type = LS_KEY_MAP, .shapes = MAP, __VA_ARGS__}
#define KEY_NAME(p, ...)      {.path = p, .type = LS_KEY_NAME, .shapes = ONE, __VA_ARGS__}
#define KEY_TEXT(p, ...)      {.path = p, .type = LS_KEY_TEXT, .shapes = ONE, __VA_ARGS__}
#define KEY_COUNT(p, l, h, ...) {.path = p, .type = LS_KEY_COUNT, .shapes = ONE, .low = l, .high = h, __VA_ARGS__}
#define KEY_NUMBER(p, l, h, ...) {.path = p, .type = LS_KEY_NUMBER, .shapes = ONE, .low = l, .high = h, __VA_ARGS__}
#define KEY_TIME(p, ...)      {.path = p, .type = LS_KEY_TIME, .shapes = ONE, .low = 0, .high = CENTURY_US, __VA_ARGS__}
#define KEY_SHARE(p, ...)     {.path = p, .type = LS_KEY_SHARE, .shapes = ONE, .low = 0, .high = 1, __VA_ARGS__}
#define KEY_YESNO(p, ...)     {.path = p, .type = LS_KEY_YESNO, .shapes = ONE, __VA_ARGS__}
#define KEY_CHOICE(p, w, ...) {.path = p, .type = LS_KEY_CHOICE, .shapes = ONE, .words = w, __VA_ARGS__}
#define KEY_DIST(p, ...)      {.path = p, .type = LS_KEY_DIST, .shapes = ONE, __VA_ARGS__}
#define KEY_POWER(p, ...)     {.path = p, .type = LS_KEY_POWER, .shapes = ONE, __VA_ARGS__}
#define KEY_MEMORY(p, ...)    {.path = p, .type = LS_KEY_MEMORY, .shapes = ONE, __VA_ARGS__}
// clang-format on
