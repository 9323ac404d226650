// options.c - see options.h.
#include "cli/options.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"

enum { JOINED_SIZE = 256 };

static void collect(const ls_option *const *tables, ls_options *out) {
    memset(out, 0, sizeof *out);
    for (int t = 0; tables[t] != NULL; t++) {
        for (const ls_option *option = tables[t]; option->name != NULL; option++) {
            assert(out->count < LS_OPTIONS_MAX);
            out->options[out->count++] = option;
        }
    }
}

static ls_status parse_count(const ls_option *option, const char *text, int64_t *out,
                             ls_error *err) {
    int64_t number = 0;
    if (!ls_text_parse_i64(text, strlen(text), &number)) {
        return ls_fail(err, LS_ERR_INVALID, "option '--%s': '%s' is not a whole number",
                       option->name, text);
    }
    if (number < option->least || number > option->most) {
        ls_fail(err, LS_ERR_INVALID, "option '--%s': %s is out of range", option->name, text);
        if (option->most == INT64_MAX) {
            ls_hint(err, "at least %lld", (long long)option->least);
        } else {
            ls_hint(err, "%lld to %lld", (long long)option->least, (long long)option->most);
        }
        return LS_ERR_INVALID;
    }
    *out = number;
    return LS_OK;
}

static ls_status parse_choice(const ls_option *option, const char *text, int64_t *out,
                              ls_error *err) {
    size_t count = 0;
    while (option->choices[count] != NULL) {
        if (strcmp(option->choices[count], text) == 0) {
            *out = (int64_t)count;
            return LS_OK;
        }
        count++;
    }
    ls_fail(err, LS_ERR_INVALID, "option '--%s': unknown word '%s'", option->name, text);
    const char *nearest = ls_text_nearest(text, option->choices, count);
    if (nearest != NULL) {
        ls_hint(err, "did you mean '%s'?", nearest);
    } else {
        char words[JOINED_SIZE] = "";
        size_t length = 0;
        for (size_t i = 0; i < count && length < sizeof words; i++) {
            length += (size_t)snprintf(words + length, sizeof words - length, "%s%s",
                                       i == 0 ? "" : ", ", option->choices[i]);
        }
        ls_hint(err, "one of: %s", words);
    }
    return LS_ERR_INVALID;
}

// Puts the option's name before what the unit's parser says.
static ls_status name_option(const ls_option *option, ls_error *err) {
    char hint[LS_ERROR_TEXT_SIZE];
    memcpy(hint, err->hint, sizeof hint);
    ls_fail(err, LS_ERR_INVALID, "option '--%s': %s", option->name, err->text);
    ls_hint(err, "%s", hint);
    return LS_ERR_INVALID;
}

static ls_status parse_value(const ls_option *option, const char *text, ls_option_value *value,
                             ls_error *err) {
    ls_status status = LS_OK;
    switch (option->kind) {
    case LS_OPTION_FLAG:
    case LS_OPTION_TEXT: break;
    case LS_OPTION_TIME:
        if (option->word != NULL && strcmp(text, option->word) == 0) {
            value->number = -1;
        } else if (ls_units_time(text, &value->number, err) != LS_OK) {
            status = name_option(option, err);
            if (option->word != NULL && ls_text_nearest(text, &option->word, 1) != NULL) {
                ls_hint(err, "did you mean '%s'?", option->word);
            }
        }
        break;
    case LS_OPTION_COUNT: status = parse_count(option, text, &value->number, err); break;
    case LS_OPTION_SHARE:
        if (ls_units_share(text, &value->share, err) != LS_OK) {
            status = name_option(option, err);
        }
        break;
    case LS_OPTION_CHOICE: status = parse_choice(option, text, &value->number, err); break;
    }
    if (status == LS_OK) {
        value->known = true;
        value->text = text;
    }
    return status;
}

static void set_defaults(ls_options *options) {
    for (int i = 0; i < options->count; i++) {
        if (options->options[i]->initial != NULL) {
            ls_error err = {0};
            const ls_status status = parse_value(options->options[i], options->options[i]->initial,
                                                 &options->values[i], &err);
            assert(status == LS_OK);
            (void)status;
        }
    }
}

static int find_name(const ls_options *options, const char *name, size_t length) {
    for (int i = 0; i < options->count; i++) {
        const char *known = options->options[i]->name;
        if (strlen(known) == length && memcmp(known, name, length) == 0) {
            return i;
        }
    }
    return -1;
}

static int find_letter(const ls_options *options, char letter) {
    for (int i = 0; i < options->count; i++) {
        if (options->options[i]->letter == letter) {
            return i;
        }
    }
    return -1;
}

