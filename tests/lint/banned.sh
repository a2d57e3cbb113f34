#!/bin/sh
# banned.sh - functions that cannot be used safely, and traces of one machine in what is for all.
# Usage: banned.sh [BUILD_DIRECTORY]
set -eu
cd "$(dirname "$0")/../.."
bad=0
# never PATTERN WHY PLACE...
never() {
	pattern=$1 why=$2
	shift 2
	hits=$(grep -rnE "$pattern" "$@" --include='*.[ch]' | grep -vE '^[^:]+:[0-9]+:[[:space:]]*(/?\*|//)|/\* not ours: ' || true)
	[ -z "$hits" ] || { echo "$why:"; echo "$hits"; bad=1; }
}
word='(^|[^a-zA-Z0-9_>.])'
never "$word(strcpy|strcat|strncpy|strncat|sprintf|vsprintf|gets|strtok|alloca|mktemp|tmpnam|tempnam|scanf)\(" "no bound" runtime oci
never "$word(atoi|atol|atoll|atof)\(" "says 0 for nonsense" runtime oci
never "$word(strtol|strtoul|strtoll|strtoull)\([^,]*, *NULL" "does not look where the number ends" runtime/verb runtime/plan oci
never "$word(malloc|calloc|realloc|strdup|strndup|asprintf|vasprintf|free)\(" "memory comes from the arena" oci runtime/plan runtime/store runtime/verb runtime/apply
never "$word(setlocale|getpwnam|getpwuid|getgrnam|getgrgid|getaddrinfo|gethostbyname|iconv_open|wordexp|glob)\(" "NSS and locale load code from where they run" runtime oci
never '\b(TODO|FIXME|XXX|HACK)\b' "unfinished" runtime oci tests

hits=$(git grep -nIE '/home/[a-z]|/Users/|/work/|/tmp/brief' -- . ':!tests/lint/banned.sh' 2>/dev/null || true)
[ -z "$hits" ] || { echo "a path of one machine:"; echo "$hits"; bad=1; }
exit $bad
