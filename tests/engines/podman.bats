# Podman with storage, run directory and configuration of our own.
load helpers

pod() {
	timeout 90 podman --root "$D/root" --runroot "$D/run" --tmpdir "$D/tmp" --storage-driver vfs --cgroup-manager cgroupfs --events-backend file \
		--runtime "$RUNTIME" "$@"
}

setup_file() {
	need podman conmon
	private_dir
	export D CONTAINERS_CONF=$D/containers.conf
	# the machine's own limits cannot be raised by everybody's root
	printf '[containers]\ndefault_ulimits=["nofile=1024:1024","nproc=4096:4096"]\n[engine]\ninfra_image=""\nruntime_supports_json=["wasirun"]\nruntime_supports_nocgroup=["wasirun"]\n' >"$CONTAINERS_CONF"
	image_tar "$D"
	pod import "$D/image.tar" "$IMAGE" >"$D/import" 2>&1 || { cat "$D/import"; return 1; }
}

teardown_file() {
	[ -n "${D:-}" ] || return 0
	pod pod rm -af -t 0 >/dev/null 2>&1
	pod rm -af -t 0 >/dev/null 2>&1
	nothing_of "$D"
}

setup() { need podman; N=wp-$BATS_TEST_NUMBER; }
teardown() { pod rm -f -t 0 "$N" >/dev/null 2>&1 || true; }

pr() { ok_pod run --rm --network none "$@"; }
up() { ok_pod run -d --name "$N" --network none "$@"; }
ok_pod() {
	run pod "$@"
	[ "$status" -eq 0 ] || { printf 'exit %s: podman %s\n%s\n' "$status" "$*" "$output"; return 1; }
}
code_pod() {
	local want=$1
	shift
	run pod "$@"
	[ "$status" -eq "$want" ] || { printf 'exit %s, not %s: podman %s\n%s\n' "$status" "$want" "$*" "$output"; return 1; }
}

@test "podman run: output, exit codes" {
	pr $IMAGE echo hello
	same "$output" hello
	code_pod 3 run --rm --network none $IMAGE sh -c 'exit 3'
	code_pod 127 run --rm --network none $IMAGE /no/such/program
	code_pod 126 run --rm --network none $IMAGE /etc/passwd
}

@test "podman run -i, -t" {
	same "$(echo typed | pod run -i --rm --network none $IMAGE cat)" typed
	pr -t $IMAGE tool tty
	has isatty=111
}

@test "podman run --init" {
	# the init program is a mount of the host's; a program that runs its arguments does
	printf '#!/bin/sh\n[ "$1" != -- ] || shift\necho init; exec "$@"\n' >"$D/init"
	chmod 755 "$D/init"
	pr --init --init-path "$D/init" $IMAGE echo payload
	line init payload
}

@test "podman run: user, workdir, env, hostname" {
	pr --user 1000:1000 --workdir /tmp --env A=1 --hostname other $IMAGE sh -c 'id -u; pwd; echo $A; hostname'
	line 1000 /tmp 1 other
}

@test "podman run: profile, capabilities, privileged, no-new-privileges" {
	run pod run --rm --network none $IMAGE tool do status Seccomp \; syscall acct 0
	line Seccomp=2
	lacks "acct: 0"
	pr --cap-drop all --cap-add KILL $IMAGE tool caps
	line CapEff=0000000000000020 CapBnd=0000000000000020 CapInh=0000000000000000
	pr --privileged $IMAGE tool status Seccomp
	line Seccomp=0
	pr --user 1000 --security-opt no-new-privileges $IMAGE suid-tool id
	has euid=1000
}

@test "podman run --read-only, --tmpfs, -v, --sysctl, --device" {
	mkdir -p "$D/vol"
	pr --read-only --tmpfs /scratch -v "$D/vol:/vol" $IMAGE sh -c 'touch /x 2>&1; touch /scratch/x && echo scratch; echo data >/vol/f'
	has "Read-only file system" scratch
	same "$(cat "$D/vol/f")" data
	pr --sysctl net.ipv4.ip_forward=1 --device /dev/fuse $IMAGE sh -c 'cat /proc/sys/net/ipv4/ip_forward; tool stat /dev/fuse'
	line 1
	has 10:229
}

