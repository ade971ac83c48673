# Units by which services of a host wait for their secrets, for those that have `unit = true`. For a secret NAME:
#
#   NAME-secret.service   starting, until the file is there, and active, until it is gone
#   NAME-secret.path      starts it when the file comes
#
# So whoever is bound to the service starts with the secret and stops with it. Without such a secret there are none, and
# the system has the store path that it would have without this file.
{ pkgs, secrets }:

let
  inherit (builtins)
    attrNames
    filter
    listToAttrs
    map
    match
    readFile
    ;

  names = filter (name: secrets.${name}.unit) (attrNames secrets);

  # What needs no quotes, for systemd either.
  nameOf =
    name:
    if match "[A-Za-z0-9_][A-Za-z0-9_.-]*" name != null then
      "${name}-secret"
    else
      throw (
        "deployment.secrets.\"${name}\".unit: wanted a name of letters, digits, _, - and . only, "
        + "as a unit is called by it"
      );
  fileOf =
    name:
    let
      file = secrets.${name}.destination;
    in
    if match "/[A-Za-z0-9/_.@:+=,-]+" file != null then
      file
    else
      throw (
        "deployment.secrets.${name}.unit: wanted a destination that begins with / "
        + "and has letters, digits and /_.@:+=,- only, got '${file}'"
      );

  command = "${pkgs.bash}/bin/bash ${pkgs.writeText "secret-unit.sh" (readFile ./secret-unit.sh)}";

  units =
    make:
    listToAttrs (
      map (name: {
        name = nameOf name;
        value = make name (fileOf name);
      }) names
    );
in
{
  services = units (
    name: file: {
      description = "Presence of the secret ${name}";
      serviceConfig = {
        ExecStartPre = "${command} wait ${file}";
        ExecStart = "${command} watch ${file}";
        # Somebody may come with it tomorrow.
        TimeoutStartSec = "infinity";
      };
    }
  );
  paths = units (
    name: file: {
      description = "Arrival of the secret ${name}";
      wantedBy = [ "multi-user.target" ];
      pathConfig.PathExists = file;
    }
  );
}
