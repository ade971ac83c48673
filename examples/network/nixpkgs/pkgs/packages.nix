# What the machines are made of. Names and dependencies are like those of real packages, the contents are not.
self:

let
  # From the final set, so that an overlay that replaces one replaces it for all that use it.
  inherit (self)
    glibc
    icu
    kmod
    linux
    mkPackage
    ncurses
    openssl
    readline
    runCommand
    util-linux
    zlib
    ;

  package =
    pname: version: more:
    mkPackage ({ inherit pname version; } // more);
in
{
  glibc = package "glibc" "2.40" { kilobytes = 400; };
  zlib = package "zlib" "1.3.1" { inputs = [ glibc ]; };
  openssl = package "openssl" "3.4.1" {
    inputs = [ glibc ];
    kilobytes = 200;
  };
  ncurses = package "ncurses" "6.5" { inputs = [ glibc ]; };
  readline = package "readline" "8.2" { inputs = [ ncurses ]; };
  bash = package "bash" "5.2" { inputs = [ readline ]; };
  coreutils = package "coreutils" "9.6" { inputs = [ glibc ]; };
  util-linux = package "util-linux" "2.41" { inputs = [ ncurses ]; };
  kmod = package "kmod" "31" { inputs = [ zlib ]; };
  systemd = package "systemd" "257.5" {
    inputs = [
      util-linux
      kmod
      openssl
    ];
    kilobytes = 250;
    programs = [
      "systemctl"
      "journalctl"
    ];
  };
  openssh = package "openssh" "10.0p2" {
    inputs = [
      openssl
      zlib
    ];
    programs = [
      "ssh"
      "sshd"
    ];
  };
  tzdata = package "tzdata" "2026a" { programs = [ ]; };
  nginx = package "nginx" "1.28.0" {
    inputs = [
      openssl
      zlib
    ];
    kilobytes = 200;
  };
  icu = package "icu" "76.1" {
    inputs = [ glibc ];
    kilobytes = 400;
    programs = [ ];
  };
  postgresql = package "postgresql" "17.5" {
    inputs = [
      icu
      openssl
      readline
    ];
    kilobytes = 400;
    programs = [
      "postgres"
      "psql"
    ];
  };

  # The piece that takes long.
  linux = package "linux" "6.12.30" {
    inputs = [ ];
    kilobytes = 5000;
    programs = [ ];
  };
  initrd = runCommand "initrd-6.12.30" { inherit linux kmod; } ''
    mkdir -p "$out/modules"
    echo "packing modules on $(uname -m)"
    head -c 400000 "$linux/lib/linux.data" | gzip -n > "$out/initrd"
    echo "$kmod" > "$out/modules/tools"
  '';
}
