# The least that can be deployed: a toplevel with the stand-in activation program of the example network. `note` makes
# systems of the same name differ.
{ name, note ? "", system ? builtins.currentSystem }:
derivation {
  inherit system note;
  name = "nixos-system-${name}-lab";
  builder = "/bin/sh";
  script = ../../examples/network/nixpkgs/nixos/modules/switch-to-configuration.sh;
  hostName = name;
  args = [
    "-c"
    ''
      mkdir -p $out/bin $out/etc/systemd/system
      cp $script $out/bin/switch-to-configuration
      chmod 555 $out/bin/switch-to-configuration
      echo "$hostName" > $out/etc/hostname
      echo "$note" > $out/note
      echo lab > $out/nixos-version
      echo system > $out/system
    ''
  ];
}
