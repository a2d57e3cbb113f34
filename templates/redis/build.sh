#!/bin/sh
# build.sh - a Redis data directory that is cloned for every sandbox: as good as empty, or what the init files make. Runs in a sandbox of its own, after
# init.sh. Compiled in.
#
# SERVER: redis-server. CLIENT: redis-cli. DATA: empty. CONF: text of redis.conf.
socket=/tmp/build.sock
server=
done=

finish()
{
	code=$?
	[ -n "$done" ] || {
		[ "$code" != 0 ] || code=1
		if [ -n "$now" ]; then
			complain "init file $now failed; the server's last words:"
		else
			complain "no template came about; the server's last words:"
		fi
		show /tmp/server.log
	}
	[ -z "$server" ] || kill -TERM "$server" 2>/dev/null || :
	exit "$code"
}
trap finish EXIT

# redis-cli goes on after a command that Redis refuses, and ends well.
run_sql()
{
	"$CLIENT" --no-raw -s "$socket" >/tmp/client.log 2>&1
	if grep '^(error)' /tmp/client.log >&2; then
		return 1
	fi
}

[ -n "$INIT" ] || {
	: >"$DATA/.template" # an empty template could not be told from a damaged one
	done=1
	exit 0
}
printf %s "$CONF" >/tmp/redis.conf
"$SERVER" /tmp/redis.conf --dir "$DATA" --port 0 --unixsocket "$socket" --unixsocketperm 700 >/tmp/server.log 2>&1 &
server=$!
until [ "$("$CLIENT" -s "$socket" PING 2>/dev/null)" = PONG ]; do
	kill -0 "$server" 2>/dev/null || exit 1
	sleep 0.01
done
init_files
"$CLIENT" -s "$socket" SHUTDOWN SAVE >/dev/null 2>&1 || :
wait "$server" || :
server=
[ -f "$DATA/dump.rdb" ]
done=1
