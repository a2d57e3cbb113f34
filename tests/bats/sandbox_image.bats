load helpers
load sandbox_helpers

# `--image`: layouts are made here, of layers made here; the programs of redis are in the lowest one. Each test has a store of its own.

setup_file() {
	[ -x /usr/bin/python3 ] && command -v redis-server redis-cli busybox >/dev/null || return 0
	"$BATS_TEST_DIRNAME/../engines/db-tree" redis "$BATS_FILE_TMPDIR/redis"
	tar -C "$BATS_FILE_TMPDIR/redis" -cf "$BATS_FILE_TMPDIR/redis.tar" .
}

eval "$(declare -f setup | sed '1s/setup/common_setup/')"
setup() {
	common_setup
	need_engine redis
	[ -e "$BATS_FILE_TMPDIR/redis.tar" ] || skip "no python3 or busybox on this machine"
	REDIS=$BATS_FILE_TMPDIR/redis.tar
	mkdir "$T/store"
	export WASIRUN_TEMPLATES=$T/store/templates
	IMAGES=$T/store/images
	PORT=$((23000 + BASHPID % 7000)) # leases are the store's, but ports are the machine's
}

# layer FILE <<< 'f("name", "text", mode); d("name", mode); l("name", "target"); h("name", "target"); n("device")'
layer() {
	python3 -c '
import sys, tarfile, io
t = tarfile.open(sys.argv[1], "w")
def add(name, kind, mode, link="", text=b""):
    i = tarfile.TarInfo(name)
    i.type, i.mode, i.linkname, i.size = kind, mode, link, len(text)
    t.addfile(i, io.BytesIO(text))
def f(name, text="", mode=0o644): add(name, tarfile.REGTYPE, mode, "", text.encode())
def d(name, mode=0o755): add(name, tarfile.DIRTYPE, mode)
def l(name, to): add(name, tarfile.SYMTYPE, 0o777, to)
def h(name, to): add(name, tarfile.LNKTYPE, 0o644, to)
def n(name): add(name, tarfile.CHRTYPE, 0o666)
exec(sys.stdin.read())
t.close()' "$1"
}

