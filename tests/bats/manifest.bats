load helpers

# in a directory of its own, with nothing of the caller's environment that a manifest could refer to
mf() {
	wasirun_only
	mkdir -p "$T/project"
	(cd "$T/project" && HOME=/srv/me WASI_SANDBOX_DIR='' rt manifest "$@")
}
put() { mkdir -p "$T/project" && printf '%s\n' "$2" >"$T/project/$1"; }

@test "check: ok, all errors with their places, exit codes" {
	put good.json '{"sandbox":"dev","version":"1.0","capabilities":{"filesystem":{"read":["/sandboxes/dev/x","./y"]}}}'
	put bad.json $'{"nosuch":1,\n "resources":{"memory":"x"}}'
	ok mf check good.json
	line "good.json: ok"
	run mf check good.json bad.json
	[ "$status" -eq 1 ]
	line "good.json: ok"
	has "bad.json:1:11: /nosuch: unknown property"
	has "bad.json:2:24: /resources/memory: expected a size"
	[ "${#lines[@]}" -eq 3 ]
	fails mf check missing.json
	has "missing.json"
	fails mf check
}

@test "check: standard input, --json, syntax" {
	run mf check --json - <<<'{"version":"1",}'
	[ "$status" -eq 1 ]
	jq -e '.[0] | .valid == false and (.errors | length) == 1 and .errors[0].line == 1' <<<"$output"
	run mf check - <<<'{}'
	[ "$status" -eq 0 ]
	run mf check - <<<'{"filesystem":{"read":["./x"]}}'
	[ "$status" -eq 1 ]
	has "came from no file"
}

@test "check --found: nothing loosens" {
	put host.json '{"network":"host"}'
	ok mf check host.json
	run mf check --found host.json
	[ "$status" -eq 1 ]
	has "found and not named"
}

@test "includes are files beside the manifest" {
	mkdir -p "$T/project/sub"
	put sub/a.json '{"include":["./b.json"],"resources":{"pids":3}}'
	put sub/b.json '{"filesystem":{"read":["./data"]}}'
	put m.json '{"include":["./sub/a.json","profile:redis"]}'
	ok mf normalize m.json
	jq -e --arg p "$T/project/sub/data" '.capabilities | .filesystem.read == [$p] and .resources.pids == 3 and .syscalls.profile == "database"' <<<"$output"
	put m.json '{"include":["./sub/c.json"]}'
	run mf check m.json
	[ "$status" -eq 1 ]
	has "/include/0"
}

@test "variables: where the sandboxes are" {
	put m.json '{"sandbox":"dev","filesystem":{"read":["/sandboxes/dev/x","~/h","${PWD}/p"]}}'
	ok mf explain m.json
	has "(on the host $T/project/.sandboxes/dev/x)"
	has "/srv/me/h"
	has "$T/project/p"
	ok mf explain --sandbox-dir /srv/trees/1 m.json
	has "on the host /srv/trees/1/x"
	ok mf explain --json --sandbox other m.json
	jq -e '.sandbox == "other" and (.read | map(.what) | index("/sandboxes/dev/x")) and .listen == []' <<<"$output"
}

@test "normalize: what it writes means the same" {
	ok mf new database
	put db.json "$output"
	ok mf normalize db.json
	put n.json "$output"
	ok mf normalize n.json
	[ "$output" = "$(cat "$T/project/n.json")" ]
	ok mf diff db.json n.json
	[ -z "$output" ]
	ok mf normalize --json db.json
	[ "${#lines[@]}" -eq 1 ]
}

@test "diff: 0, 1 and 2" {
	put a.json '{"resources":{"memory":"1G"},"network":{"connect":["a:1"]}}'
	put b.json '{"resources":{"memory":"2G"}}'
	ok mf diff a.json a.json
	run mf diff a.json b.json
	[ "$status" -eq 1 ]
	line "- network.connect tcp://a:1  (grants less)"
	line "+ resources.memory 2G  (grants more)"
	run mf diff --json a.json b.json
	[ "$status" -eq 1 ]
	jq -e 'map(.grants) == ["less", "more"]' <<<"$output"
	put r.json '{"filesystem":{"root":"host-ro"},"resources":{"memory":"1G"},"network":{"connect":["a:1"]}}'
	put d.json '{"filesystem":{"root":"dir:/srv"},"resources":{"memory":"1G"},"network":{"connect":["a:1"]}}'
	run mf diff a.json r.json
	line "+ filesystem.root host-ro  (grants more)"
	run mf diff d.json a.json
	line "+ filesystem.root empty  (grants less)"
	run mf diff r.json d.json
	line "+ filesystem.root dir:/srv"
	run mf diff a.json missing.json
	[ "$status" -eq 2 ]
	put c.json '{"resources":{"memory":"x"}}'
	run mf diff a.json c.json
	[ "$status" -eq 2 ]
	has "c.json:1:24"
}

@test "--restrict: a policy takes away and never adds" {
	put m.json '{"sandbox":"dev","filesystem":{"write":["/sandboxes/dev/a","/srv"]},"network":{"connect":["*:80-90"]},"resources":{"memory":"1G"}}'
	put p.json '{"filesystem":{"read":["/srv"],"write":["${SANDBOX_DIR}"]},"network":{"connect":["10.0.0.0/8:85"],"listen":["*:1"]}}'
	put q.json '{"resources":{"memory":"2G","pids":9}}'
	ok mf normalize --restrict p.json --restrict q.json m.json
	jq -e '.capabilities | .network == {"connect":["tcp://10.0.0.0/8:85"]} and .filesystem == {"read":["/srv"],"write":["/sandboxes/dev/a"]}
		and .resources == {"memory":"1G","pids":9}' <<<"$output"
	put p.json '{"nosuch":1}'
	fails mf explain --restrict p.json m.json
	has "p.json:1:11: /nosuch"
}

@test "new: every example and every profile is right" {
	local n
	for n in minimal build database python-script web-server postgres mariadb redis code web; do
		ok mf new "$n"
		put "$n.json" "$output"
		ok mf check "$n.json"
		ok mf explain "$n.json"
	done
	ok mf new --file made.json
	fails mf new --file made.json
	has "exists"
	fails mf new nosuch
	has "web-server"
}

@test "schema is JSON, a wrong subcommand names the nearest" {
	ok mf schema
	jq -e '."$schema" == "https://json-schema.org/draft/2020-12/schema" and .additionalProperties == false' <<<"$output"
	fails mf chekc x
	has 'did you mean "check"?'
	fails mf normalize
	fails mf schema x
	fails mf
}

@test "text for people: 80 columns, no colour, no control characters" {
	put m.json '{"sandbox":"dev","filesystem":{"read":["/sandboxes/dev/é"]},"environment":{"A":"\u001b[31m"}}'
	ok mf explain m.json
	lacks $'\033'
	awk 'length > 80 { exit 1 }' <<<"$output"
}
