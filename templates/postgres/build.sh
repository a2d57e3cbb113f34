#!/bin/sh
# build.sh - a PostgreSQL data directory that is cloned for every sandbox. Runs in a sandbox of its own, after init.sh. Compiled in.
#
# BIN: directory of the programs. DATA: empty. CONF: text of postgresql.conf. ADMIN_PASSWORD: of the role postgres. POSTGRES_DB: the database to
# make ("_wasirun_" is renamed at a sandbox's first start), POSTGRES_USER: who owns it. POSTGRES_INITDB_ARGS: as the official image reads it.
sockets=/tmp/sockets
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
	[ -z "$server" ] || kill -INT "$server" 2>/dev/null || :
	exit "$code"
}
trap finish EXIT

as_admin()
{
	PGPASSWORD=$ADMIN_PASSWORD "$BIN/psql" -X -q -v ON_ERROR_STOP=1 -h "$sockets" -U postgres "$@"
}

# What scripts for the official image call.
docker_process_sql()
{
	"$BIN/psql" -X -v ON_ERROR_STOP=1 --no-password "$@"
}

run_sql()
{
	docker_process_sql -q
}

# Options as a shell would split them.
# shellcheck disable=SC2120
initdb()
{
	eval "set -- ${POSTGRES_INITDB_ARGS:-}"
	printf %s "$ADMIN_PASSWORD" >/tmp/password
	"$BIN/initdb" -D "$DATA" -U postgres --pwfile=/tmp/password --auth-local=password --auth-host=scram-sha-256 \
		--encoding=UTF8 --locale=C.UTF-8 --wal-segsize=1 --no-sync "$@" >/tmp/server.log 2>&1
	rm -f /tmp/password
}

start()
{
	mkdir -p "$sockets"
	printf %s "$CONF" >/tmp/postgresql.conf
	"$BIN/postgres" -D "$DATA" -c config_file=/tmp/postgresql.conf -c listen_addresses= -c fsync=off -c autovacuum=off \
		-c unix_socket_directories="$sockets" -p 5432 >/tmp/server.log 2>&1 &
	server=$!
	until as_admin -d postgres -c 'SELECT 1' >/dev/null 2>/tmp/client.log; do
		kill -0 "$server" 2>/dev/null || return 1
		sleep 0.02
	done
}

initdb
start
as_admin -d postgres -v db="$POSTGRES_DB" -v user="$POSTGRES_USER" -v password="$ADMIN_PASSWORD" <<'SQL'
SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'user') AS new_user,
	NOT EXISTS (SELECT FROM pg_database WHERE datname = :'db') AS new_db \gset
\if :new_user
CREATE ROLE :"user" SUPERUSER LOGIN PASSWORD :'password';
\endif
\if :new_db
CREATE DATABASE :"db" OWNER :"user";
\endif
SQL

export PGHOST="$sockets" PGUSER="$POSTGRES_USER" PGDATABASE="$POSTGRES_DB" PGPASSWORD="$ADMIN_PASSWORD"
export POSTGRES_PASSWORD="$ADMIN_PASSWORD" PGDATA="$DATA" PATH="$BIN:$PATH"
init_files
unset PGHOST PGUSER PGDATABASE PGPASSWORD POSTGRES_PASSWORD

# The password that a sandbox's first start logs in with, once, over its socket, and then replaces: kept in the form that takes the server
# no time. (Where it has that form no more, nothing changes but the time.)
as_admin -d postgres -v password="$ADMIN_PASSWORD" <<'SQL' 2>/dev/null || :
SET password_encryption = 'md5';
ALTER ROLE postgres PASSWORD :'password';
SQL

# What initdb made is in order; what the init files made gets its statistics here, once, and no sandbox has to.
[ -z "$INIT" ] || as_admin -d "$POSTGRES_DB" -c 'VACUUM (ANALYZE)'
kill -INT "$server"
wait "$server"
server=

# What the next start would only take away, or go past: on an overlay each costs a whiteout. Segments of the log behind the one that it
# ends in hold nothing.
rm -f "$DATA"/pg_stat/* "$DATA/postmaster.opts" "$DATA"/global/pg_internal.init "$DATA"/base/*/pg_internal.init
last=$("$BIN/pg_controldata" -D "$DATA" | sed -n 's/^Latest checkpoint.s REDO WAL file: *//p')
seen=
for segment in "$DATA"/pg_wal/0*; do
	[ -z "$seen" ] || rm -f "$segment"
	[ "${segment##*/}" != "$last" ] || seen=1
done
done=1
