# builtin.awk - JSON files to rows of C: PROFILE("web", "...") and EXAMPLE("web-server", "...").
FNR == 1 {
	if (NR > 1)
		print ")"
	name = FILENAME
	sub(/.*\//, "", name)
	sub(/\.json$/, "", name)
	printf "%s(\"%s\",", FILENAME ~ /profiles\// ? "PROFILE" : "EXAMPLE", name
}
{
	gsub(/\\/, "\\\\")
	gsub(/"/, "\\\"")
	printf "\n\t\"%s\\n\"", $0
}
END { print ")" }
