/* device_rules.c - STEP_DEVICE_RULES: loads and attaches the program (version 2), writes devices.allow and devices.deny (version 1).
 * Must not decide what is allowed: device_program.c and device_list.c work that out. */
#include "apply/cgroup_dir.h"
#include "apply/device_program.h"
#include "apply/ops.h"
#include "sys/sys.h"
#include <string.h>

/* The kernel takes at most this many programs of one kind at a cgroup. */
#define MAX_ATTACHED 64

static int load(const struct device_program *p, struct err *e)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof attr);
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uint64_t)(uintptr_t)p->v;
	attr.insn_cnt = (uint32_t)p->n;
	attr.license = (uint64_t)(uintptr_t) "Apache-2.0";
	memcpy(attr.prog_name, "wasirun_devices", sizeof "wasirun_devices");
	fd = sys_bpf(BPF_PROG_LOAD, &attr, sizeof attr);
	if (fd == -EINVAL || fd == -ENOSYS)
		return fail_sys(e, fd, "cannot load the device program: the kernel lacks CONFIG_CGROUP_BPF");
	return fd < 0 ? fail_sys(e, fd, "cannot load the device program") : fd;
}

/* The programs attached to the cgroup itself, not those of its ancestors. */
static int attached(int cgroup, uint32_t ids[MAX_ATTACHED], struct err *e)
{
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof attr);
	attr.query.target_fd = (uint32_t)cgroup;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uint64_t)(uintptr_t)ids;
	attr.query.prog_cnt = MAX_ATTACHED;
	r = sys_bpf(BPF_PROG_QUERY, &attr, sizeof attr);
	return r < 0 ? fail_sys(e, r, "cannot list the device programs of the cgroup") : (int)attr.query.prog_cnt;
}

static int program_by_id(uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.prog_id = id;
	return sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr, sizeof attr);
}

/* old: the program whose place it takes, or -1. */
static int attach(int cgroup, int program, int old)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI | (old >= 0 ? BPF_F_REPLACE : 0U);
	attr.replace_bpf_fd = old >= 0 ? (uint32_t)old : 0;
	return sys_bpf(BPF_PROG_ATTACH, &attr, sizeof attr);
}

static int detach(int cgroup, int program)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	return sys_bpf(BPF_PROG_DETACH, &attr, sizeof attr);
}

/* All programs of a cgroup must agree before access is given, so a new one beside an old one could only take away: the one that is
 * there is replaced, in one step; if there are more (systemd leaves its own behind), the new one goes in before the others go. */
int device_attach(const char *dir, const struct device_program *p, struct err *e)
{
	AUTO_FD int cgroup = sys_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
	uint32_t ids[MAX_ATTACHED];
	int n, i, r;

	if (cgroup < 0)
		return fail_sys(e, cgroup, "the cgroup %s", dir);
	AUTO_FD int program = load(p, e);
	if (program < 0)
		return program;
	n = TRY(attached(cgroup, ids, e));
	AUTO_FD int only = n == 1 ? program_by_id(ids[0]) : -1;
	r = attach(cgroup, program, only);
	if (r < 0)
		return fail_sys(e, r, "cannot attach the device program to %s", dir);
	for (i = 0; i < n && only < 0; i++) {
		AUTO_FD int old = program_by_id(ids[i]);

		/* one that we may not touch stays: it can only be stricter */
		r = old < 0 ? 0 : detach(cgroup, old);
		if (r < 0)
			return fail_sys(e, r, "cannot detach the former device program from %s", dir);
	}
	return 0;
}

static int write_all(const char *dir, const device_writes *w, struct err *e)
{
	AUTO_FD int allow = cgroup_open(dir, "devices.allow", O_WRONLY);
	AUTO_FD int deny = cgroup_open(dir, "devices.deny", O_WRONLY);
	size_t i;

	if (allow < 0 || deny < 0)
		return fail_sys(e, allow < 0 ? allow : deny, "%s/devices.%s", dir, allow < 0 ? "allow" : "deny");
	for (i = 0; i < w->n; i++) {
		const char *text = w->v[i].text;
		ssize_t r = sys_write(w->v[i].allow ? allow : deny, text, strlen(text));

		if (r == -EPERM && w->v[i].allow)
			return fail_sys(e, (int)r, "cannot allow the device \"%s\": the cgroup above %s does not allow it", text, dir);
		if (r < 0)
			return fail_sys(e, (int)r, "cannot write \"%s\" to %s/devices.%s", text, dir, w->v[i].allow ? "allow" : "deny");
	}
	return 0;
}

int device_write_v1(struct arena *a, const char *dir, const struct device_list *want, struct err *e)
{
	char text[32 * 1024];
	ssize_t n = cgroup_read(dir, "devices.list", text, sizeof text);
	struct device_list have;
	device_writes writes;

	if (n < 0)
		return fail_sys(e, (int)n, "%s/devices.list", dir);
	TRY(device_list_parse(a, text, &have, e));
	device_list_diff(a, &have, want, &writes);
	return write_all(dir, &writes, e);
}

static int apply(struct arena *a, const struct step_device_rules *d, struct err *e)
{
	const rules list = { d->rules.v, d->rules.n };
	struct device_program program;
	struct device_list want;

	if (!d->v2) {
		TRY(device_list_build(a, &list, &want, e));
		return device_write_v1(a, d->dir, &want, e);
	}
	TRY(device_compile(a, &list, &program, e));
	return device_attach(d->dir, &program, e);
}

int op_device_rules(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	const struct step_device_rules *d = &s->device_rules;
	bool bound = r->host->in_userns || !r->host->privileged;
	int ret;

	(void)slot;
	if (!d->dir)
		return bound ? 0 : fail(e, ENOENT, "this machine has no cgroup that controls devices: mount the \"devices\" controller");
	if (!cgroup_is_ready(r, d->dir))
		return 0; /* an ordinary user's container without a cgroup */
	ret = apply(r->arena, d, e);
	/* who is not root here cannot make device nodes, nor open more of them than before: there is nothing to take away */
	return bound && (ret == -EPERM || ret == -EACCES || ret == -EROFS) ? 0 : ret;
}
