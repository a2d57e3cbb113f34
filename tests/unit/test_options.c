/* test_options.c - the option parser, and the tables it is driven by. */
#include "base/nearest.h"
#include "base/units.h"
#include "tests/unit/test.h"
#include "verb/help.h"
#include "verb/options.h"
#include "verb/sandbox.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct sample {
	const char *flag, *tty, *value, *file, *word;
	struct strs many, secrets;
};
static const struct opt sample_opts[] = {
	{ "flag", 'd', OPT_FLAG, NULL, "a flag", offsetof(struct sample, flag) },
	{ "tty", 't', OPT_FLAG, NULL, "another", offsetof(struct sample, tty) },
	{ "value", 'u', OPT_VALUE, "V", "a value", offsetof(struct sample, value) },
	{ "pid-file", 0, OPT_VALUE, "F", "a file", offsetof(struct sample, file) },
	{ "env", 'e', OPT_MANY, "E", "many", offsetof(struct sample, many) },
	{ "password", 'w', OPT_VALUE, "W", "a secret", offsetof(struct sample, word), true },
	{ "secret", 0, OPT_MANY, "N=V", "secrets", offsetof(struct sample, secrets), true },
	{ NULL },
};

struct result {
	struct arena a;
	struct sample s;
	struct parsed p;
	struct err e;
	int r;
};

static void parse(struct result *x, bool stop, const char *line)
{
	static char copy[256];
	char *argv[32], *word, *save = NULL;
	int argc = 0;

	*x = (struct result){ .r = 0 };
	strcpy(copy, line);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	x->r = options_parse(&x->a, sample_opts, &x->s, stop, argc, argv, &x->p, &x->e);
}

TEST(options_forms)
{
	static const char *const lines[] = {
		"--value 1 --pid-file f -d id",  "--value=1 --pid-file=f --flag id", "-value 1 -pid-file=f -flag id",
		"-u 1 -d --pid-file f id",       "-u1 -d --pid-file f id",           "-u=1 -pid-file f -flag=true id",
		"-du1 --pid-file f id",          "id --value 1 -d --pid-file=f",     "--value 2 --value 1 --flag=1 --pid-file f -- id",
	};
	struct result x;
	size_t i;

	for (i = 0; i < sizeof lines / sizeof *lines; i++) {
		parse(&x, false, lines[i]);
		CHECK_INT(x.r, 0);
		CHECK_STR(x.s.value, "1");
		CHECK_STR(x.s.file, "f");
		CHECK_STR(x.s.flag, "true");
		CHECK_INT(x.p.argc, 1);
		CHECK_STR(x.p.argv[0], "id");
		arena_drop(&x.a);
	}
}

TEST(options_flags)
{
	struct result x;

	parse(&x, false, "-dt id");
	CHECK_STR(x.s.flag, "true");
	CHECK_STR(x.s.tty, "true");
	arena_drop(&x.a);
	parse(&x, false, "-d --flag=false id");
	CHECK_INT(x.r, 0);
	CHECK_STR(x.s.flag, NULL);
	arena_drop(&x.a);
	parse(&x, false, "--flag=maybe id");
	CHECK_INT(x.r, -EINVAL);
	arena_drop(&x.a);
}

TEST(options_many)
{
	struct result x;

	parse(&x, false, "-e A=1 --env=B=2 id -eC=3");
	REQUIRE(x.s.many.n == 3);
	CHECK_STR(x.s.many.v[0], "A=1");
	CHECK_STR(x.s.many.v[1], "B=2");
	CHECK_STR(x.s.many.v[2], "C=3");
	CHECK(x.s.many.v[3] == NULL);
	arena_drop(&x.a);
}

TEST(options_stop_at_first)
{
	struct result x;

	parse(&x, true, "-d id prog -t --unknown -- x");
	CHECK_INT(x.r, 0);
	CHECK_STR(x.s.tty, NULL);
	CHECK_INT(x.p.argc, 6);
	CHECK_STR(x.p.argv[2], "-t");
	CHECK_STR(x.p.argv[4], "--");
	CHECK(x.p.argv[6] == NULL);
	arena_drop(&x.a);
}

