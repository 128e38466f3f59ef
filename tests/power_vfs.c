/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/power_vfs.h"

#include <intelmq/buffer.h>
#include <sqlite3.h>

#include <pthread.h>
#include <stdlib.h>

enum { SECTOR = 512, FILES = 16, PATH = 500 };

/* Something done to a file that no sync has made durable. */
struct change {
	uint64_t at;
	size_t n;
	char *bytes; /* NULL: the file was cut at `at` */
};

struct content {
	struct buffer now, disk;
	struct change *changes;
	size_t n, capacity;
	int users; /* names and open files */
};

struct name {
	char path[PATH];
	struct content *now, *disk; /* differ until the directory is synced */
};

struct power_vfs {
	sqlite3_vfs vfs;
	pthread_mutex_t mutex;
	char *text; /* its name */
	uint64_t random;
	struct name names[FILES];
	size_t n_names;
	unsigned life; /* files opened in an earlier one are dead */
	bool off;
	unsigned cut, fail; /* writing calls until then */
	unsigned strikes;
	uint64_t limit; /* of all files */
};

struct power_file {
	sqlite3_file file;
	struct power_vfs *power;
	struct content *content;
	unsigned life;
	bool with_directory; /* the first sync syncs the directory, too: as SQLite's own for its logs */
};

enum strike { STRIKE_NONE, STRIKE_FAIL, STRIKE_CUT };

static uint32_t below(struct power_vfs *power, uint32_t n)
{
	power->random ^= power->random << 13;
	power->random ^= power->random >> 7;
	power->random ^= power->random << 17;
	return (uint32_t)(power->random >> 20) % n;
}

static void *check(void *p)
{
	if (!p)
		abort();
	return p;
}

/* ---- Contents ---- */

static struct content *content_new(void)
{
	struct content *content = check(calloc(1, sizeof *content));
	buffer_init(&content->now, SIZE_MAX / 2);
	buffer_init(&content->disk, SIZE_MAX / 2);
	return content;
}

static void forget_changes(struct content *content)
{
	for (size_t i = 0; i < content->n; i++)
		free(content->changes[i].bytes);
	content->n = 0;
}

static void content_put(struct content *content)
{
	if (!content || --content->users)
		return;
	forget_changes(content);
	free(content->changes);
	buffer_fini(&content->now);
	buffer_fini(&content->disk);
	free(content);
}

static struct content *content_use(struct content *content)
{
	if (content)
		content->users++;
	return content;
}

static void write_at(struct buffer *file, uint64_t at, const char *bytes, size_t n)
{
	if (file->n < at + n) {
		size_t more = (size_t)(at + n) - file->n;
		memset(check(buffer_room(file, more)), 0, more);
		file->n += more;
	}
	if (n)
		memcpy(file->p + at, bytes, n);
}

static void change(struct content *content, uint64_t at, const char *bytes, size_t n)
{
	if (content->n == content->capacity) {
		content->capacity = 2 * content->capacity + 16;
		content->changes = check(
			realloc(content->changes, content->capacity * sizeof(struct change)));
	}
	struct change *c = &content->changes[content->n++];
	*c = (struct change){ at, n, NULL };
	if (bytes) {
		c->bytes = memcpy(check(malloc(n + 1)), bytes, n);
		write_at(&content->now, at, bytes, n);
	} else if (content->now.n > at) {
		content->now.n = (size_t)at;
	}
}

/* Brings a change to the disk, of a write those sectors that chance lets through: `chance` of 4. */
static void apply(struct power_vfs *power, struct content *content, const struct change *c,
                  uint32_t chance)
{
	if (!c->bytes) {
		if (content->disk.n > c->at && below(power, 4) < chance)
			content->disk.n = (size_t)c->at;
		return;
	}
	for (size_t done = 0, n; done < c->n; done += n) {
		n = SECTOR - (size_t)(c->at + done) % SECTOR;
		n = n < c->n - done ? n : c->n - done;
		if (below(power, 4) < chance)
			write_at(&content->disk, c->at + done, c->bytes + done, n);
	}
}

static void apply_all(struct power_vfs *power, struct content *content, uint32_t chance)
{
	for (size_t i = 0; i < content->n; i++)
		apply(power, content, &content->changes[i], chance);
	forget_changes(content);
}

static uint64_t used(const struct power_vfs *power)
{
	uint64_t n = 0;
	for (size_t i = 0; i < power->n_names; i++)
		n += power->names[i].now ? power->names[i].now->now.n : 0;
	return n;
}

