// pool_usage.c - `lineshaft pool usage`: who holds what now, and held how much over some days.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/pool_call.h"
#include "cli/pool_words.h"
#include "cli/table.h"

static const ls_option own_options[] = {
    {.name = "account",
     .letter = 'A',
     .kind = LS_OPTION_TEXT,
     .argument = "ACCOUNT",
     .says = "all",
     .about = "this account and those below it"},
    {.name = "from",
     .kind = LS_OPTION_TEXT,
     .argument = "DATE",
     .says = "the first of this month",
     .about = "first day, in UTC"},
    {.name = "to",
     .kind = LS_OPTION_TEXT,
     .argument = "DATE",
     .says = "today",
     .about = "last day, in UTC"},
    {.name = "days", .letter = 'd', .kind = LS_OPTION_FLAG, .about = "day by day"},
    {.name = "csv", .kind = LS_OPTION_FLAG, .about = "day by day, as CSV"},
    {.name = "statement",
     .kind = LS_OPTION_FLAG,
     .about = "of --account: its days, what it pays and is paid"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_pool_call_options, NULL};

// ---- which days

static bool read_day(const ls_options *options, const char *name, int64_t *out, ls_error *err) {
    const ls_option_value *value = ls_options_get(options, name);
    int64_t us = 0;
    ls_error why = {0};
    if (value->given && ls_units_date(value->text, &us, &why) != LS_OK) {
        ls_fail(err, LS_ERR_INVALID, "option '--%s': %s", name, why.text);
        return false;
    }
    *out = value->given ? us / LS_US_PER_DAY : *out;
    return true;
}

static bool read_days(const ls_options *options, int64_t *out_from, int64_t *out_to,
                      ls_error *err) {
    const time_t now = (time_t)(ls_pool_now_us() / LS_US_PER_S);
    struct tm parts;
    const int64_t today = (int64_t)now / 86400;
    *out_to = today;
    *out_from = gmtime_r(&now, &parts) != NULL ? today - parts.tm_mday + 1 : today;
    if (!read_day(options, "from", out_from, err) || !read_day(options, "to", out_to, err)) {
        return false;
    }
    if (*out_to < *out_from) {
        ls_fail(err, LS_ERR_INVALID, "option '--to': is before --from");
        return false;
    }
    return true;
}

// ---- sums over days

typedef struct held {
    double held, borrowed, offered, lost;  // GPU hours
    double kwh, charge;
    json_int_t started, ended, stopped;
} held;

static void add_row(const json_t *row, held *sum) {
    sum->held += json_number_value(json_object_get(row, "held_gpu_s")) / 3600.0;
    sum->borrowed += json_number_value(json_object_get(row, "borrowed_gpu_s")) / 3600.0;
    sum->lost += json_number_value(json_object_get(row, "lost_gpu_s")) / 3600.0;
    sum->offered += json_number_value(json_object_get(row, "offered_gpu_s")) / 3600.0;
    sum->kwh += json_number_value(json_object_get(row, "energy_kwh"));
    sum->charge += json_number_value(json_object_get(row, "charge"));
    sum->started += json_integer_value(json_object_get(row, "started"));
    sum->ended += json_integer_value(json_object_get(row, "ended"));
    sum->stopped += json_integer_value(json_object_get(row, "stopped"));
}

// Of one account over all days that were asked for.
static held sum_of(const json_t *days, const char *path) {
    held sum = {0};
    for (size_t d = 0; d < json_array_size(days); d++) {
        const json_t *rows = json_object_get(json_array_get(days, d), "accounts");
        for (size_t i = 0; i < json_array_size(rows); i++) {
            const json_t *row = json_array_get(rows, i);
            if (strcmp(ls_json_text_at(row, "account"), path) == 0) {
                add_row(row, &sum);
            }
        }
    }
    return sum;
}

static void put_hours(ls_table *table, int column, const held *sum, const char *currency) {
    ls_table_cell(table, column, "%.2f", sum->held);
    ls_table_cell(table, column + 1, "%.2f", sum->borrowed);
    ls_table_cell(table, column + 2, "%.2f", sum->lost);
    ls_table_cell(table, column + 3, "%lld", (long long)sum->started);
    ls_table_cell(table, column + 4, "%lld", (long long)sum->stopped);
    ls_table_cell(table, column + 5, "%.2f", sum->kwh);
    if (currency != NULL) {
        ls_table_cell(table, column + 6, "%.2f", sum->charge);
    }
}

static void begin_hours(ls_table *table, const char *unit, const char *currency) {
    char hours[24];
    ls_text_format(hours, sizeof hours, "%s h", strcmp(unit, "slots") == 0 ? "slot" : "GPU");
    ls_table_column(table, hours, LS_ALIGN_RIGHT);
    ls_table_column(table, "borrowed", LS_ALIGN_RIGHT);
    ls_table_column(table, "lost", LS_ALIGN_RIGHT);
    ls_table_column(table, "started", LS_ALIGN_RIGHT);
    ls_table_column(table, "stopped", LS_ALIGN_RIGHT);
    ls_table_column(table, "kWh", LS_ALIGN_RIGHT);
    if (currency != NULL) {
        ls_table_column(table, currency, LS_ALIGN_RIGHT);
    }
}

// ---- now, and in the whole time

static bool is_wanted(const char *path, const char *wanted) {
    const size_t length = wanted != NULL ? strlen(wanted) : 0;
    return length == 0 ||
           (strncmp(path, wanted, length) == 0 && (path[length] == '\0' || path[length] == '.'));
}

static void put_account(const json_t *account, const json_t *days, const char *currency,
                        ls_table *table) {
    const char *path = ls_json_text_at(account, "path");
    const char *name = strrchr(path, '.');
    int depth = 0;
    for (const char *c = path; *c != '\0'; c++) {
        depth += *c == '.';
    }
    const json_t *limit = json_object_get(account, "limit");
    char used[32], borrowed[32], waiting[32];
    ls_pool_put_gpus(json_object_get(account, "used"), used, sizeof used);
    ls_pool_put_gpus(json_object_get(account, "borrowed"), borrowed, sizeof borrowed);
    ls_pool_put_gpus(json_object_get(account, "waiting_gpus"), waiting, sizeof waiting);
    ls_table_row(table);
    ls_table_cell(table, 0, "%*s%s", 2 * depth, "", name != NULL ? name + 1 : path);
    ls_table_cell(table, 1, "%lld",
                  (long long)json_integer_value(json_object_get(account, "guarantee")));
    if (json_is_number(limit)) {
        ls_table_cell(table, 2, "%lld", (long long)json_integer_value(limit));
    } else {
        ls_table_cell(table, 2, "-");
    }
    ls_table_cell(table, 3, "%s", used);
    ls_table_cell(table, 4, "%s", borrowed);
    ls_table_cell(table, 5, "%s", waiting);
    const held sum = sum_of(days, path);
    put_hours(table, 6, &sum, currency);
}

static void print_accounts(const json_t *pool, const json_t *days, const char *wanted,
                           const char *currency, ls_buffer *out) {
    const json_t *accounts = json_object_get(pool, "accounts");
    ls_arena arena;
    ls_table table;
    ls_arena_init(&arena);
    ls_table_init(&table, &arena);
    ls_table_column(&table, "account", LS_ALIGN_LEFT);
    ls_table_column(&table, "guaranteed", LS_ALIGN_RIGHT);
    ls_table_column(&table, "limit", LS_ALIGN_RIGHT);
    ls_table_column(&table, "used", LS_ALIGN_RIGHT);
    ls_table_column(&table, "borrowed", LS_ALIGN_RIGHT);
    ls_table_column(&table, "waiting", LS_ALIGN_RIGHT);
    begin_hours(&table, ls_pool_unit_word(pool, 2.0), currency);
    for (size_t i = 0; i < json_array_size(accounts); i++) {
        const json_t *account = json_array_get(accounts, i);
        if (is_wanted(ls_json_text_at(account, "path"), wanted)) {
            put_account(account, days, currency, &table);
        }
    }
    ls_table_print(&table, 0, out);
    ls_arena_clear(&arena);
}

// ---- day by day

static void print_days(const json_t *pool, const json_t *days, const char *currency,
                       ls_buffer *out) {
    ls_arena arena;
    ls_table table;
    ls_arena_init(&arena);
    ls_table_init(&table, &arena);
    ls_table_column(&table, "day", LS_ALIGN_LEFT);
    ls_table_column(&table, "account", LS_ALIGN_LEFT);
    begin_hours(&table, ls_pool_unit_word(pool, 2.0), currency);
    for (size_t d = 0; d < json_array_size(days); d++) {
        const json_t *day = json_array_get(days, d);
        const json_t *rows = json_object_get(day, "accounts");
        for (size_t i = 0; i < json_array_size(rows); i++) {
            const json_t *row = json_array_get(rows, i);
            const char *path = ls_json_text_at(row, "account");
            held sum = {0};
            add_row(row, &sum);
            ls_table_row(&table);
            ls_table_cell(&table, 0, "%s", ls_json_text_at(day, "day"));
            ls_table_cell(&table, 1, "%s", path[0] != '\0' ? path : "(all)");
            put_hours(&table, 2, &sum, currency);
        }
    }
    if (json_array_size(days) == 0) {
        ls_buffer_text(out, "nothing was held on these days\n");
    } else {
        ls_table_print(&table, 0, out);
    }
    ls_arena_clear(&arena);
}

static void print_csv(const json_t *days, ls_buffer *out) {
    static const char *const keys[] = {"held_gpu_s", "borrowed_gpu_s", "offered_gpu_s",
                                       "lost_gpu_s", "energy_kwh",     "charge"};
    static const char *const counts[] = {"started", "ended", "stopped", "broken"};
    ls_buffer_text(out,
                   "day,account,held_gpu_s,borrowed_gpu_s,offered_gpu_s,lost_gpu_s,energy_kwh,"
                   "charge,started,ended,stopped,broken\n");
    for (size_t d = 0; d < json_array_size(days); d++) {
        const json_t *day = json_array_get(days, d);
        const json_t *rows = json_object_get(day, "accounts");
        for (size_t i = 0; i < json_array_size(rows); i++) {
            const json_t *row = json_array_get(rows, i);
            const char *path = ls_json_text_at(row, "account");
            ls_buffer_printf(out, "%s,%s", ls_json_text_at(day, "day"),
                             path[0] != '\0' ? path : "*");
            for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
                ls_buffer_printf(out, ",%.15g", json_number_value(json_object_get(row, keys[k])));
            }
            for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
                ls_buffer_printf(out, ",%lld",
                                 (long long)json_integer_value(json_object_get(row, counts[k])));
            }
            ls_buffer_text(out, "\n");
        }
    }
}

