/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * processes.h - what processes and directories take, for benchmarks with several of them.
 */
#pragma once
#include <stdio.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* Resident memory of a process in MB, without what is only mapped. */
static inline double memory_of(pid_t pid)
{
	char path[64], line[256];
	double kb = 0, part;
	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "RssAnon: %lf kB", &part) == 1)
			kb = part;
	if (f)
		fclose(f);
	return kb / 1024;
}

/* Seconds of processor time that a process has used, all its threads; -1: it is gone. */
static inline double cpu_of(pid_t pid)
{
	clockid_t clock;
	struct timespec t;
	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) < 0)
		return -1;
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* MB on the disk, of a folder or file. */
static inline double disk_of(const char *path)
{
	char command[200];
	double mb = 0;
	snprintf(command, sizeof command, "du -sm %s", path);
	FILE *f = popen(command, "r");
	if (f && fscanf(f, "%lf", &mb) != 1)
		mb = 0;
	if (f)
		pclose(f);
	return mb;
}
