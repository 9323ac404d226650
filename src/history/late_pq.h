// late_pq.h - what is called of libpq, the client of PostgreSQL.
//
// Included instead of the library's own header (base/late.h).
#pragma once

#include <libpq-fe.h>

#include "base/late.h"

// clang-format off
#define LS_PQ_FUNCTIONS(X) \
    X(PQcancel) \
    X(PQclear) \
    X(PQcmdTuples) \
    X(PQconnectdbParams) \
    X(PQconninfoFree) \
    X(PQconninfoParse) \
    X(PQerrorMessage) \
    X(PQexec) \
    X(PQexecParams) \
    X(PQfinish) \
    X(PQfname) \
    X(PQfreeCancel) \
    X(PQfreemem) \
    X(PQgetCancel) \
    X(PQgetResult) \
    X(PQgetisnull) \
    X(PQgetlength) \
    X(PQgetvalue) \
    X(PQnfields) \
    X(PQntuples) \
    X(PQparameterStatus) \
    X(PQputCopyData) \
    X(PQputCopyEnd) \
    X(PQresultErrorField) \
    X(PQresultStatus) \
    X(PQsendQueryParams) \
    X(PQsetNoticeProcessor) \
    X(PQsetSingleRowMode) \
    X(PQstatus)
// clang-format on

typedef struct ls_pq_table {
    LS_PQ_FUNCTIONS(LS_LATE_POINTER)
} ls_pq_table;

extern ls_pq_table ls_pq;

// Before the first call of any of them. Fails as ls_late_open.
ls_status ls_pq_open(ls_error *err);

#ifndef LS_LATE_NAMES
#define PQcancel (*ls_pq.PQcancel)
#define PQclear (*ls_pq.PQclear)
#define PQcmdTuples (*ls_pq.PQcmdTuples)
#define PQconnectdbParams (*ls_pq.PQconnectdbParams)
#define PQconninfoFree (*ls_pq.PQconninfoFree)
#define PQconninfoParse (*ls_pq.PQconninfoParse)
#define PQerrorMessage (*ls_pq.PQerrorMessage)
#define PQexec (*ls_pq.PQexec)
#define PQexecParams (*ls_pq.PQexecParams)
#define PQfinish (*ls_pq.PQfinish)
#define PQfname (*ls_pq.PQfname)
#define PQfreeCancel (*ls_pq.PQfreeCancel)
#define PQfreemem (*ls_pq.PQfreemem)
#define PQgetCancel (*ls_pq.PQgetCancel)
#define PQgetResult (*ls_pq.PQgetResult)
#define PQgetisnull (*ls_pq.PQgetisnull)
#define PQgetlength (*ls_pq.PQgetlength)
#define PQgetvalue (*ls_pq.PQgetvalue)
#define PQnfields (*ls_pq.PQnfields)
#define PQntuples (*ls_pq.PQntuples)
#define PQparameterStatus (*ls_pq.PQparameterStatus)
#define PQputCopyData (*ls_pq.PQputCopyData)
#define PQputCopyEnd (*ls_pq.PQputCopyEnd)
#define PQresultErrorField (*ls_pq.PQresultErrorField)
#define PQresultStatus (*ls_pq.PQresultStatus)
#define PQsendQueryParams (*ls_pq.PQsendQueryParams)
#define PQsetNoticeProcessor (*ls_pq.PQsetNoticeProcessor)
#define PQsetSingleRowMode (*ls_pq.PQsetSingleRowMode)
#define PQstatus (*ls_pq.PQstatus)
#endif
