# How the machine starts, and from which disks.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) mkEnableOption mkOption types;

  fileSystem =
    { name, config, ... }:
    {
      options = {
        mountPoint = mkOption {
          type = types.str;
          default = name;
          description = "Where it is mounted.";
        };
        label = mkOption {
          type = types.nullOr types.str;
          default = null;
          description = "Label by which the disk is found.";
        };
        device = mkOption {
          type = types.str;
          default =
            if config.label == null then
              throw "The file system ${name} has neither a device nor a label."
            else
              "/dev/disk/by-label/${config.label}";
          description = "The disk.";
        };
        fsType = mkOption {
          type = types.str;
          default = "auto";
          description = "Its format.";
        };
        options = mkOption {
          type = types.listOf types.str;
          default = [ "defaults" ];
          description = "Mount options.";
        };
      };
    };

  line = fs: "${fs.device} ${fs.mountPoint} ${fs.fsType} ${lib.concatStringsSep "," fs.options}\n";
in
{
  options = {
    boot.loader.systemd-boot.enable = mkEnableOption "the systemd-boot loader";
    boot.loader.efi.canTouchEfiVariables = mkEnableOption "writing EFI variables";
    boot.loader.generic-extlinux-compatible.enable = mkEnableOption "an extlinux menu, as U-Boot reads it";
    boot.kernelParams = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Words on the kernel's command line.";
    };
    boot.kernelPackage = mkOption {
      type = types.package;
      default = pkgs.linux;
      description = "The kernel.";
    };
    fileSystems = mkOption {
      type = types.attrsOf (types.submodule fileSystem);
      default = { };
      description = "File systems by mount point.";
    };
  };

  config = {
    assertions = [
      {
        assertion = config.fileSystems ? "/";
        message = "The machine has no root file system; define fileSystems.\"/\".";
      }
    ];
    environment.etc.fstab.text = lib.concatMapStrings line (builtins.attrValues config.fileSystems);
  };
}
