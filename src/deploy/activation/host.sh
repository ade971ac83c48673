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
nap() { sleep 0.2 2>/dev/null || sleep 1; }
clock() { read -r up _ </proc/uptime; up=${up%%.*}; }
path_of() { case $(readlink -f "$1" 2>/dev/null) in /nix/store/*) readlink -f "$1" ;; esac; }

# Sets `started`: when process $1 was, in the kernel's ticks; nothing when it is gone.
start_of() {
  started=
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
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
    while start_of "$child"; [ -n "$started" ] && [ "$tries" -lt 25 ]; do tries=$((tries + 1)); nap; done
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
  if [ -f "$memories/$rollout" ]; then
    say "= memory=yes"
    get "$memories/$rollout" boot; say "= boot=$value"
    get "$memories/$rollout" action; say "= action=$value"
    get "$memories/$rollout" toplevel; say "= toplevel=$value"
    get "$memories/$rollout" current; say "= before=$value"
  fi
  say .
}

# Keeps the host for the rollout for as long as its standard input lasts; each line of it is a sign of life.
do_hold() {
  mutex
  check_lock
  get "$run/lock" rollout
  if [ "$value" = "$rollout" ]; then
    # Of a connection that is gone, and has not noticed.
    get "$run/lock" pid; holder=$value
    get "$run/lock" start
    ! is_alive "$holder" "$value" || kill "$holder"
  fi
  mkdir -p "$run/$rollout"
  beat
  start_of $$
  printf '%s\n' "rollout=$rollout" "since=$(date +%s)" "pid=$$" "start=$started" | replace "$run/lock"
  free_mutex
  say held
  while IFS= read -r _; do beat; say '~'; done
  mutex
  get "$run/lock" pid
  [ "$value" != $$ ] || rm -f "$run/lock"
  free_mutex
}

# What is there now, before anything is changed; once for a rollout, however often it begins anew.
remember() {
  [ ! -f "$memories/$rollout" ] || return 0
  mkdir -p "$memories" "$roots"
  chmod 755 "$roots"
  newest=0
  for link in "$profile"-*-link; do
    number=${link#"$profile"-}
    number=${number%-link}
    case $number in *[!0-9]* | '') ;; *) [ "$number" -le "$newest" ] || newest=$number ;; esac
  done
  current=$(path_of /run/current-system)
  before=$(path_of "$profile")
  [ -z "$current" ] || ln -sfn "$current" "$roots/$rollout-current"
  [ -z "$before" ] || ln -sfn "$before" "$roots/$rollout-profile"
  ln -sfn "$toplevel" "$roots/$rollout-new"
  {
    printf '%s\n' "action=$action" "toplevel=$toplevel" "current=$current" "profile=$before" "newest=$newest"
    printf '%s\n' "link=$(readlink "$profile" 2>/dev/null)" "boot=$(cat /proc/sys/kernel/random/boot_id)"
  } | replace "$memories/$rollout"
}
forget() {
  rm -f "$memories/$1" "$roots/$1-current" "$roots/$1-profile" "$roots/$1-new"
}
# What other rollouts have left, once this one is about to change what they remember.
tidy() {
  for each in "$run"/*/; do
    each=${each%/}
    [ "${each##*/}" = "$rollout" ] || [ "${each##*/}" = mutex.d ] || [ ! -d "$each" ] || rm -rf "$each"
  done
  for each in "$memories"/*; do
    each=${each##*/}
    [ "$each" = "$rollout" ] || [ ! -f "$memories/$each" ] || forget "$each"
  done
}

