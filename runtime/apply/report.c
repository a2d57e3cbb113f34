/* report.c - lines about refused network calls on their way from the supervisor to our log.
 * Must not wait for one: the supervisor writes a line before the call is answered, so at the program's end all of them are there. */
#include "apply/report.h"
#include "base/log.h"
#include "sys/sys.h"
#include <string.h>

#define HIGH 10 /* out of the way of what the program gets */

int report_begin(struct report *r, struct err *e)
{
	int ends[2], ret = sys_pipe(ends);

	*r = (struct report){ .read = -1, .write = -1 };
	if (ret < 0)
		return fail_sys(e, ret, "pipe");
	AUTO_FD int from = ends[0];
	AUTO_FD int to = ends[1];
	ret = sys_nonblock(from, true);
	if (ret == 0)
		ret = r->read = sys_dup(from, HIGH);
	if (ret >= 0)
		ret = r->write = sys_dup(to, HIGH);
	if (ret >= 0)
		return 0;
	report_end(r);
	return fail_sys(e, ret, "cannot listen to the network supervisor");
}

void report_release(struct report *r)
{
	fd_close(&r->write);
}

bool report_show(struct report *r)
{
	char *end;
	ssize_t n;

	for (;;) {
		n = sys_read(r->read, r->line + r->have, sizeof r->line - r->have);
		if (n == -EAGAIN)
			return true;
		if (n <= 0)
			return false;
		r->have += (size_t)n;
		while ((end = memchr(r->line, '\n', r->have)) != NULL || r->have == sizeof r->line) {
			size_t len = end ? (size_t)(end - r->line) : r->have, used = end ? len + 1 : len;

			log_warn("network: %.*s", (int)len, r->line);
			r->have -= used;
			memmove(r->line, r->line + used, r->have);
		}
	}
}

void report_end(struct report *r)
{
	report_release(r);
	fd_close(&r->read);
}
