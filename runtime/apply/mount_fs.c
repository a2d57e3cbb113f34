/* mount_fs.c - new file systems: a step's options become calls of fsconfig(2), and the result is a detached mount.
 * Must not attach anything, but for mount_fs_long. Must not know targets; what depends on one comes as an argument. */
#include "apply/mount.h"
#include "sys/sys.h"
#include <stdio.h>
#include <string.h>

/* fsconfig(2) takes strings of at most 255 bytes. */
#define MAX_VALUE 256

/* mount(2) takes a page of options. */
#define MAX_OPTIONS 4096

/* Flags of the super block, each with the word that sets it and the one that clears it. */
static const struct {
	uint64_t flag;
	const char *set, *clear;
} super[] = {
	{ MS_RDONLY, "ro", "rw" },
	{ MS_SYNCHRONOUS, "sync", "async" },
	{ MS_DIRSYNC, "dirsync", NULL },
	{ MS_MANDLOCK, "mand", "nomand" },
	{ MS_LAZYTIME, "lazytime", "nolazytime" },
};

static const struct {
	uint64_t attr;
	unsigned long ms;
} classic[] = {
	{ MOUNT_ATTR_RDONLY, MS_RDONLY },
	{ MOUNT_ATTR_NOSUID, MS_NOSUID },
	{ MOUNT_ATTR_NODEV, MS_NODEV },
	{ MOUNT_ATTR_NOEXEC, MS_NOEXEC },
	{ MOUNT_ATTR_NOATIME, MS_NOATIME },
	{ MOUNT_ATTR_STRICTATIME, MS_STRICTATIME },
	{ MOUNT_ATTR_NODIRATIME, MS_NODIRATIME },
};

static bool is(const struct step_mount *m, const char *fstype)
{
	return strcmp(m->fstype, fstype) == 0;
}

/* An error with what the kernel's file system has to say about it. */
static int fs_fail(struct err *e, int fs, int r, const char *what, const char *name)
{
	char message[160];

	sys_fs_message(fs, message, sizeof message);
	if (message[0])
		return fail_sys(e, r, "%s%.160s: %s", what, name, message);
	return fail_sys(e, r, "%s%.160s", what, name);
}

/* One option, "key" or "key=value". */
static int set_option(int fs, const char *option, struct err *e)
{
	size_t n = strcspn(option, "=");
	char key[MAX_VALUE];
	int r;

	if (n >= sizeof key)
		return fail_sys(e, -EINVAL, "option %.160s", option);
	memcpy(key, option, n);
	key[n] = 0;
	r = sys_fsconfig_str(fs, key, option[n] ? option + n + 1 : NULL);
	return r < 0 ? fs_fail(e, fs, r, "option ", option) : 0;
}

static int set_value(int fs, const char *key, const char *value, struct err *e)
{
	int r = sys_fsconfig_str(fs, key, value);

	return r < 0 ? fs_fail(e, fs, r, "option ", key) : 0;
}

static int set_super(int fs, const struct step_mount *m, struct err *e)
{
	size_t i;

	for (i = 0; i < sizeof super / sizeof *super; i++) {
		if (m->super_set & super[i].flag)
			TRY(set_value(fs, super[i].set, NULL, e));
		else if ((m->super_clear & super[i].flag) && super[i].clear)
			TRY(set_value(fs, super[i].clear, NULL, e));
	}
	return 0;
}

static bool has_option(const struct step_mount *m, const char *key)
{
	size_t i, n = strlen(key);

	for (i = 0; i < m->data.n; i++)
		if (strncmp(m->data.v[i], key, n) == 0 && m->data.v[i][n] == '=')
			return true;
	return false;
}

bool mount_fs_wants_mode(const struct step_mount *m)
{
	return is(m, "tmpfs") && !has_option(m, "mode");
}

bool mount_fs_too_long(const struct step_mount *m)
{
	size_t i;

	if (m->source && strlen(m->source) >= MAX_VALUE)
		return true;
	for (i = 0; i < m->data.n; i++) {
		const char *value = strchr(m->data.v[i], '=');

		if (value && strlen(value + 1) >= MAX_VALUE)
			return true;
	}
	return m->label && strlen(m->label) >= MAX_VALUE;
}

static const char *label_key(const struct step_mount *m)
{
	return m->label_key ? m->label_key : "context";
}

/* With SELinux off, the kernel knows no such option. proc, sysfs and mqueue take none; the policy labels them. */
static bool takes_label(const struct run *r, const struct step_mount *m)
{
	return m->label && r->host->selinux && !is(m, "proc") && !is(m, "sysfs") && !is(m, "mqueue");
}

