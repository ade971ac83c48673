# What a deployment needs to know of hosts without building them, as plain data. Every field is named here, so that
# nothing else a module system keeps beside the values (`_module` in older releases) gets into the JSON.
{ settings, nodes }:

let
  inherit (builtins)
    isString
    listToAttrs
    map
    mapAttrs
    stringLength
    substring
    ;

  pick =
    fields: set:
    listToAttrs (
      map (name: {
        inherit name;
        value = set.${name};
      }) fields
    );

  secret =
    s:
    pick [
      "source"
      "command"
      "text"
      "destination"
      "permissions"
      "action"
      "mkDirs"
      "uploadAt"
    ] s
    // {
      owner = pick [
        "user"
        "group"
      ] s.owner;
      age =
        if s.age == null then
          null
        else
          pick [
            "file"
            "identity"
          ] s.age;
    };

  checks = c: {
    cmd = map (pick [
      "description"
      "cmd"
      "period"
      "timeout"
    ]) c.cmd;
    http = map (pick [
      "description"
      "host"
      "scheme"
      "port"
      "path"
      "headers"
      "period"
      "timeout"
      "insecureSSL"
    ]) c.http;
  };

  dropSuffix =
    suffix: text:
    let
      rest = stringLength text - stringLength suffix;
    in
    if rest >= 0 && substring rest (-1) text == suffix then substring 0 rest text else text;

  # The release has had three names.
  releaseOf =
    system:
    system.nixos.release or (
      system.nixosRelease
        or (if system ? nixos.version then dropSuffix (system.nixos.versionSuffix or "") system.nixos.version else "")
    );

  nixConfig = mapAttrs (
    name: value: if isString value then value else throw "nix option '${name}' must have a string typed value"
  ) (settings.nixConfig or { });

  host =
    name:
    let
      inherit (nodes.${name}) config;
      inherit (config) deployment;
    in
    pick [
      "targetHost"
      "targetPort"
      "targetUser"
      "buildOnly"
      "buildOnTarget"
      "substituteOnDestination"
      "tags"
    ] deployment
    // {
      inherit name nixConfig;
      secrets = mapAttrs (_: secret) deployment.secrets;
      preDeployChecks = checks deployment.preDeployChecks;
      healthChecks = checks deployment.healthChecks;
      nixosRelease = releaseOf config.system;
    };
in
hostNames: {
  hosts = map host hostNames;
  meta = {
    description = settings.description or "";
    ordering = settings.ordering or { };
  };
}
