/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * seccomp. Lists of names: what the machine does not have (open on arm64) or the library does not know
 * (new calls, Debian 12) is passed over; an unknown call is refused as any that is not named.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <ucontext.h>
#include <unistd.h>

#include "lib/sandbox_parts.h"

/* What every process may do: memory, time, what is open already, itself. */
static const char always[] =
	"read readv pread64 preadv write writev pwrite64 pwritev lseek close fstat newfstatat "
	"statx stat lstat fstatfs dup dup2 dup3 fsync fdatasync ftruncate fallocate flock "
	"fadvise64 getdents64 poll ppoll select pselect6 epoll_create1 epoll_ctl epoll_wait "
	"epoll_pwait epoll_pwait2 eventfd2 pipe pipe2 timerfd_create timerfd_settime "
	"timerfd_gettime recvmsg recvfrom sendmsg sendto shutdown getsockopt munmap mremap "
	"madvise brk mincore futex set_robust_list rseq membarrier sched_yield "
	"sched_getaffinity nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday "
	"time alarm setitimer getitimer timer_settime timer_gettime timer_getoverrun timer_delete "
	"getpid gettid getppid getuid geteuid getgid getegid "
	"getpgrp getgroups getrandom getrusage getrlimit times sysinfo uname getcwd umask "
	"rt_sigaction rt_sigprocmask rt_sigpending rt_sigreturn rt_sigsuspend rt_sigtimedwait "
	"sigaltstack restart_syscall exit exit_group arch_prctl set_tid_address";

/* With paths; Landlock decides which. */
static const char reading[] =
	"open openat access faccessat faccessat2 readlink readlinkat statfs getdents "
	"inotify_init1 inotify_add_watch inotify_rm_watch";
static const char writing[] = "rename renameat renameat2 unlink unlinkat mkdir mkdirat";

static const char networking[] =
	"connect bind listen accept accept4 getsockname getpeername setsockopt socketpair "
	"sendmmsg recvmmsg";

/* What no honest process here tries: it ends. */
static const char fatal_without_exec[] = "execve execveat";
static const char fatal[] =
	"ptrace process_vm_readv process_vm_writev process_madvise pidfd_getfd io_uring_setup "
	"io_uring_enter io_uring_register bpf perf_event_open userfaultfd mount umount2 "
	"pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr "
	"unshare setns init_module finit_module delete_module kexec_load kexec_file_load "
	"reboot swapon swapoff add_key request_key keyctl open_by_handle_at acct settimeofday "
	"clock_settime clock_adjtime adjtimex sethostname setdomainname quotactl "
	"lookup_dcookie nfsservctl iopl ioperm personality";

/* ---- What was refused ---- */

#if defined __x86_64__ || defined __aarch64__
#define REFUSE SCMP_ACT_TRAP
enum { BY_SECCOMP = 1 }; /* the kernel's SYS_SECCOMP; libc does not name it everywhere */
static volatile sig_atomic_t refused = -1;

/* The call was not made; it fails with EPERM. */
static void note_refused(int signal_number, siginfo_t *info, void *context)
{
	ucontext_t *at = context;
	(void)signal_number;
	if (info->si_code != BY_SECCOMP)
		return;
	if (refused < 0)
		refused = info->si_syscall;
#ifdef __x86_64__
	at->uc_mcontext.gregs[REG_RAX] = -EPERM;
#else
	at->uc_mcontext.regs[0] = (unsigned long long)-EPERM;
#endif
}

static int watch_refusals(struct err *err)
{
	struct sigaction action = { .sa_sigaction = note_refused,
		                    .sa_flags = SA_SIGINFO | SA_RESTART | SA_NODEFER };
	if (sigaction(SIGSYS, &action, NULL) < 0)
		return err_set(err, FAULT_OTHER, "seccomp: %s", strerror(errno));
	return 0;
}
#else
/* How a call is made to fail in a handler is known for the above machines only. */
#define REFUSE SCMP_ACT_ERRNO(EPERM)
static sig_atomic_t refused = -1;

static int watch_refusals(struct err *err)
{
	(void)err;
	return 0;
}
#endif

const char *sandbox_refused(char *name_out, size_t size)
{
	int number = refused;
	if (number < 0)
		return NULL;
	refused = -1;
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
	if (name)
		snprintf(name_out, size, "%s", name);
	else
		snprintf(name_out, size, "number %d", number);
	free(name);
	return name_out;
}

/* ---- The filter ---- */

struct filter {
	scmp_filter_ctx context;
	int failed; /* -errno of the first rule that could not be added */
};

static void add(struct filter *f, uint32_t action, const char *name, unsigned n,
                const struct scmp_arg_cmp *arguments)
{
	int number = seccomp_syscall_resolve_name(name);
	if (number == __NR_SCMP_ERROR)
		return;
	int rc = seccomp_rule_add_array(f->context, action, number, n, arguments);
	if (rc < 0 && rc != -EDOM && !f->failed) /* EDOM: this machine has no such call */
		f->failed = rc;
}

static void add_all(struct filter *f, uint32_t action, const char *names)
{
	for (struct str rest = str_of(names); rest.n;) {
		char name[40];
		struct str word = str_cut(&rest, ' ');
		snprintf(name, sizeof name, "%.*s", STR_ARG(word));
		add(f, action, name, 0, NULL);
	}
}

/* An action for these values of the masked bits of an argument. */
static void add_values(struct filter *f, uint32_t action, const char *name, unsigned argument,
                       uint64_t mask, unsigned n, const uint64_t *values)
{
	for (unsigned i = 0; i < n; i++)
		add(f, action, name, 1, &SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, mask, values[i]));
}

