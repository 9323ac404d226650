// pool_trace_test.c - lists of jobs in five forms, and what is wrong with some.
#include "import/pool_trace.h"

#include <string.h>

#include "pool/pool_file.h"
#include "tests/harness.h"

#define SUBMIT_RANGE ": seconds from 0 to 2.53402e+11, or YYYY-MM-DD hh:mm:ss, are needed"

static ls_arena arena;

static ls_status read(const char *text, ls_trace *out, ls_error *err) {
    *err = (ls_error){0};
    ls_arena_clear(&arena);
    return ls_trace_read(text, strlen(text), "jobs.csv", &arena, out, err);
}

static void test_five_forms_are_known_by_their_columns(void) {
    static const struct {
        const char *text, *format, *who;
    } cases[] = {
        {"submit_s,run_s,gpus,account\n5,60,2,castings\n", "ours", "castings"},
        {"timestamp,duration,num_gpus,gpu_time,cluster\n2017-10-09 07:01:55,60.0,2,120.0,11cb48\n",
         "philly", "11cb48"},
        {"job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,"
         "queue\n"
         "1,u,vc1,2,8,1,COMPLETED,2020-04-01 00:00:05,x,y,60,0\n",
         "helios", "vc1"},
        {"job_id,user,node_num,gpu_num,cpu_num,type,state,submit_time,start_time,end_time,"
         "duration\n"
         "1,u1,1,2,8,t,COMPLETED,2023-03-01 00:18:22+08:00,x,y,60\n",
         "acme", "u1"},
        {"job_name,organization,gpu_model,cpu_request,gpu_request,worker_num,submit_time,duration,"
         "job_type\nj,org,A100,8,2,1,17,60,HP\n",
         "spot", "org"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ls_trace t;
        ls_error err;
        CHECK_INT(read(cases[i].text, &t, &err), LS_OK);
        CHECK_STR(t.format, cases[i].format);
        CHECK_INT(t.count, 1);
        CHECK_INT(t.rows[0].gpus, 2);
        CHECK_INT(t.rows[0].run_us, 60000000);
        CHECK_INT(t.rows[0].submit_us, 0);  // counted from the first
        CHECK_STR(t.names[t.rows[0].who], cases[i].who);
    }
}

static void test_times_are_sorted_and_zones_are_minded(void) {
    ls_trace t;
    ls_error err;
    CHECK_INT(read("submit_time,duration,gpu_num,user\n"
                   "2023-03-01 00:10:00+08:00,60,1,a\n"
                   "2023-02-28 16:05:00Z,60,1,b\n"
                   "2023-02-28 16:06:00,60,0,b\n"    // no GPU
                   "2024-02-29 16:05:00Z,60,1,c\n",  // a leap year
                   &t, &err),
              LS_OK);
    CHECK_INT(t.count, 3);
    CHECK_INT(t.left_out, 1);
    CHECK_STR(t.names[t.rows[0].who], "b");
    CHECK_INT(t.rows[1].submit_us, 5 * 60 * 1000000LL);
    CHECK_INT(t.rows[2].submit_us, 366LL * 86400 * 1000000);
}

static void test_what_is_wrong_is_told_with_its_place(void) {
    static const struct {
        const char *text, *says;
        int line, column;
    } cases[] = {
        {"a,b\n1,2\n", "this is no list of jobs that is known", 1, 1},
        {"submit_s,run_s,gpus\n1,-5,1\n", "run_s '-5': a number from 0 to 1e+10 is needed", 2, 3},
        {"submit_s,run_s,gpus\n1,5,1\n1,5,x\n", "gpus 'x': a number from 0 to 1e+07 is needed", 3,
         5},
        {"submit_s,run_s,gpus\nnow,5,1\n", "submit_s 'now'" SUBMIT_RANGE, 2, 1},
        {"submit_s,run_s,gpus\n2023-13-01 00:00:00,5,1\n",
         "submit_s '2023-13-01 00:00:00'" SUBMIT_RANGE, 2, 1},
        {"submit_s,run_s,gpus\n1e300,5,1\n", "submit_s '1e300'" SUBMIT_RANGE, 2, 1},
        {"submit_s,run_s,gpus\nnan,5,1\n", "submit_s 'nan'" SUBMIT_RANGE, 2, 1},
        {"submit_s,run_s,gpus\ninf,5,1\n", "submit_s 'inf'" SUBMIT_RANGE, 2, 1},
        {"submit_s,run_s,gpus\n1,5,1\n-1,5,1\n", "submit_s '-1'" SUBMIT_RANGE, 3, 1},
        {"submit_s,run_s,gpus\n1,5,1\n253402300801,5,1\n", "submit_s '253402300801'" SUBMIT_RANGE,
         3, 1},
        {"submit_s,run_s,gpus,load\n1,5,1,\n1,5,1,0.5/2\n",
         "load '0.5/2': shares from 0 to 1 are needed, with / between: 0.2/0.5/1/0.6", 3, 7},
        {"submit_s,run_s,gpus,job,after\n1,5,1,a,\n2,5,1,b,a c\n",
         "after 'a c': no row with GPUs and time has 'c' in its column job", 3, 9},
        {"submit_s,run_s,gpus,after\n1,5,1,a\n",
         "after 'a': no row with GPUs and time has 'a' in its column job", 2, 7},
        {"submit_s,run_s,gpus,job,after\n1,5,1,a,b\n2,5,1,b,\n",
         "after 'b': 'b' of line 3 is not submitted before it", 2, 9},
        {"submit_s,run_s,gpus,job,after\n1,5,1,a,a\n",
         "after 'a': 'a' of line 2 is not submitted before it", 2, 9},
        {"submit_s,run_s,gpus,job\n1,5,1,a\n1,5,1,a\n", "job 'a': line 2 has that name already", 3,
         7},
        {"submit_s,run_s,gpus,job\n1,5,1,a b\n",
         "job 'a b': a name has no blanks, they stand between names", 2, 7},
        {"submit_s,run_s,gpus,array\n1,5,1,100001\n",
         "array '100001': a number from 0 to 100000 is needed", 2, 7},
        {"submit_s,run_s,gpus,fails\n1,5,1,2\n", "fails '2': a number from 0 to 1 is needed", 2, 7},
        {"run_s,gpus,submit_s\n5,1,\n", "submit_s ''" SUBMIT_RANGE, 2, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ls_trace t;
        ls_error err;
        CHECK_INT(read(cases[i].text, &t, &err), LS_ERR_INVALID);
        CHECK_STR(err.text, cases[i].says);
        CHECK_STR(err.file, "jobs.csv");
        CHECK_INT(err.line, cases[i].line);
        CHECK_INT(err.column, cases[i].column);
    }
}

static ls_pool *pool_of(const char *text) {
    ls_errors errors;
    ls_errors_init(&errors);
    ls_pool *pool = NULL;
    CHECK_INT(ls_pool_read(text, strlen(text), "pool.yaml", NULL, &pool, &errors), LS_OK);
    ls_errors_clear(&errors);
    return pool;
}

static void test_jobs_find_their_accounts_and_shapes(void) {
    ls_pool *pool = pool_of(
        "pool: p\nnodes: {count: 4, kind: dgx-h100}\n"
        "accounts: {a: {guarantee: 8}, b: {accounts: {c: {}, d: {}}}}\n");
    ls_trace t;
    ls_trace_load l;
    ls_error err;
    ls_sim_job job;
    CHECK_INT(read("submit_s,run_s,gpus,account,nodes,milli,limit_s,deadline_s\n"
                   "0,10,8,a,,,,\n1,10,16,b.c,,,60,100\n2,10,8,c,2,,,\n3,10,1,d,,500,,\n"
                   "4,10,12,d,,,,\n5,10,17,d,,,,\n",
                   &t, &err),
              LS_OK);
    CHECK_INT(ls_trace_load_make(&t, pool, NULL, 2.0, 1.0, &arena, &l, &err), LS_OK);
    CHECK(!l.spread);
    CHECK(ls_trace_load_next(&l, &job));
    CHECK_STR(pool->accounts[job.request.account].path, "a");
    CHECK_INT(job.request.shape.gpus, 8);
    CHECK_INT(job.request.most_us, 20000000);  // twice what it takes
    CHECK_INT(job.request.deadline_us, 0);
    CHECK(ls_trace_load_next(&l, &job));
    CHECK_STR(pool->accounts[job.request.account].path, "b.c");
    CHECK_INT(job.request.shape.parts, 2);  // more than a node has
    CHECK_INT(job.request.shape.gpus, 8);
    CHECK_INT(job.request.most_us, 60000000);
    CHECK_INT(job.request.deadline_us, 101000000);  // after it was submitted
    CHECK(ls_trace_load_next(&l, &job));
    CHECK_INT(job.request.shape.parts, 2);  // as the table says
    CHECK_INT(job.request.shape.gpus, 4);
    CHECK(ls_trace_load_next(&l, &job));
    CHECK_INT(job.request.shape.milli, 500);
    CHECK_INT(job.request.shape.gpus, 0);
    CHECK(ls_trace_load_next(&l, &job));
    CHECK_INT(job.request.shape.parts, 2);  // two nodes of 8, evenly
    CHECK_INT(job.request.shape.gpus, 6);
    CHECK(ls_trace_load_next(&l, &job));
    CHECK_INT(job.request.shape.parts, 3);  // not evenly: whole nodes
    CHECK_INT(job.request.shape.gpus, 8);
    CHECK(!ls_trace_load_next(&l, &job));
    ls_pool_destroy(pool);
}

static void test_a_service_has_replicas_by_its_load(void) {
    ls_pool *pool = pool_of("pool: p\nnodes: {count: 4, kind: dgx-h100}\naccounts: {a: {}}\n");
    ls_trace t;
    ls_trace_load l;
    ls_error err;
    ls_sim_job job;
    CHECK_INT(read("submit_s,run_s,gpus,nodes,gpus_most,load,spot\n"
                   "0,10,4,,16,0.5/1,\n1,10,8,2,32,0/1/0,0\n2,10,1,,4,,\n3,10,1,,4,1,1\n",
                   &t, &err),
              LS_OK);
    CHECK_INT(ls_trace_load_make(&t, pool, NULL, 2.0, 1.0, &arena, &l, &err), LS_OK);
    CHECK(ls_trace_load_next(&l, &job));
    CHECK(job.demand != NULL && job.demand->count == 2);
    CHECK_INT(job.request.shape.parts, 1);
    CHECK_INT(job.extras, 3);  // of four GPUs each
    CHECK(!job.request.shape.spread);
    CHECK(ls_trace_load_next(&l, &job));
    CHECK(job.demand != NULL && job.demand->count == 3);
    CHECK_INT(job.request.shape.parts, 2);
    CHECK_INT(job.extras, 6);
    CHECK(job.request.shape.spread);
    CHECK(ls_trace_load_next(&l, &job));  // elastic
    CHECK(job.demand == NULL);
    CHECK_INT(job.extras, 3);
    CHECK(ls_trace_load_next(&l, &job));  // a spot job is no service
    CHECK(job.demand == NULL && job.request.spot);
    ls_pool_destroy(pool);
}

static void test_jobs_wait_for_those_before_them(void) {
    ls_pool *pool = pool_of("pool: p\nnodes: {kind: dgx-h100}\naccounts: {a: {}}\n");
    ls_trace t;
    ls_trace_load l;
    ls_error err;
    ls_sim_job job;
    CHECK_INT(read("submit_s,run_s,gpus,job,after,array,fails\n"
                   "9,10,1,last,  first sweep ,,1\n0,10,1,first,,,\n5,20,2,sweep,first,3,\n"
                   "5,10,1,,,0,0\n",
                   &t, &err),
              LS_OK);
    CHECK_INT(t.count, 4);
    CHECK_INT(t.jobs, 6);
    CHECK_INT(t.group_count, 2);
    CHECK_NEAR(ls_trace_asked(&t, 1), (10 + 3 * 2 * 20 + 10 + 10) / 86400.0, 1e-9);
    CHECK_INT(ls_trace_load_make(&t, pool, NULL, 2.0, 1.0, &arena, &l, &err), LS_OK);
    CHECK(ls_trace_load_next(&l, &job));
    const uint64_t first = job.number;
    CHECK(first != 0);
    CHECK_INT(job.after_count, 0);
    uint64_t sweep = 0;
    for (int i = 0; i < 3; i++) {
        CHECK(ls_trace_load_next(&l, &job));
        CHECK_INT(job.submit_us, 5000000);
        CHECK_INT(job.of, 3);
        CHECK_INT(job.after_count, 1);
        CHECK_INT(job.after[0], first);
        CHECK(i == 0 || job.number == sweep);
        sweep = job.number;
    }
    CHECK(sweep != first && sweep != 0);
    CHECK(ls_trace_load_next(&l, &job));  // nobody waits for it
    CHECK_INT(job.number, 0);
    CHECK(!job.fails);
    CHECK(ls_trace_load_next(&l, &job));
    CHECK_INT(job.after_count, 2);
    CHECK_INT(job.after[0], first);
    CHECK_INT(job.after[1], sweep);
    CHECK(job.fails);
    CHECK_INT(job.number, 0);
    CHECK(!ls_trace_load_next(&l, &job));
    ls_pool_destroy(pool);
}

// Three days of one job each; the second waits for the first of its own day and one of the day
// before.
static void test_what_was_drawn_twice_waits_for_its_own(void) {
    ls_pool *pool = pool_of("pool: p\nnodes: {kind: dgx-h100}\naccounts: {a: {}}\n");
    ls_trace t;
    ls_trace_load l, plain;
    ls_error err;
    CHECK_INT(read("submit_s,run_s,gpus,job,after\n0,1,1,a,\n90000,1,1,b,\n90001,2,1,c,a b\n"
                   "259200,3,1,,\n",
                   &t, &err),
              LS_OK);
    CHECK_INT(ls_trace_load_make(&t, pool, NULL, 2.0, 1.0, &arena, &plain, &err), LS_OK);
    uint32_t seen = 0;
    for (uint64_t seed = 0; seed < 50; seed++) {
        ls_sim_job job;
        uint64_t last = 0, most = 0;
        l = plain;
        CHECK(ls_trace_load_draw(&l, seed));
        while (ls_trace_load_next(&l, &job)) {
            if (job.work_us == 2000000) {
                CHECK_INT(job.after_count, 1);  // a is of another day
                CHECK_INT(job.after[0], last);
                seen++;
            }
            if (job.number != 0) {
                CHECK(job.number > most);  // none comes twice
                most = last = job.number;
            }
        }
    }
    CHECK(seen > 20);
    ls_pool_destroy(pool);
}

static void test_names_are_accounts_or_dealt_out(void) {
    ls_pool *pool = pool_of("pool: p\nnodes: {kind: dgx-h100}\naccounts: {a: {}, b: {}}\n");
    ls_trace t;
    ls_trace_load l;
    ls_error err;
    ls_sim_job job;
    CHECK_INT(read("submit_s,run_s,gpus,account\n0,1,1,x\n1,1,1,y\n2,1,1,z\n", &t, &err), LS_OK);
    CHECK_INT(ls_trace_load_make(&t, pool, NULL, 2.0, 1.0, &arena, &l, &err), LS_OK);
    CHECK(l.spread);
    static const char *const turns[] = {"a", "b", "a"};
    for (int i = 0; i < 3; i++) {
        CHECK(ls_trace_load_next(&l, &job));
        CHECK_STR(pool->accounts[job.request.account].path, turns[i]);
    }
    CHECK_INT(ls_trace_load_make(&t, pool, "b", 2.0, 1.0, &arena, &l, &err), LS_OK);
    CHECK(ls_trace_load_next(&l, &job));
    CHECK_STR(pool->accounts[job.request.account].path, "b");
    CHECK_INT(ls_trace_load_make(&t, pool, "q", 2.0, 1.0, &arena, &l, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "pool 'p' has no account 'q' that jobs may belong to");
    CHECK_INT(read("submit_s,run_s,gpus,account\n0,1,1,a\n1,1,1,y\n", &t, &err), LS_OK);
    CHECK_INT(ls_trace_load_make(&t, pool, NULL, 2.0, 1.0, &arena, &l, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "'y' of the trace is no account of pool 'p'");
    ls_pool_destroy(pool);
}

// Six weeks, a job in the middle of each; the k-th runs k + 1 seconds.
static void test_weeks_are_drawn_whole(void) {
    ls_pool *pool = pool_of("pool: p\nnodes: {kind: dgx-h100}\naccounts: {a: {}}\n");
    char text[600] = "submit_s,run_s,gpus\n0,1,1\n";
    for (int k = 0; k < 6; k++) {
        const size_t used = strlen(text);
        ls_text_format(text + used, sizeof text - used, "%d,%d,1\n", k * 604800 + 300000, k + 2);
    }
    ls_text_format(text + strlen(text), sizeof text - strlen(text), "%d,9,1\n", 6 * 604800);
    ls_trace t;
    ls_trace_load l, plain;
    ls_error err;
    CHECK_INT(read(text, &t, &err), LS_OK);
    CHECK_INT(ls_trace_load_make(&t, pool, NULL, 2.0, 1.0, &arena, &plain, &err), LS_OK);
    uint32_t seen[6] = {0}, all = 0, wrong = 0, different = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        l = plain;
        CHECK(ls_trace_load_draw(&l, seed));
        CHECK_INT(l.block_count, 6);
        CHECK_INT(ls_trace_load_end_us(&l), 6 * INT64_C(604800000000));
        ls_sim_job job;
        int64_t last_us = 0;
        for (uint32_t at = 0; ls_trace_load_next(&l, &job); last_us = job.submit_us) {
            wrong += job.submit_us < last_us;
            const int64_t k = job.work_us / 1000000 - 2;
            if (k < 0) {
                continue;  // the first job of the trace, of its first week
            }
            wrong += k > 5 || job.submit_us != (at * INT64_C(604800) + 300000) * 1000000;
            seen[k < 6 ? k : 0]++;
            different += k != at;
            at++;
            all++;
        }
    }
    CHECK_INT(wrong, 0);
    CHECK_INT(all, 1200);
    CHECK(different > 800);
    for (int k = 0; k < 6; k++) {  // a sixth of them each: 200, of deviation 12.9
        CHECK_NEAR(seen[k], 200.0, 58.0);
    }
    CHECK_INT(read("submit_s,run_s,gpus\n0,1,1\n100000,1,1\n", &t, &err), LS_OK);
    CHECK_INT(ls_trace_load_make(&t, pool, NULL, 2.0, 1.0, &arena, &l, &err), LS_OK);
    CHECK(!ls_trace_load_draw(&l, 1));  // no two days
    ls_pool_destroy(pool);
}

static void test_what_a_trace_asks_for(void) {
    ls_trace t;
    ls_error err;
    // 8 GPUs for a day and half of one for two, in the four days from the first to the last
    CHECK_INT(read("submit_s,run_s,gpus,milli\n0,86400,8,\n10,172800,1,500\n345600,0.000001,1,\n",
                   &t, &err),
              LS_OK);
    CHECK_NEAR(ls_trace_asked(&t, 9), 9.0 / (4.0 * 9.0), 1e-9);
    ls_pool *pool = pool_of("pool: p\nnodes: {kind: dgx-h100}\naccounts: {a: {}}\n");
    ls_trace_load l;
    ls_sim_job job;
    CHECK_INT(ls_trace_load_make(&t, pool, NULL, 2.0, 0.5, &arena, &l, &err), LS_OK);
    CHECK_INT(ls_trace_load_end_us(&l), 172800 * INT64_C(1000000));
    CHECK(ls_trace_load_next(&l, &job) && ls_trace_load_next(&l, &job));
    CHECK_INT(job.submit_us, 5000000);
    ls_pool_destroy(pool);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    ls_arena_init(&arena);
    TEST(test_five_forms_are_known_by_their_columns);
    TEST(test_times_are_sorted_and_zones_are_minded);
    TEST(test_what_is_wrong_is_told_with_its_place);
    TEST(test_jobs_find_their_accounts_and_shapes);
    TEST(test_a_service_has_replicas_by_its_load);
    TEST(test_jobs_wait_for_those_before_them);
    TEST(test_what_was_drawn_twice_waits_for_its_own);
    TEST(test_names_are_accounts_or_dealt_out);
    TEST(test_weeks_are_drawn_whole);
    TEST(test_what_a_trace_asks_for);
    ls_arena_clear(&arena);
    return harness_report();
}