/* ---- Names ---- */

static struct name *name_of(struct power_vfs *power, const char *path)
{
	for (size_t i = 0; i < power->n_names; i++)
		if (strcmp(power->names[i].path, path) == 0)
			return &power->names[i];
	return NULL;
}

static struct name *name_add(struct power_vfs *power, const char *path)
{
	size_t n = strlen(path);
	if (power->n_names == FILES || n >= PATH)
		abort();
	struct name *name = &power->names[power->n_names++];
	*name = (struct name){ 0 };
	memcpy(name->path, path, n);
	return name;
}

static void point(struct content **at, struct content *content)
{
	content_use(content);
	content_put(*at);
	*at = content;
}

static void sync_names(struct power_vfs *power)
{
	for (size_t i = 0; i < power->n_names; i++)
		point(&power->names[i].disk, power->names[i].now);
}

/* ---- Faults ---- */

static void lose_power(struct power_vfs *power)
{
	uint32_t chance = below(power, 5);
	for (size_t i = 0; i < power->n_names; i++) {
		struct name *name = &power->names[i];
		if (below(power, 4) < chance)
			point(&name->disk, name->now);
		else
			point(&name->now, name->disk);
	}
	for (size_t i = 0; i < power->n_names; i++) {
		struct content *content = power->names[i].now;
		if (!content)
			continue;
		apply_all(power, content, chance);
		content->now.n = 0;
		write_at(&content->now, 0, content->disk.p, content->disk.n);
	}
}

static void turn_off(struct power_vfs *power, bool killed_only)
{
	if (power->off)
		return;
	if (!killed_only)
		lose_power(power);
	power->off = true;
	power->life++;
	power->strikes++;
}

/* What happens to this writing call. The caller does what is left of it before a cut. */
static enum strike strike(struct power_vfs *power)
{
	if (power->cut && --power->cut == 0)
		return STRIKE_CUT;
	if (power->fail && --power->fail == 0) {
		power->strikes++;
		return STRIKE_FAIL;
	}
	return STRIKE_NONE;
}

static bool is_dead(const struct power_file *file)
{
	return file->power->off || file->life != file->power->life;
}

/* ---- Files ---- */

static int file_close(sqlite3_file *f)
{
	struct power_file *file = (struct power_file *)f;
	pthread_mutex_lock(&file->power->mutex);
	content_put(file->content);
	pthread_mutex_unlock(&file->power->mutex);
	return SQLITE_OK;
}