TEST(options_values_with_a_dash)
{
	struct result x;

	parse(&x, false, "--value -1 id -9 -");
	CHECK_INT(x.r, 0);
	CHECK_STR(x.s.value, "-1");
	CHECK_INT(x.p.argc, 3);
	CHECK_STR(x.p.argv[1], "-9");
	arena_drop(&x.a);
}

TEST(options_errors)
{
	struct result x;

	parse(&x, false, "--value");
	CHECK_INT(x.r, -EINVAL);
	CHECK_STR(x.e.text, "flag needs an argument: --value");
	parse(&x, false, "-u");
	CHECK_STR(x.e.text, "flag needs an argument: --value");
	parse(&x, false, "--valeu=3 id");
	CHECK_STR(x.e.text, "flag provided but not defined: --valeu=3 (did you mean --value?)");
	parse(&x, false, "-dx id");
	CHECK_HAS(x.e.text, "flag provided but not defined: -dx");
	arena_drop(&x.a);
}

TEST(options_help)
{
	static const char *const lines[] = { "-h", "--help", "-?", "id --help", "-help" };
	struct result x;
	size_t i;

	for (i = 0; i < sizeof lines / sizeof *lines; i++) {
		parse(&x, false, lines[i]);
		CHECK_INT(x.r, 0);
		CHECK(x.p.help);
		arena_drop(&x.a);
	}
	parse(&x, true, "id prog --help");
	CHECK(!x.p.help);
	arena_drop(&x.a);
}

static void check_table(const char *verb, const struct opt *opts)
{
	const struct opt *o, *p;

	for (o = opts; o->name; o++) {
		CHECK((o->kind == OPT_FLAG) == !o->arg);
		for (p = o + 1; p->name; p++)
			if (!CHECK(strcmp(o->name, p->name) != 0 && (!o->letter || o->letter != p->letter)))
				CHECK_STR(o->name, verb);
	}
}

