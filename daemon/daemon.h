/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * daemon.h - the program intelmqd.
 */
#pragma once

int command_daemon(int argc, char **argv);
