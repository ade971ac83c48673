# Part of NAME-secret.service: `wait FILE` ends when the file is there, `watch FILE` when it is gone. A file that another
# one takes the place of, as uploads do it, is there all the time. Nothing is read of it. Bash alone does it, without
# starting a program each second.

mode=$1 file=$2

# Never anything to read: waits without a process.
exec {nothing}<> <(:)
pause() { read -r -t 1 -u "$nothing" || :; }

case $mode in
  wait) while [[ ! -e $file ]]; do pause; done ;;
  watch) while [[ -e $file ]]; do pause; done ;;
esac
