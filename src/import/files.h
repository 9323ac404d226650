// files.h - the text files of a data set, by name, in memory.
//
// Importers never open anything themselves: they are handed all files of a folder at once, so that
// they can be fuzzed and tested without a file system. folder.h fills this from a real folder.
#pragma once

#include <stddef.h>

typedef struct ls_import_file {
    const char *name;  // without folders: "order.txt"
    const char *text;
    size_t size;
} ls_import_file;

typedef struct ls_import_files {
    const char
        *folder;  // goes before the names in errors: "data/HVLM"; NULL or "": the names alone
    const ls_import_file *items;
    size_t count;
} ls_import_files;
