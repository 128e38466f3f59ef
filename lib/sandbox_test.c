/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Children enter the sandbox, do what hijacked processes do, and must not succeed; honest work goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/sandbox_parts.h"

static char folder[64], own[128], secret[128];

/* ---- Children ---- */

enum { DID = 10, DID_NOT = 11, NO_SANDBOX = 12, NOT_HERE = 13 };

static bool enter_both(const struct sandbox_rules *rules)
{
	char what[200];
	struct err err;
	return sandbox_enter(rules, what, sizeof what, &err) == 0 &&
	       strncmp(what, "landlock ", 9) == 0 && strstr(what, ", seccomp");
}

/* As on a kernel that has only one. */
static bool enter_files(const struct sandbox_rules *rules)
{
	struct sandbox_half files = { 0 };
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       sandbox_files(rules, &files, NULL) == 0 && files.what[0];
}

static bool enter_calls(const struct sandbox_rules *rules)
{
	struct sandbox_half calls = { 0 };
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       sandbox_calls(rules, &calls, NULL) == 0 && calls.what[0];
}

static bool (*enter)(const struct sandbox_rules *) = enter_both;

/* DID, DID_NOT, NOT_HERE; a signal's number + 100. */
static int child(const struct sandbox_rules *rules, int (*act)(void))
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(enter(rules) ? act() : NO_SANDBOX);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 100 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int did(bool it)
{
	return it ? DID : DID_NOT;
}

/* A bare system call: no libc in between. */
static long bare(long number, long a, long b, long c)
{
#ifdef __x86_64__
	long result;
	__asm__ volatile("syscall"
	                 : "=a"(result)
	                 : "a"(number), "D"(a), "S"(b), "d"(c)
	                 : "rcx", "r11", "memory");
	return result;
#else
	long result = syscall(number, a, b, c);
	return result < 0 ? -errno : result;
#endif
}

static long pointer(const void *p)
{
	return (long)(uintptr_t)p;
}

/* ---- Hostile ---- */

static int reads_passwd(void)
{
	return did(open("/etc/passwd", O_RDONLY) >= 0);
}

static int reads_passwd_bare(void)
{
	return did(bare(SYS_openat, AT_FDCWD, pointer("/etc/passwd"), O_RDONLY) >= 0);
}

static int reads_secret(void)
{
	return did(open(secret, O_RDONLY) >= 0);
}

static int cuts_secret(void)
{
	return did(open(secret, O_RDONLY | O_TRUNC) >= 0 || truncate(secret, 0) == 0);
}

static int writes_secret(void)
{
	return did(open(secret, O_WRONLY | O_APPEND) >= 0);
}

static int removes_secret(void)
{
	return did(unlink(secret) == 0 || rename(secret, own) == 0);
}

static int opens_secret_from_outside(void)
{
	char path[200];
	snprintf(path, sizeof path, "/proc/self/root%s", secret);
	return did(open(path, O_RDONLY) >= 0);
}

static int links(void)
{
	return did(link(secret, own) == 0 || symlink(secret, own) == 0);
}

static int makes_readable_for_all(void)
{
	return did(chmod(secret, 0777) == 0);
}

static int makes_a_file(void)
{
	return did(open("/tmp/sandbox_test.made", O_CREAT | O_WRONLY, 0600) >= 0);
}

static int writes_own_memory_as_file(void)
{
	return did(open("/proc/self/mem", O_RDWR) >= 0);
}

static int lists_processes(void)
{
	return did(open("/proc", O_RDONLY | O_DIRECTORY) >= 0);
}

static int opens_with_handle(void)
{
	return did(syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, 0) >= 0);
}

static int internet(void)
{
	return did(socket(AF_INET, SOCK_STREAM, 0) >= 0 || socket(AF_INET6, SOCK_DGRAM, 0) >= 0);
}

static int internet_bare(void)
{
	return did(bare(SYS_socket, AF_INET, SOCK_STREAM, 0) >= 0);
}

