/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The gate of the embedded broker: whole botnets, in which workers are killed in the midst of a frame, the broker dies, power
 * is lost, the disk fills and fails, and the configuration changes (tests/botnet_model/world.h).
 *
 *	botnet_model_test                            the first seeds, and some rules switched off
 *	botnet_model_test SEED [COUNT]               these, in two processes; prints one that fails, and why
 *	botnet_model_test --trace SEED [RULE]        what happens, with this rule switched off
 *	botnet_model_test --mutants [COUNT [RULE]]   each rule (or this) switched off: the first of so many seeds that shows it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/botnet_model/world.h"

enum {
	SEEDS = 1000,
	SAME = 30,
	FEW = 15,
	MUTANT_SEEDS = 40000,
	SECONDS = 60, /* one seed must not take so long */
};

/* Of the process that runs the seeds: it may die of one. */
struct report {
	uint64_t seed;
	struct outcome outcome;
	uint64_t print; /* of all */
};

static void run_seeds(struct report *report, uint64_t seed, uint64_t count)
{
	/* Each seed needs again what the one before gave back. */
	mallopt(M_TRIM_THRESHOLD, 1 << 28);
	mallopt(M_MMAP_THRESHOLD, 1 << 28);
	for (uint64_t i = 0; i < count; i++) {
		report->seed = seed + i;
		alarm(SECONDS);
		if (!world_run(seed + i, false, &report->outcome))
			return;
		report->print = report->print * 31 + report->outcome.print;
	}
	alarm(0);
	report->seed = seed + count;
}

/* A process that runs seeds. */
struct runner {
	struct report *report;
	pid_t pid;
};

static struct runner start(uint64_t seed, uint64_t count, int off)
{
	struct runner r = { .report = mmap(NULL, sizeof *r.report, PROT_READ | PROT_WRITE,
		                           MAP_SHARED | MAP_ANONYMOUS, -1, 0) };
	if (r.report == MAP_FAILED)
		abort();
	fflush(NULL);
	r.pid = fork();
	if (r.pid)
		return r;
	rules_set_off(off);
	if (off != RULES && !freopen("/dev/null", "w", stderr))
		abort();
	run_seeds(r.report, seed, count);
	/* What a broken rule leaves behind is of no interest. */
	if (off != RULES)
		_exit(0);
	exit(0);
}

/* True: all are good. */
static bool finish(struct runner r, struct report *out)
{
	int status = 0;
	waitpid(r.pid, &status, 0);
	*out = *r.report;
	munmap(r.report, sizeof *r.report);
	if (status != 0 && !out->outcome.reason[0])
		snprintf(out->outcome.reason, sizeof out->outcome.reason, "died: %s %d",
		         WIFSIGNALED(status) ? "signal" : "exit code",
		         WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return !out->outcome.reason[0];
}

static bool run(uint64_t seed, uint64_t count, int off, struct report *out)
{
	return finish(start(seed, count, off), out);
}

/* In two processes; the report is that of the one that failed, or the first. */
static bool run_halves(uint64_t seed, uint64_t count, struct report *out)
{
	uint64_t half = (count + 1) / 2;
	struct report second = { 0 };
	struct runner first = start(seed, half, RULES);
	bool good = count == half || run(seed + half, count - half, RULES, &second);
	if (finish(first, out) && good)
		return true;
	if (!out->outcome.reason[0])
		*out = second;
	return false;
}

/* ---- Tests ---- */

/* A seed that fails can be looked at: it runs the same way wherever it stands. */
static void test_runs_are_the_same(void **state)
{
	struct report first, again;
	uint64_t print = 0;
	(void)state;
	assert_true(run(0, SAME, RULES, &first));
	for (uint64_t i = 0; i < SAME; i++) {
		assert_true(run(i, 1, RULES, &again));
		print = print * 31 + again.print;
	}
	assert_int_equal(print, first.print);
}

static void test_seeds(void **state)
{
	struct report report;
	(void)state;
	if (!run_halves(0, SEEDS, &report))
		fail_msg("seed %llu: %s", (unsigned long long)report.seed, report.outcome.reason);
}

static bool show_mutant(int rule, uint64_t seeds)
{
	struct report report;
	bool caught = !run(0, seeds, rule, &report);
	if (caught)
		print_message("%-15s seed %6llu: %s\n", rule_name(rule),
		              (unsigned long long)report.seed, report.outcome.reason);
	else
		print_message("%-15s not caught by %llu seeds\n", rule_name(rule),
		              (unsigned long long)seeds);
	return caught;
}

/* That all are is shown by --mutants, which takes longer. */
static void test_rules_are_needed(void **state)
{
	struct report report;
	int shown = 0;
	(void)state;
	for (int rule = 0; rule < RULES; rule++)
		shown += !run(0, FEW, rule, &report);
	assert_true(shown >= RULES / 3);
}

/* ---- By hand ---- */

static uint64_t number(const char *text)
{
	return strtoull(text, NULL, 10);
}

static int show_seeds(uint64_t seed, uint64_t count)
{
	struct report report;
	if (run_halves(seed, count, &report)) {
		printf("%llu seeds from %llu hold (%016llx)\n", (unsigned long long)count,
		       (unsigned long long)seed, (unsigned long long)report.print);
		return 0;
	}
	printf("seed %llu: %s\n", (unsigned long long)report.seed, report.outcome.reason);
	return 1;
}

static int show_trace(uint64_t seed, int off)
{
	struct outcome outcome;
	rules_set_off(off);
	setvbuf(stdout, NULL, _IOLBF, 0);
	bool good = world_run(seed, true, &outcome);
	printf("%s\n", good ? "holds" : outcome.reason);
	return !good;
}

static int rule_by_name(const char *name)
{
	int rule = 0;
	while (rule < RULES && strcmp(rule_name(rule), name) != 0)
		rule++;
	return rule;
}

/* All rules, or that with this name. */
static int show_mutants(uint64_t seeds, const char *name)
{
	int missed = 0;
	for (int rule = 0; rule < RULES; rule++)
		if (!name || rule == rule_by_name(name))
			missed += !show_mutant(rule, seeds);
	printf("%d of %d rules are not caught\n", missed, RULES);
	return missed != 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs_are_the_same),
		cmocka_unit_test(test_seeds),
		cmocka_unit_test(test_rules_are_needed),
	};
	if (argc > 1 && strcmp(argv[1], "--mutants") == 0)
		return show_mutants(argc > 2 ? number(argv[2]) : MUTANT_SEEDS,
		                    argc > 3 ? argv[3] : NULL);
	if (argc > 2 && strcmp(argv[1], "--trace") == 0)
		return show_trace(number(argv[2]), argc > 3 ? rule_by_name(argv[3]) : RULES);
	if (argc > 1)
		return show_seeds(number(argv[1]), argc > 2 ? number(argv[2]) : 1);
	return cmocka_run_group_tests_name("botnets", tests, NULL, NULL);
}
