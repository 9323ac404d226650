// swap_test.c - models exchanged under readers: no prediction lost, none torn, none of a dead
// model.
#include "model/swap.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "model/tree.h"
#include "model/tree_read.h"
#include "tests/harness.h"

static int destroyed;

static void count_destroyed(void *thing) {
    *(int *)thing = -1;
    destroyed++;
}

static void test_what_is_held_lives_until_it_is_given(void) {
    static ls_swap swap;
    int a = 1, b = 2, c = 3;
    destroyed = 0;
    ls_swap_init(&swap, count_destroyed);
    CHECK(ls_swap_take(&swap, 0) == NULL);
    ls_swap_give(&swap, 0);
    CHECK(ls_swap_put(&swap, &a));
    CHECK(ls_swap_take(&swap, 0) == &a);
    CHECK(ls_swap_put(&swap, &b));
    CHECK(ls_swap_take(&swap, 63) == &b);
    CHECK(ls_swap_put(&swap, &c));
    CHECK_INT(ls_swap_collect(&swap), 2);
    CHECK_INT(a, 1);
    ls_swap_give(&swap, 0);
    CHECK_INT(ls_swap_collect(&swap), 1);
    CHECK_INT(a, -1);
    CHECK_INT(b, 2);
    ls_swap_give(&swap, 63);
    ls_swap_clear(&swap);
    CHECK_INT(b, -1);
    CHECK_INT(c, -1);
    CHECK_INT(destroyed, 3);
}

static void test_too_many_held_refuse_the_next(void) {
    static ls_swap swap;
    static int things[LS_SWAP_RETIRED_MAX + 2];
    ls_swap_init(&swap, count_destroyed);
    for (uint32_t i = 0; i < LS_SWAP_RETIRED_MAX; i++) {
        CHECK(ls_swap_put(&swap, &things[i]));
        CHECK(ls_swap_take(&swap, i) == &things[i]);
    }
    CHECK(ls_swap_put(&swap, &things[LS_SWAP_RETIRED_MAX]));
    CHECK(!ls_swap_put(&swap, &things[LS_SWAP_RETIRED_MAX + 1]));
    CHECK(atomic_load(&swap.now) == &things[LS_SWAP_RETIRED_MAX]);
    for (uint32_t i = 0; i < LS_SWAP_RETIRED_MAX; i++) {
        ls_swap_give(&swap, i);
    }
    CHECK(ls_swap_put(&swap, &things[LS_SWAP_RETIRED_MAX + 1]));
    ls_swap_clear(&swap);
}

// Each model says its own number whatever the row is, spread over many trees: a prediction that
// mixed two models, or read one that is gone, would be another number.
enum { TREES = 40, READERS = 3, PUTS = 400 };

static ls_tree_model *constant_model(int number) {
    ls_buffer text;
    ls_buffer_init(&text);
    ls_buffer_text(&text,
                   "{\"learner\":{\"gradient_booster\":{\"name\":\"gbtree\",\"model\":"
                   "{\"tree_info\":[");
    for (int i = 0; i < TREES; i++) {
        ls_buffer_text(&text, i > 0 ? ",0" : "0");
    }
    ls_buffer_text(&text, "],\"trees\":[");
    for (int i = 0; i < TREES; i++) {
        ls_buffer_printf(&text,
                         "%s{\"left_children\":[1,-1,-1],\"right_children\":[2,-1,-1],"
                         "\"split_indices\":[0,0,0],\"split_conditions\":[0.5,%d,%d],"
                         "\"default_left\":[0,0,0],\"sum_hessian\":[2,1,1],"
                         "\"tree_param\":{\"num_nodes\":\"3\"}}",
                         i > 0 ? "," : "", number, number);
    }
    ls_buffer_text(&text,
                   "]}},\"learner_model_param\":{\"base_score\":\"0\",\"num_class\":\"0\","
                   "\"num_feature\":\"1\"},\"objective\":{\"name\":\"reg:squarederror\"}}}");
    ls_tree_model *model = NULL;
    ls_error err = {0};
    CHECK_INT(ls_tree_read_text(text.data, text.size, "constant", &model, &err), LS_OK);
    ls_buffer_clear(&text);
    return model;
}

static ls_swap served;
static atomic_bool ended;
static atomic_int predictions, wrong;

static void destroy_model(void *thing) {
    ls_tree_destroy(thing);
}

static void *read_on(void *slot) {
    const uint32_t mine = (uint32_t)(uintptr_t)slot;
    float row[1] = {0};
    int backwards = 0;
    float last = 0;
    while (!atomic_load(&ended)) {
        const ls_tree_model *model = ls_swap_take(&served, mine);
        float out = 0;
        row[0] = 1 - row[0];
        ls_tree_predict(model, row, NULL, &out);
        ls_swap_give(&served, mine);
        const float number = out / TREES;
        if (number != (float)(int)number || number < 1 || number > PUTS) {
            atomic_fetch_add(&wrong, 1);
        }
        backwards += number < last;  // a model that was replaced never comes back
        last = number;
        atomic_fetch_add(&predictions, 1);
    }
    atomic_fetch_add(&wrong, backwards);
    return NULL;
}

static void test_readers_see_whole_models_in_their_order(void) {
    pthread_t threads[READERS];
    ls_swap_init(&served, destroy_model);
    atomic_store(&ended, false);
    atomic_store(&predictions, 0);
    atomic_store(&wrong, 0);
    CHECK(ls_swap_put(&served, constant_model(1)));
    for (uintptr_t i = 0; i < READERS; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, read_on, (void *)(i * 7)), 0);
    }
    for (int number = 2; number <= PUTS; number++) {
        ls_tree_model *model = constant_model(number);
        while (!ls_swap_put(&served, model)) {
        }
    }
    // Readers have really read beside it, however busy the machine is.
    while (atomic_load(&predictions) < 1000) {
    }
    atomic_store(&ended, true);
    for (int i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK_INT(atomic_load(&wrong), 0);
    CHECK_INT(ls_swap_collect(&served), 0);
    ls_swap_clear(&served);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_what_is_held_lives_until_it_is_given);
    TEST(test_too_many_held_refuse_the_next);
    TEST(test_readers_see_whole_models_in_their_order);
    return harness_report();
}
