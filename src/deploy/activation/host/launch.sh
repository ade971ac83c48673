# Starting the supervisor: what it has to remember of the host, and the unit or process that it is.

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
  remembered=yes
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

# Sets `options`: what is wanted of the supervisor's unit, as far as this systemd knows it (NixOS 17.09 has 234, 19.03 239).
unit_options() {
  version=$(systemd-run --version 2>/dev/null | { read -r _ number _; echo "$number"; })
  version=${version%%[!0-9]*}
  options=
  # No trace of it stays, however it ends.
  [ "${version:-0}" -lt 236 ] || options="$options --collect"
  # What cannot be started is told at once.
  [ "${version:-0}" -lt 240 ] || options="$options --service-type=exec"
  # When memory runs out and a program of the activation is killed, the supervisor stays, and goes back.
  [ "${version:-0}" -lt 243 ] || options="$options --property=OOMPolicy=continue"
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
    unit_options
    # shellcheck disable=SC2086 # a list of words
    systemd-run --quiet --no-ask-password $options --unit="proteus-$rollout-$attempt" \
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
    if [ "$failed" = yes ] || [ "$tries" -ge 200 ]; then
      [ "$remembered" = no ] || forget "$rollout"
      free_mutex
      say "not-started $(tail -n 1 "$d/supervisor.log")"
      exit 0
    fi
    nap
  done
}
