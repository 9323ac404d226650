// title.h - what a process is called by ps, pgrep and pkill.
//
// A process that was forked has the command line of whom it was forked from. Those that outlive the
// daemon have a name of their own, so that whoever ends the daemon by its name does not end them.
#pragma once

enum { LS_TITLE_SIZE = 64 };

// Replaces this process's name (by the first word, 15 bytes of it) and command line; a longer title
// is cut to what its command line has room for. The arguments of main are gone then. Where the
// command line cannot be replaced it stays as it is.
void ls_title_set(const char *title);
