#!/bin/sh
# Measures many networks at several settings and batch sizes on the machine it is on and leaves one text profile for each
# network and setting in a folder. Needs only edgesplit-profile: no network, nothing to install.
set -eu
LC_ALL=C
export LC_ALL

usage="usage: measure.sh --out FOLDER [--budget TIME] [--list] [options] [-- OPTION...]

  --out FOLDER           where the profiles go, NETWORK.SETTING.profile; what is there already is not measured again
  --budget TIME          end within that time, e.g. 30min, 2h, 90s (default: when all is done)
  --list                 print the plan and how long it may take, and measure nothing
  --backend NAME         as of \`edgesplit-profile list\` (default: onednn)
  --setting NAME=TEXT    a setting and what its profiles are called; may be repeated (default: onednn
                         fast=isa:best,threads:all and slow=isa:sse41,threads:1, else default=)
  --network NAME[:LIST]  of the zoo, or FILE.model, with its own batch sizes; may be repeated (default: seven networks at
                         the batch sizes below, the other EfficientNets of the paper at batch 1)
  --models FOLDER        every FILE.model in it
  --batch LIST           batch sizes (default: 1,2,4,8,16)
  --resolution N         pixels per side, of networks of the zoo
  --time-box TIME        longest time per measurement (default: 20s)
  --program PATH         edgesplit-profile (default: beside this script, else on PATH)
  -- OPTION...           more options for \`edgesplit-profile run\`, e.g. --segments

Cheapest first; what is too long for at least five passes of each kind in the time box is left out. Interrupted or at the end of its time it can be started again and goes on. Exit status: 0 all is measured,
1 some measurements failed, 64 wrong usage, 69 no edgesplit-profile, 75 interrupted or out of time."

full="efficientnet-b0 efficientnet-b1 efficientnet-b4 efficientnet-v2-b0 efficientnet-v2-s mobilenet-v2 resnet50"
single="efficientnet-b2 efficientnet-b3 efficientnet-b5 efficientnet-b6 efficientnet-v2-b1 efficientnet-v2-b2
efficientnet-v2-b3 efficientnet-v2-m efficientnet-v2-l"

# fail STATUS MESSAGE
fail() {
    printf 'measure.sh: %s\n' "$2" >&2
    exit "$1"
}

# seconds TEXT: a time as whole seconds; fails if it is none.
seconds() {
    printf '%s\n' "$1" | awk '
        match($0, /^[0-9]+(\.[0-9]+)?(s|min|h|d)$/) {
            unit = $0; sub(/^[0-9.]+/, "", unit)
            print int($0 * (unit == "s" ? 1 : unit == "min" ? 60 : unit == "h" ? 3600 : 86400)); found = 1
        }
        END { exit !found }'
}

# need OPTION WORDS: an option has a value.
need() { [ "$2" -ge 2 ] || fail 64 "$1 needs a value"; }

out='' budget='' list=no backend=onednn settings='' networks='' models='' batches=1,2,4,8,16 resolution='' box_text=20s
program=''
while [ $# -gt 0 ]; do
    case $1 in
    --out) need "$1" $#; out=$2; shift 2 ;;
    --budget) need "$1" $#; budget=$(seconds "$2") || fail 64 "--budget $2: expected a time such as 30min"; shift 2 ;;
    --list) list=yes; shift ;;
    --backend) need "$1" $#; backend=$2; shift 2 ;;
    --setting)
        need "$1" $#
        case $2 in
        *[[:space:]]* | =* | */*=*) fail 64 "--setting $2: expected NAME=TEXT without spaces" ;;
        *=*) ;;
        *) fail 64 "--setting $2: expected NAME=TEXT" ;;
        esac
        settings="$settings $2"; shift 2 ;;
    --network) need "$1" $#; networks="$networks$2
"; shift 2 ;;
    --models) need "$1" $#; models=$2; shift 2 ;;
    --batch) need "$1" $#; batches=$2; shift 2 ;;
    --resolution) need "$1" $#; resolution=$2; shift 2 ;;
    --time-box) need "$1" $#; box_text=$2; shift 2 ;;
    --program) need "$1" $#; program=$2; shift 2 ;;
    --help | -h) printf '%s\n' "$usage"; exit 0 ;;
    --) shift; break ;;
    *) fail 64 "unknown option '$1'; --help says more" ;;
    esac
done
[ -n "$out" ] || fail 64 "--out FOLDER is missing; --help says more"
box=$(seconds "$box_text") || fail 64 "--time-box $box_text: expected a time such as 20s"
case $batches in *[!0-9,]* | '' | ,* | *, | *,,*) fail 64 "--batch $batches: expected whole numbers such as 1,2,4" ;; esac

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
[ -n "$program" ] || program=$here/edgesplit-profile
[ -x "$program" ] || program=$(command -v edgesplit-profile) || fail 69 "there is no edgesplit-profile; --program says where"

if [ -z "$settings" ]; then
    if [ "$backend" = onednn ]; then settings="fast=isa:best,threads:all slow=isa:sse41,threads:1"; else settings="default="; fi
fi
if [ -n "$models" ]; then
    [ -d "$models" ] || fail 64 "--models $models: no such folder"
    for file in "$models"/*.model; do
        [ -f "$file" ] || fail 64 "--models $models: no FILE.model in it"
        networks="$networks$file
"
    done
fi
if [ -z "$networks" ]; then
    networks=$(for name in $full; do echo "$name"; done; for name in $single; do echo "$name:1"; done)
fi

zoo=$("$program" list networks) || fail 69 "$program does not run"

# macs NETWORK: its multiply-accumulates per image.
macs() {
    case $1 in
    *.model) awk -F, '/^[0-9]/ { sum += $NF } END { if (!sum) exit 1; printf "%.0f\n", sum }' "$1" ;;
    *) printf '%s\n' "$zoo" | awk -v name="$1" -v pixels="${resolution:-0}" '
        BEGIN { gsub(/_/, "-", name) }
        $1 == name { print $3 * (pixels ? (pixels / $2) ^ 2 : 1); found = 1 }
        END { exit !found }' ;;
    esac
}

# Rough speeds, FLOP/s, which only the order and the expected time hang on.
flops() {
    case $backend:$1 in
    onednn:*sse41*) echo 2e10 ;;
    onednn:*) echo 1e11 ;;
    *) echo 3e12 ;;
    esac
}

# profile_of NETWORK SETTING_NAME: the path of its profile.
profile_of() {
    base=$(printf '%s' "${1##*/}" | tr '_' '-')
    printf '%s/%s%s.%s.profile\n' "$out" "${base%.model}" "${resolution:+.$resolution}" "$2"
}

# is_done PROFILE BATCH
is_done() { [ -f "$1" ] && awk -F, -v batch="$2" '$1 == "whole" && $5 == batch { found = 1 } END { exit !found }' "$1"; }

# One line for each measurement, cheapest first: seconds of a pass, expected seconds, batch, setting, network. The expected
# seconds are "-" where the time box has no room for three passes of warm-up and five samples, of both kinds.
plan=$(printf '%s' "$networks" | {
    while IFS= read -r line || [ -n "$line" ]; do
        [ -n "$line" ] || continue
        network=$line own=$batches
        case $line in
        *:*) network=${line%:*} own=${line##*:} ;;
        esac
        case $own in *[!0-9,]* | '') fail 64 "--network $line: expected NAME:1,2,4" ;; esac
        sum=$(macs "$network") || fail 64 "--network $network: the zoo has none of that name, nor is it a FILE.model"
        for setting in $settings; do
            rate=$(flops "${setting#*=}")
            for batch in $(printf '%s' "$own" | tr ',' ' '); do
                awk -v macs="$sum" -v batch="$batch" -v rate="$rate" -v box="$box" -v rest="$setting $network" 'BEGIN {
                    pass = 2 * macs * batch / rate
                    all = 1 + 300 * pass
                    if (all > box + 1) all = box + 1
                    printf "%.6f %s %d %s\n", pass, (16 * pass > box ? "-" : sprintf("%.1f", all)), batch, rest }'
            done
        done
    done
} | sort -n -k 1,1)
[ -n "$plan" ] || exit 64

if [ "$list" = yes ]; then
    expected=0 n=0 n_done=0 n_long=0
    printf '%9s %9s  %5s  %-12s %s\n' 'expected' 'in all' batch setting network
    while read -r _ all batch setting network; do
        n=$((n + 1)) state=''
        if [ "$all" = - ]; then
            n_long=$((n_long + 1))
            printf '%9s %9s  %5s  %-12s %s\n' 'too long' '' "$batch" "${setting%%=*}" "$network"
            continue
        fi
        if is_done "$(profile_of "$network" "${setting%%=*}")" "$batch"; then
            state=' (done)' all=0 n_done=$((n_done + 1))
        fi
        expected=$(awk -v a="$expected" -v b="$all" 'BEGIN { printf "%.1f", a + b }')
        printf '%7.1f s %5.1f min  %5s  %-12s %s%s\n' "$all" "$(awk -v s="$expected" 'BEGIN { print s / 60 }')" "$batch" \
            "${setting%%=*}" "$network" "$state"
    done <<END
$plan
END
    most=$(((n - n_done - n_long) * (box + 5)))
    [ "$n_long" -eq 0 ] || printf '%d are too long for a time box of %s: fewer than five passes of each kind\n' "$n_long" "$box_text"
    printf '%d measurements, %d of them done; the others take %.0f min or so, %.0f min at most\n' "$((n - n_long))" "$n_done" \
        "$(awk -v s="$expected" 'BEGIN { print s / 60 }')" "$(awk -v s="$most" 'BEGIN { print s / 60 }')"
    exit 0
fi

mkdir -p "$out"
child=''
interrupted() {
    trap '' INT TERM HUP
    if [ -n "$child" ]; then
        kill -TERM "$child" 2>/dev/null || :
        wait "$child" || :
    fi
    fail 75 "interrupted; the same command goes on"
}
trap interrupted INT TERM HUP

# Measurements end before the budget does: the next begins only if the longest there may be still fits.
start=$(date +%s) longest=$((box * 9 / 8 + 5)) n_failed=0 n_measured=0 n_left=0 n_long=0
case " $* " in *' --segments '*) longest=$((2 * longest)) ;; esac
while read -r _ all batch setting network; do
    if [ "$all" = - ]; then
        n_long=$((n_long + 1))
        continue
    fi
    profile=$(profile_of "$network" "${setting%%=*}")
    is_done "$profile" "$batch" && continue
    before=$(date +%s)
    if [ -n "$budget" ] && [ $((before - start + longest)) -gt "$budget" ]; then
        n_left=$((n_left + 1))
        continue
    fi
    printf '%s %s, batch %s\n' "$network" "${setting%%=*}" "$batch" >&2
    # `"$@"` are the options for the program; a network of a file has its own resolution.
    case $network in
    *.model) pixels='' ;;
    *) pixels=$resolution ;;
    esac
    status=0
    "$program" run --model "$network" --backend "$backend" --setting "${setting#*=}" --batch "$batch" \
        --time-box "$box_text" ${pixels:+--resolution "$pixels"} --resume -o "$profile" "$@" </dev/null &
    child=$!
    wait "$child" || status=$?
    child=''
    case $status in
    0) n_measured=$((n_measured + 1)) ;;
    75) fail 75 "interrupted; the same command goes on" ;;
    *) n_failed=$((n_failed + 1)) ;;
    esac
    took=$(($(date +%s) - before))
    [ "$took" -le "$longest" ] || longest=$took
done <<END
$plan
END
printf '%d measured, %d failed, %d left for want of time, %d too long for the time box; profiles in %s\n' "$n_measured" \
    "$n_failed" "$n_left" "$n_long" "$out" >&2
[ "$n_failed" -eq 0 ] || exit 1
[ "$n_left" -eq 0 ] || exit 75
