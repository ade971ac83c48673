{
  config,
  lib,
  ...
}:

let
  inherit (lib) mkOption types;
in
{
  options.networking.hostName = mkOption {
    type = types.str;
    default = "nixos";
    description = "Name of the machine.";
  };
  options.time.timeZone = mkOption {
    type = types.nullOr types.str;
    default = null;
    description = "Where the machine is; null is UTC.";
  };

  config.environment.etc = {
    hostname.text = config.networking.hostName + "\n";
    hosts.text = "127.0.0.1 localhost\n127.0.0.2 ${config.networking.hostName}\n";
    timezone.text = (if config.time.timeZone == null then "UTC" else config.time.timeZone) + "\n";
  };
}
