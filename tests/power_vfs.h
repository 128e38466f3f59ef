/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * power_vfs.h - for tests: a VFS for SQLite whose files lie in memory, on a disk that loses power, fails and fills.
 *
 * What was written but not synced survives a loss of power only as far as chance has it: of each write any of its
 * sectors, of new, removed and cut files either state. Everything follows from the seed and the calls. Locks are not
 * kept and there is no shared memory: one connection at a time, with locking_mode=EXCLUSIVE. Temporary files
 * are refused. May be used from several threads.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct power_vfs;

#define POWER_NO_LIMIT UINT64_MAX

/* Registers it under this name, on which it does not depend further. */
struct power_vfs *power_vfs_new(const char *name, uint64_t seed);
/* After all its files are closed. */
void power_vfs_free(struct power_vfs *);

/*
 * Faults at the n-th writing call (write, truncate, sync, delete) from now on, 1 is the next, 0 none. `cut`: power is
 * lost in its midst. `fail`: it alone fails with an I/O error; of a sync that fails, part of what was to be synced is
 * lost, and no later sync will bring it to the disk.
 */
void power_vfs_cut(struct power_vfs *, unsigned n);
void power_vfs_fail(struct power_vfs *, unsigned n);
/* The files together may grow by so many bytes from now on. */
void power_vfs_fill(struct power_vfs *, uint64_t room);

/*
 * Power is lost, or only the process is killed: then what it wrote stays. Every call fails until power_vfs_on, which
 * ends all faults; files that were open stay unusable. Close what used them before that.
 */
void power_vfs_off(struct power_vfs *, bool killed_only);
void power_vfs_on(struct power_vfs *);
bool power_vfs_is_off(struct power_vfs *);

/* How often fail, fill and a loss of power have struck. */
unsigned power_vfs_strikes(struct power_vfs *);
