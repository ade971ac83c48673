# What a host says of itself, for host-facts.ts: one line `proteus:KEY=VALUE` for each, the last `proteus:end`.
# For any POSIX sh; everything that is not there is left out.
set -u
PATH=$PATH:/run/current-system/sw/bin:/nix/var/nix/profiles/default/bin:/usr/sbin:/usr/bin:/sbin:/bin
say() { printf 'proteus:%s=%s\n' "$1" "$2"; }
at() { [ ! -e "$1" ] || readlink -f "$1"; }
# Whatever else somebody has put there is no system.
system_at() { case $(at "$1") in /nix/store/*) at "$1" ;; esac; }
profile=/nix/var/nix/profiles/system

say user "$(id -un)"
say current "$(system_at /run/current-system)"
say booted "$(system_at /run/booted-system)"
say profile "$(system_at $profile)"
say generation-link "$(readlink $profile 2>/dev/null)"
for link in $profile-*-link; do
  [ ! -L "$link" ] || say generation "${link##*/} $(stat -c %Y "$link") $(readlink "$link")"
done
say boot-id "$(cat /proc/sys/kernel/random/boot_id)"
if [ -e /run/booted-system ] && [ -e /run/current-system ]; then
  reboot=no
  for part in kernel initrd; do
    [ "$(at /run/booted-system/$part)" = "$(at /run/current-system/$part)" ] || reboot=yes
  done
  [ "$(cat /run/booted-system/kernel-params 2>/dev/null)" = \
    "$(cat /run/current-system/kernel-params 2>/dev/null)" ] || reboot=yes
  say needs-reboot $reboot
fi
# Where there is no store yet, it will be on the root.
store=/nix/store
[ -e $store ] || store=/
say free "$(df -P -k $store | sed -n '$s/^.*[[:space:]]\([0-9][0-9]*\)[[:space:]][[:space:]]*[0-9][0-9]*%.*$/\1/p')"
if [ -d /run/systemd/system ] && command -v systemctl >/dev/null 2>&1; then
  say systemd yes
  # Its status says only whether it could be asked; a degraded system is no error.
  if failed=$(systemctl list-units --failed --plain --no-legend --full --no-pager 2>/dev/null); then
    say units-asked yes
    printf '%s\n' "$failed" | while read -r unit _; do [ -z "$unit" ] || say failed-unit "$unit"; done
  fi
fi

# What is under way there, which only root may read: `key=value` lines, and `.` after each activation.
states='for f in /run/proteus/*/state; do
  [ -f "$f" ] || continue
  cat "$f"
  kill -0 "$(sed -n "s/^pid=//p" "$f")" 2>/dev/null && echo alive=yes
  echo .
done'
if [ "$(id -u)" = 0 ]; then
  said=$(sh -c "$states")
elif command -v sudo >/dev/null 2>&1 && sudo -n -p '' -k -- true </dev/null >/dev/null 2>&1; then
  say sudo yes
  said=$(sudo -n -p '' -k -- sh -c "$states" </dev/null 2>/dev/null)
else
  said=
fi
printf '%s\n' "$said" | while IFS= read -r line; do say activation "$line"; done
printf 'proteus:end\n'
