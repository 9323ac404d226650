// crc.h - CRC32C (Castagnoli), by the processor where it can, by a table elsewhere; equal results.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Of `size` bytes, going on from `before` (0 at the start).
uint32_t ls_crc32c(uint32_t before, const void *bytes, size_t size);
// The slow way; for tests, and for processors without the instruction.
uint32_t ls_crc32c_table(uint32_t before, const void *bytes, size_t size);
