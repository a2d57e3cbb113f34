# shellcheck shell=dash disable=SC2016,SC2034,SC2086,SC2154,SC3028,SC3044
# The database sandbox @NAME@ in this shell: its variables and its name in the prompt, until `deactivate`.
#
#	source .sandboxes/@NAME@/activate          bash, zsh
#	. .sandboxes/@NAME@/activate               dash, busybox sh
#
# Reads config/sandbox.conf of the directory that this file stands in, whenever it is sourced. Starts no program.

# This file: $_wasirun_text. Only bash and zsh say it; elsewhere it is the newest descriptor that the shell has open above 9.
_wasirun_self() {
	local fd pid
	_wasirun_text=
	if [ -n "${ZSH_VERSION-}" ]; then
		eval '_wasirun_text=${(%):-%x}'
	elif [ -n "${BASH_VERSION-}" ]; then
		_wasirun_text=${BASH_SOURCE-}
	else
		read -r pid fd </proc/self/stat || pid=$$
		for fd in 29 28 27 26 25 24 23 22 21 20 19 18 17 16 15 14 13 12 11 10; do
			[ -f "/proc/$pid/fd/$fd" ] || continue
			_wasirun_text=$(readlink "/proc/$pid/fd/$fd")
			case $_wasirun_text in */activate) return 0 ;; esac
		done
		_wasirun_text=${WASIRUN_ACTIVATE-}
	fi
}

# The sandbox of the file $1, this one or a link to it (bin/activate): $_wasirun_text.
_wasirun_tree() {
	local dir
	case $1 in */*) dir=${1%/*} ;; *) dir=. ;; esac
	[ -f "$dir/config/sandbox.conf" ] || dir=$dir/..
	_wasirun_text=
	[ -f "$dir/config/sandbox.conf" ] || return 0
	if [ -n "${ZSH_VERSION-}" ]; then
		eval '_wasirun_text=${dir:A}'
	else
		_wasirun_text=$(CDPATH='' command cd -- "$dir" && pwd -P)
	fi
}

# Keeps what the variable $1 is now, and takes it away.
_wasirun_save() {
	if eval "[ -z \"\${$1+x}\" ]"; then
		eval "_wasirun_was_$1=gone"
		return 0
	fi
	eval "_wasirun_was_$1=set _wasirun_old_$1=\$$1"
	if [ -n "${ZSH_VERSION-}" ]; then
		eval "case \${(t)$1} in *export*) _wasirun_was_$1=exported ;; esac"
	elif [ -n "${BASH_VERSION-}" ]; then
		eval "case \${$1@a} in *x*) _wasirun_was_$1=exported ;; esac"
	else
		case "
$_wasirun_exports" in *"
export $1="*) eval "_wasirun_was_$1=exported" ;; esac
	fi
	unset -v "$1"
}

# $1 as a part of a URL: $_wasirun_text.
_wasirun_encode() {
	local LC_ALL=C rest="$1" c
	_wasirun_text=$rest
	case $rest in *[!A-Za-z0-9._~-]*) _wasirun_text='' ;; *) return 0 ;; esac
	while [ -n "$rest" ]; do
		c=${rest%"${rest#?}"}
		rest=${rest#?}
		case $c in
		[A-Za-z0-9._~-]) _wasirun_text=$_wasirun_text$c ;;
		*) _wasirun_text=$_wasirun_text%$(printf %02X $(($(printf %d "'$c") & 255))) ;;
		esac
	done
}

# scheme://user:password@host:port/database: $_wasirun_url
_wasirun_make_url() {
	_wasirun_url=$1://
	if [ -n "${DB_USER+x}" ]; then
		_wasirun_encode "$DB_USER"
		_wasirun_url=$_wasirun_url$_wasirun_text
		if [ -n "${DB_PASSWORD+x}" ]; then
			_wasirun_encode "$DB_PASSWORD"
			_wasirun_url=$_wasirun_url:$_wasirun_text
		fi
		_wasirun_url=$_wasirun_url@
	fi
	case ${DB_HOST-} in
	*:*) _wasirun_url="${_wasirun_url}[$DB_HOST]:${DB_PORT-}" ;;
	*) _wasirun_url=$_wasirun_url${DB_HOST-}:${DB_PORT-} ;;
	esac
	if [ -n "${DB_NAME+x}" ]; then
		_wasirun_encode "$DB_NAME"
		_wasirun_url=$_wasirun_url/$_wasirun_text
	fi
}

# Sets what the sandbox at $1 says. Lines of sandbox.conf that are nobody else's business stay in here.
_wasirun_set() {
	local SANDBOX_ID SANDBOX_SERVER SANDBOX_VERSION SANDBOX_BACKEND SANDBOX_STORAGE SANDBOX_TEMPLATE SANDBOX_IMAGE SANDBOX_PUBLISH
	local SANDBOX_INODE SANDBOX_CREATED SANDBOX_EXPIRES SANDBOX_FRESH SANDBOX_OLD_PASSWORD v
	# shellcheck source=/dev/null
	. "$1/config/sandbox.conf"
	SANDBOX_NAME=${1##*/}
	SANDBOX_DIR=$1
	SANDBOX_CAPS=$1/config/capabilities.json
	_wasirun_make_url '@SCHEME@'
