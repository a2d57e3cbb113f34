load helpers

@test "devices: the default ones, with their numbers and modes" {
	box stat /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty
	line "/dev/null char 0666 0:0 1:3" "/dev/zero char 0666 0:0 1:5" "/dev/full char 0666 0:0 1:7" \
		"/dev/random char 0666 0:0 1:8" "/dev/urandom char 0666 0:0 1:9" "/dev/tty char 0666 0:0 5:0"
}

@test "devices: the links" {
	box readlink /dev/fd /dev/stdin /dev/stdout /dev/stderr /dev/ptmx
	line "/dev/fd -> /proc/self/fd" "/dev/stdin -> /proc/self/fd/0" "/dev/stdout -> /proc/self/fd/1" \
		"/dev/stderr -> /proc/self/fd/2"
	matches "^/dev/ptmx -> (/dev/)?pts/ptmx"
}

@test "devices: the default ones work" {
	box do write /dev/null x \; try read /dev/zero \; try read /dev/urandom \; write /dev/full x
	line "read /dev/zero: ok" "read /dev/urandom: ok" "/dev/full: ENOSPC"
}

@test "devices: one of the list, with mode and owner" {
	config '.linux.devices=[{"path":"/dev/mine","type":"c","major":1,"minor":5,"fileMode":400,"uid":10,"gid":20}]
		| .linux.resources.devices += [{"allow":true,"type":"c","major":1,"minor":5,"access":"rwm"}]'
	box do stat /dev/mine \; as 10 try read /dev/mine
	line "/dev/mine char 0620 10:20 1:5" "read /dev/mine: ok"
}

@test "devices: a fifo, and one in a new directory" {
	config '.linux.devices=[{"path":"/dev/a/b/pipe","type":"p"}]'
	box stat /dev/a/b/pipe
	matches "^/dev/a/b/pipe fifo"
}

@test "devices: what the list does not name cannot be used" {
	config '.process.capabilities |= map_values(.+["CAP_SYS_ADMIN"])'
	box do try mknod /tmp/kmem c 1 2 \; try mknod /tmp/sda b 8 0 \; try read /tmp/kmem \; try read /tmp/sda
	[ -z "$(grep -E '^read .*: ok' <<<"$output")" ]
}

@test "devices: a rule opens one device and no other" {
	config '.linux.resources.devices += [{"allow":true,"type":"c","major":10,"minor":200,"access":"m"}]'
	box do try mknod /tmp/tun c 10 200 \; try mknod /tmp/fuse c 10 229 \; try read /tmp/fuse
	line "mknod /tmp/tun: ok"
	[ -z "$(grep -E '^read /tmp/fuse: ok' <<<"$output")" ]
}

@test "devices: read access is not write access" {
	config '.linux.devices=[{"path":"/dev/ro","type":"c","major":1,"minor":11,"fileMode":438}]
		| .linux.resources.devices += [{"allow":true,"type":"c","major":1,"minor":11,"access":"r"}]'
	box do try write /dev/ro
	has "write /dev/ro: EPERM"
}

@test "devices: allow all" {
	config '.linux.resources.devices=[{"allow":true,"access":"rwm"}]'
	box try mknod /tmp/any c 1 2
	has ok
}

@test "devices: a bad type and a relative path are refused" {
	config '.linux.devices=[{"path":"/dev/x","type":"q","major":1,"minor":5}]'
	box true
	refused
	config '.linux.devices=[{"path":"dev/x","type":"c","major":1,"minor":5}]'
	wasirun_only
	box true
	refused
}