# Starts this script anew, as $@, detached from us, and waits until it has written its first state.
launch() {
  d=$run/$rollout
  get_state attempt
  attempt=$((${value:-0} + 1))
  printf '%s\n' "$script" | replace "$d/supervise"
  rm -f "$d/wish" "$d/confirm"
  # Of a supervisor that was killed: two activations must not meet.
  ! has_child "$d" || end_child
  shell=$(command -v sh)
  failed=no
  if [ -d /run/systemd/system ] && has systemd-run; then
    systemd-run --quiet --collect --no-ask-password --service-type=exec --unit="proteus-$rollout-$attempt" \
      --description="Rollout $rollout" --setenv=PATH="$PATH" \
      ${LOCALE_ARCHIVE:+--setenv=LOCALE_ARCHIVE="$LOCALE_ARCHIVE"} \
      -- "$shell" "$d/supervise" "$1" "$rollout" "$attempt" "$2" "$3" "$4" "$5" "$6" \
      </dev/null >"$d/supervisor.log" 2>&1 9>&- || failed=yes
  elif has setsid; then
    setsid "$shell" "$d/supervise" "$1" "$rollout" "$attempt" "$2" "$3" "$4" "$5" "$6" \
      </dev/null >"$d/supervisor.log" 2>&1 9>&- &
  else
    (trap '' HUP && exec "$shell" "$d/supervise" "$1" "$rollout" "$attempt" "$2" "$3" "$4" "$5" "$6") \
      </dev/null >"$d/supervisor.log" 2>&1 9>&- &
  fi
  tries=0
  while get_state attempt; [ "$value" != "$attempt" ]; do
    tries=$((tries + 1))
    if [ "$failed" = yes ] || [ "$tries" -ge 100 ]; then
      free_mutex
      say "not-started $(tail -n 1 "$d/supervisor.log")"
      exit 0
    fi
    nap
  done
}

do_start() {
  action=$1 toplevel=$2 confirm=$3 limit=$4 back=$5 anew=$6
  [ -x "$toplevel/bin/switch-to-configuration" ] || { say missing; exit 0; }
  mutex
  check_lock
  look
  if [ "$alive" = yes ]; then
    free_mutex
    say running
  elif [ -n "$state" ] && [ "$anew" = no ]; then
    free_mutex
    say ended
  else
    mkdir -p "$run/$rollout"
    tidy
    [ "$action" = dry-activate ] || remember
    launch supervise "$action" "$toplevel" "$confirm" "$limit" "$back"
    free_mutex
    say started
  fi
}

# Lines of the log after the first $1 of them, and the state, until nothing is under way any more.
do_follow() {
  LC_ALL=C
  export LC_ALL
  seen=$1 size=-1 rounds=0 d=$run/$rollout
  while :; do
    # In this order: a state that is settled comes after all that its log holds.
    look
    now=$(wc -c 2>/dev/null <"$d/log") || now=0
    if [ "$((now))" != "$((size))" ]; then
      size=$now
      total=$(wc -l <"$d/log")
      total=$((total))
      if [ "$total" -gt "$seen" ]; then
        sed -n "$((seen + 1)),${total}p" "$d/log" | sed 's/^/proteus: | /'
        seen=$total
        say "@ $seen"
      fi
    fi
    case $state-$alive in activating-yes | rolling-back-yes) ;; *) break ;; esac
    [ "$((rounds % 10))" != 0 ] || say '~'
    rounds=$((rounds + 1))
    nap
  done
  # A last line that has no end.
  [ ! -f "$d/log" ] || tail -n +"$((seen + 1))" "$d/log" |
    while IFS= read -r line || [ -n "$line" ]; do say "| $line"; done
  tell_state
}

# Waits until the supervisor has left the states $1.
until_not() {
  tries=0
  while look; [ "$alive" = yes ]; do
    case " $1 " in *" $state "*) ;; *) break ;; esac
    tries=$((tries + 1))
    [ "$tries" -lt "$2" ] || break
    nap
  done
}
tell_wish() { echo "$1" | replace "$run/$rollout/wish"; }

do_confirm() {
  look
  if [ "$alive" = yes ]; then
    beat
    echo yes | replace "$run/$rollout/confirm"
    until_not 'activating active' 50
  fi
  tell_state
}

