/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "engine/page.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int page_map(int fd, struct worker_page **out, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof **out)
		return err_set(err, FAULT_CONFIGURATION, "INTELMQD_PAGE_FD=%d is not a page", fd);
	struct worker_page *page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
	                                0);
	close(fd);
	if (page == MAP_FAILED)
		return err_set(err, FAULT_OTHER, "INTELMQD_PAGE_FD=%d: %s", fd, strerror(errno));
	if (page->version != PAGE_VERSION) {
		int other = (int)page->version;
		page_unmap(page);
		return err_set(err, FAULT_CONFIGURATION,
		               "intelmqd speaks version %d of the page, this program %d: restart "
		               "intelmqd",
		               other, PAGE_VERSION);
	}
	*out = page;
	return 0;
}

void page_unmap(struct worker_page *page)
{
	if (page)
		munmap(page, sizeof *page);
}
