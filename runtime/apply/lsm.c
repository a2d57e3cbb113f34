/* lsm.c - the AppArmor profile and the SELinux label that the program gets with its exec (rule R15).
 * What was asked for and cannot be had is an error, never a warning; what the kernel then says is compared. Must not write but through the
 * verified procfs: a container's /proc could lead elsewhere. */
#include "apply/ops.h"
#include "apply/proc.h"
#include "sys/sys.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LABEL 4096

/* The kernel's answer: the name, and for AppArmor " (enforce)" or the like; ends with a line feed or a NUL. */
static int check(int proc, const char *file, const char *want, const char *what, struct err *e)
{
	char got[LABEL];
	size_t n = strlen(want);
	ssize_t r = proc_read(proc, file, got, sizeof got);

	if (r < 0)
		return fail_sys(e, (int)r, "cannot read the %s back", what);
	got[strcspn(got, "\n")] = 0;
	if (strncmp(got, want, n) != 0 || (got[n] && strncmp(got + n, " (", 2) != 0))
		return fail(e, EPERM, "the %s is \"%s\", asked for was \"%s\"", what, got, want);
	return 0;
}

/* apparmor(7), proc(5): since 5.8 AppArmor has a directory of its own below attr, because another LSM may own the old file. */
static int set_apparmor(int proc, const char *profile, struct err *e)
{
	const char *file = "self/attr/apparmor/exec";
	char value[LABEL];
	int r;

	if (snprintf(value, sizeof value, "exec %s", profile) >= (int)sizeof value)
		return fail(e, ENAMETOOLONG, "the name of the AppArmor profile is too long");
	r = proc_write(proc, file, value);
	if (r == -ENOENT) {
		/* the old file, or no such profile: the old one tells */
		file = "self/attr/exec";
		r = proc_write(proc, file, value);
	}
	if (r == -ENOENT)
		return fail_sys(e, r, "apparmor failed to apply profile %s: it is not loaded", profile);
	if (r == -EINVAL)
		return fail_sys(e, r, "apparmor failed to apply profile %s (is AppArmor on?)", profile);
	if (r < 0)
		return fail_sys(e, r, "apparmor failed to apply profile %s", profile);
	return check(proc, file, profile, "AppArmor profile", e);
}

static int set_selinux(int proc, const char *label, struct err *e)
{
	int r = proc_write(proc, "self/attr/exec", label);

	if (r == -EINVAL)
		return fail_sys(e, r, "cannot set the SELinux label %s (is SELinux on, and does its policy know it?)", label);
	if (r < 0)
		return fail_sys(e, r, "cannot set the SELinux label %s", label);
	return check(proc, "self/attr/exec", label, "SELinux label", e);
}

int op_lsm_label(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	(void)slot;
	if (s->lsm.apparmor && *s->lsm.apparmor)
		TRY(set_apparmor(r->proc, s->lsm.apparmor, e));
	if (s->lsm.selinux && *s->lsm.selinux)
		TRY(set_selinux(r->proc, s->lsm.selinux, e));
	return 0;
}
