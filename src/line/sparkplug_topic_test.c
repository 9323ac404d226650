// sparkplug_topic_test.c - topics, there and back.
#include "line/sparkplug_topic.h"

#include <stdio.h>
#include <string.h>

#include "tests/harness.h"

static const char *parse(const char *topic, ls_sparkplug_topic *out) {
    return ls_sparkplug_topic_parse(topic, strlen(topic), out);
}

static void copy(char out[LS_SPARKPLUG_ID_MAX + 1], ls_sparkplug_id id) {
    memcpy(out, id.text, id.size);
    out[id.size] = '\0';
}

static void test_topics_of_every_type_come_back(void) {
    for (int i = 0; i < LS_SPARKPLUG_MESSAGE_COUNT; i++) {
        const ls_sparkplug_message message = (ls_sparkplug_message)i;
        const bool device = message >= LS_SPARKPLUG_DBIRTH && message <= LS_SPARKPLUG_DCMD;
        char out[LS_SPARKPLUG_TOPIC_MAX], id[LS_SPARKPLUG_ID_MAX + 1];
        const size_t size = ls_sparkplug_topic_format(out, message, "Werk 1", "cell",
                                                      device ? "gr\xc3\xbcn" : NULL);
        CHECK_INT(size, strlen(out));
        ls_sparkplug_topic topic;
        CHECK_STR(parse(out, &topic), NULL);
        CHECK_INT(topic.message, message);
        copy(id, topic.node);
        CHECK_STR(id, "cell");
        if (message != LS_SPARKPLUG_STATE) {
            copy(id, topic.group);
            CHECK_STR(id, "Werk 1");
        }
        CHECK_INT(topic.device.size, device ? 5 : 0);
    }
    char out[LS_SPARKPLUG_TOPIC_MAX];
    ls_sparkplug_topic_format(out, LS_SPARKPLUG_DDATA, "g", "n", "d");
    CHECK_STR(out, "spBv1.0/g/DDATA/n/d");
    ls_sparkplug_topic_format(out, LS_SPARKPLUG_STATE, NULL, "host", NULL);
    CHECK_STR(out, "spBv1.0/STATE/host");
}

static void test_the_longest_ids_fit(void) {
    char id[LS_SPARKPLUG_ID_MAX + 2], out[LS_SPARKPLUG_TOPIC_MAX];
    memset(id, 'x', sizeof id);
    id[LS_SPARKPLUG_ID_MAX] = '\0';
    CHECK_INT(ls_sparkplug_topic_format(out, LS_SPARKPLUG_DBIRTH, id, id, id),
              LS_SPARKPLUG_TOPIC_MAX - 1);
    ls_sparkplug_topic topic;
    CHECK_STR(parse(out, &topic), NULL);
    CHECK_INT(ls_sparkplug_id_check(id, "node", NULL), LS_OK);
    id[LS_SPARKPLUG_ID_MAX] = 'x';
    id[LS_SPARKPLUG_ID_MAX + 1] = '\0';
    ls_error err;
    CHECK_INT(ls_sparkplug_id_check(id, "node", &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "longer than 127");
}

static void test_wrong_topics_are_refused_with_a_reason(void) {
    static const char *const cases[][2] = {
        {"", "empty"},
        {"spAv1.0/g/NDATA/n", "begin"},
        {"SPBV1.0/g/NDATA/n", "begin"},
        {"spBv1.0", "GROUP"},
        {"spBv1.0/g/NDATA", "GROUP"},
        {"spBv1.0/g/NDATA/n/d/x", "GROUP"},
        {"spBv1.0/g/NDATA/n/", "behind"},
        {"spBv1.0/g/NDATA/n/d", "behind"},
        {"spBv1.0/g/DDATA/n", "missing"},
        {"spBv1.0/g/DDATA/n/", "empty"},
        {"spBv1.0//NDATA/n", "empty"},
        {"spBv1.0/g/NDATA/", "empty"},
        {"spBv1.0/g/XDATA/n", "unknown"},
        {"spBv1.0/g/ndata/n", "unknown"},
        {"spBv1.0/g+/NDATA/n", "one of"},
        {"spBv1.0/g/NDATA/#", "one of"},
        {"spBv1.0/g/NDATA/a\x01", "control"},
        {"spBv1.0/g/NDATA/\xff", "UTF-8"},
        {"spBv1.0/STATE", "host id"},
        {"spBv1.0/STATE/", "empty"},
        {"spBv1.0/STATE/a/b", "host id"},
        {"STATE/a", "begin"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ls_sparkplug_topic topic = {.message = LS_SPARKPLUG_DCMD};
        harness_note("%s", cases[i][0]);
        CHECK_CONTAINS(parse(cases[i][0], &topic), cases[i][1]);
        CHECK_INT(topic.message, LS_SPARKPLUG_DCMD);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_topics_of_every_type_come_back);
    TEST(test_the_longest_ids_fit);
    TEST(test_wrong_topics_are_refused_with_a_reason);
    return harness_report();
}
