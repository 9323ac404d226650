// help.c - see help.h.
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/complain.h"

enum { NAME_COLUMN = 2, OPTION_COLUMN = 28, COMMAND_COLUMN = 19, LINE_WIDTH = 96, LEFT_SIZE = 128 };

// Fills lines up to the width with the words of `text`, from column `column` on, where the cursor
// is.
static void put_wrapped(ls_buffer *out, const char *text, int column, int indent) {
    while (*text != '\0') {
        const int length = (int)strcspn(text, " ");
        if (column > indent && column + 1 + length > LINE_WIDTH) {
            ls_buffer_printf(out, "\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            ls_buffer_text(out, " ");
            column++;
        }
        ls_buffer_append(out, text, (size_t)length);
        column += length;
        text += length;
        text += strspn(text, " ");
    }
    ls_buffer_text(out, "\n");
}

// Paragraphs, each ended by '\n', wrapped one by one.
static void put_paragraphs(ls_buffer *out, const char *text) {
    while (*text != '\0') {
        const size_t length = strcspn(text, "\n");
        char paragraph[2048];
        snprintf(paragraph, sizeof paragraph, "%.*s", (int)length, text);
        put_wrapped(out, paragraph, 0, 0);
        text += length + (text[length] == '\n' ? 1 : 0);
    }
}

static void put_examples(ls_buffer *out, const char *lines) {
    while (*lines != '\0') {
        const size_t length = strcspn(lines, "\n");
        ls_buffer_printf(out, "  %.*s\n", (int)length, lines);
        lines += length + (lines[length] == '\n' ? 1 : 0);
    }
}

// Name and text side by side, the text below when the name is too long.
static void put_row(ls_buffer *out, const char *left, int column, const char *text) {
    const int length = (int)strlen(left);
    ls_buffer_printf(out, "%*s%s", NAME_COLUMN, "", left);
    if (NAME_COLUMN + length + 2 > column) {
        ls_buffer_printf(out, "\n%*s", column, "");
    } else {
        ls_buffer_printf(out, "%*s", column - NAME_COLUMN - length, "");
    }
    put_wrapped(out, text, column, column);
}

static void put_option(ls_buffer *out, const ls_option *option, bool full) {
    char left[LEFT_SIZE];
    snprintf(left, sizeof left, "%c%c%s--%s%s%s", option->letter != 0 ? '-' : ' ',
             option->letter != 0 ? option->letter : ' ', option->letter != 0 ? ", " : "  ",
             option->name, option->argument != NULL ? " " : "",
             option->argument != NULL ? option->argument : "");
    ls_buffer text;
    ls_buffer_init(&text);
    ls_buffer_text(&text, option->about);
    if (full && option->detail != NULL) {
        ls_buffer_printf(&text, ". %s", option->detail);
    }
    const char *standard = option->initial != NULL ? option->initial : option->says;
    if (full && standard != NULL) {
        ls_buffer_printf(&text, " [default: %s]", standard);
    }
    put_row(out, left, OPTION_COLUMN, text.data != NULL ? text.data : "");
    out->failed = out->failed || text.failed;
    ls_buffer_clear(&text);
}

static void put_options(ls_buffer *out, const ls_cli_command *command, bool full) {
    ls_buffer_text(out, "\noptions\n");
    for (int t = 0; command->tables[t] != NULL; t++) {
        for (const ls_option *option = command->tables[t]; option->name != NULL; option++) {
            put_option(out, option, full);
        }
    }
    if (full) {
        put_row(out, "-h, --help", OPTION_COLUMN, "short help, and this");
    }
}

static void put_exit_codes(ls_buffer *out) {
    ls_buffer_printf(out,
                     "\nexit codes\n  %d done, %d ran and the answer is no, %d wrong usage, %d bad "
                     "input file, %d system,\n  %d stopped by Ctrl-C\n",
                     LS_EXIT_DONE, LS_EXIT_NO, LS_EXIT_USAGE, LS_EXIT_INPUT, LS_EXIT_SYSTEM,
                     LS_EXIT_STOPPED);
}

void ls_help_command(const ls_cli_command *command, bool full, ls_buffer *out) {
    ls_buffer_printf(out, "example: %s\n\n", command->example);
    ls_buffer_printf(out, "usage: lineshaft %s [options]%s%s\n", command->name,
                     command->arguments[0] != '\0' ? " " : "", command->arguments);
    put_wrapped(out, command->about, 0, 0);
    if (full && command->detail != NULL) {
        ls_buffer_text(out, "\n");
        put_paragraphs(out, command->detail);
    }
    put_options(out, command, full);
    if (full && command->examples != NULL) {
        ls_buffer_text(out, "\nmore examples\n");
        put_examples(out, command->examples);
    }
    if (full) {
        put_exit_codes(out);
    } else {
        ls_buffer_printf(out, "\n'lineshaft %s --help' explains each, with defaults\n",
                         command->name);
    }
}

static bool is_in_group(const ls_cli_command *command, const char *group) {
    const size_t length = strlen(group);
    return length == 0 ||
           (strncmp(command->name, group, length) == 0 && command->name[length] == ' ');
}

static void put_commands(ls_buffer *out, const char *group) {
    ls_buffer_text(out, "commands\n");
    for (int i = 0; ls_commands[i] != NULL; i++) {
        if (is_in_group(ls_commands[i], group)) {
            put_row(out, ls_commands[i]->name, COMMAND_COLUMN, ls_commands[i]->about);
        }
    }
}

void ls_help_program(const char *group, bool full, ls_buffer *out) {
    ls_buffer_printf(out, "example: %s\n\n", ls_command_twin_run.example);
    ls_buffer_printf(out, "usage: lineshaft %s%s[options] ...\n",
                     group[0] != '\0' ? group : "COMMAND", group[0] != '\0' ? " COMMAND " : " ");
    if (group[0] == '\0') {
        put_wrapped(out, "A plant described in one file, run far faster than life.", 0, 0);
    }
    ls_buffer_text(out, "\n");
    put_commands(out, group);
    ls_buffer_printf(out,
                     "\n'lineshaft COMMAND -h' is short, 'lineshaft COMMAND --help' has all; "
                     "'lineshaft --version'\n");
    if (full) {
        put_exit_codes(out);
    }
}
