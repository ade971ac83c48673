# Services, as unit files of systemd.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) mkOption types;

  service = {
    options = {
      description = mkOption {
        type = types.str;
        default = "";
        description = "What it is, in words.";
      };
      wantedBy = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Units that start it.";
      };
      after = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Units that it waits for.";
      };
      environment = mkOption {
        type = types.attrsOf types.str;
        default = { };
        description = "Its environment variables.";
      };
      serviceConfig = mkOption {
        type = types.attrsOf (types.either types.str types.int);
        default = { };
        description = "Lines of the section [Service].";
      };
    };
  };

  lines =
    set: lib.concatStrings (lib.mapAttrsToList (name: value: "${name}=${toString value}\n") set);
  environment =
    set: lib.concatStrings (lib.mapAttrsToList (name: value: "Environment=\"${name}=${value}\"\n") set);
  unitText = unit: ''
    [Unit]
    Description=${unit.description}
    After=${lib.concatStringsSep " " unit.after}

    [Service]
    ${lines unit.serviceConfig}${environment unit.environment}
    [Install]
    WantedBy=${lib.concatStringsSep " " unit.wantedBy}
  '';

  units = builtins.mapAttrs (
    name: unit: pkgs.writeText "unit-${name}.service" (unitText unit)
  ) config.systemd.services;
in
{
  options.systemd.services = mkOption {
    type = types.attrsOf (types.submodule service);
    default = { };
    description = "Services by name.";
  };

  config = {
    systemd.services.sshd = {
      description = "SSH daemon";
      wantedBy = [ "multi-user.target" ];
      after = [ "network.target" ];
      environment.SSHD = "${pkgs.openssh}/bin/sshd";
    };
    systemd.services.journald = {
      description = "Journal";
      wantedBy = [ "sysinit.target" ];
      environment.JOURNALCTL = "${pkgs.systemd}/bin/journalctl";
    };
    environment.etc."systemd/system".source = pkgs.runCommand "system-units" { } (
      "mkdir -p \"$out\"\n"
      + lib.concatStrings (
        lib.mapAttrsToList (name: unit: "ln -s ${unit} \"$out/${name}.service\"\n") units
      )
    );
  };
}