# layout DIR LAYER[:gz|:zstd]...: ARCH=other; ENV_PATH=of the image; NESTED=yes: an index in the index, other platforms first
layout() {
	python3 -c '
import sys, os, json, hashlib, subprocess
out, arch, path, nested = sys.argv[1:5]
os.makedirs(out + "/blobs/sha256", exist_ok=True)
def blob(data, kind, **more):
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    name = hashlib.sha256(data).hexdigest()
    with open(out + "/blobs/sha256/" + name, "wb") as f: f.write(data)
    return dict(more, digest="sha256:" + name, size=len(data), mediaType="application/vnd.oci.image." + kind)
layers = []
for arg in sys.argv[5:]:
    name, _, by = arg.partition(":")
    data = subprocess.run([{"gz": "gzip", "zstd": "zstd"}[by], "-1qc", name], stdout=subprocess.PIPE, check=True).stdout if by else open(name, "rb").read()
    layers.append(blob(data, "layer.v1.tar" + {"": "", "gz": "+gzip", "zstd": "+zstd"}[by]))
config = blob({"os": "linux", "architecture": arch, "config": {"Env": ["A=b", "PATH=" + path]}}, "config.v1+json")
entries = [blob({"schemaVersion": 2, "config": config, "layers": layers}, "manifest.v1+json")]
if nested:
    entries[0]["platform"] = {"os": "linux", "architecture": arch}
    other = [dict(entries[0], digest="sha256:" + "0" * 64, platform=dict(os=o, architecture=a)) for o, a in (("unknown", "unknown"), ("linux", "vax"))]
    entries = [blob({"schemaVersion": 2, "manifests": other + entries}, "index.v1+json")]
json.dump({"schemaVersion": 2, "manifests": entries}, open(out + "/index.json", "w"))
json.dump({"imageLayoutVersion": "1.0.0"}, open(out + "/oci-layout", "w"))' "$1" "${ARCH:-$(arch_name)}" "${ENV_PATH:-/usr/bin:/bin}" "${NESTED:-}" "${@:2}"
}
arch_name() {
	case $(uname -m) in
	x86_64) echo amd64 ;;
	aarch64) echo arm64 ;;
	*) uname -m ;;
	esac
}
rootfs() { echo "$IMAGES"/*/rootfs; }
empty_store() { [ -z "$(ls -A "$IMAGES" 2>/dev/null)" ] || { ls -lA "$IMAGES"; return 1; }; }

@test "an image layout: unpacked once, the server is the image's; prune removes it when no sandbox uses it" {
	NESTED=yes layout ../layout "$REDIS:gz"
	chmod 700 ../layout # whoever the data belong to: we read it
	up redis dev "$PORT" --image ../layout
	has "unpacking the image $T/layout (once)"
	same "$(sql dev PING)" PONG
	ok inside dev /bin/busybox true
	same "$(find "$IMAGES" -name blobs -o -name layer)" ""
	same "$(stat -c %a "$IMAGES" "$IMAGES"/*)" $'700\n700'
	rm -r ../layout/blobs/sha256/"$(jq -r '.manifests[0].digest[7:]' ../layout/index.json)"
	does restart dev
	does prune # what tests beside this one left is among it
	lacks "image"
	does destroy dev
	does prune -n
	matches "^would remove image [0-9a-f]{12}: no sandbox uses it"
	[ -d "$(rootfs)" ]
	does prune
	matches "^removed image [0-9a-f]{12}"
	empty_store
}

@test "prune: an image is kept for sandboxes of other trees; one that is gone is told, and comes again" {
	layout ../layout "$REDIS"
	does create --dir "$T/boxes" redis dev --image ../layout
	does create redis two --image ../layout
	lacks unpacking
	does destroy two
	does prune
	has "nothing to prune"
	rm -r "${IMAGES:?}"/*
	refuses start --dir "$T/boxes" dev
	has "create --image unpacks it again"
	does create redis two --image ../layout
	has unpacking
	does start --dir "$T/boxes" dev
}

@test "an ordinary user: an image layout, sandbox and prune" {
	layout ../layout "$REDIS"
	chmod -R a+rX ../layout
	as_4711
	up redis dev "$PORT" --image ../layout
	same "$(sql dev PING)" PONG
	same "$(find "$IMAGES" ! -uid 4711)" ""
	does destroy dev
	does prune
	empty_store
}

@test "sudo: the image belongs to the caller" {
	layout ../layout "$REDIS"
	chown 4711:4711 "$T" "$T/store" "$T/tree"
	export SUDO_UID=4711 SUDO_GID=4711
	up redis dev "$PORT" --image ../layout
	same "$(sql dev PING)" PONG
	same "$(find "$IMAGES" ! -uid 4711)" ""
	does destroy dev
	does prune
	empty_store
}

@test "layers: whiteouts, opaque directories, odd names, hard links, modes, devices, what was a directory and is a link now" {
	command -v zstd >/dev/null || skip "no zstd on this machine"
	layer ../one.tar <<-'P'
	d("odd"); f("odd/a\nb"); f("odd/-rf"); f("odd/q '\"\\*"); f("odd/n\n.wh.keep"); f("odd/keep"); f("odd/é")
	f("gone"); d("gonedir"); f("gonedir/x"); d("opaque"); f("opaque/old"); d("dir"); f("dir/x"); l("link", "odd"); f("file")
	d("ro", 0o555); f("ro/x", "", 0o444); d("none", 0); f("none/y"); f("suid", "#!", 0o6755); h("hard", "odd/keep"); n("node"); d("dev"); n("dev/null")
	P
	layer ../two.tar <<-'P'
	f(".wh.gone"); f("./.wh.gonedir"); d("opaque"); f("opaque/new"); f("opaque/.wh..wh..opq"); l("dir", "odd"); d("link"); f("link/in"); d("file"); f("file/z")
	f("odd/.wh.a\nb"); f("odd/.wh.-rf"); d("ro", 0o555); f("ro/added"); h("hard2", "odd/keep"); f("odd/.wh.."); f("none/.wh.y"); f("none/.wh.nothing")
	P
	layout ../layout "$REDIS" ../one.tar:zstd ../two.tar:gz ../two.tar:gz
	does create redis dev --image ../layout
	cd "$(rootfs)"
	same "$(LC_ALL=C ls -b odd)" $'keep\nn\\n.wh.keep\nq\\ \'"\\\\*\n\\303\\251'
	[ ! -e gone ] && [ ! -e gonedir ] && [ ! -e node ] && [ ! -e dev/null ]
	same "$(ls opaque link file ro none)" "$(printf '%s\n' file: z '' link: in '' none: '' opaque: new '' ro: added x)"
	same "$(readlink dir)" odd
	same "$(stat -c %a suid)" 755
	same "$(stat -c %h odd/keep)" 3
	same "$(find . -perm /6000)" ""
	cd "$T/tree"
	does destroy dev
	does prune
	empty_store
}

@test "hostile layers: nothing is written or removed outside, and what cannot be is refused without a trace" {
	mkdir "$T/victim"
	chmod 777 "$T/victim"
	echo safe >"$T/victim/file"
	V=$T/victim layer ../links.tar <<-'P'
	import os; v = os.environ["V"]
	l("abs", v); l("up", "../../../../../../../.." + v); d("x"); l("x/here", ".."); l("etc2", "/etc")
	P
	V=$T/victim layer ../through.tar <<-'P'
	import os; v = os.environ["V"]
	f("abs/new"); f("abs/.wh.file"); f("up/.wh.file"); f("up/new"); f("up/.wh..wh..opq"); f("etc2/.wh.passwd"); f(v + "/absolute")
	P
	layout ../layout "$REDIS" ../links.tar ../through.tar
	does create redis dev --image ../layout
	same "$(ls "$T/victim")" file
	[ -e "$(rootfs)/$T/victim/absolute" ] && [ -d "$(rootfs)/abs" ] && [ ! -L "$(rootfs)/abs" ]
	does destroy dev
	does prune
	layer ../up.tar <<<"f('../../up'); f('../up')"
	layer ../hard.tar <<<"h('shadow', '/etc/hostname'); h('shadow2', '../../../../../../etc/hostname')"
	layer ../deep.tar <<<"[d('d/' * i) for i in range(1, 90)]"
	layer ../bomb.tar <<<"t.pax_headers = {}; i = tarfile.TarInfo('x'); i.size = 1 << 36; t.fileobj.write(i.tobuf(tarfile.GNU_FORMAT)); t.offset += 512"
	for l in up hard deep bomb; do
		rm -rf ../layout
		layout ../layout ../$l.tar:gz
		refuses create redis $l --image ../layout
		has "could not be unpacked"
		empty_store
	done
}

@test "damage: blobs that lie, are missing, or are no files; other machines; no layers; several images; archives" {
	no() { # WHY
		refuses create redis dev --image ../layout
		has "$1"
		empty_store
		[ ! -e .sandboxes/dev ]
		rm -rf ../layout
		cp -a ../small ../layout
	}
	layer ../l.tar <<<"f('x')"
	layout ../small ../l.tar
	blob() { echo "../layout/blobs/sha256/$(jq -r "$1.digest[7:]" "${2:-../layout/index.json}")"; }
	layout ../layout "$REDIS"
	m=$(blob '.manifests[0]')
	truncate -s -512 "$(blob '.layers[0]' "$m")"
	no "is damaged"
	m=$(blob '.manifests[0]')
	rm "$(blob '.layers[0]' "$m")"
	no "no such file"
	m=$(blob '.manifests[0]')
	l=$(blob '.layers[0]' "$m") && mv "$l" "$T/moved" && ln -s "$T/moved" "$l"
	no "no regular file"
	rm "$(blob '.manifests[0]')"
	no "has no blobs/sha256/"
	echo >>"$(blob '.manifests[0]')"
	no "is damaged"
	rm ../layout/index.json && mkfifo ../layout/index.json
	no "no regular file"
	echo '{"manifests": [{"digest": "sha256:../../../../../etc/passwd"}]}' >../layout/index.json
	no "is no digest"
	echo '{"manifests": []}' >../layout/index.json
	no "holds no image"
	echo '{"manifests": [' >../layout/index.json
	no "index.json"
	jq '.manifests[0].platform = {os: "linux", architecture: "vax"}' ../layout/index.json >"$T/i" && cp "$T/i" ../layout/index.json
	no "is not for linux/"
	jq '.manifests += [.manifests[0] | .digest = "sha256:" + "0" * 64] | .manifests[0].annotations = {"org.opencontainers.image.ref.name": "a"} |
		.manifests[1].annotations = {"org.opencontainers.image.ref.name": "b"}' ../layout/index.json >"$T/i" && cp "$T/i" ../layout/index.json
	no "holds several images (a, b)"
	ARCH=vax layout ../layout ../l.tar
	no "but for linux/vax"
	layout ../layout
	no "has no layers"
	refuses create redis dev --image ../layout # this one can be unpacked
	has "redis is not installed in the image"
	rm -f ../layout/oci-layout && echo '[]' >../layout/manifest.json
	refuses create redis dev --image ../layout
	has "it is no OCI image layout" "podman save --format oci-dir"
	refuses create redis dev --image ../l.tar
	has "a directory is wanted" "tar -xf"
}

@test "an unpacking that was killed: nothing half-made is used; the next one or prune clears it away" {
	layer ../l.tar <<<"d('ro', 0o555); [f('ro/%d' % i, 'x' * 9000) for i in range(1500)]"
	layout ../layout "$REDIS" ../l.tar
	for how in prune create; do
		behind create redis dev --image ../layout
		until compgen -G "$IMAGES/.new-*/rootfs/bin" >/dev/null; do
			kill -0 $! || { cat "$T/behind"; false; }
			sleep 0.01
		done
		kill -9 $!
		wait $! || true
		[ "$how" = create ] || { does prune; matches "^removed image .new-.*: its unpacking was killed"; empty_store; }
	done
	does create redis dev --image ../layout
	has unpacking
	same "$(find "$IMAGES" -mindepth 1 -maxdepth 1 | wc -l)" 1
	same "$(ls "$(rootfs)/ro" | wc -l)" 1500
}

