#!/bin/sh
# style.sh - the limits of the house: functions of about 60 lines, files of 500, lines of 140 columns; each .c says first what it is for.
# Usage: style.sh [BUILD_DIRECTORY]
set -eu
cd "$(dirname "$0")/../.."
files=$(find runtime oci tests -name '*.[ch]' | sort)
# shellcheck disable=SC2086
awk -v function_max=65 -v file_max=500 -v line_max=140 '
	function say(what) { print FILENAME ":" FNR ": " what; bad = 1 }
	# a tab is eight columns; a continuation byte of UTF-8 none
	function columns(s,   n, i, c) {
		n = 0
		for (i = 1; i <= length(s); i++) {
			c = substr(s, i, 1)
			if (c == "\t") n += 8 - n % 8; else n++
		}
		return n
	}
	FNR == 1 {
		start = 0
		if (FILENAME ~ /\.c$/ && $0 !~ /^\/\*/) say("does not begin with a comment that says what it is for")
	}
	FNR == file_max + 1 { say("more than " file_max " lines") }
	columns($0) > line_max { say("more than " line_max " columns") }
	/[ \t]$/ { say("blank at the end of the line") }
	/^ +[^ *]/ && !/^ \*/ { say("indented with blanks") }
	/^{$/ { start = FNR }
	/^}/ {
		if (start && FNR - start - 1 > function_max) say("function of " FNR - start - 1 " lines, more than " function_max)
		start = 0
	}
	END { exit bad }' $files
