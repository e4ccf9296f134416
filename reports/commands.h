// SPDX-License-Identifier: MIT
/* Commands of this folder: each parses its own options and returns an exit status. */
#ifndef PUGMARK_REPORTS_COMMANDS_H
#define PUGMARK_REPORTS_COMMANDS_H

int cmd_info(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_sql(int argc, char **argv);
int cmd_verify(int argc, char **argv);

#endif
