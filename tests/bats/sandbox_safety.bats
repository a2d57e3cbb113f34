load helpers
load sandbox_helpers

# What others could make of a sandbox: users of this machine, the owner of a tree that root works in, what was mounted below one.

# As sudo tells of the caller: the tree belongs to this user then.
CALLER=4242
as_sudo() { SUDO_UID=$CALLER SUDO_GID=$CALLER "$@"; }
as_caller() { setpriv --reuid "$CALLER" --regid "$CALLER" --clear-groups "$@"; }
callers_tree() {
	mkdir -m 755 "$T/his"
	chown "$CALLER:$CALLER" "$T/his"
	cd "$T/his"
}

@test "a password that was given on the command line is on nobody's" {
	need_engine redis
	up redis dev --password NotToBeSeen1 -e REDIS_PASSWORD=NotToBeSeen1 --ttl 1h
	same "$(PW=NotToBeSeen1 sql dev PING)" PONG
	run ! grep -lsaF "NotToBe""Seen1" /proc/[0-9]*/cmdline
	does destroy dev
}

@test "sudo: what the server says is written behind no link of the tree's owner" {
	need_engine redis
	callers_tree
	as_sudo does create redis dev
	mkdir -m 755 "$T/roots"
	as_caller sh -c 'cd .sandboxes/dev && mv logs was && ln -s "$1" logs' sh "$T/roots"
	as_sudo refuses start dev
	has "symbolic link"
	same "$(ls "$T/roots")" ""
	as_sudo does destroy dev
}

@test "sudo: a file of root's does not become the caller's because it lies where the log does" {
	need_engine redis
	callers_tree
	as_sudo does create redis dev
	echo secret >"$T/his/roots"
	chmod 600 "$T/his/roots"
	as_caller mv roots .sandboxes/dev/logs/server.log
	as_sudo refuses start dev
	same "$(stat -c %u .sandboxes/dev/logs/server.log)" 0
	as_sudo does destroy dev
}

# While root makes the tree, its owner exchanges what was made for links to a directory of root's.
@test "sudo: directories are not exchanged for links while the tree is made" {
	command -v strace >/dev/null || skip "no strace"
	callers_tree
	mkdir -m 700 "$T/roots"
	chmod 711 "$T"
	as_caller sh -c 'cd "$1" && while [ ! -e done ]; do for d in config rootfs bin; do
		[ ! -d .sandboxes/dev/$d ] || [ -L .sandboxes/dev/$d ] || { rmdir .sandboxes/dev/$d && ln -s "$2" .sandboxes/dev/$d; }
		done; done' sh "$T/his" "$T/roots" 2>/dev/null 3>&- 4>&- &
	AGENTS+=($!)
	SUDO_UID=$CALLER SUDO_GID=$CALLER timeout 60 strace -f -qq -o /dev/null -e trace=mkdirat -e inject=mkdirat:delay_exit=100000 \
		"$RUNTIME" --root "$T/root" sandbox create postgres dev 5999 --backend dir >"$T/out" 2>&1 3>&- 4>&- || true
	touch "$T/his/done"
	same "$(stat -c '%a %u' "$T/roots")" "700 0"
	same "$(ls "$T/roots")" ""
	rm -rf "$T/his/.sandboxes"
}

@test "destroy: what is mounted below a tree is spared, on the same file system too" {
	mkdir -p "$T/mine"
	echo kept >"$T/mine/file"
	does create postgres dev 5999 --backend dir
	mkdir -p .sandboxes/dev/data/here .sandboxes/dev/there
	for d in data/here there; do
		status=0
		(
			cd "$PWD"
			unshare -m --propagation private sh -c 'mount --bind "$1" "$2" && shift 2 && exec timeout 60 "$@"' sh "$T/mine" \
				".sandboxes/dev/$d" "$RUNTIME" --root "$T/root" sandbox destroy dev
		) >"$T/out" 2>&1 3>&- 4>&- || status=$?
		[ "$status" -gt 0 ]
		output=$(cat "$T/out")
		has "mounted there"
		same "$(cat "$T/mine/file")" kept
	done
	does destroy dev
}

