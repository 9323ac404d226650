// ask_channel.h - bytes to and from a running service: plain, or by TLS.
//
// Where the service speaks TLS, a channel opens only to the very certificate that the service was
// started with, and only while that holds: nothing is sent before.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "cli/ask_service.h"

typedef struct ls_channel ls_channel;

// LS_ERR_IO, and says why, when the service does not answer within some seconds, or is not the one.
ls_status ls_channel_open(const ls_service_address *address, ls_channel **out, ls_error *err);
bool ls_channel_send(ls_channel *channel, const char *bytes, size_t size);
// What has come, as read() says it: 0 at the end, negative on failure or when the end was cut.
ssize_t ls_channel_read(ls_channel *channel, char *out, size_t size);
void ls_channel_close(ls_channel *channel);  // NULL is fine