do_keep() {
  mutex
  look
  if [ "$alive" = yes ]; then
    free_mutex
    beat
    tell_wish keep
    until_not 'activating active confirmed' 100
    tell_state
    return
  fi
  case $state in
    active | confirmed | done | rebooting)
      sed 's/^state=.*/state=kept/' "$run/$rollout/state" | replace "$run/$rollout/state"
      tell_state
      forget "$rollout"
      ;;
    '')
      # It was rebooted since.
      [ ! -f "$memories/$rollout" ] || say '= state=kept'
      tell_state
      forget "$rollout"
      ;;
    *) tell_state ;;
  esac
  free_mutex
}

do_back() {
  limit=$1
  mutex
  check_lock
  look
  total=$(wc -l 2>/dev/null <"$run/$rollout/log") || total=0
  say "@ $((total))"
  if [ "$alive" = yes ]; then
    free_mutex
    tell_wish back
    until_not 'activating active confirmed' 150
  elif [ -f "$memories/$rollout" ] && [ "$state" != rolled-back ]; then
    mkdir -p "$run/$rollout"
    get "$memories/$rollout" action; action=$value
    get "$memories/$rollout" toplevel
    launch supervise-back "$action" "$value" 0 "$limit" yes
    free_mutex
  else
    free_mutex
  fi
  tell_state
}

do_leave() {
  look
  if [ "$alive" = yes ]; then
    tell_wish leave
    until_not 'active confirmed' 50
  fi
  tell_state
}

# --- From here on: the supervisor. ---

put_state() {
  state=$1
  printf '%s\n' "state=$state" "rollout=$rollout" "attempt=$attempt" "action=$action" "toplevel=$toplevel" \
    "pid=$pid" "start=$start" "began=$began" "exit=$exit" "reason=$reason" "back-exit=$back_exit" \
    "before=$before_current" |
    replace "$d/state"
}
note() { printf '%s\n' "$*" >>"$d/log"; }

begin_supervising() {
  trap '' HUP
  attempt=$1 action=$2 toplevel=$3 confirm=$4 limit=$5 back=$6
  d=$run/$rollout
  cd /
  # The activation makes files that others shall read.
  umask 022
  export HOME=/root
  start_of $$
  pid=$$ start=$started began=$(date +%s) exit='' reason='' back_exit=''
  recall
}

# Runs $@ with its output in the log, for no longer than `limit` seconds (0: no limit), and until it is told to go back
# if $1 is `until-told`. Sets `code`: its exit code, `timeout` or `told`.
run_logged() {
  told=$1
  shift
  rm -f "$d/exit-$attempt" "$d/child"
  {
    if has setsid; then
      # A group of its own, which can be ended as a whole.
      setsid sh -c 'echo $$ >"$0"; exec "$@"' "$d/child" "$@"
    else
      sh -c 'echo $$ >"$0"; exec "$@"' "$d/child" "$@"
    fi
    echo $? | replace "$d/exit-$attempt"
  } </dev/null >>"$d/log" 2>&1 &
  clock
  deadline=$((up + limit))
  code=
  until [ -f "$d/exit-$attempt" ]; do
    clock
    if [ "$limit" -gt 0 ] && [ "$up" -ge "$deadline" ]; then
      note "$1 did not end within $limit s"
      code=timeout
    elif [ "$told" = until-told ] && [ -f "$d/wish" ] && [ "$(cat "$d/wish")" = back ]; then
      code=told
    fi
    if [ -n "$code" ]; then
      ! child=$(cat "$d/child") || end_child
      return
    fi
    nap
  done
  code=$(cat "$d/exit-$attempt")
}

do_supervise() {
  begin_supervising "$@"
  put_state activating
  case $action in
    switch | boot)
      run_logged - nix-env --profile "$profile" --set "$toplevel"
      if [ "$code" != 0 ]; then
        exit=$code reason=profile
        restore_profile
        forget "$rollout"
        put_state failed
        return
      fi
      ;;
  esac
  run_logged until-told "$toplevel/bin/switch-to-configuration" "$action"
  exit=$code
  case $exit in
    0 | 4 | 100) ;;
    told) go_back told; return ;;
    *)
      reason=exit
      if [ "$action" != dry-activate ] && [ "$back" = yes ]; then go_back exit; else put_state failed; fi
      return
      ;;
  esac
  case $action-$back in
    switch-yes | test-yes) wait_for_word ;;
    *) put_state 'done' ;;
  esac
}