/* The kernel looks at the lower half of what these arguments are. */
static void allow_values(struct filter *f, const char *name, unsigned argument, unsigned n,
                         const uint64_t *values)
{
	add_values(f, SCMP_ACT_ALLOW, name, argument, UINT32_MAX, n, values);
}

#define VALUES(...)                                                                                \
	sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t), (const uint64_t[])           \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

/*
 * Memory is never writable and executable, and what was not mapped executable does not become so; only files are
 * mapped so (libc loads converters of character sets when they are needed), where files can be opened at all.
 */
static void allow_memory(struct filter *f, bool files)
{
	const uint64_t both = PROT_WRITE | PROT_EXEC;
	const uint32_t exec = files ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EACCES);
	add_values(f, SCMP_ACT_ALLOW, "mmap", 2, both, VALUES(0, PROT_WRITE));
	add_values(f, exec, "mmap", 2, both, VALUES(PROT_EXEC));
	add_values(f, SCMP_ACT_ERRNO(EACCES), "mmap", 2, both, VALUES(both));
	add_values(f, SCMP_ACT_ALLOW, "mprotect", 2, PROT_EXEC, VALUES(0));
	add_values(f, SCMP_ACT_ERRNO(EACCES), "mprotect", 2, PROT_EXEC, VALUES(PROT_EXEC));
}

/* Of calls with many meanings the harmless ones: nothing that sends signals, changes others, or the kernel. */
static void allow_parts(struct filter *f)
{
	const uint64_t self = (uint64_t)getpid();
	allow_values(f, "fcntl", 1,
	             VALUES(F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK,
	                    F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW,
	                    F_GETPIPE_SZ));
	allow_values(f, "ioctl", 1, VALUES(FIONREAD, FIONBIO, TCGETS, TIOCGWINSZ));
	allow_values(f, "prctl", 0, VALUES(PR_SET_NAME, PR_GET_NAME, 0x53564d41 /* PR_SET_VMA */));
	allow_values(f, "prlimit64", 0, VALUES(0));
	allow_values(f, "tgkill", 0, VALUES(self));
}

static void allow_network(struct filter *f, const struct sandbox_rules *rules)
{
	add_all(f, SCMP_ACT_ALLOW, networking);
	if (rules->network) {
		allow_values(f, "socket", 0, VALUES(AF_INET, AF_INET6));
		/* Look-ups of names ask for the addresses of this machine. */
		add(f, SCMP_ACT_ALLOW, "socket", 2,
		    (const struct scmp_arg_cmp[]){ SCMP_CMP(0, SCMP_CMP_EQ, AF_NETLINK),
		                                   SCMP_CMP(2, SCMP_CMP_EQ, 0) });
		/* Libraries with threads of their own; the flags of clone3 cannot be seen, and libc has another way. */
		add(f, SCMP_ACT_ALLOW, "clone", 1,
		    &SCMP_CMP(0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
		add(f, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
	}
	/* The library asks a cache daemon first; that there is none is no news. */
	add_values(f, rules->unix_sockets ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EACCES), "socket", 0,
	           UINT32_MAX, VALUES(AF_UNIX));
}

static bool any(const char *const *paths)
{
	return paths && *paths;
}

static void allow_role(struct filter *f, const struct sandbox_rules *rules)
{
	bool files = any(rules->readable) || any(rules->writable);
	add_all(f, SCMP_ACT_ALLOW, always);
	allow_parts(f);
	allow_memory(f, files);
	if (files) {
		add_all(f, SCMP_ACT_ALLOW, reading);
		add(f, SCMP_ACT_ERRNO(ENOSYS), "openat2", 0, NULL);
	}
	if (any(rules->writable))
		add_all(f, SCMP_ACT_ALLOW, writing);
	if (rules->network || rules->unix_sockets)
		allow_network(f, rules);
}

/* A new user namespace makes anybody root in it, with more of the kernel in reach. */
static const uint64_t namespaces[] = { CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWNET,   CLONE_NEWPID,
	                               CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP };

/* Programs that are started get the same filter: no more than is certain. */
static void forbid_for_programs(struct filter *f, const struct sandbox_rules *rules)
{
	const uint32_t no = SCMP_ACT_ERRNO(EACCES);
	for (uint64_t domain = AF_UNIX; domain < AF_MAX; domain++)
		if (domain == AF_UNIX ? !rules->unix_sockets : !rules->network)
			add_values(f, no, "socket", 0, UINT32_MAX, VALUES(domain));
	for (unsigned i = 0; i < sizeof namespaces / sizeof *namespaces; i++)
		add_values(f, no, "clone", 0, namespaces[i], VALUES(namespaces[i]));
	add(f, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
}

int sandbox_calls(const struct sandbox_rules *rules, struct sandbox_half *out, struct err *err)
{
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0) {
		snprintf(out->why, sizeof out->why, "%s", strerror(errno));
		return 0;
	}
	struct filter f = { seccomp_init(rules->exec ? SCMP_ACT_ALLOW : REFUSE), 0 };
	if (!f.context)
		return err_set(err, FAULT_OTHER, "seccomp: no filter");
	if (rules->exec)
		forbid_for_programs(&f, rules);
	else
		allow_role(&f, rules);
	add_all(&f, rules->exec ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS, fatal);
	if (!rules->exec)
		add_all(&f, SCMP_ACT_KILL_PROCESS, fatal_without_exec);
	if (!rules->exec && watch_refusals(err) < 0)
		f.failed = -errno;
	int rc = f.failed ? f.failed : seccomp_load(f.context);
	seccomp_release(f.context);
	if (f.failed)
		return err_set(err, FAULT_OTHER, "seccomp: %s", strerror(-rc));
	if (rc < 0)
		snprintf(out->why, sizeof out->why, "%s", strerror(-rc));
	else
		snprintf(out->what, sizeof out->what, "seccomp");
	return 0;
}