@ASSIGNMENTS@
	for v in $_wasirun_variables; do
		if eval "[ -n \"\${$v+x}\" ]"; then
			export "${v?}"
		fi
	done
	_wasirun_mark="($SANDBOX_NAME) "
	if [ -n "${PS1+x}" ]; then
		PS1=$_wasirun_mark$PS1
	fi
}

_wasirun_activate() {
	if [ -n "${ZSH_VERSION-}" ]; then
		emulate -L sh
	fi
	local dir v IFS=' '
	_wasirun_self
	_wasirun_tree "$_wasirun_text"
	dir=$_wasirun_text
	if [ -z "$dir" ]; then
		echo "activate: config/sandbox.conf is not where this file is; WASIRUN_ACTIVATE=path/to/activate says where that is" >&2
		return 1
	fi
	if [ -n "${_wasirun_mark+x}" ]; then
		_wasirun_restore
	fi
	_wasirun_exports=
	if [ -z "${ZSH_VERSION-}${BASH_VERSION-}" ]; then
		_wasirun_exports=$(export -p)
	fi
	_wasirun_variables='@VARIABLES@'
	for v in $_wasirun_variables; do
		_wasirun_save "$v"
	done
	_wasirun_set "$dir"
	unset -v _wasirun_exports _wasirun_url

	# Somebody else's deactivate (a Python venv's) comes back when ours is done. A shell that cannot keep it leaves it alone.
	_wasirun_outer=
	_wasirun_venv=${VIRTUAL_ENV-}
	v=
	if command -v deactivate >/dev/null 2>&1; then
		v=$(command -v deactivate)
		_wasirun_outer=$(typeset -f deactivate 2>/dev/null) || _wasirun_outer=
	fi
	if [ "$v" = deactivate ] && [ -z "$_wasirun_outer" ]; then
		_wasirun_venv=" $_wasirun_venv"
		echo "activate: \`deactivate\` is another environment's; \`sandbox_deactivate\` is this one's" >&2
	else
		deactivate() { sandbox_deactivate; }
	fi
}

_wasirun_restore() {
	if [ -n "${ZSH_VERSION-}" ]; then
		emulate -L sh
	fi
	local v was IFS=' '
	for v in $_wasirun_variables; do
		eval "was=\${_wasirun_was_$v-gone}"
		unset -v "$v"
		case $was in
		set) eval "$v=\$_wasirun_old_$v" ;;
		exported) eval "export $v=\"\$_wasirun_old_$v\"" ;;
		esac
		unset -v "_wasirun_was_$v" "_wasirun_old_$v"
	done
	case ${PS1-} in
	*"$_wasirun_mark"*) PS1=${PS1%%"$_wasirun_mark"*}${PS1#*"$_wasirun_mark"} ;;
	esac
	# who was activated after us has a deactivate of its own; where functions cannot be looked at, a venv is told by its variable
	was=
	if [ -n "${ZSH_VERSION-}${BASH_VERSION-}" ]; then
		was=$(typeset -f deactivate 2>/dev/null) || was=
	elif [ "$_wasirun_venv" = "${VIRTUAL_ENV-}" ]; then
		was=sandbox_deactivate
	fi
	case $was in
	*sandbox_deactivate*)
		unset -f deactivate 2>/dev/null || :
		if [ -n "${_wasirun_outer-}" ]; then
			eval "$_wasirun_outer"
		fi
		;;
	esac
	unset -v _wasirun_mark _wasirun_outer _wasirun_venv _wasirun_variables
}

sandbox_deactivate() {
	_wasirun_restore
	unset -f sandbox_deactivate _wasirun_restore
}

if [ -n "${BASH_VERSION-}" ] && [ "${BASH_SOURCE-}" = "$0" ]; then
	echo "activate: a program of its own cannot change your shell: source $0" >&2
	exit 1
fi
if _wasirun_activate; then
	unset -v _wasirun_text
	unset -f _wasirun_self _wasirun_tree _wasirun_save _wasirun_encode _wasirun_make_url _wasirun_set _wasirun_activate
else
	return 1
fi
