# The machine as one store path: what is built, copied to the host and activated.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) mkOption types;

  failed = builtins.filter (a: !a.assertion) config.assertions;
  checked =
    toplevel:
    if failed != [ ] then
      throw "${config.networking.hostName} cannot be made:\n${lib.concatMapStringsSep "\n" (a: "- ${a.message}") failed}"
    else
      builtins.foldl' (result: warning: builtins.trace "warning: ${warning}" result) toplevel config.warnings;

  toplevel =
    pkgs.runCommand "nixos-system-${config.networking.hostName}-${config.system.nixos.version}"
      {
        inherit (config.system) extraDependencies path;
        inherit (config.system.build) etc;
        inherit (config.system.nixos) version;
        inherit (config.nixpkgs) system;
        inherit (pkgs) initrd;
        kernel = config.boot.kernelPackage;
        kernelParams = config.boot.kernelParams;
        activation = ./switch-to-configuration.sh;
      }
      ''
        mkdir -p "$out/bin"
        echo "putting together the system on $(uname -m)"
        ln -s "$kernel" "$out/kernel"
        ln -s "$initrd/initrd" "$out/initrd"
        ln -s "$etc" "$out/etc"
        ln -s "$path" "$out/sw"
        cp "$activation" "$out/bin/switch-to-configuration"
        chmod 555 "$out/bin/switch-to-configuration"
        printf '#!/bin/sh\nexec "$(dirname "$0")/bin/switch-to-configuration" test\n' > "$out/activate"
        chmod 555 "$out/activate"
        echo "$version" > "$out/nixos-version"
        echo "$system" > "$out/system"
        echo "$kernelParams" > "$out/kernel-params"
        echo "$extraDependencies" > "$out/extra-dependencies"
      '';
in
{
  options = {
    system.nixos.release = mkOption {
      type = types.str;
      default = "26.11";
      description = "Release of NixOS.";
    };
    system.nixos.version = mkOption {
      type = types.str;
      default = "${config.system.nixos.release}.lab";
      description = "Release and more.";
    };
    system.stateVersion = mkOption {
      type = types.str;
      default = config.system.nixos.release;
      description = "Release that the machine was installed with.";
    };
    system.extraDependencies = mkOption {
      type = types.listOf types.package;
      default = [ ];
      description = "Packages that must be on the machine though nothing refers to them.";
    };
    system.path = mkOption {
      type = types.package;
      description = "All of environment.systemPackages.";
    };
    system.build = mkOption {
      type = types.lazyAttrsOf types.raw;
      default = { };
      description = "What can be built of the machine.";
    };
    documentation.nixos.extraModuleSources = mkOption {
      type = types.listOf types.raw;
      default = [ ];
      description = "Folders that option documentation is relative to; there is none here.";
    };
  };

  config = {
    system.build.toplevel = checked toplevel;
    environment.etc.os-release.text = ''
      NAME=NixOS
      ID=nixos
      VERSION_ID="${config.system.nixos.release}"
      BUILD_ID="${config.system.nixos.version}"
    '';
  };
}
