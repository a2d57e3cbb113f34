/* print_start.c - the steps of the last stage, in words: who the program is and what it may do.
 * Must not abbreviate: two steps that differ must print differently. */
#include "plan/grants.h"
#include "plan/print.h"
#include <inttypes.h>
#include <linux/seccomp.h>
#include <string.h>

void plan_show_session(struct text *t, const struct step *s)
{
	plan_show_flag(t, "with-terminal", s->terminal);
}

void plan_show_umask(struct text *t, const struct step *s)
{
	text_fmt(t, " %04o", (unsigned)s->umask);
}

static void show_caps(struct text *t, const char *set, uint64_t caps)
{
	const char *sep = "";
	size_t i;

	text_fmt(t, " %s=", set);
	for (i = 0; i < words_capability.n; i++) {
		if (!(caps & 1ull << words_capability.v[i].value))
			continue;
		text_fmt(t, "%s%s", sep, words_capability.v[i].name + strlen("CAP_"));
		sep = ",";
	}
}

void plan_show_bounding(struct text *t, const struct step *s)
{
	show_caps(t, "keep", s->caps.bounding);
}

void plan_show_ids(struct text *t, const struct step *s)
{
	size_t i;

	text_fmt(t, " %" PRIu32 ":%" PRIu32, s->ids.uid, s->ids.gid);
	if (s->ids.keep_groups) {
		text_str(t, " groups-stay");
		return;
	}
	text_str(t, " groups=");
	for (i = 0; i < s->ids.groups.n; i++)
		text_fmt(t, "%s%" PRIu32, i ? "," : "", s->ids.groups.v[i]);
}

void plan_show_capabilities(struct text *t, const struct step *s)
{
	show_caps(t, "permitted", s->caps.permitted);
	show_caps(t, "effective", s->caps.effective);
	show_caps(t, "inheritable", s->caps.inheritable);
	show_caps(t, "ambient", s->caps.ambient);
}

void plan_show_landlock(struct text *t, const struct step *s)
{
	const struct step_landlock *l = &s->landlock;
	size_t i;

	text_fmt(t, " abi=%d fs=0x%" PRIx64 " net=0x%" PRIx64 " scoped=0x%" PRIx64, l->abi, l->handled_fs, l->handled_net, l->scoped);
	for (i = 0; i < l->paths.n; i++) {
		plan_show_str(t, l->paths.v[i].path);
		text_fmt(t, "=0x%" PRIx64, l->paths.v[i].access);
	}
	for (i = 0; i < l->ports.n; i++)
		text_fmt(t, " %u=0x%" PRIx64, l->ports.v[i].port, l->ports.v[i].access);
}

static void show_action(struct text *t, uint32_t action)
{
	const char *name = words_name(&words_seccomp_action, action & SECCOMP_RET_ACTION_FULL);

	text_str(t, name ? name + strlen("SCMP_ACT_") : "?");
	if (action & SECCOMP_RET_DATA)
		text_fmt(t, ":%u", action & SECCOMP_RET_DATA);
}

static void show_call(struct text *t, const struct seccomp_call *c)
{
	size_t i;

	text_str(t, " {");
	show_action(t, c->action);
	plan_show_all(t, NULL, &c->names);
	for (i = 0; i < c->args.n; i++) {
		const char *op = words_name(&words_seccomp_op, c->args.v[i].op);

		text_fmt(t, " arg%u %s 0x%" PRIx64 " 0x%" PRIx64, c->args.v[i].index, op ? op + strlen("SCMP_CMP_") : "?", c->args.v[i].a,
			 c->args.v[i].b);
	}
	text_str(t, "}");
}

void plan_show_broker(struct text *t, const struct step *s)
{
	const struct net_grants *g = s->broker;
	size_t i;

	plan_show_flag(t, "join", !g);
	if (!g)
		return;
	for (i = 0; i < g->listen_n; i++)
		plan_show_key(t, "listen", g->listen[i].text);
	for (i = 0; i < g->connect_n; i++)
		plan_show_key(t, "connect", g->connect[i].text);
	plan_show_flag(t, "published", g->published);
}

void plan_show_seccomp(struct text *t, const struct step *s)
{
	const struct step_seccomp *c = &s->seccomp;
	size_t i;

	text_str(t, " default=");
	show_action(t, c->default_action);
	for (i = 0; i < c->archs.n; i++) {
		const char *name = words_name(&words_seccomp_arch, c->archs.v[i]);

		text_fmt(t, " %s", name ? name + strlen("SCMP_ARCH_") : "?");
	}
	if (c->flags)
		plan_show_bits(t, &words_seccomp_flag, c->flags);
	plan_show_flag(t, "newer=ENOSYS", c->enosys_stub);
	plan_show_key(t, "listener", c->listener_path);
	plan_show_key(t, "metadata", c->listener_metadata);
	for (i = 0; i < c->calls.n; i++)
		show_call(t, &c->calls.v[i]);
}

void plan_show_cwd(struct text *t, const struct step *s)
{
	plan_show_str(t, s->cwd.path);
	plan_show_flag(t, "(if root may)", s->cwd.first);
}

void plan_show_find(struct text *t, const struct step *s)
{
	plan_show_str(t, s->exec.args.n ? s->exec.args.v[0] : NULL);
	plan_show_key(t, "cwd", s->exec.cwd);
	plan_show_flag(t, "make-cwd", s->exec.make_cwd);
}

void plan_show_exec(struct text *t, const struct step *s)
{
	plan_show_all(t, NULL, &s->exec.args);
	plan_show_all(t, "env", &s->exec.env);
}