static int unix_socket(void)
{
	return did(socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
}

static int unix_socket_bare(void)
{
	return did(bare(SYS_socket, AF_UNIX, SOCK_STREAM, 0) >= 0);
}

static int other_sockets(void)
{
	return did(socket(AF_NETLINK, SOCK_RAW, 15) >= 0 || socket(AF_PACKET, SOCK_RAW, 0) >= 0 ||
	           socket(AF_VSOCK, SOCK_STREAM, 0) >= 0);
}

static int asks_the_kernel(void)
{
	return did(socket(AF_NETLINK, SOCK_RAW, 0) >= 0);
}

static int socket_before = -1; /* opened outside */

static int connects(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		                        .sin_port = htons(9),
		                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int rc = connect(socket_before, (const struct sockaddr *)&to, sizeof to);
	return did(rc == 0 || errno == ECONNREFUSED);
}

static char sh[] = "/bin/sh", with[] = "-c", command[] = "exit 10";
static char *const shell[] = { sh, with, command, NULL };

static int executes(void)
{
	execve(shell[0], shell, NULL);
	return DID_NOT;
}

static int executes_bare(void)
{
	bare(SYS_execve, pointer(shell[0]), pointer(shell), 0);
	return DID_NOT;
}

static int forks_a_shell(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		execve(shell[0], shell, NULL);
		_exit(DID);
	}
	return did(pid > 0);
}

static int clones(void)
{
	return did(bare(SYS_clone, SIGCHLD, 0, 0) > 0);
}

static int executes_memory(void)
{
	int fd = memfd_create("x", 0);
	if (fd < 0)
		return DID_NOT;
	syscall(SYS_execveat, fd, "", shell, NULL, AT_EMPTY_PATH);
	return DID;
}

static int executes_descriptor(void)
{
	syscall(SYS_execveat, 0, "", shell, NULL, AT_EMPTY_PATH);
	return DID_NOT;
}

static int debugs_parent(void)
{
	return did(ptrace(PTRACE_SEIZE, getppid(), 0, 0) == 0 ||
	           ptrace(PTRACE_TRACEME, 0, 0, 0) == 0);
}

static int reads_parent(void)
{
	return did(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0) >= 0);
}

static int kills_parent(void)
{
	return did(kill(getppid(), 0) == 0 || bare(SYS_kill, getppid(), 0, 0) == 0 ||
	           bare(SYS_tgkill, getppid(), getppid(), 0) == 0 ||
	           bare(SYS_tkill, getppid(), 0, 0) == 0);
}

/* A descriptor that sends SIGURG or SIGIO to whoever it belongs to. */
static int signals_by_descriptor(void)
{
	return did(fcntl(socket_before, F_SETOWN, getppid()) == 0);
}

static int limits_parent(void)
{
	struct {
		uint64_t soft, hard;
	} old;
	return did(syscall(SYS_prlimit64, getppid(), 7, NULL, &old) == 0);
}

static int makes_a_ring(void)
{
	char parameters[120] = { 0 };
	return did(syscall(SYS_io_uring_setup, 4, parameters) >= 0);
}

static int loads_a_filter(void)
{
	return did(syscall(SYS_bpf, 0, NULL, 0) >= 0 || errno == EFAULT);
}

static int mounts(void)
{
	return did(syscall(SYS_mount, "none", folder, "tmpfs", 0, NULL) == 0);
}

static int leaves_namespaces(void)
{
	return did(syscall(SYS_unshare, 0x10000000) == 0);
}

static int changes_root(void)
{
	return did(syscall(SYS_chroot, folder) == 0);
}

static int becomes_debuggable_again(void)
{
	return did(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 ||
	           prctl(PR_SET_PTRACER, -1, 0, 0, 0) == 0);
}

static int makes_code(void)
{
	long page = sysconf(_SC_PAGESIZE);
	void *p = mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE | PROT_EXEC,
	               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p != MAP_FAILED)
		return DID;
	p = mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return did(p == MAP_FAILED || mprotect(p, (size_t)page, PROT_READ | PROT_EXEC) == 0);
}

static int types_into_terminal(void)
{
	return did(syscall(SYS_ioctl, 0, 0x5412 /* TIOCSTI */, "x") == 0);
}

/* Landlock holds even where a handler for refused calls is taken away. */
static int removes_the_handler(void)
{
	signal(SIGSYS, SIG_IGN);
	return did(open(secret, O_RDONLY) >= 0 || socket(AF_INET, SOCK_STREAM, 0) >= 0);
}

#ifdef __x86_64__
/* The calls of 32-bit programs have other numbers: 5 is open, 11 execve. */
static int opens_as_32_bit(void)
{
	long result;
	const char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low == MAP_FAILED)
		return NOT_HERE;
	memcpy((char *)(uintptr_t)low, "/etc/passwd", 12);
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(5), "b"(low), "c"(0), "d"(0) : "memory");
	return did(result >= 0);
}

static int opens_as_x32(void)
{
	return did(bare(0x40000000 + SYS_open, pointer("/etc/passwd"), O_RDONLY, 0) >= 0);
}
#endif

