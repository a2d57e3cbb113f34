/* options.h - the one option parser: tables in, an options struct and the positional arguments out. */
#ifndef WASIRUN_VERB_OPTIONS_H
#define WASIRUN_VERB_OPTIONS_H

#include "base/arena.h"
#include "base/err.h"
#include "oci/value.h"
#include "verb/verb.h"

struct parsed {
	int argc;
	char **argv; /* positional arguments, NULL-terminated */
	bool help;   /* -h, --help or -? was among the options */
};

/* Parses argv[0 .. argc) by the table into the struct at out. Accepted: --name value, --name=value, -name (Go style), -n value, -nvalue,
 * -n=value, flags in one (-it), --flag=false; "--" ends the options. Options may stand between and after positional arguments unless
 * stop_at_first. Errors: EINVAL "flag needs an argument: --name", "flag provided but not defined: --nam (did you mean --name?)". */
MUST int options_parse(struct arena *a, const struct opt *opts, void *out, bool stop_at_first, int argc, char **argv, struct parsed *p,
		       struct err *e);

/* s at the end of list, which may be a decoded one (those have no room to grow). */
void strs_append(struct arena *a, struct strs *list, const char *s);

#endif
