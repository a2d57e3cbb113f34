/* mount_options.c - the options of one mount, sorted by what carries them out.
 * Must not know file systems: a word that is not ours is theirs. */
#include "plan/build.h"
#include <errno.h>
#include <linux/mount.h>
#include <string.h>

static void take_bits(struct mount_attr_bits *bits, const struct word *w)
{
	/* the access time modes are one field: its mask is in clear, and mount_setattr wants it there together with the new mode */
	bits->set = (bits->set & ~w->clear) | w->value;
	bits->clear = (bits->clear & ~w->value) | w->clear;
}

/* Quotes are for mount(8)'s splitting of the list; fsconfig takes the value as it is. */
static const char *unquoted(struct arena *a, const char *s, size_t n)
{
	const char *eq = memchr(s, '=', n);

	if (eq && s + n - eq > 2 && eq[1] == '"' && s[n - 1] == '"')
		return arena_fmt(a, "%.*s%.*s", (int)(eq + 1 - s), s, (int)(s + n - eq - 3), eq + 2);
	return arena_strn(a, s, n);
}

/* One option may hold several, as in mount -o; a comma between quotes belongs to the value. */
static void take_data(struct build *b, const char *s, struct step_mount *out)
{
	while (*s) {
		bool quoted = false;
		size_t n;

		for (n = 0; s[n] && (quoted || s[n] != ','); n++)
			if (s[n] == '"')
				quoted = !quoted;
		if (n)
			plan_push(b->a, &out->data, unquoted(b->a, s, n));
		s += n + (s[n] == ',');
	}
}

static void take_word(const struct word *w, struct step_mount *out)
{
	switch ((enum mount_option_kind)w->kind) {
	case OPT_ATTR: take_bits(&out->attr, w); break;
	case OPT_ATTR_REC: take_bits(&out->attr_rec, w); break;
	case OPT_SUPER:
		out->super_set = (out->super_set & ~w->clear) | w->value;
		out->super_clear = (out->super_clear & ~w->value) | w->clear;
		break;
	case OPT_BIND:
		out->bind = true;
		out->rbind |= w->value != 0;
		break;
	case OPT_PROPAGATION: out->propagation = w->value; break;
	case OPT_REMOUNT: out->remount = true; break;
	case OPT_TMPCOPYUP: out->tmpcopyup = true; break;
	case OPT_IDMAP:
		out->idmap = true;
		out->idmap_rec |= w->value != 0;
		break;
	case OPT_COPY_SYMLINK: out->copy_symlink = true; break;
	case OPT_SRC_NOFOLLOW: out->src_nofollow = true; break;
	case OPT_DEST_NOFOLLOW: out->dest_nofollow = true; break;
	case OPT_NOTHING: break;
	}
}

/* "x-" options are for programs that read fstab. */
static bool for_programs(const char *s)
{
	return (s[0] == 'x' || s[0] == 'X') && s[1] == '-';
}

static int check(struct build *b, const struct mount *m, const char *at, struct step_mount *out, struct err *e)
{
	if (out->tmpcopyup && (out->bind || !m->type || strcmp(m->type, "tmpfs") != 0))
		return plan_fail(e, EINVAL, plan_at(b, "%s/options", at), "tmpcopyup is for tmpfs");
	if (out->copy_symlink && !out->bind)
		return plan_fail(e, EINVAL, plan_at(b, "%s/options", at), "copy-symlink is for bind mounts");
	if (out->bind && (out->super_set || out->super_clear)) {
		/* they would change the file system for everybody who has it mounted */
		plan_warn(b, "%s/options: sync, dirsync, mand, lazytime, iversion and silent say nothing about a bind mount", at);
		out->super_set = out->super_clear = 0;
	}
	return 0;
}

int plan_mount_options(struct build *b, const struct mount *m, const char *at, struct step_mount *out, struct err *e)
{
	size_t i, first_data = 0;

	for (i = 0; i < m->options.n; i++) {
		int word = words_find(&words_mount_option, m->options.v[i]);

		if (word >= 0) {
			take_word(&words_mount_option.v[word], out);
		} else if (strcmp(m->options.v[i], "x-wasirun.upper=tmpfs") == 0) {
			out->own_upper = true;
		} else if (strcmp(m->options.v[i], "x-wasirun.upper=host") == 0) {
			out->open_in_parent = true;
		} else if (!for_programs(m->options.v[i])) {
			if (!out->data.n)
				first_data = i;
			take_data(b, m->options.v[i], out);
		}
	}
	if (m->type && strcmp(m->type, "bind") == 0 && !out->remount)
		out->bind = true;
	if (out->bind && out->remount)
		out->bind = false; /* "remount,bind" is mount(8)'s way to say: the mount, not the file system */
	if (out->bind && out->data.n)
		return plan_fail(e, EINVAL, plan_at(b, "%s/options/%zu", at, first_data),
				 "bind mounts cannot have any filesystem-specific options applied, and \"%s\" is no general one",
				 out->data.v[0]);
	return check(b, m, at, out, e);
}
