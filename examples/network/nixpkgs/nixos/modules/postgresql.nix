# A database server, of which only the files are there.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib)
    mkEnableOption
    mkIf
    mkOption
    types
    ;
  cfg = config.services.postgresql;
  settings = pkgs.writeText "postgresql.conf" (
    lib.concatStrings (lib.mapAttrsToList (name: value: "${name} = ${toString value}\n") cfg.settings)
  );
in
{
  options.services.postgresql = {
    enable = mkEnableOption "the database PostgreSQL";
    package = mkOption {
      type = types.package;
      default = pkgs.postgresql;
      description = "Which PostgreSQL.";
    };
    settings = mkOption {
      type = types.attrsOf (types.either types.str types.int);
      default = { };
      description = "Lines of postgresql.conf.";
    };
  };

  config = mkIf cfg.enable {
    services.postgresql.settings.port = lib.mkDefault 5432;
    environment.systemPackages = [ cfg.package ];
    environment.etc."postgresql/postgresql.conf".source = settings;
    systemd.services.postgresql = {
      description = "PostgreSQL server";
      wantedBy = [ "multi-user.target" ];
      after = [ "network.target" ];
      environment.POSTGRES = "${cfg.package}/bin/postgres";
      environment.PGCONFIG = "${settings}";
    };
  };
}
