#!/bin/sh
# init.sh - what the build.sh of every engine begins with: the init files of --init, as the official images run them. Compiled in.
#
# DATA: the empty data directory. INIT: a directory, a file, or empty. A build.sh says how one SQL file is run: run_sql reads it on
# standard input.
set -eu
umask 077
# the first process of its sandbox gets no signal that it does not ask for
trap 'exit 130' INT TERM HUP

complain()
{
	echo "$*" >&2
}

# The last lines of a file, for somebody who wants to know why.
show()
{
	[ ! -s "$1" ] || tail -n 10 "$1" >&2
}

# unpack PROGRAM FILE: to standard output
unpack()
{
	command -v "$1" >/dev/null || {
		complain "$2 needs $1, which is not installed"
		return 1
	}
	"$1" -dc <"$2"
}

# A pipe's exit code is that of its last program: a broken archive must not pass as a short one.
run_packed()
{
	unpack "$1" "$2" >/tmp/init.unpacked || return 1
	run_sql </tmp/init.unpacked || return 1
	rm -f /tmp/init.unpacked
}

run_script()
{
	if [ -x "$1" ]; then
		"$1"
	else
		# shellcheck disable=SC1090
		. "$1"
	fi
}

init_file()
{
	case $1 in
	*.sh) run_script "$1" ;;
	*.sql | *.redis) run_sql <"$1" ;;
	*.sql.gz | *.redis.gz) run_packed gzip "$1" ;;
	*.sql.xz) run_packed xz "$1" ;;
	*.sql.zst) run_packed zstd "$1" ;;
	*.sql.bz2) run_packed bzip2 "$1" ;;
	*) echo "init file ${1##*/}: passed over, its name ends in none of .sql .sql.gz .sql.xz .sql.zst .sql.bz2 .sh" ;;
	esac
}

# init_files: all of them, in the order of their names. (In an `if` the shell would not stop at a script's first failing command.)
init_files()
{
	[ -n "$INIT" ] || return 0
	if [ -d "$INIT" ]; then
		set -- "$INIT"/*
	else
		set -- "$INIT"
	fi
	for file in "$@"; do
		[ -f "$file" ] || continue
		now=${file##*/}
		init_file "$file"
	done
	now=
}
# the file that is being run, for what is said when the shell stops
# shellcheck disable=SC2034
now=
