# The supervisor: run from a copy of the whole script, detached from whoever started it. It sets the profile, activates,
# waits for the word, and goes back when that does not come.

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
  pid=$$ start=$started began=$(date +%s) exit='' reason='' back_exit='' runs=0
  recall
}

# What is kept of what a program prints: so many bytes of its beginning, and of its end once or twice so many as this
# says.
most_first=524288
most_last=262144

# Copies what a program prints into the log: the beginning as it comes, and of what follows only the end, once it is
# over. So the log only ever grows, and whoever follows it can count its lines. `dd` passes on what is there, and waits
# for no more.
keep_ends() {
  # It may outlive us, and must not hold open what is ours.
  exec >/dev/null 2>&1
  size_of "$d/log"
  limit=$((size + most_first))
  until [ "$size" -ge "$limit" ]; do
    before=$size
    dd bs=65536 count=1 2>/dev/null >>"$d/log" || drain
    size_of "$d/log"
    [ "$size" -gt "$before" ] || return 0
  done
  end=$d/end-$attempt-$runs bytes=0 lines=0
  end_line
  note "more than $most_first bytes were printed; of what follows only the end is kept"
  : >"$end.old" >"$end"
  size=0
  while before=$size; dd bs=65536 count=1 2>/dev/null >>"$end" || drain; do
    size_of "$end"
    [ "$size" -gt "$before" ] || break
    [ "$size" -ge "$most_last" ] || continue
    bytes=$((bytes + $(wc -c <"$end.old")))
    lines=$((lines + $(wc -l <"$end.old")))
    mv -f "$end" "$end.old"
    : >"$end"
    size=0
  done
  [ "$bytes" -eq 0 ] || note "$bytes bytes ($lines lines) are left out here"
  cat "$end.old" "$end" >>"$d/log"
  end_line
  rm -f "$end.old" "$end"
}
# Nowhere to keep it: what prints it must not be ended by that.
drain() {
  cat >/dev/null
  exit 0
}
end_line() { [ "$(tail -c 1 "$d/log" | wc -l)" -eq 1 ] || echo >>"$d/log"; }
size_of() { size=$(wc -c 2>/dev/null <"$1") || size=0; size=$((size)); }

# Waits until all that was printed is in the log, but not for what a program has left behind and holds its output open.
settle_log() {
  waited=0
  while start_of "$keeper"; [ -n "$started" ]; do
    waited=$((waited + 1))
    [ "$waited" -lt 30 ] || return 0
    nap
  done
}

# Runs $@ with its output in the log, for no longer than `limit` seconds (0: no limit), and until it is told to go back
# if $1 is `until-told`. Sets `code`: its exit code, `timeout` or `told`.
run_logged() {
  told=$1
  shift
  rm -f "$d/exit-$attempt" "$d/child"
  runs=$((runs + 1))
  {
    if has setsid; then
      # A group of its own, which can be ended as a whole.
      setsid sh -c 'echo $$ >"$0"; exec "$@"' "$d/child" "$@"
    else
      sh -c 'echo $$ >"$0"; exec "$@"' "$d/child" "$@"
    fi
    echo $? | replace "$d/exit-$attempt"
  } </dev/null 2>&1 | keep_ends &
  keeper=$!
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
      settle_log
      return
    fi
    nap
  done
  code=$(cat "$d/exit-$attempt")
  settle_log
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
    nap 0.2
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
