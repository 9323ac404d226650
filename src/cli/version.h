// version.h - `lineshaft --version`.
#pragma once

int ls_version_print(void);
