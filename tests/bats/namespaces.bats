load helpers

host_ns() { readlink "/proc/self/ns/$1"; }

@test "namespaces: each one that is listed is new" {
	local n
	config '.linux.namespaces += [{"type":"cgroup"}]'
	box ns
	for n in cgroup ipc mnt net pid uts; do lacks "$(host_ns $n)"; done
	has "$(host_ns user)"
}

@test "namespaces: one that is not listed is the caller's" {
	local n
	config '.linux.namespaces=[{"type":"mount"}] | del(.hostname) | .mounts |= map(select(.type!="sysfs" and .type!="mqueue"))'
	box ns
	good
	for n in ipc net pid uts user; do has "$(host_ns $n)"; done
	lacks "$(host_ns mnt)"
}

@test "namespaces: joined by path" {
	launch pause
	local p
	p=$(state pid)
	config ".linux.namespaces=[{type:\"mount\"},{type:\"pid\"},{type:\"network\",path:\"/proc/$p/ns/net\"},{type:\"ipc\",path:\"/proc/$p/ns/ipc\"},{type:\"uts\",path:\"/proc/$p/ns/uts\"}]
		| .linux.cgroupsPath=\"/$ID-2\" | del(.hostname)"
	program ns
	write_config
	ok rt run -b "$BUNDLE" "$ID-2"
	has "$(readlink "/proc/$p/ns/net")" "$(readlink "/proc/$p/ns/ipc")" "$(readlink "/proc/$p/ns/uts")"
	lacks "$(readlink "/proc/$p/ns/pid")"
}

@test "namespaces: a shared pid namespace" {
	launch pause
	local p
	p=$(state pid)
	config "(.linux.namespaces[]|select(.type==\"pid\")).path=\"/proc/$p/ns/pid\" | .linux.cgroupsPath=\"/$ID-2\""
	program do self \; ns pid
	write_config
	ok rt run -b "$BUNDLE" "$ID-2"
	has "$(readlink "/proc/$p/ns/pid")"
	lacks "pid=1 "
	status_is running
}

@test "namespaces: a path of the wrong kind is refused" {
	config '(.linux.namespaces[]|select(.type=="network")).path="/proc/self/ns/uts"'
	box true
	refused
	config '(.linux.namespaces[]|select(.type=="network")).path="/etc/passwd"'
	box true
	refused
	config '(.linux.namespaces[]|select(.type=="network")).path="/no/such"'
	box true
	refused
	has "/no/such"
}

@test "namespaces: listed twice is refused" {
	config '.linux.namespaces += [{"type":"uts"}]'
	box true
	refused
}

@test "namespaces: an unknown type is refused" {
	config '.linux.namespaces += [{"type":"quantum"}]'
	box true
	refused
}

@test "time namespace: offsets" {
	wasirun_only
	config '.ociVersion="1.1.0" | .linux.namespaces += [{"type":"time"}] | .linux.timeOffsets={"boottime":{"secs":1000000},"monotonic":{"secs":2000000,"nanosecs":5}}'
	box clocks
	good
	local m b
	m=$(sed 's/monotonic=\([0-9]*\).*/\1/' <<<"$output")
	b=$(sed 's/.*boottime=//' <<<"$output")
	[ "$m" -gt 2000000 ]
	[ "$b" -gt 1000000 ]
	[ "$b" -lt "$m" ]
}

@test "network namespace: loopback is up" {
	box cat /proc/net/dev
	has lo:
	box cat /proc/net/fib_trie
	has 127.0.0.1
}

@test "user namespace: mapped ids, and files owned by them" {
	config '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings=[{"containerID":0,"hostID":100000,"size":65536}]
		| .linux.gidMappings=[{"containerID":0,"hostID":200000,"size":65536}]'
	chown -R 100000:200000 "$BUNDLE/rootfs"
	box do id \; cat /proc/self/uid_map /proc/self/gid_map \; write /tmp/f x \; ns user
	good
	has "uid=0 euid=0"
	matches "0 +100000 +65536"
	matches "0 +200000 +65536"
	lacks "$(host_ns user)"
	same "$(stat -c %u:%g "$BUNDLE/rootfs/tmp/f")" 100000:200000
}

@test "user namespace: capabilities hold inside it only" {
	config '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings=[{"containerID":0,"hostID":100000,"size":65536}]
		| .linux.gidMappings=[{"containerID":0,"hostID":200000,"size":65536}]'
	chown -R 100000:200000 "$BUNDLE/rootfs"
	box do caps \; try mknod /tmp/null c 1 3
	has CapEff=00000000280004a1 "mknod /tmp/null: EPERM" || has "mknod /tmp/null: EPERM"
}

@test "user namespace: exec joins it" {
	config '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings=[{"containerID":0,"hostID":100000,"size":65536}]
		| .linux.gidMappings=[{"containerID":0,"hostID":200000,"size":65536}]'
	chown -R 100000:200000 "$BUNDLE/rootfs"
	launch do ns user \; pause
	eventually grep -q user "$T/log"
	ok rt exec "$ID" /bin/tool do ns user \; id
	line "$(cat "$T/log")"
	has "uid=0 "
}

@test "user namespace: joined by path" {
	config '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings=[{"containerID":0,"hostID":100000,"size":65536}]
		| .linux.gidMappings=[{"containerID":0,"hostID":200000,"size":65536}]'
	chown -R 100000:200000 "$BUNDLE/rootfs"
	launch pause
	local p
	p=$(state pid)
	config "(.linux.namespaces[]|select(.type==\"user\")).path=\"/proc/$p/ns/user\" | del(.linux.uidMappings,.linux.gidMappings)
		| (.linux.namespaces[]|select(.type==\"network\")).path=\"/proc/$p/ns/net\" | .linux.cgroupsPath=\"/$ID-2\""
	program do ns user \; id
	write_config
	ok rt run -b "$BUNDLE" "$ID-2"
	has "$(readlink "/proc/$p/ns/user")" "uid=0 "
}

@test "user namespace: bad mappings are refused before anything is made" {
	wasirun_only
	local m
	for m in '[]' '[{"containerID":0,"hostID":1,"size":0}]' '[{"containerID":0,"hostID":4294967295,"size":2}]' \
		'[{"containerID":0,"hostID":1000,"size":10},{"containerID":5,"hostID":2000,"size":10}]' \
		'[{"containerID":0,"hostID":1000,"size":10},{"containerID":20,"hostID":1005,"size":10}]'; do
		config ".linux.namespaces |= map(select(.type!=\"user\")) + [{type:\"user\"}] | .linux.uidMappings=$m | .linux.gidMappings=[{containerID:0,hostID:1000,size:10}]"
		box true
		refused
	done
}

@test "mappings without a user namespace are refused" {
	wasirun_only
	config '.linux.uidMappings=[{"containerID":0,"hostID":100000,"size":65536}] | .linux.gidMappings=[{"containerID":0,"hostID":100000,"size":65536}]'
	box true
	refused
}
