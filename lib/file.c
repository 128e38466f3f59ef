/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/file.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int file_map(const char *path, size_t limit, struct str *out, struct err *err)
{
	struct stat st;
	int rc = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		err_set(err, FAULT_CONFIGURATION, "%s: %s", path, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		err_set(err, FAULT_CONFIGURATION, "%s is no file", path);
	} else if ((uint64_t)st.st_size > limit) {
		err_set(err, FAULT_CONFIGURATION, "%s is larger than %zu bytes", path, limit);
	} else if (st.st_size == 0) {
		*out = S("");
		rc = 0;
	} else {
		void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		*out = (struct str){ map, (size_t)st.st_size };
		rc = map == MAP_FAILED ? err_set(err, FAULT_OTHER, "%s: %s", path, strerror(errno))
		                       : 0;
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

void file_unmap(struct str text)
{
	if (text.n)
		munmap((void *)(uintptr_t)text.p, text.n);
}

int file_write_all(int fd, struct str text)
{
	while (text.n) {
		ssize_t n = write(fd, text.p, text.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		text = str_slice(text, (size_t)n, text.n);
	}
	return 0;
}

int file_make_directories(const char *path)
{
	char part[4096];
	for (const char *slash = *path ? strchr(path + 1, '/') : NULL; slash;
	     slash = strchr(slash + 1, '/')) {
		size_t n = (size_t)(slash - path);
		if (n >= sizeof part) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(part, path, n);
		part[n] = 0;
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return -1;
	}
	return 0;
}
