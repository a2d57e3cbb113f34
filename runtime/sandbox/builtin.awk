# builtin.awk - files of templates/ to rows of C: FILE("postgres/build.sh", "...").
FNR == 1 {
	if (NR > 1)
		print ")"
	name = FILENAME
	sub(/^templates\//, "", name)
	printf "FILE(\"%s\",", name
}
{
	gsub(/\\/, "\\\\")
	gsub(/"/, "\\\"")
	printf "\n\t\"%s\\n\"", $0
}
END { print ")" }