wait_for_word() {
  clock
  deadline=$((up + confirm))
  put_state active
  while :; do
    wish=
    [ ! -f "$d/wish" ] || read -r wish <"$d/wish"
    case $wish in
      keep)
        put_state kept
        forget "$rollout"
        return
        ;;
      back) go_back told; return ;;
      leave) put_state rebooting; return ;;
    esac
    [ "$state" = confirmed ] || [ ! -f "$d/confirm" ] || put_state confirmed
    if [ "$state" = confirmed ]; then
      read -r heard <"$d/beat" || heard=0
      deadline=$((heard + confirm))
    fi
    clock
    if [ "$up" -gt "$deadline" ]; then
      go_back unheard
      return
    fi
    nap
  done
}

do_supervise_back() {
  begin_supervising "$@"
  go_back told
}

recall() {
  get "$memories/$rollout" current; before_current=$value
  get "$memories/$rollout" profile; before_profile=$value
  get "$memories/$rollout" link; before_link=$value
  get "$memories/$rollout" newest; before_newest=${value:-0}
}

# The profile points where it pointed, at that very generation; the one that was made for the new system goes.
restore_profile() {
  if [ "$(readlink "$profile" 2>/dev/null)" != "$before_link" ]; then
    if [ -z "$before_link" ]; then
      rm -f "$profile"
    else
      rm -f "$profile.proteus"
      ln -s "$before_link" "$profile.proteus"
      mv -fT "$profile.proteus" "$profile" 2>/dev/null || { rm -f "$profile.proteus"; ln -sfn "$before_link" "$profile"; }
      # That generation was deleted meanwhile: another one like it.
      [ "$(path_of "$profile")" = "$before_profile" ] || nix-env --profile "$profile" --set "$before_profile" >>"$d/log" 2>&1
    fi
  fi
  for link in "$profile"-*-link; do
    number=${link#"$profile"-}
    number=${number%-link}
    case $number in *[!0-9]* | '') continue ;; esac
    if [ "$number" -gt "$before_newest" ] && [ "$(readlink "$link")" = "$toplevel" ] &&
      [ "$(readlink "$profile")" != "${link##*/}" ]; then rm -f "$link"; fi
  done
}

go_back() {
  [ -n "$reason" ] || reason=$1
  put_state rolling-back
  case $action in switch | boot) restore_profile ;; esac
  back_exit=0
  if [ "$action" = boot ]; then
    [ -z "$before_profile" ] || try_back "$before_profile" boot
  elif [ -z "$before_current" ]; then
    note 'there is no system of before to go back to'
    back_exit=nothing
  elif [ "$action" = 'switch' ] && [ "$before_current" = "$before_profile" ]; then
    try_back "$before_current" switch
  else
    # The boot menu and the running system were not the same.
    [ "$action" = 'test' ] || [ -z "$before_profile" ] || try_back "$before_profile" boot
    try_back "$before_current" 'test'
  fi
  case $back_exit in
    0 | 4)
      put_state rolled-back
      forget "$rollout"
      ;;
    *) put_state back-failed ;;
  esac
}
try_back() {
  note "going back to $1"
  run_logged - "$1/bin/switch-to-configuration" "$2"
  [ "$code" = 0 ] || back_exit=$code
}

verb=$1 rollout=$2
shift 2
case $rollout in '' | *[!a-z0-9-]*) say "bad rollout"; exit 64 ;; esac
case $verb in
  hold) do_hold ;;
  start) do_start "$@" ;;
  follow) do_follow "$@" ;;
  confirm) do_confirm ;;
  keep) do_keep ;;
  back) do_back "$@" ;;
  leave) do_leave ;;
  supervise) do_supervise "$@" ;;
  supervise-back) do_supervise_back "$@" ;;
esac
