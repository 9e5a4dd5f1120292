#!/bin/sh
# traces.sh EDGESPLIT FOLDER: each generated trace of FOLDER is, byte for byte, what the command in its own header makes,
# and README.md beside it states that command; of each trace, measured ones too, it states the SHA-256.
set -eu
edgesplit=$1 folder=$2
made=$(mktemp)
trap 'rm -f "$made"' EXIT
failures=0 n=0

wrong() {
    echo "$1"
    failures=$((failures + 1))
}

for trace in "$folder"/*.csv; do
    n=$((n + 1))
    sum=$(sha256sum "$trace")
    grep -qF "${sum%% *}" "$folder/README.md" || wrong "README.md: no SHA-256 ${sum%% *} of ${trace##*/}"
    if grep -q '^# origin: measured' "$trace"; then
        continue
    fi
    command=$(sed -n 's/^# command: edgesplit //p' "$trace")
    printf '%s\n' "$command" | xargs "$edgesplit" >"$made" || wrong "$trace: its command fails"
    cmp "$made" "$trace" || wrong "$trace: its command makes other bytes"
    grep -qF "edgesplit $command -o traces/${trace##*/}" "$folder/README.md" ||
        wrong "README.md: not the command of ${trace##*/}"
done
echo "$n traces, $failures failures"
[ "$failures" -eq 0 ]
