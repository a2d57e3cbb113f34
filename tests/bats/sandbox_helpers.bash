# What tests of whole sandboxes load, after helpers: servers are asked with their own clients. Each test has a tree of its own at
# $T/tree, which is the current directory; templates are shared with the other files, as people share them.
#
#   up ENGINE NAME [OPTION...]   sandbox up, without bats' pipes; what it said is in $output
#   does / refuses SUB ARG...    another subcommand that must succeed / fail cleanly; $output
#   sql NAME STATEMENT           the answer of its server over TCP; redis: the words of a command
#   over_socket NAME STATEMENT   the same over its unix socket
#   PW=word                      another password than its own; PW=none: none at all

setup() {
	need_root
	wasirun_only
	private_dir
	mkdir -p "$T/tree"
	cd "$T/tree"
	SHARED=$B/tests/sandbox
	mkdir -p "$SHARED/templates" # root's, whoever comes first
	mkdir -p -m 700 "$SHARED/ports"
	export WASIRUN_TEMPLATES=$SHARED/templates
	unset WASI_SANDBOX_DIR WASI_USE_NAMESPACES WASI_MEMORY_LIMIT ENVIRONMENT SUDO_UID SUDO_GID XDG_RUNTIME_DIR PW
	unset ${!PG*} ${!MYSQL*} ${!POSTGRES*} ${!MARIADB*} ${!REDIS*} ${!DB_*}
}

teardown() {
	local d p bad=0
	[ -n "$T" ] || return 0
	cd /
	for p in "${AGENTS[@]}"; do
		kill "$p" 2>/dev/null || true
		wait "$p" 2>/dev/null || true
	done
	for d in "$T"/*/.sandboxes "$T"/boxes; do
		[ ! -d "$d" ] || [ -z "$(ls "$d")" ] || rt sandbox destroy --dir "$d" --force $(ls "$d") >"$T/destroyed" 2>&1 || { cat "$T/destroyed"; bad=1; }
	done
	tidy || bad=1
	umount "$T/disk" 2>/dev/null || true
	[ "$bad" = 0 ] || sweep
	rm -rf --one-file-system "$T"
	return $bad
}

# Nothing of this test's sandboxes is left but what lies in $T: containers, processes, cgroups, mounts, leases, sockets.
tidy() {
	local ports=${WASIRUN_TEMPLATES%/*}/ports left
	nothing_left || return 1
	left=$(grep -lsF "$T/" "$ports"/* "$WASIRUN_TEMPLATES"/*/users/* 2>/dev/null || true)
	[ -z "$left" ] || { echo "left behind: leases, users of templates: $left"; return 1; }
}

need_engine() {
	local e
	for e; do
		case $e in
		postgres) command -v psql && ls /usr/lib/postgresql/*/bin/postgres ;;
		mariadb | mysql) command -v mariadb && command -v mariadbd || ls /usr/sbin/mariadbd ;;
		redis) command -v redis-cli && command -v redis-server ;;
		esac >/dev/null 2>&1 || skip "no $e on this machine (tests/deps databases)"
	done
}

# A server must not hold bats' pipes.
sb() { LIMIT=$((120 * ${SLOW:-1})) rt sandbox "$@" >"$T/out" 2>&1 </dev/null; }
does() {
	local rc=0
	sb "$@" || rc=$?
	output=$(cat "$T/out")
	[ $rc = 0 ] || { printf 'exit %s: sandbox %s\n%s\n' $rc "$*" "$output"; return 1; }
}
refuses() {
	status=0
	sb "$@" || status=$?
	output=$(cat "$T/out")
	[ $status -gt 0 ] && [ $status -lt 124 ] || { printf 'exit %s, expected a refusal: sandbox %s\n%s\n' $status "$*" "$output"; return 1; }
}
up() { does up "$@"; }
# A port of nobody, for those whose leases the files that run beside this one do not see: other users.
port() {
	local p
	while p=$((20000 + RANDOM % 12000)); do
		(exec 9<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null || { echo "$p"; return; }
	done
}
# in the background, to be killed: its pid is in $!
behind() { "$RUNTIME" --root "$T/root" sandbox "$@" >"$T/behind" 2>&1 </dev/null 3>&- 4>&- & }

# A port of nobody, for tests that stop and start: those who test beside us lease theirs elsewhere.
some_port() {
	local p
	while p=$((21000 + RANDOM % 9000)); do
		(exec 9<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null || { echo "$p"; return; }
	done
}

conf() { sed -n "s/^$2='\(.*\)'$/\1/p" ".sandboxes/$1/config/sandbox.conf"; }
field() { rt sandbox status --json "$1" 2>/dev/null | jq -r ".$2"; }
state_of() { same "$(field "$1" state)" "$2"; }
ended() { ! readlink "/proc/$1/exe" >/dev/null 2>&1; }

# The client of NAME's engine, connected; ask HOST NAME STATEMENT. HOST "socket": the unix socket.
ask() {
	local host=$1 n=$2 pw=${PW:-} port socket
	shift 2
	[ -n "$pw" ] || pw=$(conf "$n" DB_PASSWORD)
	[ "$pw" != none ] || pw=
	port=$(conf "$n" DB_PORT) socket=$(conf "$n" DB_SOCKET)
	case $(conf "$n" SANDBOX_SERVER) in
	postgres)
		[ "$host" != socket ] || host=${socket%/*}
		PGPASSWORD=$pw PGCONNECT_TIMEOUT=20 psql -w -h "$host" -p "$port" -U "$(conf "$n" DB_USER)" -d "$(conf "$n" DB_NAME)" -XAtqc "$1"
		;;
	mariadb | mysql)
		set -- "$1" -u "$(conf "$n" DB_USER)" ${pw:+"-p$pw"}
		if [ "$host" = socket ]; then set -- "$@" -h localhost -S "$socket"; else set -- "$@" -h "$host" -P "$port"; fi
		mariadb --no-defaults --connect-timeout=20 "${@:2}" -D "$(conf "$n" DB_NAME)" -BNe "$1"
		;;
	redis)
		if [ "$host" = socket ]; then set -- -s "$socket" $1; else set -- -h "$host" -p "$port" $1; fi
		REDISCLI_AUTH=$pw timeout 20 redis-cli "$@"
		;;
	esac 2>&1 </dev/null
}
sql() { ask 127.0.0.1 "$@"; }
over_socket() { ask socket "$@"; }

# inside NAME COMMAND...: a program in the sandbox
inside() { rt sandbox exec "$1" -- "${@:2}" </dev/null; }

need_memory() {
	local free
	free=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo)
	[ "$((free / 1024))" -ge "$1" ] || skip "$((free / 1024)) MB of memory free, $1 needed"
}
