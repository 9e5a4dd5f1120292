#!/bin/sh
# shell.sh SHELLCHECK SOURCE: every shell script of ours passes shellcheck.
set -eu
shellcheck=$1 source=$2
cd "$source"
find bootstrap .ci/run kernels tests -type f '(' -name '*.sh' -o -name bootstrap -o -path .ci/run ')' -exec "$shellcheck" {} +
