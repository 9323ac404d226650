// orders_tag.c - orders told by a tag: JSON, or `key=value` text.
#include <jansson.h>
#include <string.h>

#include "line/orders_inside.h"

enum { TEXT_SIZE_MAX = 65536, PAIRS_MAX = 16 };

static void refuse(ls_desk_turn *turn, const char *from, const char *why) {
    ls_orders_set_aside(turn, from, why);
}

// --- key=value

// Values with blanks stand in double quotes. The text is cut in place.
static bool take_pairs(char *text, ls_order_row *row, char *why, size_t why_size) {
    for (char *c = text; *c != '\0';) {
        c += strspn(c, " ,;");
        if (*c == '\0') {
            break;
        }
        char *equals = strpbrk(c, "= ");
        if (equals == NULL || *equals != '=') {
            ls_text_format(why, why_size, "'%.60s' is not 'key=value'", c);
            return false;
        }
        *equals = '\0';
        char *value = equals + 1;
        const bool is_quoted = *value == '"';
        value += is_quoted ? 1 : 0;
        char *end = strpbrk(value, is_quoted ? "\"" : " ,;");
        if (is_quoted && end == NULL) {
            ls_text_format(why, why_size, "the quote of '%.60s' is not closed", c);
            return false;
        }
        const char **at = ls_order_key(row, c, false);
        if (at == NULL) {
            ls_text_format(why, why_size, "unknown key '%.60s'; there are: %s", c,
                           ls_order_keys(false));
            return false;
        }
        *at = value;
        c = end == NULL ? value + strlen(value) : end + 1;
        if (end != NULL) {
            *end = '\0';
        }
    }
    return true;
}

static void take_text(ls_desk_turn *turn, const char *from, const char *text, size_t size) {
    char why[300];
    ls_order_row row = {0};
    ls_arena scratch;
    ls_arena_init(&scratch);
    char *copy = ls_arena_text(&scratch, text, size);
    if (copy != NULL && take_pairs(copy, &row, why, sizeof why)) {
        ls_orders_row(turn, from, &row);
    } else if (copy != NULL) {
        refuse(turn, from, why);
    }
    ls_arena_clear(&scratch);
}

// --- JSON

// Texts and numbers; numbers as they are written.
static const char *json_text(const json_t *value, ls_arena *scratch) {
    char text[64];
    if (json_is_string(value)) {
        return json_string_value(value);
    }
    if (!json_is_number(value)) {
        return NULL;
    }
    const size_t length = json_is_integer(value)
                              ? ls_text_format(text, sizeof text, "%lld",
                                               (long long)json_integer_value(value))
                              : ls_text_format(text, sizeof text, "%.17g", json_real_value(value));
    return ls_arena_text(scratch, text, length);
}

static void take_object(ls_desk_turn *turn, const char *from, json_t *object, ls_arena *scratch) {
    ls_order_row row = {0};
    const char *key = NULL;
    json_t *value = NULL;
    char why[300];
    if (!json_is_object(object)) {
        refuse(turn, from, "an order is an object: {\"order\": \"W1\", \"product\": \"x\"}");
        return;
    }
    json_object_foreach(object, key, value) {
        const char **at = ls_order_key(&row, key, false);
        const char *text = json_is_null(value) ? "" : json_text(value, scratch);
        if (at == NULL || text == NULL) {
            ls_text_format(why, sizeof why,
                           at == NULL ? "unknown key '%.60s'; there are: %s"
                                      : "'%.60s' is neither text nor number",
                           key, ls_order_keys(false));
            refuse(turn, from, why);
            return;
        }
        *at = text;
    }
    ls_orders_row(turn, from, &row);
}

static void take_json(ls_desk_turn *turn, const char *from, const char *text, size_t size) {
    json_error_t error;
    ls_arena scratch;
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        char why[300];
        ls_text_format(why, sizeof why, "not JSON at byte %d: %.120s", error.position, error.text);
        refuse(turn, from, why);
        return;
    }
    ls_arena_init(&scratch);
    if (json_is_array(root)) {
        for (size_t i = 0; i < json_array_size(root); i++) {
            take_object(turn, from, json_array_get(root, i), &scratch);
        }
    } else {
        take_object(turn, from, root, &scratch);
    }
    ls_arena_clear(&scratch);
    json_decref(root);
}

void ls_orders_text(ls_orders *desk, const char *from, const char *text, size_t size,
                    int64_t now_us, ls_desk_hear *hear, void *context) {
    ls_desk_turn turn = {.desk = desk, .now_us = now_us, .hear = hear, .context = context};
    char tag[600];
    ls_text_format(tag, sizeof tag, "tag %s", from);
    while (size > 0 && (*text == ' ' || *text == '\n' || *text == '\r' || *text == '\t')) {
        text++;
        size--;
    }
    if (size == 0) {
        return;  // nothing has been ordered yet
    }
    if (size > TEXT_SIZE_MAX || !ls_text_is_utf8(text, size, NULL)) {
        refuse(&turn, tag, "the text is over 64 KiB or not UTF-8");
    } else if (text[0] == '{' || text[0] == '[') {
        take_json(&turn, tag, text, size);
    } else {
        take_text(&turn, tag, text, size);
    }
}
