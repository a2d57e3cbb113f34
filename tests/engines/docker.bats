# Docker with the runtime registered in a daemon of our own: no bridge, no firewall rules, everything in a private directory.
load helpers

start_daemon() { # DIR ARGS...
	local d=$1
	shift
	mkdir -p "$d"/{data,exec}
	whole_cgroups dockerd --data-root "$d/data" --exec-root "$d/exec" -p "$d/pid" -H "unix://$d/sock" --iptables=false --ip6tables=false --bridge=none \
		--add-runtime "under-test=$RUNTIME" --default-runtime under-test "$@" >"$d/log" 2>&1 </dev/null 3>&- 4>&- &
	echo $! >"$d/daemon"
	wait_for 40 docker -H "unix://$d/sock" version || { tail -20 "$d/log"; return 1; }
}

setup_file() {
	need dockerd docker containerd
	private_dir
	export D
	image_tar "$D"
	start_daemon "$D" || return 1
	export DOCKER_HOST=unix://$D/sock
	docker import "$D/image.tar" "$IMAGE" >/dev/null
}

teardown_file() {
	[ -n "${D:-}" ] || return 0
	docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1
	stop_pid "$(cat "$D/daemon")"
	nothing_of "$D"
}

setup() { need dockerd docker; N=wd-$BATS_TEST_NUMBER; }
teardown() { docker rm -f "$N" >/dev/null 2>&1 || true; }

dr() { ok docker run --rm --network none "$@"; }
up() { ok docker run -d --name "$N" --network none "$@"; }

@test "docker: info knows the runtime" {
	ok docker info --format '{{.DefaultRuntime}}'
	same "$output" under-test
}

@test "docker run: output, exit codes" {
	dr $IMAGE echo hello
	same "$output" hello
	code 3 docker run --rm --network none $IMAGE sh -c 'exit 3'
	code 127 docker run --rm --network none $IMAGE /no/such/program
	code 126 docker run --rm --network none $IMAGE /etc/passwd
	code 137 docker run --rm --network none $IMAGE sh -c 'kill -9 $$; sleep 1' || code 137 docker run --rm --network none --init $IMAGE sh -c 'kill -9 $$'
}

@test "docker run -i: standard input" {
	same "$(echo typed | docker run -i --rm --network none $IMAGE cat)" typed
}

@test "docker run -t: a terminal" {
	dr -t $IMAGE tool tty
	has isatty=111
}

@test "docker run --init, --hostname, --user, --workdir, --env" {
	dr --init --hostname other --user 1000:1000 --workdir /tmp --env A=1 $IMAGE sh -c 'hostname; id -u; pwd; echo $A; cat /proc/1/comm'
	line other 1000 /tmp 1
}

@test "docker run: the default profile and capabilities" {
	run docker run --rm --network none $IMAGE tool do status Seccomp CapEff \; syscall acct 0 \; syscall unshare 0x10000000 \; try write /proc/sysrq-trigger
	line Seccomp=2 CapEff=00000000a80425fb
	has "unshare: EPERM" "sysrq-trigger: E"
	lacks ": ok"
}

@test "docker run --cap-drop, --cap-add, --privileged" {
	dr --cap-drop ALL --cap-add KILL $IMAGE tool caps
	line CapEff=0000000000000020 CapBnd=0000000000000020
	dr --privileged $IMAGE tool do status Seccomp \; stat /dev/kmsg
	line Seccomp=0
}

@test "docker run --security-opt no-new-privileges" {
	dr --user 1000 --security-opt no-new-privileges $IMAGE suid-tool id
	has euid=1000
	dr --user 1000 $IMAGE suid-tool id
	has euid=0
}

@test "docker run --read-only, --tmpfs, -v" {
	mkdir -p "$D/vol"
	dr --read-only --tmpfs /scratch -v "$D/vol:/vol" -v "$D/vol:/rovol:ro" $IMAGE sh -c 'touch /x 2>&1; touch /scratch/x && echo scratch; echo data >/vol/f; touch /rovol/g 2>&1; true'
	has "Read-only file system" scratch
	same "$(cat "$D/vol/f")" data
	[ ! -e "$D/vol/g" ]
}

@test "docker run --ulimit, --sysctl, --shm-size, --device" {
	dr --ulimit nofile=123:456 --sysctl net.ipv4.ip_forward=1 --shm-size 1m --device /dev/fuse:/dev/other $IMAGE sh -c 'ulimit -n; cat /proc/sys/net/ipv4/ip_forward; tool statfs /dev/shm; tool stat /dev/other'
	line 123 1
	has size=1048576 10:229
}

@test "docker run: memory, cpu and pids limits" {
	if [ "$CG" = 1 ]; then
		dr -v /sys/fs/cgroup:/cg:ro --memory 64m --cpus 0.5 --pids-limit 33 $IMAGE sh -c 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/pids/pids.max'
		line 67108864 50000 33
	else
		dr --memory 64m --cpus 0.5 --pids-limit 33 $IMAGE sh -c 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max /sys/fs/cgroup/pids.max'
		line 67108864 "50000 100000" 33
	fi
}

