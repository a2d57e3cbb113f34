# Policies of the administrator and of --restrict: they only take away.

load helpers

guard() { rt guard "$@"; }

# A machine whose /etc is another one, in a mount namespace of the command's. $T/etc holds what is added to it.
elsewhere() {
	mkdir -p "$T/over" "$T/etc"
	timeout --foreground -k 2 "$LIMIT" unshare -m sh -ec 'mount -t tmpfs none "$1/over"
		mkdir "$1/over/up" "$1/over/work"
		mount -t overlay -o "lowerdir=/etc,upperdir=$1/over/up,workdir=$1/over/work" none /etc
		cp -r "$1/etc/." /etc
		t=$1 r=$2
		shift 2
		exec "$r" --root "$t/root" guard "$@"' - "$T" "$RUNTIME" "$@" 3>&- 4>&-
}

policy() { # NAME TEXT
	mkdir -p "$T/etc/wasirun/policy.d"
	echo "$2" >"$T/etc/wasirun/policy.d/$1"
}

@test "policy: --restrict takes away, and says what" {
	wasirun_only
	mkdir "$T/a" "$T/b"
	echo 1 >"$T/a/f"
	echo 2 >"$T/b/f"
	echo "{\"version\": \"1.0\", \"capabilities\": {\"filesystem\": {\"read\": [\"$T/a\"]}, \"network\": {\"connect\": [\"10.0.0.0/8:80\"]}}}" >"$T/p.json"
	run guard --restrict "$T/p.json" --write "$T/a" --read "$T/b" --connect 203.0.113.5:1 -- sh -c \
		"cat $T/a/f; [ ! -e $T/b ] && echo hidden; echo x >$T/a/f || echo read-only"
	good
	line 1 hidden read-only
	has "p.json takes away filesystem.read $T/b" "p.json takes away network.connect tcp://203.0.113.5:1"
	same "$(cat "$T/a/f")" 1
	run guard --restrict "$T/p.json" --connect 10.0.0.0/8:1-100 -- true
	good
	has "takes away" "tcp://10.0.0.0/8:1-100"
}

@test "policy: one that adds changes nothing" {
	wasirun_only
	mkdir "$T/a"
	echo "{\"version\": \"1.0\", \"capabilities\": {\"filesystem\": {\"root\": \"dir:/\", \"write\": [\"$T/a\", \"/etc\"]}, \"network\": \"host\"}}" >"$T/p.json"
	ok guard --restrict "$T/p.json" -- sh -c "[ ! -e $T/a ] && [ ! -e /etc/shadow ] && cat /proc/net/dev"
	lacks eth0
	has "lo:"
}

@test "policy: one that cannot be read or understood stops everything" {
	wasirun_only
	echo '{"version": "1.0", "capabilites": {}}' >"$T/p.json"
	run guard --restrict "$T/p.json" -- touch "$T/ran"
	refused
	has "capabilites"
	run guard --restrict "$T/nowhere.json" -- true
	refused
	has "nowhere.json"
}

@test "policy: the administrator's hold for all, in the order of their names" {
	wasirun_only
	need_root
	mkdir "$T/a"
	echo 1 >"$T/a/f"
	policy 10-files.json "{\"version\": \"1.0\", \"capabilities\": {\"filesystem\": {\"read\": [\"$T\"], \"deny\": [\"$T/a/keys\"]}}}"
	policy 20-network.json '{"version": "1.0", "capabilities": {"network": {}}}'
	policy 30-notes.txt 'not a policy'
	mkdir "$T/a/keys"
	run elsewhere --write "$T/a" --connect 10.0.0.1:80 -- sh -c "cat $T/a/f; ls $T/a/keys | wc -l; echo x >$T/a/f || echo read-only"
	good
	line 1 read-only
	has "10-files.json takes away filesystem.write $T/a" "/etc/wasirun/policy.d/20-network.json takes away network.connect tcp://10.0.0.1:80"
	policy 40-broken.json '{'
	run elsewhere -- touch "$T/ran"
	refused
	has "40-broken.json"
	[ ! -e "$T/ran" ]
}

@test "policy: a file of an ordinary user's that stands in the way is no way around" {
	wasirun_only
	need_root
	policy p.json '{"version": "1.0", "capabilities": {"network": {}}}'
	export HOME=$T XDG_CONFIG_HOME=$T WASIRUN_POLICY=/nowhere
	run elsewhere --connect 10.0.0.1:80 -- true
	good
	has "takes away network.connect"
}
