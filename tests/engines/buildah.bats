# Buildah: RUN steps are containers of the runtime.
load helpers

bh() { timeout 90 buildah --root "$D/root" --runroot "$D/run" --storage-driver vfs "$@"; }

setup_file() {
	need buildah
	private_dir
	export D BUILDAH_ISOLATION=oci CONTAINERS_CONF=$D/containers.conf
	printf '[containers]\ndefault_ulimits=["nofile=1024:1024","nproc=4096:4096"]\n' >"$CONTAINERS_CONF"
	image_tar "$D"
}

teardown_file() {
	[ -n "${D:-}" ] || return 0
	bh rm -a >/dev/null 2>&1
	nothing_of "$D"
}

setup() {
	need buildah
	C=$(bh from scratch)
	bh add "$C" "$D/image.tar" / >/dev/null
}
teardown() { bh rm "$C" >/dev/null 2>&1 || true; }

b() { bh run --runtime "$RUNTIME" --network host "$@"; }

@test "buildah run: output, exit code, files stay" {
	run b "$C" -- sh -c 'echo hello >/made; echo hello'
	[ "$status" -eq 0 ]
	has hello
	run b "$C" -- cat /made
	has hello
	run b "$C" -- sh -c 'exit 3'
	[ "$status" -ne 0 ]
}

@test "buildah run: user, capabilities, volume, terminal" {
	run b --user 1000:1000 "$C" -- id -u
	has 1000
	run b --cap-drop all "$C" -- tool status CapEff
	has CapEff=0000000000000000
	mkdir -p "$D/vol"
	run b -v "$D/vol:/vol" "$C" -- touch /vol/f
	[ -e "$D/vol/f" ]
	run b -t "$C" -- tool tty
	has isatty=111
}

@test "buildah run: a program that does not exist" {
	run b "$C" -- /no/such/program
	[ "$status" -ne 0 ]
	has /no/such/program
}

@test "buildah bud: a Containerfile" {
	mkdir -p "$D/ctx"
	cp "$D/image.tar" "$D/ctx/"
	printf 'FROM scratch\nADD image.tar /\nRUN echo built >/etc/built && test "$(cat /etc/built)" = built\nRUN mkdir /d && chown 1000:1000 /d\n' >"$D/ctx/Containerfile"
	run bh bud --runtime "$RUNTIME" --network host -t "$IMAGE-built" "$D/ctx"
	[ "$status" -eq 0 ] || { echo "$output"; return 1; }
}
