#!/bin/sh
# demo.sh - from a fresh Debian 12 to a container and three databases: installs what is missing, builds, makes a bundle from this machine's
# busybox, shows what wasirun would do with it, does it, runs a second program inside, and takes it away again. Then PostgreSQL, MariaDB and
# Redis, each in a sandbox of its own, answer a query of their own clients. Asks nothing.
# A command that fails ends the demo with its exit code; what was made is removed in any case.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
id=demo-$$
work=
build=${B:-$top/build}
case $build in /*) ;; *) build=$PWD/$build ;; esac # make says "build", and the second half stands in another directory
wasirun=$build/wasirun
step=0
databases='shop-postgres shop-mariadb shop-redis'

finish()
{
	code=$?
	trap - EXIT
	[ ! -x "$wasirun" ] || "$wasirun" delete --force "$id" >/dev/null 2>&1 || true
	[ -z "$work" ] || for name in $databases; do
		[ ! -d "$work/.sandboxes/$name" ] || "$wasirun" sandbox destroy --dir "$work/.sandboxes" --force "$name" >/dev/null 2>&1 || true
	done
	[ -z "$work" ] || rm -rf "$work"
	if [ $code -eq 0 ]; then
		echo
		echo "demo: done, nothing left behind"
	else
		echo "demo: FAILED at step $step (exit code $code)" >&2
	fi
	exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# The arguments as a shell would have to be told them.
quote()
{
	for a; do
		case $a in
		*[!A-Za-z0-9_./:=@%+-]* | '') printf "'%s' " "$a" ;;
		*) printf '%s ' "$a" ;;
		esac
	done
}

# show WHY COMMAND...: says why, shows the command, runs it.
show()
{
	step=$((step + 1))
	echo
	echo "# $step. $1"
	shift
	echo "\$ $(quote "$@")"
	"$@"
}

[ "$(id -u)" -eq 0 ] || {
	echo "demo: please run it as root: sudo make demo" >&2
	exit 1
}

show "A compiler and the libraries that wasirun is built with, as far as they are missing." "$top/tests/deps" build
command -v busybox >/dev/null || show "A static busybox, to have something to run." apt-get install -q -y --no-install-recommends busybox-static
show "Builds the runtime: one binary, no configure." make -s -C "$top" B="$build"
show "What was built." "$wasirun" --version

work=$(mktemp -d)
show "A bundle is a directory with a root file system ..." mkdir -p "$work/rootfs/bin" "$work/rootfs/proc" "$work/rootfs/dev" "$work/rootfs/sys"
show "... here nothing but this machine's static busybox ..." cp "$(command -v busybox)" "$work/rootfs/bin/busybox"
for applet in sh echo hostname id ps sleep; do
	ln -s busybox "$work/rootfs/bin/$applet"
done
show "... and a config.json; spec writes the usual one." "$wasirun" spec --bundle "$work"
show "This container sleeps instead of asking for a terminal: the two properties that differ." \
	sed -i -e 's/"terminal": true/"terminal": false/' -e 's/"sh"/"sleep", "300"/' "$work/config.json"
show "They are changed (grep fails otherwise)." grep -e '"terminal": false' -e '"sleep"' "$work/config.json"

show "What wasirun would do, step by step; nothing is done yet." "$wasirun" plan --id "$id" --bundle "$work"
show "Does it, in the background." "$wasirun" run --detach --bundle "$work" "$id"
show "What engines ask a runtime: is it running, and as which process?" "$wasirun" state "$id"
echo
# shellcheck disable=SC2016 # it is the shell in the container that is to expand this
show "A second program in the same container: its own host name, and only its own processes." \
	"$wasirun" exec "$id" /bin/sh -c 'echo "uid $(id -u) on $(hostname)"; ps'
show "The container's processes, as the host sees them." "$wasirun" ps "$id"
show "Kills what runs and removes what was made for it." "$wasirun" delete --force "$id"
# shellcheck disable=SC2016
show "Nothing is left of it." sh -c '! "$1" state "$2"' sh "$wasirun" "$id"

# ---- databases. The tree belongs to whoever called sudo.
cd "$work"
mkdir .sandboxes
export WASIRUN_TEMPLATES="$work/.templates" # the demo leaves nothing behind
[ -z "${SUDO_UID:-}" ] || chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$work"
show "The servers and clients, as far as they are missing; none of them is started by this." "$top/tests/deps" databases
for name in $databases; do
	show "A ${name#shop-} server in a sandbox of its own: made, started, and it answers." \
		"$wasirun" sandbox up "${name#shop-}" "$name" --port auto --dir "$work/.sandboxes"
done
show "What runs." "$wasirun" sandbox list --dir "$work/.sandboxes"
show "What one of them may do: nothing that is not in this file." cat .sandboxes/shop-postgres/config/capabilities.json
show "How programs find it: the same variables that activate sets." "$wasirun" sandbox env shop-postgres --dir "$work/.sandboxes"

# ask NAME COMMAND...: in the environment that activate makes, as a program of the user's would
ask()
{
	name=$1
	shift
	step=$((step + 1))
	echo
	echo "# $step. ${name#shop-} answers its own client."
	echo "\$ . .sandboxes/$name/activate; $(quote "$@")"
	(
		WASIRUN_ACTIVATE=$work/.sandboxes/$name/activate
		# shellcheck disable=SC1090
		. "$WASIRUN_ACTIVATE"
		"$@"
	)
}
ask shop-postgres psql -c 'SELECT version()'
ask shop-mariadb mariadb -t -e 'SELECT version(), current_user()'
# shellcheck disable=SC2016
ask shop-redis sh -c 'redis-cli -u "$REDIS_URL" --no-auth-warning INFO server | grep -E "redis_version|tcp_port"'
for name in $databases; do
	show "Stops it and removes it with its data." "$wasirun" sandbox destroy "$name" --dir "$work/.sandboxes"
done
