/**
 * What is run on a host for its secrets, as root, by its `sh`. The scripts and their arguments may be seen there by
 * anybody; content and keys come on standard input. A script says what it did in lines that begin with a word that only
 * this run knows; all else that is printed is for people.
 *
 * A secret goes by the hash of where it goes. Under /var/lib/proteus/secrets, for root only, `HASH` names the file
 * that we put there, and `HASH.action` is there from before the file is replaced until its action has succeeded.
 */

import { createHash } from 'node:crypto';

export function secretId(destination: string): string {
  return createHash('sha256').update(destination).digest('hex').slice(0, 32);
}

const stateFolder = '/var/lib/proteus/secrets';

/**
 * Says of each secret `SUM USER GROUP UID GID MODE ACTION`: SUM is of the key that comes first on standard input and the
 * content, or `none`, or `other` where no file is; ACTION is `due` or `-`. Files that an upload left half-written are removed.
 * Arguments: word, what must be mounted in systemd's form or `''`, and ID DESTINATION FOLDER of each.
 */
export const lookScript = `set -u
word=$1 mounts=$2; shift 2
IFS= read -r key || exit 1
if [ -n "$mounts" ]; then
  systemd-run --quiet --collect --wait --property="RequiresMountsFor=$mounts" true || { echo "$word mounts"; exit 1; }
fi
while [ $# -gt 0 ]; do
  id=$1 file=$2 dir=$3; shift 3
  rm -f -- "$dir/.proteus-$id"
  action=-
  if [ -e ${stateFolder}/"$id".action ]; then action=due; fi
  if [ -f "$file" ]; then
    sum=$({ printf %s "$key"; cat -- "$file"; } | sha256sum)
    echo "$word $id \${sum%% *} $(stat -L -c '%U %G %u %g %a' -- "$file") $action"
  elif [ -e "$file" ]; then echo "$word $id other - - - - - $action"
  else echo "$word $id none - - - - - $action"
  fi
done`;

/**
 * Puts secrets in place: written beside where they go, for root only, and renamed once they are whole. Says of each `ok`,
 * `owner` or `mode` (in place for root only: what was wanted could not be set), or `failed WHY`, which ends it.
 * Standard input holds all contents. Arguments: word, and ID BYTES DESTINATION FOLDER USER GROUP MODE MKDIRS ACTION of
 * each; the last two are 0 or 1.
 */
export const putScript = `set -u
umask 077
tmp=
trap 'rm -f -- "$tmp"' EXIT
trap 'exit 1' HUP INT TERM PIPE
word=$1; shift
say() { echo "$word $id $*"; }
fail() { say failed "$*"; exit 1; }
mkdir -p ${stateFolder} || exit 1
while [ $# -gt 0 ]; do
  id=$1 bytes=$2 file=$3 dir=$4 user=$5 group=$6 mode=$7 mkdirs=$8 action=$9; shift 9
  if [ ! -d "$dir" ]; then
    [ "$mkdirs" = 1 ] || fail "the folder $dir is not there, and mkDirs is false"
    (umask 022; mkdir -p -m 755 -- "$dir") || fail "the folder $dir could not be made"
  fi
  [ ! -d "$file" ] || fail "$file is a folder"
  tmp=$dir/.proteus-$id
  rm -f -- "$tmp"
  (set -C; head -c "$bytes" > "$tmp") || fail "$tmp could not be written"
  [ "$(stat -c %s -- "$tmp")" = "$bytes" ] || fail "it did not arrive whole"
  result=ok
  chown -- "$user:$group" "$tmp" || result=owner
  if [ $result = ok ]; then chmod -- "$mode" "$tmp" || result=mode; fi
  if [ $result != ok ]; then chown root:root "$tmp"; chmod 0400 "$tmp"; fi
  sync -- "$tmp" || fail "$tmp could not be written to disk"
  printf '%s\\n' "$file" > ${stateFolder}/"$id" || fail "it could not be noted in ${stateFolder}"
  if [ "$action" = 1 ]; then : > ${stateFolder}/"$id".action || fail "it could not be noted in ${stateFolder}"; fi
  mv -f -T -- "$tmp" "$file" || fail "$file could not be replaced"
  tmp=
  sync -- "$dir"
  say $result
done`;

/** Notes that the actions of these secrets have been done. Arguments: IDs. */
export const actedScript = `for id; do rm -f ${stateFolder}/"$id".action; done`;

/**
 * Removes what we put there once, except for what is named, and says `ID removed DESTINATION` of each. Arguments: word, and IDs
 * to keep.
 */
export const removeScript = `set -u
word=$1; shift
for note in ${stateFolder}/*; do
  id=\${note##*/}
  case $id in *.action) continue ;; esac
  [ -f "$note" ] || continue
  for keep; do if [ "$keep" = "$id" ]; then continue 2; fi; done
  IFS= read -r file < "$note" || continue
  rm -f -- "$file" || exit 1
  rm -f "$note.action" "$note"
  echo "$word $id removed $file"
done`;
