/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * main.h - the subcommands of `intelmq`; each lives in a file of its own name.
 */
#pragma once

/* Every command gets its own name as argv[0] and returns the exit code: 0 done, 1 failed, 2 wrong usage. */
int command_attach(int argc, char **argv);
int command_botnet(int argc, char **argv);
int command_broker(int argc, char **argv);
int command_conformance(int argc, char **argv);
int command_check(int argc, char **argv);
int command_ctl(int argc, char **argv);
int command_describe(int argc, char **argv);
int command_dump(int argc, char **argv);
int command_test(int argc, char **argv);
int command_trace(int argc, char **argv);

/* The program's version, as --version prints it. */
extern const char intelmq_version[];