#define ACT(f)                                                                                     \
	{                                                                                          \
#f, f                                                                              \
	}
static const struct act {
	const char *name;
	int (*act)(void);
} hostile[] = {
	ACT(reads_passwd),
	ACT(reads_passwd_bare),
	ACT(reads_secret),
	ACT(cuts_secret),
	ACT(writes_secret),
	ACT(removes_secret),
	ACT(opens_secret_from_outside),
	ACT(links),
	ACT(makes_readable_for_all),
	ACT(makes_a_file),
	ACT(writes_own_memory_as_file),
	ACT(lists_processes),
	ACT(opens_with_handle),
	ACT(unix_socket),
	ACT(unix_socket_bare),
	ACT(other_sockets),
	ACT(executes),
	ACT(executes_bare),
	ACT(forks_a_shell),
	ACT(clones),
	ACT(executes_memory),
	ACT(executes_descriptor),
	ACT(debugs_parent),
	ACT(reads_parent),
	ACT(kills_parent),
	ACT(signals_by_descriptor),
	ACT(limits_parent),
	ACT(makes_a_ring),
	ACT(loads_a_filter),
	ACT(mounts),
	ACT(leaves_namespaces),
	ACT(changes_root),
	ACT(becomes_debuggable_again),
	ACT(makes_code),
	ACT(types_into_terminal),
#ifdef __x86_64__
	ACT(opens_as_32_bit),
	ACT(opens_as_x32),
#endif
};
static const struct act hostile_without_network[] = {
	ACT(internet), ACT(asks_the_kernel),     ACT(internet_bare),
	ACT(connects), ACT(removes_the_handler),
};

static bool no_sandbox; /* of this kernel */

static void none_succeeds(const struct sandbox_rules *rules, const struct act *acts, size_t n)
{
	int bad = 0;
	for (size_t i = 0; i < n; i++) {
		int result = child(rules, acts[i].act);
		bool refused = result == DID_NOT || result == NOT_HERE || result == 100 + SIGSYS;
		if (!refused)
			print_error("%s: %d\n", acts[i].name, result);
		bad += !refused;
	}
	assert_int_equal(bad, 0);
}

#define N(array) (sizeof(array) / sizeof *(array))
#define SKIP_WITHOUT                                                                               \
	if (no_sandbox)                                                                            \
	skip()

/* Without the sandbox most of it works: the tests would notice. */
static void outside_it_works(void **state)
{
	(void)state;
	static const struct act works[] = {
		ACT(reads_passwd),    ACT(reads_passwd_bare),
		ACT(reads_secret),    ACT(writes_secret),
		ACT(lists_processes), ACT(internet_bare),
		ACT(unix_socket),     ACT(executes),
		ACT(executes_bare),   ACT(kills_parent),
		ACT(makes_code),      ACT(connects),
		ACT(limits_parent),   ACT(forks_a_shell),
		ACT(clones),          ACT(makes_readable_for_all),
	};
	for (size_t i = 0; i < N(works); i++) {
		pid_t pid = fork();
		int status;
		if (pid == 0)
			_exit(works[i].act());
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != DID)
			print_error("%s does nothing\n", works[i].name);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == DID);
	}
}

static const struct sandbox_rules nothing = { 0 };

static void with_no_rules(void **state)
{
	(void)state;
	SKIP_WITHOUT;
	none_succeeds(&nothing, hostile, N(hostile));
	none_succeeds(&nothing, hostile_without_network, N(hostile_without_network));
}

/* Without paths seccomp alone lets nobody open anything. */
static void seccomp_alone(void **state)
{
	(void)state;
	SKIP_WITHOUT;
	enter = enter_calls;
	none_succeeds(&nothing, hostile, N(hostile));
	none_succeeds(&nothing, hostile_without_network, N(hostile_without_network));
	enter = enter_both;
}

static void landlock_alone(void **state)
{
	(void)state;
	SKIP_WITHOUT;
	static const struct act acts[] = {
		ACT(reads_passwd),    ACT(reads_passwd_bare),
		ACT(reads_secret),    ACT(writes_secret),
		ACT(removes_secret),  ACT(opens_secret_from_outside),
		ACT(links),           ACT(makes_a_file),
		ACT(executes),        ACT(writes_own_memory_as_file),
		ACT(lists_processes),
	};
	enter = enter_files;
	none_succeeds(&nothing, acts, N(acts));
	enter = enter_both;
}

