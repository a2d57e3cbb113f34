load helpers

# What a process in the container can do.

@test "T01: the runtime's binary cannot be opened for writing from inside" {
	local sum i
	cp "$RUNTIME" "$T/runtime"
	sum=$(sha256sum <"$T/runtime")
	config '.process.capabilities |= map_values(.+["CAP_SYS_PTRACE","CAP_DAC_OVERRIDE","CAP_DAC_READ_SEARCH"])'
	program grab-exe 4
	write_config
	"$T/runtime" --root "$T/root" create --bundle "$BUNDLE" "$ID" </dev/null >"$T/log" 2>&1 3>&- 4>&-
	"$T/runtime" --root "$T/root" start "$ID"
	for i in {1..40}; do
		"$T/runtime" --root "$T/root" exec "$ID" /bin/tool true </dev/null >/dev/null 2>&1 3>&- 4>&- || true
	done
	eventually status_is stopped
	run cat "$T/log"
	matches "tries=[1-9]"
	has got=0
	same "$(sha256sum <"$T/runtime")" "$sum"
}

@test "T07: a working directory that is a leaked descriptor of the host" {
	local n
	canaries
	for n in 3 4 5 6 7 8 9 10 12 15 20; do
		FILTER_KEEP=$FILTER
		config ".process.cwd=\"/proc/self/fd/$n\""
		program do cwd \; cat "../../../../../../../../$T/can/file"
		write_config
		run "$TOOL" with-fds 3 25 / "$RUNTIME" --root "$T/root" run --bundle "$BUNDLE" "$ID"
		lacks canary
		FILTER=$FILTER_KEEP
	done
	FILTER_KEEP=
	config '.process.cwd="/"'
	launch pause
	for n in 3 5 7 9 11; do
		run "$TOOL" with-fds 3 25 / "$RUNTIME" --root "$T/root" exec --cwd "/proc/self/fd/$n" "$ID" /bin/tool cat "../../../../../../../../$T/can/file"
		lacks canary
	done
}

@test "T08: descriptors of the caller reach neither init, nor exec, nor hooks" {
	printf '#!/bin/sh\nls -l /proc/self/fd >%s/hookfds\n' "$T" >"$T/h"
	chmod 755 "$T/h"
	config ".hooks.createRuntime=[{path:\"$T/h\"}]"
	program do fds \; pause
	write_config
	"$TOOL" with-fds 7 40 "$T" "$RUNTIME" --root "$T/root" run -d --bundle "$BUNDLE" "$ID" </dev/null >"$T/log" 2>&1 3>&- 4>&-
	eventually grep -q '^2 ' "$T/log"
	run cat "$T/log"
	lacks "$T "
	same "$(grep -cE '^[0-9]+ ' "$T/log")" 3
	run "$TOOL" with-fds 7 40 "$T" "$RUNTIME" --root "$T/root" exec "$ID" /bin/tool fds
	same "$(grep -cE '^[0-9]+ ' <<<"$output")" 3
	run grep -c -- "-> $T\$" "$T/hookfds"
	same "$output" 0
}

@test "T08: a waiting init holds no file of the host" {
	local p f target id
	program pause
	write_config
	"$TOOL" with-fds 7 40 "$T" "$RUNTIME" --root "$T/root" create --bundle "$BUNDLE" "$ID" </dev/null >"$T/log" 2>&1 3>&- 4>&-
	p=$(state pid)
	for f in "/proc/$p/fd"/*; do
		target=$(readlink "$f")
		[ "${f##*/}" -gt 2 ] && [ "${target:0:1}" = / ] || continue
		# a mount of the container, or one that nobody has mounted anywhere; not one of the host
		id=$(sed -n 's/^mnt_id:[^0-9]*//p' "/proc/$p/fdinfo/${f##*/}")
		run grep "^$id " /proc/self/mountinfo
		[ "$status" -ne 0 ] || { echo "descriptor ${f##*/}: $target"; return 1; }
	done
}

@test "T09: a process of the container learns nothing of the host from the one that joins it" {
	local i
	canaries
	config '.process.capabilities |= map_values(.+["CAP_SYS_PTRACE","CAP_DAC_OVERRIDE","CAP_DAC_READ_SEARCH"]) | .process.noNewPrivileges=false'
	launch spy 4 SECRET_OF_HOST "$T/can/file"
	for i in {1..40}; do
		SECRET_OF_HOST=1 rt exec "$ID" /bin/tool true </dev/null >/dev/null 2>&1 || true
	done
	eventually status_is stopped
	run cat "$T/log"
	matches "seen=0"
}

@test "T09: without CAP_SYS_PTRACE a process of the container cannot trace the one that joins it" {
	local i
	config 'del(.process.capabilities)'
	launch trace 3
	for i in {1..30}; do
		rt exec "$ID" /bin/tool true </dev/null >/dev/null 2>&1 || true
	done
	eventually status_is stopped
	run cat "$T/log"
	line traced=0
}

