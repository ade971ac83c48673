# What is asked of a host over ssh, one verb at a time, and the choice of the verb.

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
  if [ "$value" = $$ ]; then
    rm -f "$run/lock"
    # Nothing was activated, as when only secrets were uploaded: there is nothing to remember.
    [ -f "$run/$rollout/state" ] || rm -rf "${run:?}/${rollout:?}"
  fi
  free_mutex
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
    remembered=no
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
    nap 0.2
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
    until_not 'activating active' 100
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
    until_not 'activating active confirmed' 200
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
    until_not 'activating active confirmed' 300
  elif [ -f "$memories/$rollout" ] && [ "$state" != rolled-back ]; then
    mkdir -p "$run/$rollout"
    remembered=no
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
    until_not 'active confirmed' 100
  fi
  tell_state
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
