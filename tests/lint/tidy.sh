#!/bin/sh
# tidy.sh CLANG_TIDY SOURCE BUILD JOBS: clang-tidy over our C files in BUILD/compile_commands.json, one process each:
# clang-tidy 14 reports sound va_lists as uninitialised from the second file of a process on.
set -eu
tidy=$1 source=$2 build=$3 jobs=$4
# Another version has other checks: what passes here must not fail elsewhere.
if ! "$tidy" --version | grep -q 'version 14\.'; then
    echo "skipped: $tidy is not version 14"
    exit 77
fi
sed -n 's/^ *"file": "\(.*\.c\)",\{0,1\}$/\1/p' "$build/compile_commands.json" |
    grep -E "^$source/(sim|kernels|analysis)/" | sort -u | tee "$build/tidy.files" |
    xargs -d '\n' -P "$jobs" -n 1 "$tidy" --quiet -p "$build"
echo "$(wc -l <"$build/tidy.files") files are clean"
