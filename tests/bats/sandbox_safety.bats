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
