load helpers

# As an ordinary user: id 1000 of the machine, without any capability, with a state root and a bundle of its own.

setup() {
	need_root
	private_dir
	bundle "$T/bundle"
	mkdir -m 700 "$T/root" "$T/run"
	FILTER="del(.linux.resources, .linux.cgroupsPath) | .process.env+=[\"WT=$ID\"]
		| .linux.namespaces += [{type:\"user\"}]
		| .linux.uidMappings=[{containerID:0,hostID:1000,size:1}] | .linux.gidMappings=[{containerID:0,hostID:1000,size:1}]
		| .mounts |= map(.options -= [\"gid=5\"])
		| .mounts |= map(if .type==\"sysfs\" then {destination:\"/sys\",type:\"none\",source:\"/sys\",options:[\"rbind\",\"nosuid\",\"noexec\",\"nodev\",\"ro\"]} else . end)"
	DIRTY=1
	# what the user calls must be readable for the user, wherever the tree lies
	cp "$RUNTIME" "$T/runtime"
	chmod 755 "$T/runtime"
	chown -R 1000:1000 "$T"
}

as_user() { setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps=-all env -i PATH="$PATH" HOME="$T" XDG_RUNTIME_DIR="$T/run" "$@"; }

rt() { as_user timeout --foreground -k 2 "$LIMIT" "$T/runtime" --root "$T/root" "$@" 3>&- 4>&-; }

write_config() {
	[ -n "$DIRTY" ] || return 0
	jq "$FILTER" "$TESTS/bats/base.json" >"$T/config.new" && cp "$T/config.new" "$BUNDLE/config.json" && chown 1000:1000 "$BUNDLE/config.json"
	DIRTY=
}

@test "rootless: root inside, an ordinary user outside" {
	box do id \; cat /proc/self/uid_map \; write /tmp/made x
	good
	has "uid=0 euid=0"
	matches "0 +1000 +1"
	same "$(stat -c %u:%g "$BUNDLE/rootfs/tmp/made")" 1000:1000
}

@test "rootless: spec --rootless makes a bundle that runs" {
	mkdir -p "$T/b/rootfs/bin"
	cp "$TOOL" "$T/b/rootfs/bin/sh"
	chown -R 1000:1000 "$T/b"
	ok rt spec --rootless --bundle "$T/b"
	jq '.process.args=["/bin/sh","id"] | .process.terminal=false | .process.env+=["WT='"$ID"'"]' "$T/b/config.json" >"$T/c"
	cp "$T/c" "$T/b/config.json"
	ok rt run --bundle "$T/b" "$ID"
	has uid=0
}

@test "rootless: create, start, exec, kill, delete" {
	launch pause
	status_is running
	ok rt exec "$ID" /bin/tool do id \; ns user
	has "uid=0 euid=0"
	ok rt kill "$ID" KILL
	eventually status_is stopped
	ok rt delete "$ID"
}

@test "rootless: the default state root is below XDG_RUNTIME_DIR" {
	wasirun_only
	program true
	write_config
	ok as_user "$T/runtime" run --bundle "$BUNDLE" "$ID"
	[ -d "$T/run/wasirun" ]
}

@test "rootless: setgroups is denied, groups of the caller do not count" {
	box cat /proc/self/setgroups
	same "$output" deny
}

@test "rootless: more ids than one need newuidmap and ranges in /etc/subuid" {
	command -v newuidmap >/dev/null || skip "newuidmap is not installed"
	# a private /etc/subuid, so that the machine's own is not touched
	config '.linux.uidMappings=[{containerID:0,hostID:1000,size:1},{containerID:1,hostID:300000,size:65536}]
		| .linux.gidMappings=[{containerID:0,hostID:1000,size:1},{containerID:1,hostID:300000,size:65536}] | .process.user={uid:5,gid:6}'
	program do id \; cat /proc/self/uid_map
	write_config
	cat >"$T/inner" <<-I
		set -e
		echo 1000:300000:65536 >"$T/sub"
		grep -v ':1000:' /etc/passwd >"$T/passwd"; echo 'wtuser:x:1000:1000::/:/bin/sh' >>"$T/passwd"
		touch /etc/subuid /etc/subgid
		mount --bind "$T/sub" /etc/subuid; mount --bind "$T/sub" /etc/subgid; mount --bind "$T/passwd" /etc/passwd
		exec setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps=-all env -i PATH="$PATH" HOME="$T" XDG_RUNTIME_DIR="$T/run" "$T/runtime" --root "$T/root" run --bundle "$BUNDLE" "$ID"
	I
	ok unshare -m bash "$T/inner"
	has "uid=5 euid=5"
	matches "1 +300000 +65536"
}

@test "rootless: a mapping that is not ours is refused" {
	config '.linux.uidMappings=[{containerID:0,hostID:0,size:1}]'
	box true
	refused
}

@test "rootless: limits that nobody can set are an error that names the controller" {
	wasirun_only
	config '.linux.resources={"memory":{"limit":67108864}}'
	box true
	refused
	has memory
}

@test "rootless: without limits no cgroup is needed" {
	box true
	good
}

@test "rootless: mount, device and sysctl of the container work" {
	config '.linux.sysctl={"net.ipv4.ip_forward":"1"}'
	box do stat /dev/null \; write /dev/null x \; cat /proc/sys/net/ipv4/ip_forward \; try read /dev/urandom
	line 1 "read /dev/urandom: ok"
	matches "^/dev/null char"
}

@test "rootless: a terminal" {
	config '.process.terminal=true'
	program tty
	write_config
	agent recvtty "$T/sock"
	chown 1000:1000 "$T/sock"
	ok rt run -d --bundle "$BUNDLE" --console-socket "$T/sock" "$ID"
	eventually grep -q isatty=111 "$T/agent"
}
