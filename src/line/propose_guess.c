// propose_guess.c - see propose_guess.h.
#include "line/propose_guess.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"

typedef struct word {
    const char *text;
    ls_meaning means;
    uint32_t score;
} word;

// Words of the field: PackML tags (PackTags), MTConnect, OPC UA companion specifications, and what
// people call things.
static const word machine_words[] = {
    {"state", LS_MEANS_STATE, 95},
    {"statecurrent", LS_MEANS_STATE, 100},
    {"packmlstate", LS_MEANS_STATE, 100},
    {"status", LS_MEANS_STATE, 85},
    {"statusstatecurrent", LS_MEANS_STATE, 100},
    {"machinestate", LS_MEANS_STATE, 95},
    {"runstate", LS_MEANS_STATE, 90},
    {"execution", LS_MEANS_STATE, 80},
    {"running", LS_MEANS_STATE, 60},
    {"lots", LS_MEANS_LOTS, 100},
    {"lot", LS_MEANS_LOTS, 95},
    {"lotid", LS_MEANS_LOTS, 95},
    {"batchid", LS_MEANS_LOTS, 80},
    {"batch", LS_MEANS_LOTS, 75},
    {"workpiece", LS_MEANS_LOTS, 70},
    {"serial", LS_MEANS_LOTS, 60},
    {"step", LS_MEANS_STEP, 95},
    {"operation", LS_MEANS_STEP, 80},
    {"op", LS_MEANS_STEP, 70},
    {"product", LS_MEANS_PRODUCT, 95},
    {"productid", LS_MEANS_PRODUCT, 95},
    {"article", LS_MEANS_PRODUCT, 80},
    {"partnumber", LS_MEANS_PRODUCT, 80},
    {"recipe", LS_MEANS_PRODUCT, 65},
    {"material", LS_MEANS_PRODUCT, 60},
    {"setup", LS_MEANS_SETUP, 95},
    {"fixture", LS_MEANS_SETUP, 70},
    {"reason", LS_MEANS_REASON, 95},
    {"stopreason", LS_MEANS_REASON, 100},
    {"stopreasonid", LS_MEANS_REASON, 95},
    {"downtimereason", LS_MEANS_REASON, 95},
    {"alarm", LS_MEANS_REASON, 65},
    {"alarmcode", LS_MEANS_REASON, 75},
    {"faultcode", LS_MEANS_REASON, 80},
    {"errorcode", LS_MEANS_REASON, 75},
    {"good", LS_MEANS_GOOD, 100},
    {"goodcount", LS_MEANS_GOOD, 100},
    {"goodparts", LS_MEANS_GOOD, 100},
    {"partsgood", LS_MEANS_GOOD, 100},
    {"partsok", LS_MEANS_GOOD, 95},
    {"okcount", LS_MEANS_GOOD, 95},
    {"prodprocessedcount", LS_MEANS_GOOD, 75},
    {"partcount", LS_MEANS_GOOD, 75},
    {"parts", LS_MEANS_GOOD, 70},
    {"count", LS_MEANS_GOOD, 60},
    {"produced", LS_MEANS_GOOD, 70},
    {"bad", LS_MEANS_BAD, 100},
    {"badcount", LS_MEANS_BAD, 100},
    {"badparts", LS_MEANS_BAD, 100},
    {"partsbad", LS_MEANS_BAD, 100},
    {"scrap", LS_MEANS_BAD, 95},
    {"scrapcount", LS_MEANS_BAD, 95},
    {"nok", LS_MEANS_BAD, 90},
    {"nokcount", LS_MEANS_BAD, 95},
    {"partsnok", LS_MEANS_BAD, 95},
    {"rejects", LS_MEANS_BAD, 90},
    {"rejectcount", LS_MEANS_BAD, 90},
    {"proddefectivecount", LS_MEANS_BAD, 95},
    {"queue", LS_MEANS_QUEUE, 90},
    {"wip", LS_MEANS_QUEUE, 80},
    {"waiting", LS_MEANS_QUEUE, 85},
    {"queuelength", LS_MEANS_QUEUE, 100},
};