// ---- the statement of one account

static bool is_child(const char *path, const char *parent) {
    const size_t length = strlen(parent);
    const char *rest = length == 0 ? path : path + length + 1;
    return is_wanted(path, parent) && strlen(path) > length && strchr(rest, '.') == NULL;
}

static void put_statement_row(ls_table *table, const char *name, const held *sum,
                              const char *currency) {
    const double values[] = {sum->held, sum->borrowed, sum->offered, sum->lost, sum->kwh};
    ls_table_row(table);
    ls_table_cell(table, 0, "%s", name);
    for (int i = 0; i < 5; i++) {
        ls_table_cell(table, i + 1, "%.2f", values[i]);
    }
    if (currency != NULL) {
        ls_table_cell(table, 6, "%.2f", sum->charge);
    }
}

static void begin_statement(ls_table *table, ls_arena *arena, const char *first,
                            const char *currency) {
    static const char *const headers[] = {"held, h", "borrowed", "left idle", "lost", "kWh"};
    ls_table_init(table, arena);
    ls_table_column(table, first, LS_ALIGN_LEFT);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        ls_table_column(table, headers[i], LS_ALIGN_RIGHT);
    }
    if (currency != NULL) {
        ls_table_column(table, currency, LS_ALIGN_RIGHT);
    }
}

