load helpers
load sandbox_helpers

# Sandboxes of an ordinary user without subordinate ids, of root under sudo, and of all who share a machine.

ME=4711 # an id that no account has

# What the user calls must be readable for the user, wherever this tree lies; and templates belong to the user.
as_user() {
	cp "$RUNTIME" "$T/runtime"
	chmod 755 "$T/runtime"
	mkdir -p "$T/home"
	chown -R $ME:$ME "$T/home" "$T/tree" "$T"
	unset WASIRUN_TEMPLATES
	USER_DIR=$T/home/.local/share/wasirun
	rt() {
		setpriv --reuid $ME --regid $ME --clear-groups --inh-caps=-all env -i PATH="$PATH" HOME="$T/home" \
			timeout --foreground -k 2 "$LIMIT" "$T/runtime" --root "$T/root" "$@" 3>&- 4>&-
	}
	WASIRUN_TEMPLATES=$USER_DIR/templates # for the teardown, not for the user
	export -n WASIRUN_TEMPLATES
}
rootish() { find "$1" ! -uid $ME ! -path '*/.work/work*'; }

@test "an ordinary user: up, query, list, exec, snapshot, destroy; limits are one warning" {
	need_engine redis
	as_user
	up redis dev --port "$(port)"
	same "$(grep -c 'warning' <<<"$output")" 1
	matches "warning: dev runs without limits for .*(memory|pids|cpu)"
	matches "^dev: Redis .* ready in [0-9]+ ms"
	same "$(sql dev PING)" PONG
	same "$(over_socket dev PING)" PONG
	output=$(PW=none sql dev PING || true)
	has NOAUTH
	same "$(rootish .sandboxes)" ""
	same "$(stat -c %u "/proc/$(field dev pid)")" $ME
	same "$(stat -c %a:%u "$(dirname "$(conf dev DB_SOCKET)")")" "700:$ME"
	ok rt sandbox list
	matches "^dev +redis [0-9.]+ +running"
	ok inside dev id -u
	same "$output" 1000
	ok inside dev grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status
	has $'CapEff:\t0000000000000000' $'CapBnd:\t0000000000000000' $'NoNewPrivs:\t1'
	does inspect --json dev
	same "$(jq '.not_enforced | length > 0' "$T/out")" true
	does inspect dev
	has "NOT ENFORCED"
	lacks "by cgroup memory limit"
	sql dev "SET x 1" && sql dev SAVE
	does snapshot dev one
	sql dev "SET x 2"
	does stop dev
	does restore dev one
	does start dev
	same "$(sql dev "GET x")" 1
	does destroy dev
	[ ! -e .sandboxes/dev ]
	mkdir .sandboxes/theirs
	chown 0:0 .sandboxes/theirs
	chmod 700 .sandboxes/theirs
	ok rt sandbox list
	has "belongs to another user (uid 0)"
	rmdir .sandboxes/theirs
	tidy
}

@test "an ordinary user: PostgreSQL" {
	need_engine postgres
	as_user
	up postgres dev --port "$(port)"
	same "$(sql dev "SELECT current_user")" postgres
	same "$(over_socket dev "SELECT current_database()")" dev_db
	output=$(PW=none over_socket dev "SELECT 1" || true)
	has "no password"
	same "$(rootish .sandboxes)" ""
	does restart dev
	same "$(sql dev "SELECT 1")" 1
	does destroy dev
	tidy
}

@test "an ordinary user: a limit that was asked for is an error where it cannot be had" {
	need_engine redis
	as_user
	refuses create redis dev --memory 64M --start
	matches "memory"
	sb destroy --force dev
	refuses with redis --memory 64M -- true
	matches "memory"
	tidy
}

@test "an ordinary user: with, and a caller that is killed" {
	need_engine redis
	as_user
	ok rt sandbox with redis --port "$(port)" -- sh -c 'echo $DB_HOST $SANDBOX_NAME; exit 0'
	matches "^127.0.0.1 "
	run rt sandbox with redis --port "$(port)" -- sh -c 'exit 7'
	same "$status" 7
	tidy
}

@test "sudo: PostgreSQL in a tree of the caller's, files and all; the caller can use it and destroy it alone" {
	need_engine postgres redis
	as_user
	unset -f rt
	source "$TESTS/bats/helpers.bash"
	export WASIRUN_TEMPLATES=$T/home/.templates SUDO_UID=$ME SUDO_GID=$ME
	up redis dev --port "$(port)"
	same "$(sql dev PING)" PONG
	same "$(rootish .sandboxes)" ""
	same "$(stat -c %u "/proc/$(field dev pid)")" $ME
	does stop dev
	same "$(rootish .sandboxes)" ""
	# without sudo from here on
	as_user
	ok rt sandbox list
	matches "^dev +redis"
	unset SUDO_UID SUDO_GID
	run rt sandbox status dev
	same "$status" 3
	does destroy dev
	[ ! -e .sandboxes/dev ]
}

@test "one user's sandboxes are not another's" {
	need_engine redis
	up redis mine
	local dir=$T/tree/.sandboxes/mine
	chmod 755 "$T" "$T/tree"
	for f in config/sandbox.conf logs/server.log activate data/.; do
		fails setpriv --reuid $ME --regid $ME --clear-groups head -c 1 "$dir/$f"
		has "Permission denied"
	done
	fails setpriv --reuid $ME --regid $ME --clear-groups redis-cli -s "$(conf mine DB_SOCKET)" ping
	# nor is the password in what anybody can see of processes
	run sh -c "cat /proc/$(field mine pid)/cmdline \$(grep -lsF '$T/' /proc/[0-9]*/cmdline) | tr '\\0' ' '"
	has redis-server
	lacks "$(conf mine DB_PASSWORD)"
}