@test "T14: what the default configuration masks and protects" {
	local f
	mkdir -p "$T/b/rootfs/bin"
	cp "$TOOL" "$T/b/rootfs/bin/sh"
	rt spec --bundle "$T/b"
	for f in /proc/acpi /proc/kcore /proc/keys /proc/timer_list /proc/scsi /sys/firmware; do
		jq -e --arg f "$f" '.linux.maskedPaths|index($f)' "$T/b/config.json" >/dev/null || { echo "not masked: $f"; return 1; }
	done
	for f in /proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger; do
		jq -e --arg f "$f" '.linux.readonlyPaths|index($f)' "$T/b/config.json" >/dev/null || { echo "not read-only: $f"; return 1; }
	done
	wasirun_only
	for f in /proc/asound /proc/interrupts /proc/latency_stats /proc/sched_debug /sys/devices/virtual/powercap; do
		jq -e --arg f "$f" '.linux.maskedPaths|index($f)' "$T/b/config.json" >/dev/null || { echo "not masked: $f"; return 1; }
	done
}

@test "T16: new system calls under an allow list are ENOSYS, threads and openat2 fall back" {
	config ".linux.seccomp=$(jq -c '.syscalls[0].names -= ["openat2","clone3"]' "$TESTS/bats/seccomp-default.json")"
	box do syscall fsopen \; syscall mount_setattr \; syscall 999 \; syscall acct 0
	line "999: ENOSYS" "acct: EPERM"
}

@test "T18: characters cannot be pushed into the caller's terminal" {
	config '.process.terminal=true'
	program tiocsti
	write_config
	run "$TOOL" pty 24x80 "$RUNTIME" --root "$T/root" run --bundle "$BUNDLE" "$ID"
	# on a terminal of its own it may type to itself; the caller's must not be its controlling terminal
	config '.process.terminal=false'
	write_config
	run "$TOOL" pty 24x80 "$RUNTIME" --root "$T/root" run --bundle "$BUNDLE" "$ID"
	has "TIOCSTI: E" "TIOCLINUX: E"
}

@test "T19: inheritable and ambient sets are empty, in run and in exec --cap" {
	launch do caps \; pause
	eventually grep -q CapAmb "$T/log"
	grep -qx CapInh=0000000000000000 "$T/log"
	ok rt exec --cap CAP_SYS_ADMIN "$ID" /bin/tool caps
	line CapInh=0000000000000000 CapAmb=0000000000000000
}

@test "T21: nosuid on a volume" {
	mkdir "$T/vol"
	cp "$TOOL" "$T/vol/suid"
	chmod 4755 "$T/vol/suid"
	config ".process.noNewPrivileges=false | .process.user={uid:1000,gid:1000} | .mounts += [{destination:\"/vol\",type:\"bind\",source:\"$T/vol\",options:[\"bind\",\"nosuid\"]}]"
	box exec /vol/suid id
	has euid=1000
}

@test "T22: devices that are not in the list cannot be opened, whoever made the node" {
	local d
	config '.process.capabilities |= map_values(.+["CAP_SYS_ADMIN","CAP_DAC_OVERRIDE"])'
	for d in "c 10 200" "b 8 0" "c 1 1" "c 10 229" "c 10 232" "c 1 2"; do
		# shellcheck disable=SC2086
		set -- $d
		rm -f "$BUNDLE/rootfs/tmp/node"
		mknod -m 666 "$BUNDLE/rootfs/tmp/node" "$1" "$2" "$3"
		box do try read /tmp/node \; try write /tmp/node
		lacks "/tmp/node: ok" ENXIO ENODEV
	done
	box do try read /dev/null \; try write /dev/null \; try read /dev/zero \; try read /dev/urandom
	[ "$(grep -c ': ok' <<<"$output")" = 4 ]
}

@test "T23: the container cannot leave or change its cgroup" {
	config '.linux.namespaces += [{"type":"cgroup"}] | .mounts += [{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["ro","nosuid","noexec","nodev"]}]
		| .process.capabilities |= map_values(.+["CAP_DAC_OVERRIDE"])'
	box do try remount-rw /sys/fs/cgroup \; try remount-rw /sys/fs/cgroup/pids \; write /sys/fs/cgroup/release_agent x \; write /sys/fs/cgroup/pids/release_agent x
	[ -z "$(grep -E 'release_agent: ok' <<<"$output")" ]
}

@test "T25: no abstract socket is ours" {
	launch pause
	run grep -iE '@.*wasirun' /proc/net/unix
	[ "$status" -ne 0 ]
	run "$TOOL" cat "/proc/$(state pid)/net/unix"
	lacks wasirun
}

@test "pivot: the host's root cannot be reached" {
	canaries
	config '.process.capabilities |= map_values(.+["CAP_SYS_ADMIN","CAP_SYS_CHROOT","CAP_DAC_OVERRIDE","CAP_DAC_READ_SEARCH"]) | .process.noNewPrivileges=false'
	box do try chroot /tmp \; try chdir ../../../../../../../.. \; cat ".$T/can/file" \; cat "../../../../../../$T/can/file" \; try umount / \; cat "/$T/can/file" \; ls /
	lacks canary
}

@test "pivot: no mount of the host is visible" {
	box mounts
	good
	same "$(grep -cvE '^/( |proc|dev|sys)' <<<"$output")" 0
}

@test "T37: floods on standard error and from hooks" {
	printf '#!/bin/sh\nhead -c 200000000 /dev/zero\nhead -c 200000000 /dev/zero >&2\nexit 1\n' >"$T/h"
	chmod 755 "$T/h"
	config ".hooks.createRuntime=[{path:\"$T/h\"}]"
	program true
	write_config
	run bash -c 'ulimit -v 400000; "$@" 2>&1 | head -c 100000 | wc -c' - "$RUNTIME" --root "$T/root" run --bundle "$BUNDLE" "$ID"
	[ "$output" -lt 20000 ] || { echo "$output bytes of message"; return 1; }
}
