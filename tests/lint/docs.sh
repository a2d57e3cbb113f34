#!/bin/sh
# docs.sh - the documents say what the program does: the generated ones are current, wasirun(8) lists exactly the commands and options of the
# tables, mandoc finds no fault in it, and links between documents lead somewhere.
# Usage: docs.sh BUILD_DIRECTORY (holds wasirun and tests/lint/docgen)
set -eu
build=${1:?usage: docs.sh BUILD_DIRECTORY}
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
complain() { echo "docs: $*" >&2; bad=1; }

for doc in protocol config; do
	"$build/tests/lint/docgen" $doc | cmp -s - "$top/docs/$doc.md" || complain "docs/$doc.md is not what the tables say: make docs"
done
"$build/tests/lint/docgen" manifest | cmp -s - "$top/docs/manifest-keys.md" || complain "docs/manifest-keys.md is not what the rows say: make docs"
"$build/tests/lint/docgen" schema | cmp -s - "$top/docs/manifest.schema.json" || complain "docs/manifest.schema.json is not what the rows say: make docs"
"$build/tests/lint/docgen" dictionary | cmp -s - "$top/tests/fuzz/config.dict" || complain "tests/fuzz/config.dict is not what the rows say: make docs"
"$build/wasirun" introspect bash | cmp -s - "$top/docs/completion.bash" || complain "docs/completion.bash is not what the tables say: make docs"

# "command<TAB>-o, --option ARG", one line an option and one without an option a command; from the tables ...
"$build/wasirun" introspect man | sed 's/\\-/-/g; s/\\f[BIR]//g' | awk '
	/^\.SH GLOBAL OPTIONS/ { of = "global" }
	/^\.SS / { of = $2; print of "\t" }
	option { print of "\t" $0; option = 0 }
	/^\.TP/ { option = 1 }' | sort >"$work/help"

# ... and from the manual: .Ss COMMAND, .It Fl o , Fl -option Ar ARG
awk '
	/^\.Sh / { of = ""; in_commands = /^\.Sh COMMANDS/ }
	/^\.Sh GLOBAL OPTIONS/ { of = "global" }
	/^\.Ss / && in_commands { of = $2; print of "\t" }
	/^\.It Fl / && of {
		sub(/^\.It /, ""); gsub(/Fl /, "-"); gsub(/Ar /, ""); gsub(/ ,/, ",")
		print of "\t" $0
	}' "$top/docs/wasirun.8" | sort >"$work/man"
diff "$work/help" "$work/man" >"$work/diff" || {
	complain "wasirun(8) and the tables disagree (< tables, > manual):"
	cat "$work/diff" >&2
}

# wasirun-sandbox(1): what stands between its marks is generated
"$build/wasirun" introspect man sandbox >"$work/sandbox"
sed -n '/^\.\\" BEGIN generated/,/^\.\\" END generated/{//!p}' "$top/docs/wasirun-sandbox.1" | cmp -s - "$work/sandbox" ||
	complain "docs/wasirun-sandbox.1 is not what the tables say: make docs"
if command -v mandoc >/dev/null; then
	mandoc -T lint -W warning "$top/docs/wasirun-sandbox.1" >&2 || complain "mandoc -T lint docs/wasirun-sandbox.1"
	mandoc -T lint -W warning "$top/docs/wasirun.8" >&2 || complain "mandoc -T lint docs/wasirun.8"
	mandoc -T lint -W warning "$top/docs/wasirun-manifest.5" >&2 || complain "mandoc -T lint docs/wasirun-manifest.5"
fi

for doc in "$top"/README.md "$top"/docs/*.md "$top"/templates/*/README.md; do
	dir=$(dirname "$doc")
	grep -o '](\([^)#:]*\))' "$doc" | sed 's/^](//; s/)$//' | while read -r link; do
		[ -e "$dir/$link" ] || echo "docs: ${doc#"$top"/}: no such file: $link" >&2
	done
done 2>"$work/links"
if [ -s "$work/links" ]; then
	cat "$work/links" >&2
	bad=1
fi
exit $bad