@test "what a server wrote into its log, a terminal is not told to do" {
	does create postgres dev 5999 --backend dir
	printf 'plain \303\251\n\033]0;title\007\033[31mred\n' >.sandboxes/dev/logs/server.log
	same "$(rt sandbox logs dev | od -An -c | tr -d ' \n')" "$(od -An -c <.sandboxes/dev/logs/server.log | tr -d ' \n')"
	run bash -c '"$@" 2>&1 | tr -d "\r"' - "$TOOL" pty 40x100 "$RUNTIME" --root "$T/root" sandbox logs dev
	has 'plain é'
	has '\x1b]0;title\x07\x1b[31mred'
	lacks $'\033'
	does destroy dev
}

@test "sudo: no file is read that the caller could not read himself" {
	callers_tree
	mkdir -m 755 "$T/roots"
	echo NobodyElses1 >"$T/roots/secret"
	chmod 600 "$T/roots/secret"
	as_sudo refuses create postgres dev 5999 --backend dir -e POSTGRES_PASSWORD_FILE="$T/roots/secret"
	has "may not read it"
	as_sudo refuses create postgres dev 5999 --backend dir --password-file "$T/roots/secret"
	has "may not read it"
	chmod 644 "$T/roots/secret"
	chmod 700 "$T/roots"
	as_sudo refuses create postgres dev 5999 --backend dir --password-file "$T/roots/secret"
	has "may not read it"
	echo Mine1 >"$T/his/secret"
	chmod 600 "$T/his/secret"
	chown "$CALLER:$CALLER" "$T/his/secret"
	as_sudo does create postgres dev 5999 --backend dir --password-file "$T/his/secret"
	same "$(conf dev DB_PASSWORD)" Mine1
	as_sudo does destroy dev
}

@test "sudo: nor does the owner's manifest have a secret that is root's" {
	need_engine redis
	callers_tree
	echo NobodyElses1 >"$T/secret"
	chmod 600 "$T/secret"
	as_sudo does create redis dev --port auto
	jq --arg f "$T/secret" '.secrets = {"WORD": {"file": $f}}' .sandboxes/dev/config/capabilities.json >"$T/new"
	cp "$T/new" .sandboxes/dev/config/capabilities.json
	as_sudo refuses start dev
	has "may not read it"
	as_sudo does destroy dev
}

@test "sudo: a name and an id that the owner wrote lead to no other user's container" {
	need_engine redis
	export WASIRUN_TEMPLATES=$T/templates
	up redis prize
	local id here=$PWD
	id=$(conf prize SANDBOX_ID)
	callers_tree
	as_sudo does create redis dev --port auto
	sed -i "s/^SANDBOX_ID=.*/SANDBOX_ID='$id'/; s/^SANDBOX_NAME=.*/SANDBOX_NAME='prize'/" .sandboxes/dev/config/sandbox.conf
	status=0
	as_sudo sb exec dev true || status=$?
	same $status 255
	output=$(cat "$T/out")
	has "dev does not run"
	as_sudo does stop dev
	as_sudo does destroy dev
	cd "$here"
	same "$(sql prize PING)" PONG
	same "$(over_socket prize PING)" PONG
	does destroy prize
}

# While root makes the place for sandboxes, or for scripts, its owner puts a link to a directory of root's there.
@test "sudo: nothing is made behind a link that was not there a moment before" {
	command -v strace >/dev/null || skip "no strace"
	callers_tree
	mkdir -m 755 "$T/roots"
	chmod 711 "$T"
	local d
	for d in .sandboxes scripts/infrastructure/wasi; do
		as_caller sh -c 'cd "$1" && until [ -O "$3" ] || [ -e done ]; do :; done; mv "$3" "$3.was" && ln -s "$2" "$3"' \
			sh "$T/his" "$T/roots" "$d" 2>/dev/null 3>&- 4>&- &
		AGENTS+=($!)
		case $d in
		.sandboxes) set -- create postgres dev 5999 --backend dir ;;
		*) set -- init ;;
		esac
		SUDO_UID=$CALLER SUDO_GID=$CALLER timeout 60 strace -f -qq -o /dev/null -e trace=fchownat \
			-e inject=fchownat:delay_exit=300000 "$RUNTIME" --root "$T/root" sandbox "$@" >"$T/out" 2>&1 3>&- 4>&- || true
		[ -L "$T/his/$d" ]
		same "$(ls -A "$T/roots")" ""
	done
	touch "$T/his/done"
	rm -rf "$T/his/.sandboxes" "$T/his/.sandboxes.was"
}
