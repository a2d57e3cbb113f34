/* print_mounts.c - the steps about mounts, in words.
 * Must not abbreviate: two steps that differ must print differently. */
#include "plan/print.h"
#include <linux/mount.h>
#include <string.h>
#include <sys/mount.h>

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

struct bit {
	uint64_t bit;
	const char *set, *clear;
};

static const struct bit attrs[] = {
	{ MOUNT_ATTR_RDONLY, "ro", "rw" },
	{ MOUNT_ATTR_NOSUID, "nosuid", "suid" },
	{ MOUNT_ATTR_NODEV, "nodev", "dev" },
	{ MOUNT_ATTR_NOEXEC, "noexec", "exec" },
	{ MOUNT_ATTR_NODIRATIME, "nodiratime", "diratime" },
	{ MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow", "symfollow" },
};

static const struct bit supers[] = {
	{ MS_RDONLY, "super-ro", "super-rw" }, { MS_SYNCHRONOUS, "sync", "async" },   { MS_DIRSYNC, "dirsync", "nodirsync" },
	{ MS_MANDLOCK, "mand", "nomand" },     { 1 << 25, "lazytime", "nolazytime" }, { MS_I_VERSION, "iversion", "noiversion" },
	{ MS_SILENT, "silent", "loud" },
};

static const char *atime(uint64_t set)
{
	switch (set & MOUNT_ATTR__ATIME) {
	case MOUNT_ATTR_RELATIME: return "relatime";
	case MOUNT_ATTR_NOATIME: return "noatime";
	default: return "strictatime";
	}
}

static void show_attr(struct text *t, const char *prefix, const struct mount_attr_bits *a)
{
	size_t i;

	for (i = 0; i < sizeof attrs / sizeof *attrs; i++) {
		if (a->set & attrs[i].bit)
			text_fmt(t, " %s%s", prefix, attrs[i].set);
		if (a->clear & attrs[i].bit)
			text_fmt(t, " %s%s", prefix, attrs[i].clear);
	}
	if (a->clear & MOUNT_ATTR__ATIME || a->set & MOUNT_ATTR__ATIME)
		text_fmt(t, " %s%s", prefix, atime(a->set));
}

static void show_supers(struct text *t, uint64_t set, uint64_t clear)
{
	size_t i;

	for (i = 0; i < sizeof supers / sizeof *supers; i++) {
		plan_show_flag(t, supers[i].set, (set & supers[i].bit) != 0);
		plan_show_flag(t, supers[i].clear, (clear & supers[i].bit) != 0);
	}
}

static void show_propagation(struct text *t, uint64_t p)
{
	static const struct bit kinds[] = {
		{ MS_PRIVATE, "private", NULL },
		{ MS_SLAVE, "slave", NULL },
		{ MS_SHARED, "shared", NULL },
		{ MS_UNBINDABLE, "unbindable", NULL },
	};
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (p & kinds[i].bit)
			text_fmt(t, " %s%s", p & MS_REC ? "r" : "", kinds[i].set);
}

void plan_show_mount(struct text *t, const struct step *s)
{
	const struct step_mount *m = &s->mount;
	size_t i;

	if (m->remount)
		text_str(t, " again");
	else
		plan_show_str(t, m->bind ? (m->rbind ? "rbind" : "bind") : m->fstype);
	if (!m->remount && m->source && (m->bind || strcmp(m->source, m->fstype) != 0))
		plan_show_str(t, m->source);
	text_str(t, " on");
	plan_show_str(t, m->target);
	show_attr(t, "", &m->attr);
	show_attr(t, "r", &m->attr_rec);
	show_supers(t, m->super_set, m->super_clear);
	show_propagation(t, m->propagation);
	for (i = 0; i < m->data.n; i++)
		plan_show_str(t, m->data.v[i]);
	if (m->label)
		plan_show_key(t, m->label_key, m->label);
	plan_show_flag(t, "tmpcopyup", m->tmpcopyup);
	plan_show_flag(t, "copy-symlink", m->copy_symlink);
	plan_show_flag(t, "own-upper", m->own_upper);
	plan_show_flag(t, "src-nofollow", m->src_nofollow);
	plan_show_flag(t, "dest-nofollow", m->dest_nofollow);
	plan_show_flag(t, m->idmap_rec ? "ridmap" : "idmap", m->idmap);
	plan_show_ranges(t, "uids", &m->uids);
	plan_show_ranges(t, "gids", &m->gids);
	plan_show_flag(t, "real-directory", m->proc_like);
	plan_show_flag(t, "or-bind", m->fallback_bind);
	plan_show_flag(t, "opened-outside", m->open_in_parent != 0);
}

void plan_show_cgroup_mount(struct text *t, const struct step *s)
{
	const struct step_cgroup_mount *m = &s->cgroup_mount;
	size_t i;

	text_str(t, m->v2 ? " v2" : " v1");
	text_str(t, " on");
	plan_show_str(t, m->target);
	show_attr(t, "", &m->attr);
	plan_show_flag(t, "own-namespace", m->cgroup_ns);
	for (i = 0; i < m->parts.n; i++) {
		text_fmt(t, " %s(", m->parts.v[i].name);
		text_visible(t, m->parts.v[i].controllers);
		text_str(t, ")=");
		text_visible(t, m->parts.v[i].dir);
	}
	for (i = 0; i < m->links.n; i++)
		plan_show_key(t, "link", m->links.v[i]);
	plan_show_key(t, "label", m->label);
}

void plan_show_root(struct text *t, const struct step *s)
{
	plan_show_str(t, s->root.path);
	plan_show_flag(t, "as-a-mount", s->root.clone);
	show_propagation(t, s->root.propagation);
	plan_show_flag(t, "private-parent", s->root.private_parent);
	plan_show_key(t, "label", s->root.label);
}

void plan_show_propagation(struct text *t, const struct step *s)
{
	text_str(t, " /");
	show_propagation(t, s->propagation);
}

void plan_show_root_flags(struct text *t, const struct step *s)
{
	plan_show_flag(t, "ro", s->root_flags.readonly);
	show_propagation(t, s->root_flags.propagation);
}
