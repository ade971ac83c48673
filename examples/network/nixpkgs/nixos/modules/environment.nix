# The machine's /etc and the programs that everyone finds.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) mkIf mkOption types;

  etcFile =
    { name, config, ... }:
    {
      options = {
        enable = mkOption {
          type = types.bool;
          default = true;
          description = "Whether the file is there.";
        };
        target = mkOption {
          type = types.str;
          default = name;
          description = "Its path below /etc.";
        };
        text = mkOption {
          type = types.nullOr types.lines;
          default = null;
          description = "What is in it.";
        };
        source = mkOption {
          type = types.path;
          description = "The file, if it is not given as text.";
        };
      };
      config.source = mkIf (config.text != null) (
        lib.mkDefault (pkgs.writeText "etc-${baseNameOf name}" config.text)
      );
    };

  files = lib.filterAttrs (_: file: file.enable) config.environment.etc;
  link = file: ''
    mkdir -p "$out/$(dirname '${file.target}')"
    ln -s '${file.source}' "$out/${file.target}"
  '';
in
{
  options.environment = {
    etc = mkOption {
      type = types.attrsOf (types.submodule etcFile);
      default = { };
      description = "Files of /etc.";
    };
    systemPackages = mkOption {
      type = types.listOf types.package;
      default = [ ];
      description = "Packages whose programs are on everybody's PATH.";
    };
  };

  config = {
    environment.systemPackages = [
      pkgs.bash
      pkgs.coreutils
      pkgs.openssh
      pkgs.systemd
      pkgs.util-linux
    ];
    environment.etc.zoneinfo.source = "${pkgs.tzdata}/share";
    system.build.etc = pkgs.runCommand "etc" { } (
      "mkdir -p \"$out\"\n" + lib.concatMapStrings link (builtins.attrValues files)
    );
    system.path = pkgs.symlinkJoin {
      name = "system-path";
      paths = config.environment.systemPackages;
    };
  };
}