@test "two at once unpack it once" {
	layout ../layout "$REDIS:gz"
	behind create redis one --image ../layout
	does create redis two --image ../layout
	wait $!
	same "$(cat "$T/behind" "$T/out" | grep -c '^unpacking')" 1
}

@test "PATH of the image's configuration: programs in other places are found" {
	tar -C "$BATS_FILE_TMPDIR/redis" -cf ../r.tar --transform 's,^\./usr/bin,./opt/x/redis,;s,^\./usr/bin/\(redis\),./opt/x/redis/\1,' .
	ENV_PATH=/nowhere:/opt/x/redis layout ../layout ../r.tar
	up redis dev "$PORT" --image ../layout
	same "$(sql dev PING)" PONG
	ENV_PATH=/nowhere layout ../other ../r.tar
	refuses create redis two --image ../other
	has "redis is not installed in the image"
}

as_4711() {
	mkdir -p "$T/home"
	cp "$RUNTIME" "$T/runtime"
	chown -R 4711:4711 "$T/home" "$T/tree" "$T/store" "$T"
	RUNTIME=$T/runtime
	rt() { setpriv --reuid 4711 --regid 4711 --clear-groups --inh-caps=-all env HOME="$T/home" timeout -k 2 "$LIMIT" "$RUNTIME" --root "$T/root" "$@" 3>&- 4>&-; }
}
root_of() { echo '{"version": "1.0", "capabilities": {"filesystem": {"root": "'"$1"'"}}}' >"$T/tree/m.json"; }