@test "docker: out of memory is reported as that" {
	run docker run --name "$N" --network none --memory 32m --memory-swap 32m $IMAGE tool memhog 200
	same "$status" 137
	same "$(docker inspect -f '{{.State.OOMKilled}}' "$N")" true
}

@test "docker update: limits of a running container" {
	up --memory 64m --pids-limit 20 $IMAGE sleep 60
	ok docker update --memory 48m --memory-swap 48m --pids-limit 30 --cpus 0.7 "$N"
	ok docker exec "$N" sh -c 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; true'
	line 50331648 30
}

@test "docker exec: output, exit code, user, terminal, detached" {
	up $IMAGE sleep 60
	ok docker exec "$N" echo inside
	same "$output" inside
	code 5 docker exec "$N" sh -c 'exit 5'
	ok docker exec -u 1000:1000 -w /tmp -e A=b "$N" sh -c 'id -u; pwd; echo $A'
	line 1000 /tmp b
	ok docker exec -t "$N" tool tty
	has isatty=111
	same "$(echo x | docker exec -i "$N" cat)" x
	ok docker exec -d "$N" touch /tmp/detached
	wait_for 5 docker exec "$N" test -e /tmp/detached
	# this Docker says 126 for both
	fails docker exec "$N" /no/such
	[ "$status" = 127 ] || [ "$status" = 126 ]
	code 126 docker exec "$N" /etc/passwd
	ok docker exec --privileged "$N" tool status CapEff
}

@test "docker pause, unpause, top, stats" {
	up $IMAGE sleep 60
	ok docker pause "$N"
	same "$(docker inspect -f '{{.State.Status}}' "$N")" paused
	fails docker exec "$N" true
	ok docker unpause "$N"
	ok docker exec "$N" true
	ok docker top "$N"
	has "sleep 60"
	ok docker stats --no-stream --format '{{.PIDs}} {{.MemUsage}}' "$N"
	[[ $output == 1\ * ]]
}

@test "docker logs, kill, stop, restart, rm -f, wait" {
	up $IMAGE sh -c 'echo started; trap "echo got; exit 4" TERM; while :; do sleep 0.1; done'
	wait_for 5 bash -c "docker logs $N | grep -q started"
	ok docker stop -t 5 "$N"
	same "$(docker inspect -f '{{.State.ExitCode}}' "$N")" 4
	ok docker restart -t 2 "$N"
	same "$(docker inspect -f '{{.State.Running}}' "$N")" true
	ok docker kill "$N"
	ok docker wait "$N"
	same "$output" 137
	ok docker start "$N"
	ok docker rm -f "$N"
	fails docker inspect "$N"
}

@test "docker events: start, die and oom are seen" {
	timeout 20 docker events --filter "container=$N" --format '{{.Action}}' >"$D/events" 2>&1 3>&- 4>&- &
	local e=$!
	sleep 0.5
	run docker run --name "$N" --network none --memory 32m --memory-swap 32m $IMAGE tool memhog 200
	wait_for 5 grep -q die "$D/events"
	kill $e
	grep -qx start "$D/events"
	grep -qx oom "$D/events"
}

@test "docker: shared namespaces" {
	up --ipc shareable $IMAGE sleep 60
	ok docker run --rm --network "container:$N" --pid "container:$N" --ipc "container:$N" $IMAGE sh -c 'ps | grep -c "sleep 60"; ip link show lo'
	has UP
	dr --pid host --uts host --ipc host $IMAGE sh -c 'readlink /proc/self/ns/pid; readlink /proc/self/ns/ipc'
	line "$(readlink /proc/self/ns/pid)" "$(readlink /proc/self/ns/ipc)"
	ok docker run --rm --network host $IMAGE readlink /proc/self/ns/net
	same "$output" "$(readlink /proc/self/ns/net)"
}

@test "docker: ten containers at once" {
	local i p=()
	for i in {1..10}; do
		timeout 100 docker run --rm --network none $IMAGE sh -c "exit $i" >/dev/null 2>&1 3>&- &
		p+=($!)
	done
	for i in {1..10}; do
		local rc=0
		wait "${p[i - 1]}" || rc=$?
		same "$rc" "$i"
	done
}

@test "docker: a start that fails says why and leaves nothing" {
	fails docker run --name "$N" --network none -v "$D/image.tar:/proc/self/x" $IMAGE true
	ok docker rm "$N"
	fails docker run --name "$N" --network none --sysctl kernel.nonsense=1 $IMAGE true
}

@test "docker: user namespaces (userns-remap)" {
	local e=$D/userns
	grep -q '^dockremap:' /etc/subuid || skip "no subordinate ids for dockremap (the test does not change /etc)"
	start_daemon "$e" --userns-remap default
	run docker -H "unix://$e/sock" import "$D/image.tar" "$IMAGE"
	run timeout 60 docker -H "unix://$e/sock" run --rm --network none $IMAGE sh -c 'id -u; cat /proc/self/uid_map'
	stop_pid "$(cat "$e/daemon")"
	has 0
	lacks 4294967295
}