static struct sandbox_rules log_rules(void)
{
	static const char *writable[] = { NULL, NULL };
	static const char *const readable[] = { "/usr/lib", "/does/not/exist", NULL };
	writable[0] = folder;
	return (struct sandbox_rules){ .readable = readable, .writable = writable };
}

static void with_files(void **state)
{
	(void)state;
	SKIP_WITHOUT;
	struct sandbox_rules rules = log_rules();
	none_succeeds(&rules, hostile, N(hostile));
	none_succeeds(&rules, hostile_without_network, N(hostile_without_network));
}

static void with_network(void **state)
{
	(void)state;
	SKIP_WITHOUT;
	struct sandbox_rules rules = log_rules();
	rules.network = true;
	none_succeeds(&rules, hostile, N(hostile));
	rules.readable = rules.writable = NULL;
	none_succeeds(&rules, hostile, N(hostile));
}

/* ---- Honest ---- */

#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%d: %s: %s\n", __LINE__, #condition, strerror(errno));    \
			return DID_NOT;                                                            \
		}                                                                                  \
	} while (0)

static int opened_before = -1, pair[2];

static int works_with_memory_and_time(void)
{
	struct timespec now, moment = { 0, 1000000 };
	struct stat st;
	char text[16], name[40];
	struct tm tm;
	for (size_t i = 1; i < 200; i += 20) {
		char *p = malloc(i * 100000);
		MUST(p);
		memset(p, 1, i * 100000);
		p = realloc(p, i * 200000);
		MUST(p && p[i * 100000 - 1] == 1);
		free(p);
	}
	MUST(clock_gettime(CLOCK_MONOTONIC, &now) == 0 && nanosleep(&moment, NULL) == 0);
	MUST(localtime_r(&now.tv_sec, &tm));
	MUST(pread(opened_before, text, 5, 0) == 5 && memcmp(text, "hello", 5) == 0);
	MUST(write(opened_before, " more", 5) == 5 && fdatasync(opened_before) == 0);
	MUST(fstat(opened_before, &st) == 0 && ftruncate(opened_before, 5) == 0);
	MUST(flock(opened_before, LOCK_EX) == 0);
	MUST(send(pair[0], "ping", 4, 0) == 4);
	struct pollfd ready = { pair[1], POLLIN, 0 };
	MUST(poll(&ready, 1, 1000) == 1 && recv(pair[1], text, sizeof text, 0) == 4);
	MUST(signal(SIGTERM, SIG_IGN) != SIG_ERR && raise(SIGTERM) == 0);
	MUST(!sandbox_refused(name, sizeof name));
	return DID;
}

/* A descriptor that comes over the socket can be read. */
static int receives_a_descriptor(void)
{
	char byte, text[5], control[CMSG_SPACE(sizeof(int))];
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part,
		                  .msg_iovlen = 1,
		                  .msg_control = control,
		                  .msg_controllen = sizeof control };
	MUST(recvmsg(pair[1], &message, 0) == 1);
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	MUST(header && header->cmsg_type == SCM_RIGHTS);
	int fd;
	memcpy(&fd, CMSG_DATA(header), sizeof fd);
	MUST(pread(fd, text, 5, 0) == 5 && memcmp(text, "hello", 5) == 0);
	return DID;
}

static int aborts(void)
{
	signal(SIGABRT, SIG_DFL);
	abort();
}

static int tells_what_was_refused(void)
{
	char name[40];
	MUST(!sandbox_refused(name, sizeof name));
	errno = 0;
	MUST(socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM);
	MUST(kill(getppid(), 0) < 0 && errno == EPERM);
	MUST(sandbox_refused(name, sizeof name) == name && strcmp(name, "socket") == 0);
	MUST(!sandbox_refused(name, sizeof name));
	MUST(kill(getppid(), 0) < 0);
	MUST(sandbox_refused(name, sizeof name) && strcmp(name, "kill") == 0);
	return DID;
}

/* As a log file: appended to, rotated; and a converter of libc. */
static int writes_and_rotates(void)
{
	char other[200], name[40];
	snprintf(other, sizeof other, "%s.1", own);
	int fd = open(own, O_WRONLY | O_CREAT | O_APPEND, 0600);
	MUST(fd >= 0 && write(fd, "x", 1) == 1 && rename(own, other) == 0);
	fd = open(own, O_WRONLY | O_CREAT | O_EXCL, 0600);
	MUST(fd >= 0 && unlink(other) == 0 && unlink(own) == 0);
	iconv_t converter = iconv_open("UTF-8", "EUC-JP");
	MUST(converter != (iconv_t)-1 && iconv_close(converter) == 0);
	MUST(!sandbox_refused(name, sizeof name));
	return DID;
}