// Its days and their sum, then the accounts right below it.
static void print_statement(const json_t *pool, const json_t *days, const char *path,
                            const char *currency, ls_buffer *out) {
    const json_t *accounts = json_object_get(pool, "accounts");
    ls_arena arena;
    ls_table table;
    ls_arena_init(&arena);
    begin_statement(&table, &arena, "day", currency);
    for (size_t d = 0; d < json_array_size(days); d++) {
        const json_t *day = json_array_get(days, d);
        const json_t *rows = json_object_get(day, "accounts");
        for (size_t i = 0; i < json_array_size(rows); i++) {
            held sum = {0};
            if (strcmp(ls_json_text_at(json_array_get(rows, i), "account"), path) == 0) {
                add_row(json_array_get(rows, i), &sum);
                put_statement_row(&table, ls_json_text_at(day, "day"), &sum, currency);
            }
        }
    }
    const held all = sum_of(days, path);
    put_statement_row(&table, "in all", &all, currency);
    ls_buffer_printf(out, "Statement of %s, in %s hours\n\n", path[0] != '\0' ? path : "the pool",
                     strcmp(ls_pool_unit_word(pool, 2.0), "slots") == 0 ? "slot" : "GPU");
    ls_table_print(&table, 0, out);
    double income = 0.0;
    bool any = false;
    ls_table below;
    begin_statement(&below, &arena, "below it", currency);
    for (size_t i = 0; i < json_array_size(accounts); i++) {
        const char *child = ls_json_text_at(json_array_get(accounts, i), "path");
        if (is_child(child, path)) {
            const held sum = sum_of(days, child);
            put_statement_row(&below, child, &sum, currency);
            income += sum.charge;
            any = true;
        }
    }
    if (any) {
        ls_buffer_text(out, "\n");
        ls_table_print(&below, 0, out);
    }
    if (currency != NULL && path[0] != '\0') {
        ls_buffer_printf(out, "\n%s pays %.2f %s", path, all.charge, currency);
        if (any) {
            ls_buffer_printf(out, " and is paid %.2f %s", income, currency);
        }
        ls_buffer_text(out, "\n");
    } else if (currency != NULL) {
        ls_buffer_printf(out, "\nthe pool is paid %.2f %s\n", income, currency);
    }
    ls_arena_clear(&arena);
}

