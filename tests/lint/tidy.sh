#!/bin/sh
# tidy.sh CLANG_TIDY SOURCE BUILD JOBS: clang-tidy over our C files in BUILD/compile_commands.json, one process each:
# clang-tidy 14 reports sound va_lists as uninitialised from the second file of a process on. A file that was clean is
# not looked at again until it, a header of ours, the checks or the way it is compiled have changed: BUILD/tidy.clean has
# the digests of those.
set -eu
tidy=$1 source=$2 build=$3 jobs=$4
# Another version has other checks: what passes here must not fail elsewhere.
if ! "$tidy" --version | grep -q 'version 14\.'; then
    echo "skipped: $tidy is not version 14"
    exit 77
fi
folders="$source/sim $source/kernels $source/analysis"
# shellcheck disable=SC2086 # several folders
common=$({
    "$tidy" --version
    cat "$source/.clang-tidy" "$build/compile_commands.json"
    find $folders -name '*.h' -o -name '*.def' | LC_ALL=C sort | xargs -d '\n' cat
} | sha256sum)
mkdir -p "$build/tidy.clean"
sed -n 's/^ *"file": "\(.*\.c\)",\{0,1\}$/\1/p' "$build/compile_commands.json" |
    grep -E "^$source/(sim|kernels|analysis)/" | sort -u | tee "$build/tidy.files" |
    while read -r file; do
        digest=$({ printf '%s\n%s\n' "$common" "$file" && cat "$file"; } | sha256sum)
        mark=$build/tidy.clean/${digest%% *}
        [ -e "$mark" ] || printf '%s\n%s\n' "$file" "$mark"
    done >"$build/tidy.open"
# shellcheck disable=SC2016 # $0 .. $3 are those of the inner shell
xargs -r -d '\n' -P "$jobs" -n 2 sh -c '"$0" --quiet -p "$1" "$2" && : >"$3"' "$tidy" "$build" <"$build/tidy.open"
echo "$(wc -l <"$build/tidy.files") files are clean, $(($(wc -l <"$build/tidy.open") / 2)) of them looked at now"