static int configure(struct run *r, const struct step_mount *m, int mode, int fs, struct err *e)
{
	char text[16];
	size_t i;

	if (m->source && m->source[0])
		TRY(set_value(fs, "source", m->source, e));
	TRY(set_super(fs, m, e));
	if (mode >= 0) {
		snprintf(text, sizeof text, "%04o", (unsigned)mode);
		TRY(set_value(fs, "mode", text, e));
	}
	for (i = 0; i < m->data.n; i++)
		TRY(set_option(fs, m->data.v[i], e));
	if (takes_label(r, m))
		TRY(set_value(fs, label_key(m), m->label, e));
	return 0;
}

static int open_fs(const char *fstype, struct err *e)
{
	int fs = sys_fsopen(fstype);

	if (fs == -ENODEV)
		return fail_sys(e, fs, "this kernel has no file system type \"%s\"", fstype);
	return fs < 0 ? fail_sys(e, fs, "file system %s", fstype) : fs;
}

static int finish_fs(int fs, const char *fstype, uint64_t attr, struct err *e)
{
	int r = sys_fsconfig_create(fs);

	if (r < 0)
		return fs_fail(e, fs, r, "file system ", fstype);
	r = sys_fsmount(fs, attr);
	return r < 0 ? fs_fail(e, fs, r, "file system ", fstype) : r;
}

int mount_fs(struct run *r, const struct step_mount *m, int mode, struct err *e)
{
	AUTO_FD int fs = open_fs(m->fstype, e);
	if (fs < 0)
		return fs;
	TRY(configure(r, m, mode, fs, e));
	return finish_fs(fs, m->fstype, m->attr.set | m->attr_rec.set, e);
}

int mount_fs_reconfigure(const struct step_mount *m, int mount, struct err *e)
{
	AUTO_FD int fs = sys_fspick(mount, "");
	size_t i;
	int ret;

	if (fs < 0)
		return fail_sys(e, fs, "fspick");
	TRY(set_super(fs, m, e));
	for (i = 0; i < m->data.n; i++)
		TRY(set_option(fs, m->data.v[i], e));
	ret = sys_fsconfig_reconfigure(fs);
	return ret < 0 ? fs_fail(e, fs, ret, "cannot change the options", "") : 0;
}

int mount_fs_simple(const char *fstype, const char *const *options, uint64_t attr, struct err *e)
{
	AUTO_FD int fs = open_fs(fstype, e);

	if (fs < 0)
		return fs;
	for (; *options; options++)
		TRY(set_option(fs, *options, e));
	return finish_fs(fs, fstype, attr, e);
}

static bool append(char *page, size_t *n, const char *key, const char *text)
{
	int k = snprintf(page + *n, MAX_OPTIONS - *n, "%s%s%s", *n ? "," : "", key, text);

	if (k < 0 || (size_t)k >= MAX_OPTIONS - *n)
		return false;
	*n += (size_t)k;
	return true;
}

static int join_options(struct run *r, const struct step_mount *m, char page[MAX_OPTIONS], struct err *e)
{
	bool fits = true;
	size_t i, n = 0;

	page[0] = 0;
	for (i = 0; i < m->data.n; i++)
		fits = fits && append(page, &n, "", m->data.v[i]);
	if (takes_label(r, m))
		fits = fits && append(page, &n, label_key(m), "=\"") && append(page, &n, m->label, "\"");
	return fits ? 0 : fail_sys(e, -E2BIG, "the options are longer than a page");
}

/* mount(2) knows targets by path only: "self/fd/N" of the verified proc is the one that names a handle. */
static int mount_on_handle(struct run *r, const struct step_mount *m, int target, unsigned long flags, const char *page)
{
	AUTO_FD int cwd = sys_open(AT_FDCWD, ".", O_PATH | O_DIRECTORY, 0);
	char name[32];
	int ret, back;

	if (cwd < 0)
		return cwd;
	snprintf(name, sizeof name, "self/fd/%d", target);
	ret = sys_fchdir(r->proc);
	if (ret < 0)
		return ret;
	ret = sys_mount(m->source, name, m->fstype, flags, page);
	back = sys_fchdir(cwd);
	return ret < 0 ? ret : back;
}

int mount_fs_long(struct run *r, const struct step_mount *m, int target, struct err *e)
{
	unsigned long flags = (unsigned long)m->super_set;
	char page[MAX_OPTIONS];
	size_t i;
	int ret;

	TRY(join_options(r, m, page, e));
	for (i = 0; i < sizeof classic / sizeof *classic; i++)
		if ((m->attr.set | m->attr_rec.set) & classic[i].attr)
			flags |= classic[i].ms;
	ret = mount_on_handle(r, m, target, flags, page);
	return ret < 0 ? fail_sys(e, ret, "file system %s with options %.200s", m->fstype, page) : 0;
}