static int read_now(struct power_file *file, char *out, size_t n, uint64_t at)
{
	const struct buffer *now = &file->content->now;
	if (is_dead(file))
		return SQLITE_IOERR_READ;
	size_t there = at < now->n ? now->n - (size_t)at : 0;
	there = there < n ? there : n;
	if (there)
		memcpy(out, now->p + at, there);
	memset(out + there, 0, n - there);
	return there == n ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int file_read(sqlite3_file *f, void *out, int n, sqlite3_int64 at)
{
	struct power_file *file = (struct power_file *)f;
	pthread_mutex_lock(&file->power->mutex);
	int code = read_now(file, out, (size_t)n, (uint64_t)at);
	pthread_mutex_unlock(&file->power->mutex);
	return code;
}

static int write_now(struct power_file *file, const char *bytes, size_t n, uint64_t at)
{
	struct power_vfs *power = file->power;
	if (is_dead(file))
		return SQLITE_IOERR_WRITE;
	enum strike struck = strike(power);
	size_t now = file->content->now.n;
	uint64_t more = at + n > now ? at + n - now : 0, full = used(power);
	uint64_t room = power->limit > full ? power->limit - full : 0;
	size_t fits = more <= room ? n : n - (size_t)(more - room < n ? more - room : n);
	if (struck == STRIKE_FAIL)
		fits = below(power, (uint32_t)fits + 1);
	if (fits)
		change(file->content, at, bytes, fits);
	if (struck == STRIKE_CUT)
		turn_off(power, false);
	if (struck != STRIKE_NONE)
		return SQLITE_IOERR_WRITE;
	if (fits == n)
		return SQLITE_OK;
	power->strikes++;
	return SQLITE_FULL;
}

static int file_write(sqlite3_file *f, const void *bytes, int n, sqlite3_int64 at)
{
	struct power_file *file = (struct power_file *)f;
	pthread_mutex_lock(&file->power->mutex);
	int code = write_now(file, bytes, (size_t)n, (uint64_t)at);
	pthread_mutex_unlock(&file->power->mutex);
	return code;
}

static int cut_now(struct power_file *file, uint64_t size)
{
	if (is_dead(file))
		return SQLITE_IOERR_TRUNCATE;
	enum strike struck = strike(file->power);
	if (struck != STRIKE_FAIL)
		change(file->content, size, NULL, 0);
	if (struck == STRIKE_CUT)
		turn_off(file->power, false);
	return struck == STRIKE_NONE ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	struct power_file *file = (struct power_file *)f;
	pthread_mutex_lock(&file->power->mutex);
	int code = cut_now(file, (uint64_t)size);
	pthread_mutex_unlock(&file->power->mutex);
	return code;
}

static int sync_now(struct power_file *file)
{
	struct power_vfs *power = file->power;
	if (is_dead(file))
		return SQLITE_IOERR_FSYNC;
	switch (strike(power)) {
	case STRIKE_CUT:
		turn_off(power, false);
		return SQLITE_IOERR_FSYNC;
	case STRIKE_FAIL:
		apply_all(power, file->content, below(power, 4));
		return SQLITE_IOERR_FSYNC;
	default:
		apply_all(power, file->content, 4);
		if (file->with_directory)
			sync_names(power);
		file->with_directory = false;
		return SQLITE_OK;
	}
}

static int file_sync(sqlite3_file *f, int flags)
{
	struct power_file *file = (struct power_file *)f;
	(void)flags;
	pthread_mutex_lock(&file->power->mutex);
	int code = sync_now(file);
	pthread_mutex_unlock(&file->power->mutex);
	return code;
}

static int file_size(sqlite3_file *f, sqlite3_int64 *out)
{
	struct power_file *file = (struct power_file *)f;
	pthread_mutex_lock(&file->power->mutex);
	int code = is_dead(file) ? SQLITE_IOERR_FSTAT : SQLITE_OK;
	*out = (sqlite3_int64)file->content->now.n;
	pthread_mutex_unlock(&file->power->mutex);
	return code;
}

static int file_lock(sqlite3_file *f, int level)
{
	(void)f, (void)level;
	return SQLITE_OK;
}

static int file_is_reserved(sqlite3_file *f, int *out)
{
	(void)f;
	*out = 0;
	return SQLITE_OK;
}

static int file_control(sqlite3_file *f, int operation, void *argument)
{
	(void)f, (void)operation, (void)argument;
	return SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *f)
{
	(void)f;
	return 4096;
}

static int file_characteristics(sqlite3_file *f)
{
	(void)f;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE; /* as SQLite takes it of every disk */
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_lock,
	.xCheckReservedLock = file_is_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector_size,
	.xDeviceCharacteristics = file_characteristics,
};

/* ---- The file system ---- */

static int open_now(struct power_vfs *power, const char *path, struct power_file *file, int flags)
{
	if (power->off || !path)
		return SQLITE_CANTOPEN;
	struct name *name = name_of(power, path);
	bool is_new = !name || !name->now;
	if (is_new && !(flags & SQLITE_OPEN_CREATE))
		return SQLITE_CANTOPEN;
	if (!name)
		name = name_add(power, path);
	if (is_new)
		point(&name->now, content_new());
	*file = (struct power_file){
		.file = { &methods },
		.power = power,
		.content = content_use(name->now),
		.life = power->life,
		.with_directory = flags & SQLITE_OPEN_CREATE &&
		                  flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL |
		                           SQLITE_OPEN_SUPER_JOURNAL),
	};
	return SQLITE_OK;
}

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *flags_out)
{
	struct power_vfs *power = vfs->pAppData;
	f->pMethods = NULL;
	pthread_mutex_lock(&power->mutex);
	int code = open_now(power, path, (struct power_file *)f, flags);
	pthread_mutex_unlock(&power->mutex);
	if (flags_out)
		*flags_out = flags;
	return code;
}

static int delete_now(struct power_vfs *power, const char *path, bool with_directory)
{
	struct name *name = name_of(power, path);
	if (power->off)
		return SQLITE_IOERR_DELETE;
	if (!name || !name->now)
		return SQLITE_IOERR_DELETE_NOENT;
	enum strike struck = strike(power);
	if (struck == STRIKE_FAIL)
		return SQLITE_IOERR_DELETE;
	point(&name->now, NULL);
	if (struck == STRIKE_CUT) {
		turn_off(power, false);
		return SQLITE_IOERR_DELETE;
	}
	if (with_directory)
		sync_names(power);
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int with_directory)
{
	struct power_vfs *power = vfs->pAppData;
	pthread_mutex_lock(&power->mutex);
	int code = delete_now(power, path, with_directory != 0);
	pthread_mutex_unlock(&power->mutex);
	return code;
}

