// postgres_copy.c - see postgres_copy.h. PostgreSQL's numbers are big endian.
#include "history/postgres_copy.h"

#include <endian.h>

enum { PIECE_SIZE = 256 << 10 };

ls_status ls_pg_copy_begin(ls_pg_copy *copy, ls_pg *link, const char *sql, ls_error *err) {
    static const char signature[11] = "PGCOPY\n\377\r\n";  // with its NUL
    static const char nothing[8] = {0};                    // flags, and no header extension
    *copy = (ls_pg_copy){.link = link};
    PGresult *result = PQexec(link->connection, sql);
    const ls_status status = PQresultStatus(result) == PGRES_COPY_IN
                                 ? LS_OK
                                 : ls_pg_fail(link, result, "beginning a copy", err);
    PQclear(result);
    ls_write_bytes(&copy->out, signature, sizeof signature);
    ls_write_bytes(&copy->out, nothing, sizeof nothing);
    return status;
}

static void put16(ls_pg_copy *copy, uint16_t value) {
    value = htobe16(value);
    ls_write_bytes(&copy->out, &value, sizeof value);
}

static void put32(ls_pg_copy *copy, uint32_t value) {
    value = htobe32(value);
    ls_write_bytes(&copy->out, &value, sizeof value);
}

static void put64(ls_pg_copy *copy, uint64_t value) {
    value = htobe64(value);
    ls_write_bytes(&copy->out, &value, sizeof value);
}

void ls_pg_copy_row(ls_pg_copy *copy, uint16_t columns) {
    put16(copy, columns);
}

void ls_pg_copy_i16(ls_pg_copy *copy, int16_t value) {
    put32(copy, 2);
    put16(copy, (uint16_t)value);
}

void ls_pg_copy_i32(ls_pg_copy *copy, int32_t value) {
    put32(copy, 4);
    put32(copy, (uint32_t)value);
}

void ls_pg_copy_i64(ls_pg_copy *copy, int64_t value) {
    put32(copy, 8);
    put64(copy, (uint64_t)value);
}

void ls_pg_copy_real(ls_pg_copy *copy, double value) {
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    put32(copy, 8);
    put64(copy, bits);
}

void ls_pg_copy_bytes(ls_pg_copy *copy, const void *bytes, size_t size) {
    put32(copy, (uint32_t)size);
    ls_write_bytes(&copy->out, bytes, size);
}

void ls_pg_copy_null(ls_pg_copy *copy) {
    put32(copy, UINT32_MAX);
}

ls_status ls_pg_copy_flush(ls_pg_copy *copy, bool all, ls_error *err) {
    if (copy->out.failed) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory while writing to %s",
                       copy->link->target->place);
    }
    if (copy->out.size == 0 || (!all && copy->out.size < PIECE_SIZE)) {
        return LS_OK;
    }
    if (PQputCopyData(copy->link->connection, (const char *)copy->out.bytes, (int)copy->out.size) !=
        1) {
        return ls_pg_fail(copy->link, NULL, "writing", err);
    }
    copy->out.size = 0;
    return LS_OK;
}

ls_status ls_pg_copy_end(ls_pg_copy *copy, ls_status status, ls_error *err) {
    if (status == LS_OK) {
        put16(copy, UINT16_MAX);
        status = ls_pg_copy_flush(copy, true, err);
    }
    ls_writer_clear(&copy->out);
    const int sent = PQputCopyEnd(copy->link->connection, status == LS_OK ? NULL : "given up");
    if (sent != 1 && status == LS_OK) {
        status = ls_pg_fail(copy->link, NULL, "writing", err);
    }
    PGresult *result = PQgetResult(copy->link->connection);
    while (result != NULL) {
        if (PQresultStatus(result) != PGRES_COMMAND_OK && status == LS_OK) {
            status = ls_pg_fail(copy->link, result, "writing", err);
        }
        PQclear(result);
        if (PQstatus(copy->link->connection) != CONNECTION_OK) {
            break;
        }
        result = PQgetResult(copy->link->connection);
    }
    return status;
}
