#!/bin/sh
# Stand-in for the program that activates a NixOS system, for hosts that are only a lab. It records each call in
# /var/log/switch.log, starts and stops the services that changed (through systemd where that runs), points /run/current-system (and for switch and
# boot also /var/boot/default) at the system it belongs to, and can be told to misbehave by /etc/lab-behaviour:
# `fail` (exit 1 before anything is activated), `fail N` (exit N at the end), `hang`, `cut-network`, `slow` (takes two
# seconds, and tells so), `chatty` (prints 4 MB); a toplevel on its second line restricts that to the one system.
set -u
action=${1:-}
toplevel=$(readlink -f "$(dirname "$0")/..")
case $action in
  switch | boot | test | dry-activate) ;;
  *)
    echo "usage: $0 switch|boot|test|dry-activate" >&2
    exit 2
    ;;
esac

mkdir -p /var/log /var/boot /run/units
printf '{"time":%s,"action":"%s","toplevel":"%s"}\n' "$(date +%s)" "$action" "$toplevel" >> /var/log/switch.log
behaviour=$(sed -n 1p /etc/lab-behaviour 2>/dev/null) || behaviour=
only=$(sed -n 2p /etc/lab-behaviour 2>/dev/null) || only=
[ -z "$only" ] || [ "$only" = "$toplevel" ] || behaviour=
case $behaviour in
  fail)
    echo 'activation script failed' >&2
    exit 1
    ;;
  hang) while :; do sleep 1; done ;;
  cut-network) ip link set eth0 down ;;
  chatty) seq 1 600000 ;;
  slow) for step in 1 2 3 4; do echo "step $step of 4" >&2 && sleep 0.5; done ;;
esac

# Which services differ between the running system and this one.
old=/run/current-system/etc/systemd/system
new=$toplevel/etc/systemd/system
stop='' start=''
for unit in "$old"/*.service; do
  name=${unit##*/}
  [ -e "$unit" ] || continue
  [ "$(readlink -f "$unit")" = "$(readlink -f "$new/$name")" ] || stop="$stop $name"
done
for unit in "$new"/*.service; do
  name=${unit##*/}
  [ -e "$unit" ] || continue
  [ "$(readlink -f "$unit")" = "$(readlink -f "$old/$name")" ] || start="$start $name"
done

# Its own way with systemd: gone and changed units are stopped; changed ones that ran are started, and what the target
# of a running system has come to want. Exit code 4: a unit has failed.
activate_with_systemd() {
  again=''
  for name in $stop; do
    ! systemctl --quiet is-active "$name" || again="$again $name"
  done
  if [ -n "$again" ]; then
    echo "stopping the following units:$again" >&2
    # shellcheck disable=SC2086 # a list of names
    systemctl stop $again
  fi
  echo 'activating the configuration...' >&2
  ln -sfn "$toplevel/etc" /etc/static
  rm -rf /etc/systemd/system
  ln -sfn /etc/static/systemd/system /etc/systemd/system
  ln -sfn "$toplevel" /run/current-system
  systemctl reset-failed
  systemctl daemon-reload
  starting='multi-user.target'
  for name in $again; do
    [ ! -e "$new/$name" ] || starting="$starting $name"
  done
  # shellcheck disable=SC2086 # a list of names
  systemctl start $starting || result=4
  failed=$(systemctl list-units --failed --plain --no-legend --full --no-pager | cut -d ' ' -f 1)
  [ -n "$failed" ] || return 0
  echo "warning: the following units failed: $(echo $failed)" >&2
  result=4
}

result=0
if [ "$action" = dry-activate ]; then
  [ -z "$stop" ] || echo "would stop the following units:$stop" >&2
  [ -z "$start" ] || echo "would start the following units:$start" >&2
  exit 0
fi

if [ "$action" != test ]; then
  echo 'updating the boot link...' >&2
  ln -sfn "$toplevel" /var/boot/default
fi

if [ "$action" != boot ] && [ -d /run/systemd/system ]; then
  activate_with_systemd
elif [ "$action" != boot ]; then
  [ -z "$stop" ] || echo "stopping the following units:$stop" >&2
  for name in $stop; do
    pid=$(cat "/run/units/$name" 2>/dev/null) && kill "$pid" 2>/dev/null
    rm -f "/run/units/$name"
  done
  echo 'activating the configuration...' >&2
  ln -sfn "$toplevel/etc" /etc/static
  ln -sfn "$toplevel" /run/current-system
  [ -z "$start" ] || echo "starting the following units:$start" >&2
  for name in $start; do
    command=$(sed -n 's/^ExecStart=//p' "$new/$name")
    [ -n "$command" ] || continue
    # In a session of its own and away from our output, so that it outlives the connection that started it. It says
    # itself that it is there: ending before it has its session would end it with us.
    setsid sh -c 'echo $$ > "$1.new"; mv "$1.new" "$1"; exec $2' sh "/run/units/$name" "$command" \
      > "/var/log/$name.log" 2>&1 < /dev/null &
    until [ -e "/run/units/$name" ]; do sleep 0.01; done
  done
fi

case $behaviour in
  'fail '*)
    echo "warning: the stand-in was told to end with ${behaviour#fail }" >&2
    exit "${behaviour#fail }"
    ;;
esac
exit "$result"