static ls_status unknown_option(const ls_options *options, const char *argument, ls_error *err) {
    char word[LS_TEXT_WORD_MAX + 1];
    const char *bare = argument + strspn(argument, "-");
    snprintf(word, sizeof word, "%.*s", (int)strcspn(bare, "="), bare);
    ls_fail(err, LS_ERR_INVALID, "unknown option '%s'", argument);
    const char *names[LS_OPTIONS_MAX + 1];
    size_t count = 0;
    for (int i = 0; i < options->count; i++) {
        names[count++] = options->options[i]->name;
    }
    names[count++] = "help";
    const char *nearest = ls_text_nearest(word, names, count);
    if (nearest != NULL) {
        ls_hint(err, "did you mean '--%s'?", nearest);
    }
    return LS_ERR_INVALID;
}

// Where an argument's option is in the tables, and its value when it stands in the same argument.
static int find_option(const ls_options *options, char *argument, char **out_value) {
    *out_value = NULL;
    if (argument[1] != '-') {
        const int index = find_letter(options, argument[1]);
        if (index >= 0 && argument[2] != '\0') {
            *out_value = argument + 2 + (argument[2] == '=' ? 1 : 0);
        }
        return index;
    }
    const size_t length = strcspn(argument + 2, "=");
    if (argument[2 + length] == '=') {
        *out_value = argument + 2 + length + 1;
    }
    return find_name(options, argument + 2, length);
}

static bool is_option(const char *argument) {
    return argument[0] == '-' && argument[1] != '\0' && !(argument[1] >= '0' && argument[1] <= '9');
}

// `--for 90 d` reads as two arguments: say how to write it.
static void hint_joined(const ls_option *option, const char *value, const char *following,
                        ls_error *err) {
    char joined[JOINED_SIZE];
    int64_t time_us = 0;
    if (option->kind == LS_OPTION_TIME && following != NULL &&
        snprintf(joined, sizeof joined, "%s%s", value, following) < (int)sizeof joined &&
        ls_units_time(joined, &time_us, NULL) == LS_OK) {
        ls_hint(err, "write '--%s %s'", option->name, joined);
    }
}

static ls_status value_is_missing(const ls_option *option, ls_error *err) {
    ls_fail(err, LS_ERR_INVALID, "option '--%s' needs a value: %s", option->name, option->argument);
    if (option->kind == LS_OPTION_TIME) {
        ls_hint(err, "as in '--%s 90d'", option->name);
    } else if (option->kind == LS_OPTION_SHARE) {
        ls_hint(err, "as in '--%s 5%%'", option->name);
    }
    return LS_ERR_INVALID;
}

// Parses the option argv[*at] and its value, and leaves *at on the last argument used.
static ls_status parse_option(ls_options *options, int argc, char **argv, int *at, ls_error *err) {
    char *value = NULL;
    char *argument = argv[*at];
    const int index = find_option(options, argument, &value);
    if (index < 0) {
        return unknown_option(options, argument, err);
    }
    const ls_option *option = options->options[index];
    if (option->kind == LS_OPTION_FLAG) {
        if (value != NULL) {
            return ls_fail(err, LS_ERR_INVALID, "option '--%s' takes no value, but has '%s'",
                           option->name, value);
        }
        value = argument;
    } else if (value == NULL) {
        if (*at + 1 == argc || is_option(argv[*at + 1])) {
            return value_is_missing(option, err);
        }
        *at += 1;
        value = argv[*at];
    }
    const ls_status status = parse_value(option, value, &options->values[index], err);
    if (status != LS_OK) {
        hint_joined(option, value, *at + 1 < argc ? argv[*at + 1] : NULL, err);
        return status;
    }
    options->values[index].given = true;
    return LS_OK;
}

// Help is asked for even when the rest of the line is wrong.
static void find_help(int argc, char **argv, ls_options *out) {
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        out->help_short = out->help_short || strcmp(argv[i], "-h") == 0;
        out->help_full = out->help_full || strcmp(argv[i], "--help") == 0;
    }
}

ls_status ls_options_parse(const ls_option *const *tables, int argc, char **argv, ls_options *out,
                           ls_error *err) {
    collect(tables, out);
    set_defaults(out);
    find_help(argc, argv, out);
    out->arguments = argv;
    if (out->help_short || out->help_full) {
        return LS_OK;
    }
    bool ended = false;
    for (int i = 0; i < argc; i++) {
        if (!ended && strcmp(argv[i], "--") == 0) {
            ended = true;
        } else if (ended || !is_option(argv[i])) {
            argv[out->argument_count++] = argv[i];
        } else {
            const ls_status status = parse_option(out, argc, argv, &i, err);
            if (status != LS_OK) {
                return status;
            }
        }
    }
    return LS_OK;
}

const ls_option_value *ls_options_get(const ls_options *options, const char *name) {
    const int index = find_name(options, name, strlen(name));
    assert(index >= 0);
    return &options->values[index];
}

ls_status ls_options_exclude(const ls_options *options, const char *a, const char *b,
                             ls_error *err) {
    if (ls_options_get(options, a)->given && ls_options_get(options, b)->given) {
        ls_fail(err, LS_ERR_INVALID, "'--%s' and '--%s' exclude each other", a, b);
        ls_hint(err, "give one of them");
        return LS_ERR_INVALID;
    }
    return LS_OK;
}