@test "guard: roots oci:PATH and tar:PATH are unpacked once, read-only; a policy that does not let them be read takes them away" {
	layout ../layout "$REDIS:gz"
	gzip -1c "$REDIS" >"$T/redis.tgz"
	for by in root user; do
		[ $by = root ] || { rm -rf "$IMAGES"; as_4711; }
		for root in "oci:$T/layout" "tar:$T/redis.tgz"; do
			root_of "$root"
			ok rt guard --manifest m.json -- /bin/sh -c 'busybox | head -n 1; redis-server --version; touch /bin/x || echo kept'
			has "unpacking the image $T/" "BusyBox v" "Redis server v=" kept
			ok rt guard --manifest m.json -- /usr/bin/redis-server --version
			lacks unpacking
		done
		echo '{"version": "1.0", "capabilities": {"filesystem": {"root": "host-ro", "read": ["/usr"]}}}' >"$T/policy"
		if rt guard --manifest m.json --restrict "$T/policy" -- /usr/bin/redis-server --version >"$T/out" 2>&1; then false; fi
		output=$(cat "$T/out")
		has warning
		lacks "Redis server"
		echo '{"version": "1.0", "capabilities": {"filesystem": {"root": "host-ro", "read": ["'"$T"'"]}}}' >"$T/policy"
		ok rt guard --manifest m.json --restrict "$T/policy" -- /usr/bin/redis-server --version
		has "Redis server"
	done
	root_of "oci:$T/layout"
	ok rt manifest oci m.json --bundle "$T/tree/bundle" -- /usr/bin/redis-server --version
	same "$(jq -r .root.path bundle/config.json)" rootfs
	ok rt run --bundle "$T/tree/bundle" there
	has "Redis server v="
	fails rt manifest oci m.json
	has "manifest oci --bundle"
	root_of "oci:$T/store"
	fails rt guard --manifest m.json -- /bin/true
	has "is no OCI image layout"
	root_of "tar:$T/store"
	fails rt guard --manifest m.json -- /bin/true
	has "is no regular file"
	echo junk >"$T/junk"
	root_of "tar:$T/junk"
	fails rt guard --manifest m.json -- /bin/true
	has "could not be unpacked"
	does prune
	empty_store
}

@test "the root of a file system as it is" {
	up redis dev "$PORT" --image "$BATS_FILE_TMPDIR/redis"
	same "$(sql dev PING)" PONG
	empty_store
}
