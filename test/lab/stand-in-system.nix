# The least that can be deployed: a toplevel with the stand-in activation program of the example network. `note` makes
# systems of the same name differ. `units`: files by name, for hosts that run systemd; who wants one has it linked, as
# NixOS does it.
{
  name,
  note ? "",
  system ? builtins.currentSystem,
  units ? { },
}:
let
  unitNames = builtins.attrNames units;
in
derivation {
  inherit system note unitNames;
  unitFiles = map (unit: units.${unit}) unitNames;
  name = "nixos-system-${name}-lab";
  builder = "/bin/sh";
  script = ../../examples/network/nixpkgs/nixos/modules/switch-to-configuration.sh;
  hostName = name;
  args = [
    "-c"
    ''
      mkdir -p $out/bin $out/sw/bin $out/etc/systemd/system
      ln -s /usr/bin/systemd-run /usr/bin/systemctl $out/sw/bin/
      cp $script $out/bin/switch-to-configuration
      chmod 555 $out/bin/switch-to-configuration
      echo "$hostName" > $out/etc/hostname
      echo "$note" > $out/note
      echo lab > $out/nixos-version
      echo system > $out/system
      cd $out/etc/systemd/system
      set -- $unitFiles
      for unit in $unitNames; do
        ln -s $1 $unit
        for target in $(sed -n 's/^WantedBy=//p' $1); do
          mkdir -p $target.wants
          ln -s ../$unit $target.wants/
        done
        shift
      done
    ''
  ];
}
