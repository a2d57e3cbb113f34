/* manifest_trust.c - what a manifest may not say when nobody named it: a file that lay in the current directory must not loosen anything
 * beyond the sandbox's own tree. Must not judge documents that were named, nor profiles. */
#include "oci/manifest_doc.h"
#include <string.h>

#define NAMED "; a manifest that was found and not named cannot grant that: name it on the command line"

static void check_process(struct reader *r, const struct process_doc *p)
{
	if (p->capabilities.n)
		complain(r, pointer(r, "/process/capabilities"), "Linux capabilities" NAMED);
	if (p->namespaces == words_find(&words_namespaces_rule, "allow"))
		complain(r, pointer(r, "/process/namespaces"), "namespaces of its own" NAMED);
	if (p->lsm && p->lsm->landlock == words_find(&words_landlock, "off"))
		complain(r, pointer(r, "/process/lsm/landlock"), "no Landlock" NAMED);
}

static void check_syscalls(struct reader *r, const struct syscalls_doc *s)
{
	bool bare = json_at(r->tree, pointer(r, "/syscalls"))->type == JSON_STRING;
	const char *at = pointer(r, bare ? "/syscalls" : "/syscalls/profile");

	if (s->profile && !strcmp(s->profile, "unconfined"))
		complain(r, at, "all system calls" NAMED);
	if (s->profile && !strncmp(s->profile, "file:", 5))
		complain(r, at, "a list of system calls of its own" NAMED);
	if (s->allow.n)
		complain(r, pointer(r, "/syscalls/allow"), "further system calls" NAMED);
}

void check_trust(struct reader *r)
{
	const struct manifest_doc *d = &r->doc;
	const struct network_doc *n = d->capabilities ? d->capabilities->network : d->network;
	const struct process_doc *p = d->capabilities ? d->capabilities->process : d->process;
	const struct syscalls_doc *s = d->capabilities ? d->capabilities->syscalls : d->syscalls;

	if (!r->found)
		return;
	if (n && n->mode == words_find(&words_network_mode, "host"))
		complain(r, pointer(r, "/network"), "the host's network" NAMED);
	if (p)
		check_process(r, p);
	if (s)
		check_syscalls(r, s);
}
