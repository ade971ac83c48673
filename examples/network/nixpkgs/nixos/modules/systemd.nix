# Services, as unit files of systemd.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) mkOption types;

  # What all units have.
  anyUnit = {
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
  };

  service = {
    options = anyUnit // {
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

  path = {
    options = anyUnit // {
      pathConfig = mkOption {
        type = types.attrsOf types.str;
        default = { };
        description = "Lines of the section [Path].";
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

  pathText = unit: ''
    [Unit]
    Description=${unit.description}

    [Path]
    ${lines unit.pathConfig}
    [Install]
    WantedBy=${lib.concatStringsSep " " unit.wantedBy}
  '';

  links =
    kind: text: units:
    lib.concatStrings (
      lib.mapAttrsToList (
        name: unit: "ln -s ${pkgs.writeText "unit-${name}.${kind}" (text unit)} \"$out/${name}.${kind}\"\n"
      ) units
    );
in
{
  options.systemd.services = mkOption {
    type = types.attrsOf (types.submodule service);
    default = { };
    description = "Services by name.";
  };
  options.systemd.paths = mkOption {
    type = types.attrsOf (types.submodule path);
    default = { };
    description = "What starts services when files come, by name.";
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
      + links "service" unitText config.systemd.services
      + links "path" pathText config.systemd.paths
    );
  };
}
