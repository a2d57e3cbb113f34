# A manifest under Docker and Podman: the annotation of one container, and the administrator's for all, in /etc/wasirun. The daemon and
# Podman run in a mount namespace of the test's whose /etc has that file; nothing but a file of root's can put it there or take it away.
load helpers

# with_etc COMMAND...: /etc as it is, and what lies in $D/etc over it.
with_etc() {
	# shellcheck disable=SC2016
	unshare -m --propagation slave bash -ec '
		mount -t tmpfs none "$1/over" && mkdir "$1/over/up" "$1/over/work"
		mount -t overlay -o "lowerdir=/etc,upperdir=$1/over/up,workdir=$1/over/work" none /etc
		cp -r "$1/etc/." /etc
		shift
		exec "$@"' - "$D" "$@"
}

start_daemon() { # DIR COMMAND: where it lives, what it is started by
	mkdir -p "$1"/{data,exec}
	# shellcheck disable=SC2086
	$2 bash -c 'source "$1/helpers.bash"; shift; whole_cgroups "$@"' - "$BATS_TEST_DIRNAME" dockerd --data-root "$1/data" --exec-root "$1/exec" -p "$1/pid" \
		-H "unix://$1/sock" --iptables=false --ip6tables=false --bridge=none --add-runtime "under-test=$RUNTIME" \
		--default-runtime under-test >"$1/log" 2>&1 </dev/null 3>&- 4>&- &
	wait_for 40 docker -H "unix://$1/sock" version || { tail -20 "$1/log"; return 1; }
	docker -H "unix://$1/sock" import "$D/image.tar" "$IMAGE" >/dev/null
}

pod_in() { # COMMAND ARGS...: Podman started by it
	local by=$1
	shift
	$by timeout 90 podman --root "$D/root" --runroot "$D/run" --tmpdir "$D/tmp" --storage-driver vfs --cgroup-manager cgroupfs \
		--events-backend file --runtime "$RUNTIME" "$@"
}

setup_file() {
	need dockerd docker containerd podman conmon
	private_dir
	export D CONTAINERS_CONF=$D/containers.conf
	mkdir -p "$D/over" "$D/etc/wasirun" "$D/vol" "$D/a" "$D/b"
	printf '[containers]\ndefault_ulimits=["nofile=1024:1024","nproc=4096:4096"]\n[engine]\nruntime_supports_json=["wasirun"]\nruntime_supports_nocgroup=["wasirun"]\n' >"$CONTAINERS_CONF"
	echo '{"manifest": "/etc/wasirun/default.json"}' >"$D/etc/wasirun/config.json"
	echo '{"version": "1.0", "capabilities": {"resources": {"pids": 30}, "filesystem": {"read": ["/data"], "write": ["/scratch"]}}}' >"$D/etc/wasirun/default.json"
	echo '{"version": "1.0", "capabilities": {"process": {"capabilities": ["CAP_KILL", "CAP_SYS_ADMIN"]}, "network": "host"}}' >"$D/kill.json"
	echo '{"version": "1.0"}' >"$D/nothing.json"
	image_tar "$D"
	start_daemon "$D/a" "" && start_daemon "$D/b" with_etc || return 1
	pod_in "" import "$D/image.tar" "$IMAGE" >"$D/import" 2>&1 || { cat "$D/import"; return 1; }
}

teardown_file() {
	[ -n "${D:-}" ] || return 0
	local d
	for d in a b; do
		docker -H "unix://$D/$d/sock" ps -aq | xargs -r docker -H "unix://$D/$d/sock" rm -f >/dev/null 2>&1
		stop_pid "$(cat "$D/$d/pid")"
	done
	pod_in "" rm -af -t 0 >/dev/null 2>&1
	nothing_of "$D"
}

setup() { need dockerd docker podman conmon; }

dock() { timeout 60 docker -H "unix://$D/a/sock" run --rm --network none "$@"; }
pod() { pod_in "" run --rm --network none "$@"; }
admin_dock() { timeout 60 docker -H "unix://$D/b/sock" run --rm --network none "$@"; }
admin_pod() { pod_in with_etc run --rm --network none "$@"; }
has_annotations() {
	local api
	api=$(docker -H "unix://$D/a/sock" version -f '{{.Server.APIVersion}}')
	printf '1.43\n%s\n' "$api" | sort -CV || skip "this docker has no --annotation (API $api)"
}

good() { [ "$status" -eq 0 ] || { printf 'exit %s:\n%s\n' "$status" "$output"; return 1; }; }
bad() { [ "$status" -ne 0 ] && [ "$status" -ne 124 ] || { printf 'exit %s:\n%s\n' "$status" "$output"; return 1; }; }

# What an annotation takes away, by the engine's run command.
takes_away() {
	run "$1" --annotation "org.wasirun.manifest=$D/nothing.json" $IMAGE tool do caps \; status NoNewPrivs Seccomp \; socket 2 \; socket 1
	line CapEff=0000000000000000 CapBnd=0000000000000000 NoNewPrivs=1 Seccomp=2 "socket: ENOSYS" "socket: ok"
	run "$1" --annotation "org.wasirun.manifest=$D/kill.json" $IMAGE tool caps
	good
	line CapEff=0000000000000020 CapBnd=0000000000000020
}

# It cannot widen, and one that is not there or not understood stops the container.
never_widens() {
	run "$1" --cap-drop ALL --annotation "org.wasirun.manifest=$D/kill.json" $IMAGE tool caps
	good
	line CapEff=0000000000000000 CapBnd=0000000000000000
	run "$1" --annotation "org.wasirun.manifest=$D/no-such-file" $IMAGE echo ran
	bad
	lacks ran
	has no-such-file
}

# The administrator's, for a container that asked for nothing.
administrator() {
	run "$1" $IMAGE tool do caps \; status NoNewPrivs
	good
	line CapEff=0000000000000000 NoNewPrivs=1
	run "$1" -v "$D/vol:/data" $IMAGE sh -c 'touch /data/x || echo read-only'
	good
	line read-only
	run "$1" -v "$D/vol:/scratch" $IMAGE sh -c 'touch /scratch/x && echo written'
	good
	line written
	run "$1" -v "$D/vol:/else" $IMAGE echo ran
	bad
	lacks $'\nran'
	has '"filesystem": {"read": ["/else"]} would'
}

@test "docker: an annotation takes away" { has_annotations; takes_away dock; }
@test "podman: an annotation takes away" { takes_away pod; }
@test "docker: an annotation never widens" { has_annotations; never_widens dock; }
@test "podman: an annotation never widens" { never_widens pod; }
@test "docker: the administrator's manifest holds for every container" { administrator admin_dock; }
@test "podman: the administrator's manifest holds for every container, and beside an annotation" {
	administrator admin_pod
	run admin_pod --annotation "org.wasirun.manifest=$D/kill.json" $IMAGE tool caps
	good
	line CapEff=0000000000000000
}
