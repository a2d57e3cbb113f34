/* mount_table.c - reads what findmnt prints.
 * Must not run once anything of a container exists: it executes a program of the host. */
#include "apply/mount_table.h"
#include "apply/capture.h"
#include <string.h>

#define MAX_TABLE ((size_t)16 << 20)

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* --raw writes blanks and what cannot be printed as \xNN. In place. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] == 'x' && hex(s[2]) >= 0 && hex(s[3]) >= 0) {
			*to++ = (char)(hex(s[2]) << 4 | hex(s[3]));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = 0;
}

static char *next_word(char **s)
{
	char *word = *s;
	size_t n = strcspn(word, " ");

	*s = word + n + (word[n] != 0);
	word[n] = 0;
	unescape(word);
	return word;
}

int mount_table_each(struct arena *a, mount_entry_fn *fn, void *ctx, struct err *e)
{
	char *const argv[] = { "findmnt", "--raw", "--noheadings", "--kernel", "--output", "FSTYPE,FSROOT,TARGET,FS-OPTIONS", NULL };
	char *text, *line;
	size_t n;
	int r = 0;

	TRY(capture(a, argv, MAX_TABLE, &text, &n, e));
	for (line = text; r == 0 && *line;) {
		size_t len = strcspn(line, "\n");
		char *next = line + len + (line[len] != 0);
		struct mount_entry m;

		line[len] = 0;
		m.fstype = next_word(&line);
		m.root = next_word(&line);
		m.target = next_word(&line);
		m.options = next_word(&line);
		r = fn(&m, ctx);
		line = next;
	}
	return r < 0 ? r : 0;
}
