/* box_image.c - an image in the place of the host's programs: its directories, bound read-only into an empty root, so that nothing has to
 * be made in it and nothing of its owner's has to be the sandbox's.
 * Must not unpack anything. */
#include "apply/image.h"
#include "verb/box_parts.h"
#include "verb/verb.h"

int box_image(struct globals *g, const char *rootfs, struct manifest *m, struct command *as, struct err *e)
{
	struct strs inside, source;
	size_t i;

	TRY(image_directories(g->arena, rootfs, &inside, &source, e));
	for (i = 0; i < inside.n; i++)
		*arena_push(g->arena, &as->mounts) = (struct command_mount){ .inside = inside.v[i], .source = source.v[i] };
	m->root = ROOT_EMPTY;
	m->root_given = true;
	return 0;
}
