// SPDX-License-Identifier: MIT
/* Commands of this folder: each parses its own options and returns an exit status. */
#ifndef PUGMARK_REPLAY_COMMANDS_H
#define PUGMARK_REPLAY_COMMANDS_H

int cmd_age(int argc, char **argv);
int cmd_cache(int argc, char **argv);
int cmd_calibrate(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_gen(int argc, char **argv);
int cmd_numa_published(int argc, char **argv);
int cmd_numa_replay(int argc, char **argv);
int cmd_numa_topology(int argc, char **argv);
int cmd_nvme(int argc, char **argv);
int cmd_paper(int argc, char **argv);
int cmd_pin(int argc, char **argv);
int cmd_score(int argc, char **argv);
int cmd_sweep(int argc, char **argv);
int cmd_walk(int argc, char **argv);

#endif
