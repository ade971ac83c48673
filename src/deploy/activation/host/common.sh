# The part of a rollout that lives on the host, for any POSIX sh. It is sent over standard input, one verb at a time,
# and runs as root; `supervise` and `supervise-back` are run from a copy of it, detached from whoever started them.
#
#   /run/proteus/lock              the rollout that holds the host, and the process that does so for it
#   /run/proteus/ROLLOUT/state     key=value lines, replaced as a whole; written by the supervisor
#   /run/proteus/ROLLOUT/log       what the activation prints
#   /run/proteus/ROLLOUT/{beat,confirm,wish}   what the supervisor is told
#   /nix/var/nix/proteus/ROLLOUT   what was there before, until the new system is kept; it outlives a reboot
#   /nix/var/nix/gcroots/proteus   roots on the old and the new system for as long
#
# States: activating -> active -> confirmed -> kept; activating -> done (nothing is waited for); activating -> failed;
# from the first three, rolling-back -> rolled-back or back-failed; and rebooting, where the supervisor has left.
# Every line for Proteus begins with `proteus: `.
set -u
umask 077
run=/run/proteus
memories=/nix/var/nix/proteus
roots=/nix/var/nix/gcroots/proteus
profile=/nix/var/nix/profiles/system
PATH=$PATH:/run/current-system/sw/bin:/run/wrappers/bin:/nix/var/nix/profiles/default/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
# A holder that has said nothing for so long is taken for dead.
silence=60

say() { printf 'proteus: %s\n' "$*"; }
has() { command -v "$1" >/dev/null 2>&1; }
nap() { sleep "${1:-0.1}" 2>/dev/null || sleep 1; }
clock() { read -r up _ </proc/uptime; up=${up%%.*}; }
path_of() { case $(readlink -f "$1" 2>/dev/null) in /nix/store/*) readlink -f "$1" ;; esac; }

# Sets `started`: when process $1 was, in the kernel's ticks; nothing when it is gone.
start_of() {
  started=
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
  # shellcheck disable=SC2086 # its fields
  set -- ${stat##*) }
  case ${1:-X} in Z | X) ;; *) started=${20} ;; esac
}
is_alive() {
  [ -n "$1" ] && start_of "$1" && [ -n "$started" ] && [ "$started" = "$2" ]
}

# Sets `value`: that of key $2 in file $1.
get() {
  value=
  [ -f "$1" ] || return 0
  while IFS= read -r line; do
    case $line in "$2="*) value=${line#*=} ;; esac
  done <"$1"
}
get_state() { get "$run/$rollout/state" "$1"; }
# Sets `state` and whether its supervisor lives.
look() {
  get_state state; state=$value
  get_state pid; pid=$value
  get_state start; alive=no
  ! is_alive "$pid" "$value" || alive=yes
}
replace() { cat >"$1.new" && mv -f "$1.new" "$1"; }
beat() { clock; echo "$up" | replace "$run/$rollout/beat"; }

# Held for moments only, while it is decided whose the host is.
mutex() {
  mkdir -p "$run"
  chmod 700 "$run"
  if has flock; then
    exec 9>"$run/mutex"
    flock -w 30 9 || { say busy; exit 0; }
  else
    tries=0
    until mkdir "$run/mutex.d" 2>/dev/null; do
      tries=$((tries + 1))
      # Whoever made it was killed in the middle of moments.
      [ "$tries" -lt 100 ] || rmdir "$run/mutex.d" 2>/dev/null
      nap
    done
  fi
}
free_mutex() { if has flock; then exec 9>&-; else rmdir "$run/mutex.d" 2>/dev/null; fi; }

# Ends with `locked` when another rollout has the host: its holder is alive and was heard lately, or its supervisor is.
check_lock() {
  get "$run/lock" rollout; other=$value
  if [ -n "$other" ] && [ "$other" != "$rollout" ]; then
    get "$run/lock" since; since=$value
    get "$run/lock" pid; holder=$value
    get "$run/lock" start
    if is_alive "$holder" "$value"; then
      read -r heard 2>/dev/null <"$run/$other/beat" || heard=0
      clock
      [ "$((up - ${heard:-0}))" -ge "$silence" ] || refuse "$other" "$since"
    fi
  fi
  for each in "$run"/*/state; do
    [ -f "$each" ] || continue
    get "$each" rollout; other=$value
    [ "$other" != "$rollout" ] || continue
    get "$each" began; since=$value
    get "$each" pid; holder=$value
    get "$each" start
    if is_alive "$holder" "$value" || has_child "${each%/state}"; then refuse "$other" "$since"; fi
  done
}
# Whether an activation in folder $1 runs, be it that its supervisor was killed. Sets `child`.
has_child() {
  child=$(cat "$1/child" 2>/dev/null) || return 1
  case $(tr '\0' ' ' 2>/dev/null <"/proc/$child/cmdline") in *switch-to-configuration*) ;; *) return 1 ;; esac
}
# Ends it, and what it has started, gently at first.
end_child() {
  for signal in TERM KILL; do
    kill -s "$signal" -- "-$child" 2>/dev/null || kill -s "$signal" "$child" 2>/dev/null
    tries=0
    while start_of "$child"; [ -n "$started" ] && [ "$tries" -lt 50 ]; do tries=$((tries + 1)); nap; done
  done
}
refuse() {
  free_mutex
  say "locked $1 $2"
  exit 0
}

tell_state() {
  look
  if [ -f "$run/$rollout/state" ]; then
    while IFS= read -r line; do say "= $line"; done <"$run/$rollout/state"
    say "= alive=$alive"
  fi
  # Opened once: the supervisor may be about to forget it.
  {
    while IFS= read -r line; do
      case $line in
        boot=* | action=* | toplevel=*) say "= $line" ;;
        current=*) say "= before=${line#*=}"; say "= memory=yes" ;;
      esac
    done <"$memories/$rollout"
  } 2>/dev/null
  say .
}
forget() {
  rm -f "$memories/$1" "$roots/$1-current" "$roots/$1-profile" "$roots/$1-new"
}
