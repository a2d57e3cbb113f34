# containerd through ctr, with the runtime as the binary of its runc shim.
load helpers

setup_file() {
	need containerd ctr
	private_dir
	export D
	mkdir -p "$D"/{root,state}
	cat >"$D/config.toml" <<-C
		version = 2
		disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper"]
	C
	whole_cgroups containerd --config "$D/config.toml" --root "$D/root" --state "$D/state" --address "$D/sock" >"$D/log" 2>&1 </dev/null 3>&- 4>&- &
	echo $! >"$D/daemon"
	wait_for 30 ctr -a "$D/sock" version || { tail -20 "$D/log"; return 1; }
	# an image of one layer, in the layout of OCI
	image_tar "$D"
	python3 - "$D" <<-'P'
		import hashlib, json, os, sys
		d = sys.argv[1]
		os.makedirs(d + "/oci/blobs/sha256")
		def blob(data, kind):
		    h = hashlib.sha256(data).hexdigest()
		    open(d + "/oci/blobs/sha256/" + h, "wb").write(data)
		    return {"mediaType": "application/vnd.oci.image." + kind, "digest": "sha256:" + h, "size": len(data)}
		layer = blob(open(d + "/image.tar", "rb").read(), "layer.v1.tar")
		config = blob(json.dumps({"architecture": "amd64", "os": "linux", "config": {"Env": ["PATH=/bin"], "Cmd": ["sh"]},
		    "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}}).encode(), "config.v1+json")
		manifest = blob(json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
		    "config": config, "layers": [layer]}).encode(), "manifest.v1+json")
		manifest["annotations"] = {"io.containerd.image.name": "localhost/wasirun-test:1", "org.opencontainers.image.ref.name": "1"}
		open(d + "/oci/index.json", "w").write(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))
		open(d + "/oci/oci-layout", "w").write('{"imageLayoutVersion":"1.0.0"}')
	P
	tar -C "$D/oci" -cf "$D/oci.tar" .
	ctr -a "$D/sock" images import --snapshotter native "$D/oci.tar" >"$D/import" 2>&1 || { cat "$D/import"; return 1; }
}

teardown_file() {
	[ -n "${D:-}" ] || return 0
	stop_pid "$(cat "$D/daemon")"
	nothing_of "$D"
}

c() { timeout 60 ctr -a "$D/sock" "$@"; }
R() { echo "--runc-binary=$RUNTIME --snapshotter=native"; }
setup() { need ctr; N=wc-$BATS_TEST_NUMBER; }
teardown() {
	c tasks kill -s KILL "$N" >/dev/null 2>&1 || true
	wait_gone
	c tasks rm -f "$N" >/dev/null 2>&1 || true
	c containers rm "$N" >/dev/null 2>&1 || true
}
wait_gone() {
	local i
	for i in {1..50}; do
		c tasks ls 2>/dev/null | grep -q "^$N .*RUNNING" || return 0
		sleep 0.1
	done
}
# shellcheck disable=SC2046
up() { c run -d $(R) "$@" >"$D/$N.log" 2>&1 3>&- </dev/null || { cat "$D/$N.log"; return 1; }; }

# shellcheck disable=SC2046
@test "ctr run: output and exit code" {
	ok ctr -a "$D/sock" run --rm $(R) $IMAGE "$N" sh -c 'echo hello'
	same "$output" hello
	code 6 ctr -a "$D/sock" run --rm $(R) $IMAGE "$N" sh -c 'exit 6'
}

# shellcheck disable=SC2046
@test "ctr run: a program that does not exist" {
	fails ctr -a "$D/sock" run --rm $(R) $IMAGE "$N" /no/such/program
	has /no/such/program
}

# shellcheck disable=SC2046
@test "ctr run -t: a terminal" {
	run timeout 30 "$TOOL" pty 30x80 ctr -a "$D/sock" run --rm -t $(R) $IMAGE "$N" tool tty
	has isatty=111
}

@test "ctr tasks: exec, ps, pause, resume, kill, rm" {
	up $IMAGE "$N" sleep 60
	ok ctr -a "$D/sock" tasks exec --exec-id e1 "$N" echo inside
	same "$output" inside
	code 4 ctr -a "$D/sock" tasks exec --exec-id e2 "$N" sh -c 'exit 4'
	ok ctr -a "$D/sock" tasks ps "$N"
	ok ctr -a "$D/sock" tasks pause "$N"
	ok ctr -a "$D/sock" tasks ls
	has PAUSED
	ok ctr -a "$D/sock" tasks resume "$N"
	ok ctr -a "$D/sock" tasks metrics "$N"
	ok ctr -a "$D/sock" tasks kill -s KILL "$N"
	wait_gone
	ok ctr -a "$D/sock" tasks rm "$N"
}

# shellcheck disable=SC2046
@test "ctr run: seccomp, privileged, read-only, capabilities, memory" {
	run ctr -a "$D/sock" run --rm --seccomp $(R) $IMAGE "$N" tool do status Seccomp \; syscall acct 0
	line Seccomp=2
	lacks "acct: 0"
	ok ctr -a "$D/sock" run --rm --privileged $(R) $IMAGE "$N" tool status CapEff Seccomp
	line Seccomp=0
	ok ctr -a "$D/sock" run --rm --read-only $(R) $IMAGE "$N" sh -c 'touch /x; true'
	has "Read-only"
	ok ctr -a "$D/sock" run --rm --cap-drop CAP_KILL --env A=1 --cwd /tmp $(R) $IMAGE "$N" sh -c 'pwd; echo $A'
	line /tmp 1
	run c run --rm --memory-limit 33554432 $(R) $IMAGE "$N" tool memhog 200
	[ "$status" -ne 0 ]
}

@test "ctr events: an OOM kill is seen" {
	timeout 20 ctr -a "$D/sock" events >"$D/events" 2>&1 3>&- &
	local e=$!
	sleep 0.3
	up --memory-limit 33554432 $IMAGE "$N" sh -c 'sleep 1; tool memhog 200; sleep 60'
	wait_for 15 grep -q /tasks/oom "$D/events"
	kill $e
}