static void *thread(void *context)
{
	return context;
}

static int uses_the_network(void)
{
	pthread_t id;
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof at;
	char name[40];
	int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	MUST(server >= 0 && client >= 0);
	MUST(bind(server, (struct sockaddr *)&at, sizeof at) == 0 && listen(server, 1) == 0);
	MUST(getsockname(server, (struct sockaddr *)&at, &size) == 0);
	MUST(connect(client, (struct sockaddr *)&at, sizeof at) == 0);
	MUST(accept4(server, NULL, NULL, SOCK_CLOEXEC) >= 0);
	MUST(socket(AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EACCES);
	MUST(pthread_create(&id, NULL, thread, NULL) == 0 && pthread_join(id, NULL) == 0);
	MUST(!sandbox_refused(name, sizeof name));
	return DID;
}

static int runs_a_program(void)
{
	int status;
	pid_t pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		execve(shell[0], shell, NULL);
		_exit(1);
	}
	MUST(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 10);
	MUST(open(secret, O_RDONLY) < 0 && socket(AF_INET, SOCK_STREAM, 0) < 0);
	/* Neither with bits that the kernel does not look at. */
	MUST(syscall(SYS_socket, (INT64_C(1) << 32) + AF_UNIX, SOCK_STREAM, 0) < 0);
	MUST(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0) < 0);
	MUST(ptrace(PTRACE_TRACEME, 0, 0, 0) < 0);
	return DID;
}

static void honest_work_goes_on(void **state)
{
	(void)state;
	SKIP_WITHOUT;
	struct sandbox_rules rules = log_rules();
	assert_int_equal(child(&nothing, works_with_memory_and_time), DID);
	assert_int_equal(child(&rules, works_with_memory_and_time), DID);
	assert_int_equal(child(&nothing, aborts), 100 + SIGABRT);
	assert_int_equal(child(&nothing, tells_what_was_refused), DID);
	assert_int_equal(child(&rules, writes_and_rotates), DID);
	rules.network = true;
	assert_int_equal(child(&rules, uses_the_network), DID);
}

static void descriptors_are_received(void **state)
{
	(void)state;
	SKIP_WITHOUT;
	char byte = 0;
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part,
		                  .msg_iovlen = 1,
		                  .msg_control = &control,
		                  .msg_controllen = sizeof control };
	memcpy(CMSG_DATA(&control.header), &opened_before, sizeof opened_before);
	assert_int_equal(sendmsg(pair[0], &message, 0), 1);
	assert_int_equal(child(&nothing, receives_a_descriptor), DID);
}

static void programs_run_if_allowed(void **state)
{
	(void)state;
	SKIP_WITHOUT;
	static const char *const readable[] = {
		"/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", NULL
	};
	const struct sandbox_rules rules = { .readable = readable, .exec = true };
	assert_int_equal(child(&rules, runs_a_program), DID);
}

static int nothing_at_all(void)
{
	return DID;
}

static void what_is_writable_must_exist(void **state)
{
	(void)state;
	SKIP_WITHOUT;
	static const char *const writable[] = { "/does/not/exist", NULL };
	const struct sandbox_rules rules = { .writable = writable };
	assert_int_equal(child(&rules, nothing_at_all), NO_SANDBOX);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/sandbox_test.XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(own, sizeof own, "%s/own.log", folder);
	snprintf(secret, sizeof secret, "%s-secret", folder);
	FILE *file = fopen(secret, "w");
	assert_non_null(file);
	fputs("hello", file);
	fclose(file);
	opened_before = open(secret, O_RDWR | O_APPEND | O_CLOEXEC);
	socket_before = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	tzset();
	int result = child(&nothing, nothing_at_all);
	no_sandbox = result == NO_SANDBOX;
	if (no_sandbox)
		print_message("skipped: this kernel lacks Landlock or seccomp\n");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(secret);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outside_it_works),
		cmocka_unit_test(with_no_rules),
		cmocka_unit_test(seccomp_alone),
		cmocka_unit_test(landlock_alone),
		cmocka_unit_test(with_files),
		cmocka_unit_test(with_network),
		cmocka_unit_test(honest_work_goes_on),
		cmocka_unit_test(descriptors_are_received),
		cmocka_unit_test(programs_run_if_allowed),
		cmocka_unit_test(what_is_writable_must_exist),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