static const word line_words[] = {
    {"released", LS_MEANS_LOT_RELEASED, 100},
    {"lotreleased", LS_MEANS_LOT_RELEASED, 100},
    {"release", LS_MEANS_LOT_RELEASED, 75},
    {"lotstarted", LS_MEANS_LOT_RELEASED, 75},
    {"arrived", LS_MEANS_LOT_ARRIVED, 100},
    {"lotarrived", LS_MEANS_LOT_ARRIVED, 100},
    {"moved", LS_MEANS_LOT_ARRIVED, 75},
    {"movein", LS_MEANS_LOT_ARRIVED, 80},
    {"done", LS_MEANS_LOT_DONE, 95},
    {"lotdone", LS_MEANS_LOT_DONE, 100},
    {"finished", LS_MEANS_LOT_DONE, 90},
    {"completed", LS_MEANS_LOT_DONE, 90},
    {"scrapped", LS_MEANS_LOT_SCRAPPED, 100},
    {"lotscrapped", LS_MEANS_LOT_SCRAPPED, 100},
    {"order", LS_MEANS_ORDER, 85},
    {"neworder", LS_MEANS_ORDER, 95},
};

void ls_guess_plain(const char *text, size_t size, char out[LS_GUESS_WORD]) {
    size_t length = 0;
    for (size_t i = 0; i < size && length + 1 < LS_GUESS_WORD; i++) {
        const char c = text[i];
        const bool is_upper = c >= 'A' && c <= 'Z';
        if (is_upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
            (unsigned char)c >= 0x80) {
            out[length++] = is_upper ? (char)(c - 'A' + 'a') : c;
        }
    }
    out[length] = '\0';
}

// Can a value of this kind be that? Unknown kinds can be anything.
static bool can_be(ls_meaning means, ls_value_kind kind) {
    const bool is_text = kind == LS_VALUE_TEXT;
    if (kind == LS_VALUE_NONE) {
        return true;
    }
    switch (means) {
    case LS_MEANS_STATE:
    case LS_MEANS_REASON:
        return kind != LS_VALUE_BYTES && kind != LS_VALUE_REAL && kind != LS_VALUE_FLOAT;
    case LS_MEANS_GOOD:
    case LS_MEANS_BAD:
    case LS_MEANS_QUEUE: return !is_text && kind != LS_VALUE_BOOL && kind != LS_VALUE_BYTES;
    default: return is_text;
    }
}

static ls_guess look_up(const word *words, size_t count, const char *last, size_t size,
                        ls_value_kind kind) {
    char plain[LS_GUESS_WORD];
    ls_guess best = {LS_MEANS_COUNT, 0};
    ls_guess_plain(last, size, plain);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i].text, plain) == 0 && can_be(words[i].means, kind) &&
            words[i].score > best.score) {
            best = (ls_guess){words[i].means, words[i].score};
        }
    }
    return best;
}

ls_guess ls_guess_machine(const char *last, size_t size, ls_value_kind kind) {
    return look_up(machine_words, sizeof machine_words / sizeof machine_words[0], last, size, kind);
}

ls_guess ls_guess_line(const char *last, size_t size, ls_value_kind kind) {
    return look_up(line_words, sizeof line_words / sizeof line_words[0], last, size, kind);
}

// "lathe01" and "lathe1" are the same number.
static void drop_zeros(char *text) {
    char *to = text;
    for (const char *c = text; *c != '\0'; c++) {
        const bool follows_digit = c > text && c[-1] >= '0' && c[-1] <= '9';
        const bool is_leading = *c == '0' && !follows_digit && c[1] >= '0' && c[1] <= '9';
        if (!is_leading) {
            *to++ = *c;
        }
    }
    *to = '\0';
}

uint32_t ls_guess_name(const char *part, size_t size, const char *name) {
    char a[LS_GUESS_WORD];
    char b[LS_GUESS_WORD];
    if (size == strlen(name) && memcmp(part, name, size) == 0) {
        return 100;
    }
    ls_guess_plain(part, size, a);
    ls_guess_plain(name, strlen(name), b);
    if (a[0] == '\0' || b[0] == '\0') {
        return 0;
    }
    if (strcmp(a, b) == 0) {
        return 90;
    }
    drop_zeros(a);
    drop_zeros(b);
    if (strcmp(a, b) == 0) {
        return 80;
    }
    // A digit tells two machines apart: only letters may differ.
    const char *a_digits = a + strcspn(a, "0123456789");
    const char *b_digits = b + strcspn(b, "0123456789");
    const size_t length = strlen(b);
    if (strcmp(a_digits, b_digits) != 0 || length < 4) {
        return 0;
    }
    const unsigned cap = (unsigned)length / 4 + 1;
    const unsigned distance = ls_text_distance(a, b, cap);
    return distance < cap ? 60 - 10 * distance : 0;
}
