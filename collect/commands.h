// SPDX-License-Identifier: MIT
/* Commands of this folder: each parses its own options and returns an exit status. */
#ifndef PUGMARK_COLLECT_COMMANDS_H
#define PUGMARK_COLLECT_COMMANDS_H

int cmd_doctor(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_merge(int argc, char **argv);
int cmd_numa_census(int argc, char **argv);
int cmd_numa_classify(int argc, char **argv);
int cmd_numa_measure(int argc, char **argv);
int cmd_record(int argc, char **argv);

#endif
