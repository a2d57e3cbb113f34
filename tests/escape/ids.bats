load helpers

# Container ids that are paths. Only in a mount namespace of its own with a private /run and /tmp/p: a runtime that gets it wrong erases
# what lies above its state root.

# hostile COMMAND...: runs it there, with /tmp/p/root as state root; prints what is left of the canaries
hostile() {
	unshare -m bash -c '
		mount -t tmpfs p /run && mkdir -p /run/p/root /run/p/other && chmod 700 /run/p/root && echo canary >/run/p/canary && echo x >/run/p/other/f || exit 99
		"$@" </dev/null
		rc=$?
		[ -e /run/p/canary ] && [ -e /run/p/other/f ] && [ -d /run/p/root ] || echo "CANARY GONE"
		find /run -mindepth 1 | grep -vxE "/run/p|/run/p/(canary|other|other/f|root|root/@.*)" && echo "SOMETHING MADE"
		exit $rc' - timeout 10 "$@" 3>&- 4>&-
}

ids() {
	printf '%s\n' . .. ../x a/b /abs x/../y 'a b' $'a\tb' '%s%n' é x:y 'a;b' '*' "$(printf 'x%.0s' {1..1100})"
}

@test "T34: every command refuses ids that are no names, and touches nothing" {
	local id c
	program true
	write_config
	while IFS= read -r id; do
		for c in "state" "start" "kill" "delete" "delete --force" "pause" "resume" "ps" "events --stats" "update --pids-limit 5" "exec"; do
			# shellcheck disable=SC2086
			case $c in
			exec) run hostile "$RUNTIME" --root /run/p/root exec -- "$id" /bin/true ;;
			*) run hostile "$RUNTIME" --root /run/p/root $c -- "$id" ;;
			esac
			lacks "CANARY GONE" "SOMETHING MADE"
			[ "$status" -ne 99 ]
			[ -z "$WASIRUN" ] || [ "$status" -ne 0 ] || { echo "accepted: $c '$id'"; return 1; }
		done
		for c in create run; do
			run hostile "$RUNTIME" --root /run/p/root $c --bundle "$BUNDLE" -- "$id"
			lacks "CANARY GONE" "SOMETHING MADE"
			[ "$status" -ne 0 ] || { echo "accepted: $c '$id'"; return 1; }
		done
	done < <(ids)
}

@test "T34: an empty id" {
	local c
	program true
	write_config
	for c in state start kill delete "delete --force" pause resume ps; do
		# shellcheck disable=SC2086
		run hostile "$RUNTIME" --root /run/p/root $c ""
		lacks "CANARY GONE" "SOMETHING MADE"
		[ -z "$WASIRUN" ] || [ "$status" -ne 0 ] || { echo "accepted: $c ''"; return 1; }
	done
	run hostile "$RUNTIME" --root /run/p/root run --bundle "$BUNDLE" ""
	[ "$status" -ne 0 ]
	lacks "CANARY GONE" "SOMETHING MADE"
}

@test "T35: a state root that others can write, that is a link, a file, or not ours" {
	wasirun_only
	program true
	write_config
	mkdir "$T/open"
	chmod 777 "$T/open"
	fails "$RUNTIME" --root "$T/open" run --bundle "$BUNDLE" "$ID"
	mkdir "$T/other"
	chmod 700 "$T/other"
	chown 1000:1000 "$T/other"
	fails "$RUNTIME" --root "$T/other" run --bundle "$BUNDLE" "$ID"
	echo >"$T/file"
	fails "$RUNTIME" --root "$T/file" run --bundle "$BUNDLE" "$ID"
	fails "$RUNTIME" --root / run --bundle "$BUNDLE" "$ID"
	same "$(ls -A "$T/open")$(ls -A "$T/other")" ""
}

@test "T35: a container's directory that is a link is not followed" {
	wasirun_only
	canaries
	mkdir -m 700 "$T/root"
	ln -s "$T/can" "$T/root/$ID"
	run rt delete --force "$ID"
	run rt state "$ID"
	[ "$status" -ne 0 ]
	untouched
	rm -f "$T/root/$ID"
}

@test "T33: a copy with the setuid bit refuses to work" {
	wasirun_only
	cp "$RUNTIME" "$T/suid"
	chmod 4755 "$T/suid"
	chmod 755 "$T"
	fails setpriv --reuid 1000 --regid 1000 --clear-groups "$T/suid" --root "$T/r" list
	matches "set-?u"
	[ ! -u "$RUNTIME" ]
}