/* As SQLite's own: an empty file does not exist. */
static int vfs_access(sqlite3_vfs *vfs, const char *path, int how, int *out)
{
	struct power_vfs *power = vfs->pAppData;
	(void)how;
	pthread_mutex_lock(&power->mutex);
	struct name *name = name_of(power, path);
	*out = name && name->now && name->now->now.n;
	int code = power->off ? SQLITE_IOERR_ACCESS : SQLITE_OK;
	pthread_mutex_unlock(&power->mutex);
	return code;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int size, char *out)
{
	(void)vfs;
	sqlite3_snprintf(size, out, "%s", path);
	return SQLITE_OK;
}

static int vfs_randomness(sqlite3_vfs *vfs, int n, char *out)
{
	struct power_vfs *power = vfs->pAppData;
	pthread_mutex_lock(&power->mutex);
	for (int i = 0; i < n; i++)
		out[i] = (char)below(power, 256);
	pthread_mutex_unlock(&power->mutex);
	return n;
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
	(void)vfs;
	return microseconds;
}

static int vfs_time(sqlite3_vfs *vfs, double *out)
{
	(void)vfs;
	*out = 2460000.5;
	return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *vfs, int n, char *out)
{
	(void)vfs, (void)n, (void)out;
	return 0;
}

struct power_vfs *power_vfs_new(const char *name, uint64_t seed)
{
	struct power_vfs *power = check(calloc(1, sizeof *power));
	power->text = check(strdup(name));
	power->random = seed * 0x9e3779b97f4a7c15u + 88172645463325252u;
	power->limit = POWER_NO_LIMIT;
	pthread_mutex_init(&power->mutex, NULL);
	power->vfs = (sqlite3_vfs){
		.iVersion = 1,
		.szOsFile = sizeof(struct power_file),
		.mxPathname = PATH - 20,
		.zName = power->text,
		.pAppData = power,
		.xOpen = vfs_open,
		.xDelete = vfs_delete,
		.xAccess = vfs_access,
		.xFullPathname = vfs_full_path,
		.xRandomness = vfs_randomness,
		.xSleep = vfs_sleep,
		.xCurrentTime = vfs_time,
		.xGetLastError = vfs_last_error,
	};
	if (sqlite3_vfs_register(&power->vfs, 0) != SQLITE_OK)
		abort();
	return power;
}

void power_vfs_free(struct power_vfs *power)
{
	sqlite3_vfs_unregister(&power->vfs);
	for (size_t i = 0; i < power->n_names; i++) {
		content_put(power->names[i].now);
		content_put(power->names[i].disk);
	}
	pthread_mutex_destroy(&power->mutex);
	free(power->text);
	free(power);
}

/* ---- What the test asks for ---- */

void power_vfs_cut(struct power_vfs *power, unsigned n)
{
	pthread_mutex_lock(&power->mutex);
	power->cut = n;
	pthread_mutex_unlock(&power->mutex);
}

void power_vfs_fail(struct power_vfs *power, unsigned n)
{
	pthread_mutex_lock(&power->mutex);
	power->fail = n;
	pthread_mutex_unlock(&power->mutex);
}

void power_vfs_fill(struct power_vfs *power, uint64_t room)
{
	pthread_mutex_lock(&power->mutex);
	power->limit = room == POWER_NO_LIMIT ? room : used(power) + room;
	pthread_mutex_unlock(&power->mutex);
}

void power_vfs_off(struct power_vfs *power, bool killed_only)
{
	pthread_mutex_lock(&power->mutex);
	turn_off(power, killed_only);
	pthread_mutex_unlock(&power->mutex);
}

void power_vfs_on(struct power_vfs *power)
{
	pthread_mutex_lock(&power->mutex);
	power->off = false;
	power->cut = power->fail = 0;
	power->limit = POWER_NO_LIMIT;
	pthread_mutex_unlock(&power->mutex);
}

bool power_vfs_is_off(struct power_vfs *power)
{
	pthread_mutex_lock(&power->mutex);
	bool off = power->off;
	pthread_mutex_unlock(&power->mutex);
	return off;
}

unsigned power_vfs_strikes(struct power_vfs *power)
{
	pthread_mutex_lock(&power->mutex);
	unsigned strikes = power->strikes;
	pthread_mutex_unlock(&power->mutex);
	return strikes;
}