/* No name or letter stands twice, and every option of runc and crun that an engine passes is known. */
TEST(options_tables)
{
	static const struct {
		const char *verb, *names;
	} passed[] = {
		{ "create", "bundle config console-socket pidfd-socket pid-file no-pivot no-new-keyring preserve-fds no-subreaper" },
		{ "run", "bundle detach keep no-subreaper console-socket pidfd-socket pid-file no-pivot no-new-keyring preserve-fds" },
		{ "kill", "all regex signal" },
		{ "delete", "force regex" },
		{ "exec", "console-socket pidfd-socket cwd env tty user additional-gids process detach pid-file process-label apparmor "
			  "no-new-privs cap preserve-fds cgroup ignore-paused" },
		{ "list", "format quiet" },
		{ "ps", "format" },
		{ "events", "interval stats" },
		{ "spec", "bundle file rootless" },
		{ "update", "resources blkio-weight cpu-period cpu-quota cpu-burst cpu-share cpu-rt-period cpu-rt-runtime cpuset-cpus "
			    "cpuset-mems memory cpu-idle memory-reservation memory-swap pids-limit l3-cache-schema mem-bw-schema "
			    "kernel-memory kernel-memory-tcp" },
		{ "checkpoint", "image-path work-path parent-path leave-running tcp-established tcp-skip-in-flight link-remap ext-unix-sk "
				"shell-job lazy-pages status-fd page-server file-locks pre-dump manage-cgroups-mode empty-ns auto-dedup "
				"network-lock" },
		{ "restore", "console-socket image-path work-path tcp-established tcp-close ext-unix-sk shell-job file-locks "
			     "manage-cgroups-mode bundle detach pid-file no-subreaper no-pivot empty-ns auto-dedup lazy-pages lsm-profile "
			     "lsm-mount-context network-lock" },
	};
	const struct verb *const *v;
	size_t i;

	check_table("globals", global_opts);
	for (v = verbs; *v; v++)
		check_table((*v)->name, (*v)->opts);
	for (v = sandbox_verbs; *v; v++) {
		check_table((*v)->name, (*v)->opts);
		CHECK((*v)->opts_size >= sizeof(struct sandbox_common));
		CHECK((*v)->subs || (*v)->run);
	}
	for (i = 0; i < sizeof passed / sizeof *passed; i++) {
		const struct verb *verb = verb_find(verbs, passed[i].verb);
		char names[400], *name, *save = NULL;

		REQUIRE(verb);
		strcpy(names, passed[i].names);
		for (name = strtok_r(names, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
			const struct opt *o;

			for (o = verb->opts; o->name && strcmp(o->name, name) != 0; o++)
				;
			CHECK_STR(o->name, name);
		}
	}
}

TEST(options_help_names_every_option)
{
	struct arena a = { 0 };
	const struct verb *const *v;
	const struct opt *o;

	for (v = verbs; *v; v++) {
		struct text t = { .arena = &a };
		char head[64];

		help_verb(&t, "/usr/bin/wasirun", (*v)->name, *v);
		snprintf(head, sizeof head, "NAME:\n   wasirun %s - ", (*v)->name);
		CHECK_HAS(text_get(&t), head);
		for (o = (*v)->opts; o->name; o++)
			if (o->doc)
				CHECK_HAS(text_get(&t), o->name);
	}
	arena_drop(&a);
}

TEST(names_distance)
{
	CHECK_INT(name_distance("state", "state", 2), 0);
	CHECK_INT(name_distance("stat", "state", 2), 1);
	CHECK_INT(name_distance("delete", "create", 2), 3);
	CHECK_INT(name_distance("", "ab", 2), 2);
	CHECK_STR(verb_nearest(verbs, "crate"), "create");
	CHECK_STR(verb_nearest(verbs, "xyzzy"), NULL);
	CHECK_STR(verb_nearest(verbs, "introspec"), NULL);
}

TEST(units_bytes)
{
	static const struct {
		const char *s;
		int64_t v;
	} good[] = { { "0", 0 },	      { "512", 512 },	  { "64k", 65536 },	      { "500M", 524288000 }, { "1.5g", 1610612736 },
		     { "1GiB", 1073741824 }, { "1gb", 1073741824 }, { "2T", INT64_C(2) << 40 }, { "-1", -1 },	       { "7b", 7 } };
	static const char *const bad[] = { "", "k", "-2", "1x", "1kk", "1.", ".5k", "1 k", "0x10", "1e3",
					   "9999999999999999999", "99999999P", "7bb" };
	struct err e;
	int64_t v;
	size_t i;

	for (i = 0; i < sizeof good / sizeof *good; i++) {
		CHECK_INT(parse_bytes(good[i].s, "--memory", &v, &e), 0);
		CHECK_INT(v, good[i].v);
	}
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK(parse_bytes(bad[i], "--memory", &v, &e) < 0);
}

TEST(units_duration)
{
	static const struct {
		const char *s;
		int64_t ms;
	} good[] = { { "5s", 5000 }, { "100ms", 100 }, { "1m30s", 90000 }, { "0.5h", 1800000 }, { "3", 3000 } };
	static const char *const bad[] = { "", "s", "0", "0s", "1us", "-1s", "5x", "1s2", "1..5s" };
	struct err e;
	int64_t v;
	size_t i;

	for (i = 0; i < sizeof good / sizeof *good; i++) {
		CHECK_INT(parse_duration(good[i].s, "--interval", &v, &e), 0);
		CHECK_INT(v, good[i].ms);
	}
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK(parse_duration(bad[i], "--interval", &v, &e) < 0);
}

/* Everybody can read a command line, and what is forked off us keeps it. */
TEST(options_secrets_are_blotted_out)
{
	char attached[] = "--password=hidden", word[] = "--password", value[] = "hidden", letter[] = "-whidden", many[] = "--secret",
	     first[] = "A=hidden=1", name[] = "--secret=HOME", plain[] = "--value=seen";
	char *argv[] = { attached, word, value, letter, many, first, name, plain, NULL };
	struct arena a = { 0 };
	struct sample s = { 0 };
	struct parsed p;
	struct err e;
	int i;

	CHECK_INT(options_parse(&a, sample_opts, &s, false, 8, argv, &p, &e), 0);
	for (i = 0; i < 8; i++)
		CHECK(!strstr(argv[i], "hidden"));
	CHECK_STR(s.word, "hidden");
	REQUIRE(s.secrets.n == 2);
	CHECK_STR(s.secrets.v[0], "A=hidden=1");
	CHECK_STR(s.secrets.v[1], "HOME");
	CHECK_STR(attached, "--password=xxxxxx");
	CHECK_STR(first, "A=xxxxxxxx");
	CHECK_STR(name, "--secret=HOME");
	CHECK_STR(plain, "--value=seen");
	arena_drop(&a);
}