// ---- the command

static int deliver(const ls_options *options, json_t *pool, json_t *days) {
    const char *wanted = ls_options_get(options, "account")->text;
    json_t *list = json_object_get(days, "days");
    const char *currency = json_string_value(json_object_get(days, "currency"));
    if (ls_options_get(options, "json")->given) {
        json_t *accounts = json_array(), *account = NULL;
        size_t i = 0;
        json_array_foreach(json_object_get(pool, "accounts"), i, account) {
            if (is_wanted(ls_json_text_at(account, "path"), wanted)) {
                json_array_append(accounts, account);
            }
        }
        return ls_pool_call_print(
            "pool-usage/1", "usage",
            json_pack("{s:O, s:O, s:o, s:O, s:O, s:O?}", "now_us", json_object_get(pool, "now_us"),
                      "gpus", json_object_get(pool, "gpus"), "accounts", accounts, "days", list,
                      "currency", json_object_get(days, "currency"), "limits",
                      json_object_get(pool, "limits")));
    }
    ls_buffer out;
    ls_buffer_init(&out);
    if (ls_options_get(options, "csv")->given) {
        print_csv(list, &out);
    } else if (ls_options_get(options, "statement")->given) {
        print_statement(pool, list, wanted != NULL ? wanted : "", currency, &out);
    } else if (ls_options_get(options, "days")->given) {
        print_days(pool, list, currency, &out);
    } else {
        char limits[400];
        print_accounts(pool, list, wanted, currency, &out);
        ls_pool_put_limits(json_object_get(pool, "limits"), limits, sizeof limits);
        if (limits[0] != '\0') {
            ls_buffer_printf(&out, "\n%s\n", limits);
        }
    }
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code;
}

static int run(const ls_options *options) {
    const ls_option_value *account = ls_options_get(options, "account");
    ls_pool_call *call = NULL;
    json_t *pool = NULL, *days = NULL;
    int64_t from = 0, to = 0;
    ls_error err = {0};
    if (ls_options_exclude(options, "csv", "statement", &err) != LS_OK ||
        ls_options_exclude(options, "csv", "json", &err) != LS_OK ||
        ls_options_exclude(options, "statement", "json", &err) != LS_OK ||
        !read_days(options, &from, &to, &err)) {
        return ls_complain_usage(&err, "pool usage");
    }
    json_t *question = json_pack("{s:s, s:I, s:I}", "do", "days", "from_day", (json_int_t)from,
                                 "to_day", (json_int_t)to + 1);
    if (account->given) {
        json_object_set_new(question, "account", ls_json_text(account->text));
    }
    int code = ls_pool_call_begin(options, &call);
    if (code == LS_EXIT_DONE) {
        code = ls_pool_call_do(call, question, &days);
    } else {
        json_decref(question);
    }
    if (code == LS_EXIT_DONE) {
        code = ls_pool_call_do(call, json_pack("{s:s}", "do", "pool"), &pool);
    }
    if (code == LS_EXIT_DONE) {
        code = deliver(options, pool, days);
    }
    json_decref(days);
    json_decref(pool);
    ls_pool_call_close(call);
    return code;
}

const ls_cli_command ls_command_pool_usage = {
    .name = "pool usage",
    .arguments = "",
    .least = 0,
    .most = 0,
    .about = "Shows what each account is guaranteed, uses and borrows, and has held.",
    .example = "lineshaft pool usage",
    .examples =
        "lineshaft pool usage -A suppliers --from 2026-11-01 --to 2026-11-30\n"
        "lineshaft pool usage -A suppliers.castings --statement\n"
        "lineshaft pool usage --from 2026-11-01 --csv > november.csv\n"
        "lineshaft pool usage --days --json\n",
    .detail =
        "guaranteed, limit, used, borrowed and waiting are GPUs (or CPU slots) now; hours and "
        "jobs are those of all the days. What was lost is work that was stopped before it was "
        "saved, left idle what was guaranteed and not held. kWh are reckoned from the watts of "
        "each kind "
        "at work, not measured; money is by the prices of the pool file.\n",
    .tables = tables,
    .run = run,
};
