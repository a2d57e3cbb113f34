#!/bin/sh
# build.sh - a MariaDB data directory that is cloned for every sandbox. Runs in a sandbox of its own, after init.sh. Compiled in.
#
# BIN: directory of the tools. SERVER: mariadbd. CLIENT: mariadb. DATA: empty. CONF: text of my.cnf. ADMIN_PASSWORD: of root. MYSQL_DATABASE,
# MYSQL_USER: for the init files; may be empty.
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

as_admin()
{
	MYSQL_PWD=$ADMIN_PASSWORD "$CLIENT" --no-defaults --protocol=socket --socket="$socket" -u root "$@"
}

# What scripts for the official image call, with arguments.
# shellcheck disable=SC2120
docker_process_sql()
{
	as_admin --comments ${MYSQL_DATABASE:+--database="$MYSQL_DATABASE"} "$@"
}

run_sql()
{
	docker_process_sql
}

install_db()
{
	install=$BIN/mariadb-install-db
	[ -x "$install" ] || install=$BIN/mysql_install_db
	"$install" --no-defaults --datadir="$DATA" --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve \
		--innodb-log-file-size=4M --innodb-flush-method=fsync --innodb-flush-log-at-trx-commit=0 --aria-log-file-size=8M \
		>/tmp/server.log 2>&1
}

start()
{
	printf %s "$CONF" >/tmp/my.cnf
	"$SERVER" --defaults-file=/tmp/my.cnf --datadir="$DATA" --socket="$socket" --pid-file=/tmp/mariadbd.pid --skip-networking \
		>/tmp/server.log 2>&1 &
	server=$!
	until "$CLIENT" --no-defaults --protocol=socket --socket="$socket" -u root -e 'SELECT 1' >/dev/null 2>/tmp/client.log; do
		kill -0 "$server" 2>/dev/null || return 1
		sleep 0.02
	done
}

# For a string in single quotes.
quoted()
{
	printf %s "$1" | sed "s/[\\\\']/\\\\&/g"
}

install_db
start
# No user without a password, and none that is known by the socket alone.
"$CLIENT" --no-defaults --protocol=socket --socket="$socket" -u root <<SQL
DELETE FROM mysql.global_priv WHERE User NOT IN ('root', 'mariadb.sys') OR (User = 'root' AND Host <> 'localhost');
DELETE FROM mysql.proxies_priv WHERE Host <> 'localhost';
FLUSH PRIVILEGES;
ALTER USER 'root'@'localhost' IDENTIFIED VIA mysql_native_password USING PASSWORD('$(quoted "$ADMIN_PASSWORD")');
CREATE OR REPLACE USER 'root'@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('$(quoted "$ADMIN_PASSWORD")');
GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;
SQL
if [ -n "$MYSQL_DATABASE" ]; then
	database=$(printf %s "$MYSQL_DATABASE" | sed 's/`/``/g')
	as_admin -e "CREATE DATABASE IF NOT EXISTS \`$database\`"
fi

MYSQL_PWD=$ADMIN_PASSWORD MYSQL_UNIX_PORT=$socket MYSQL_ROOT_PASSWORD=$ADMIN_PASSWORD MARIADB_ROOT_PASSWORD=$ADMIN_PASSWORD
SOCKET=$socket MARIADB_DATABASE=$MYSQL_DATABASE PATH=$BIN:$PATH DATADIR=$DATA
export MYSQL_PWD MYSQL_UNIX_PORT MYSQL_ROOT_PASSWORD MARIADB_ROOT_PASSWORD SOCKET MARIADB_DATABASE PATH DATADIR
init_files

# A slow end writes all pages: the log is empty, and a start has nothing to read back.
as_admin -e 'SET GLOBAL innodb_fast_shutdown = 0'
kill -TERM "$server"
wait "$server"
server=
# Made anew at each start.
rm -f "$DATA/ibtmp1" "$DATA/ib_buffer_pool" "$DATA/ddl_recovery.log" "$DATA"/*.pid
done=1
