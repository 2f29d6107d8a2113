# SPDX-FileCopyrightText: The vouch authors
# SPDX-License-Identifier: Apache-2.0
#
# Reads the output of `go test -v` for several packages. Prints one line of a package
# that passes, and of one that fails everything but what passed. Appends the reason
# of every skipped test to the file that the variable skipped names.

# The test whose output follows.
/^=== (RUN|CONT|NAME) / { test = $3; next }
/^=== PAUSE / { next }

# A test's last line before it is skipped is its reason, after file and line.
/^ *--- SKIP: / {
	reason = last[$3]
	sub(/^ *[^ ]+\.go:[0-9]+: /, "", reason)
	print (reason == "" ? "no reason given: " $3 : reason) >> skipped
	next
}
/^ *--- PASS: / { next }
/^PASS$/ { next }

# The end of a package.
/^ok  \t/ || /^\?   \t/ {
	if ($0 !~ /\[no test files\]$/) print
	forget()
	next
}
/^FAIL\t/ {
	for (i = 1; i <= n; i++) print block[i]
	print
	forget()
	next
}

{ block[++n] = $0; if (test != "") last[test] = $0 }

function forget() { n = 0; test = ""; split("", last); split("", block); fflush() }

# What did not belong to a package: errors of the build, of the command itself.
END { for (i = 1; i <= n; i++) print block[i] }