@test "podman run: memory and pids limits, out of memory" {
	up --memory 64m --pids-limit 33 $IMAGE sleep 60
	ok_pod exec "$N" sh -c 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; true'
	line 67108864 33
	pod rm -f -t 0 "$N"
	# conmon needs a moment to see it before the container is gone
	code_pod 137 run --name "$N" --network none --memory 32m --memory-swap 32m $IMAGE sh -c 'tool memhog 200; c=$?; sleep 1; exit $c'
	# Debian 12's conmon does not see it on cgroup v1, with any runtime
	[ "$CG" = 1 ] || same "$(pod inspect -f '{{.State.OOMKilled}}' "$N")" true
}

@test "podman update" {
	up --memory 64m $IMAGE sleep 60
	run pod update --memory 48m --cpus 0.5 "$N"
	[[ $output != *"unrecognized command"* ]] || skip "this podman has no update"
	[ "$status" -eq 0 ]
	ok_pod exec "$N" sh -c 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; true'
	line 50331648
}

@test "podman exec: output, exit code, user, terminal, detached" {
	up $IMAGE sleep 60
	ok_pod exec "$N" echo inside
	same "$output" inside
	code_pod 5 exec "$N" sh -c 'exit 5'
	ok_pod exec -u 1000:1000 -w /tmp -e A=b "$N" sh -c 'id -u; pwd; echo $A'
	line 1000 /tmp b
	ok_pod exec -t "$N" tool tty
	has isatty=111
	code_pod 127 exec "$N" /no/such
	code_pod 126 exec "$N" /etc/passwd
	ok_pod exec -d "$N" touch /tmp/detached
	wait_for 5 pod exec "$N" test -e /tmp/detached
}

@test "podman pause, unpause, top, stats, logs" {
	up $IMAGE sh -c 'echo started; sleep 60'
	ok_pod pause "$N"
	same "$(pod inspect -f '{{.State.Status}}' "$N")" paused
	ok_pod unpause "$N"
	ok_pod top "$N"
	has "sleep 60"
	ok_pod stats --no-stream --format '{{.PIDs}}' "$N"
	ok_pod logs "$N"
	has started
}

@test "podman stop, kill, restart, wait, rm -f" {
	up $IMAGE sh -c 'trap "exit 4" TERM; while :; do sleep 0.1; done'
	sleep 0.5
	ok_pod stop -t 5 "$N"
	same "$(pod inspect -f '{{.State.ExitCode}}' "$N")" 4
	ok_pod restart -t 2 "$N"
	ok_pod kill "$N"
	ok_pod wait "$N"
	has 137
	ok_pod rm -f -t 0 "$N"
}

@test "podman --uidmap: a user namespace" {
	pr --uidmap 0:100000:65536 --gidmap 0:100000:65536 $IMAGE sh -c 'id -u; cat /proc/self/uid_map; touch /tmp/f && tool stat /tmp/f'
	line 0
	has "100000"
}

@test "podman: namespaces of another container and of the host" {
	up $IMAGE sleep 60
	ok_pod run --rm --network "container:$N" --pid "container:$N" --ipc "container:$N" $IMAGE ps
	has "sleep 60"
	ok_pod run --rm --network host --pid host --uts host --ipc host $IMAGE readlink /proc/self/ns/net
	same "$output" "$(readlink /proc/self/ns/net)"
}

@test "podman pod: shared namespaces" {
	ok_pod pod create --infra=false --name "$N-pod"
	ok_pod run -d --pod "$N-pod" --name "$N" --network none $IMAGE sleep 60
	ok_pod run --rm --pod "$N-pod" --network "container:$N" --ipc "container:$N" $IMAGE ip link show lo
	has UP
	ok_pod pod ps
	pod rm -f -t 0 "$N"
	ok_pod pod rm -f "$N-pod"
}

@test "podman --cgroups=disabled" {
	run pod run --rm --network none --cgroups=disabled $IMAGE echo none
	[[ $output != *"does not support"* ]] || skip "podman asks only crun for that"
	same "$output" none
}

@test "podman: a create that fails says why" {
	run pod run --rm --network none --sysctl kernel.nonsense=1 $IMAGE true
	[ "$status" -ne 0 ]
	has kernel
}

@test "podman: ten containers at once" {
	local i p=()
	for i in {1..10}; do
		pod run --rm --network none $IMAGE sh -c "exit $i" >/dev/null 2>&1 3>&- &
		p+=($!)
	done
	for i in {1..10}; do
		local rc=0
		wait "${p[i - 1]}" || rc=$?
		same "$rc" "$i"
	done
}
