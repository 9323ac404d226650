#include "import/smt2020_print.h"

#include <assert.h>
#include <string.h>

#include "base/units.h"

// The unit of the data where up to six decimals give the time exactly, else what units.h finds.
void ls_smt_print_time(ls_buffer *out, int64_t us, char unit) {
    const int64_t per = unit == 'm'   ? LS_US_PER_MIN
                        : unit == 'h' ? LS_US_PER_HOUR
                        : unit == 'd' ? LS_US_PER_DAY
                                      : LS_US_PER_S;
    const int64_t rest = us % per * 1000000;  // below 8.64e16
    char text[48];
    if (rest % per != 0) {
        ls_units_print_time(us, text, sizeof text);
        ls_buffer_text(out, text);
        return;
    }
    ls_text_format(text, sizeof text, "%lld.%06lld", (long long)(us / per),
                   (long long)(rest / per));
    size_t length = strlen(text);
    while (text[length - 1] == '0') {
        length--;
    }
    length -= text[length - 1] == '.';
    ls_buffer_append(out, text, length);
    ls_buffer_text(out, unit == 'm' ? " min" : unit == 'h' ? " h" : unit == 'd' ? " d" : " s");
}

// For long spans that are read by people: 53 d 20 h 7 min 47 s.
void ls_smt_print_span(ls_buffer *out, int64_t us) {
    static const struct {
        int64_t us;
        const char *name;
    } parts[] = {{LS_US_PER_DAY, "d"}, {LS_US_PER_HOUR, "h"}, {LS_US_PER_MIN, "min"}};
    const char *blank = "";
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (us >= parts[i].us) {
            ls_buffer_printf(out, "%s%lld %s", blank, (long long)(us / parts[i].us), parts[i].name);
            us %= parts[i].us;
            blank = " ";
        }
    }
    if (us > 0 || blank[0] == '\0') {
        ls_buffer_text(out, blank);
        ls_smt_print_time(out, us, 's');
    }
}

void ls_smt_print_dist(ls_buffer *out, const ls_smt_dist *dist) {
    assert(dist->shape != LS_SMT_NONE);
    if (dist->shape == LS_SMT_UNIFORM) {
        ls_buffer_text(out, "uniform ");
        ls_smt_print_time(out, dist->low_us, dist->unit);
        ls_buffer_text(out, " to ");
    } else if (dist->shape == LS_SMT_EXPONENTIAL) {
        ls_buffer_text(out, "exp ");
    }
    ls_smt_print_time(out, dist->high_us, dist->unit);
}

// Names have only letters, digits, '_', '-' and '+'; quotes keep those apart that YAML could take
// for something else.
void ls_smt_print_name(ls_buffer *out, const char *name) {
    static const char *const words[] = {"null", "true", "false", "yes", "no",
                                        "on",   "off",  "y",     "n"};
    bool plain = false;
    for (const char *c = name; *c != '\0'; c++) {
        plain = plain || ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z'));
    }
    plain = plain && name[0] != '+';
    for (size_t i = 0; i < sizeof words / sizeof words[0] && plain; i++) {
        const char *n = name, *w = words[i];
        while (*w != '\0' && ((*n | 0x20) == *w)) {
            n++;
            w++;
        }
        plain = *w != '\0' || *n != '\0';
    }
    ls_buffer_printf(out, plain ? "%s" : "\"%s\"", name);
}

// Free text (a path) as a YAML text in quotes; control characters are left out.
void ls_smt_print_quoted(ls_buffer *out, const char *text) {
    ls_buffer_text(out, "\"");
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            ls_buffer_text(out, "\\");
        }
        if ((unsigned char)*c >= 0x20 && *c != 0x7f) {
            ls_buffer_append(out, c, 1);
        }
    }
    ls_buffer_text(out, "\"");
}

void ls_smt_print_comment(ls_buffer *out, const char *text) {
    for (const char *c = text; *c != '\0' && c < text + 60; c++) {
        ls_buffer_append(out, *c >= 0x20 && *c < 0x7f ? c : "?", 1);
    }
}
