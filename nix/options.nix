# The options of a host that are about deploying it (`deployment.*`), with Morph's names, types and defaults.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) mkOption types;
  inherit (types)
    attrsOf
    bool
    enum
    int
    listOf
    nullOr
    str
    submodule
    ;

  option = type: default: description: mkOption { inherit type default description; };
  required = type: description: mkOption { inherit type description; };

  period = option int 2 "Seconds between two tries.";
  timeout = option int 5 "Seconds after which one try has failed.";

  # Sets of options are submodules, because a priority (mkDefault, mkForce) then decides on the set as a whole.
  checks = submodule {
    options.cmd = option (listOf (submodule {
      options = {
        inherit period timeout;
        description = required str "What the check is called in messages.";
        cmd = option (nullOr (listOf str)) null "Program and arguments, run on the host; exit code 0 is success.";
      };
    })) [ ] "Commands that must succeed on the host.";

    options.http = option (listOf (submodule {
      options = {
        inherit period timeout;
        description = required str "What the check is called in messages.";
        host = option (nullOr str) null "Where to ask; null is the host's own deployment.targetHost.";
        scheme = option str "http" "http or https.";
        port = required int "TCP port to ask at.";
        path = mkOption {
          type = types.path;
          default = "/";
          description = "Path of the URL.";
        };
        headers = option (attrsOf str) { } "Headers of the request.";
        insecureSSL = option bool false "Whether any certificate is good enough.";
      };
    })) [ ] "URLs that must answer with a status of 200 to 299, asked from where the deployment runs.";
  };

  owner = submodule {
    options = {
      user = option str "root" "Name of the user.";
      group = option str "root" "Name of the group.";
    };
  };

  age = submodule {
    options = {
      file = required str "Encrypted file; relative to the folder of the network file.";
      identity = option (nullOr str) null "File with the keys to decrypt with; null is that of whoever deploys.";
    };
  };

  secret = submodule {
    options = {
      source = option str "" "File to upload; relative to the folder of the network file.";
      command = option (nullOr (listOf str)) null "Program and arguments whose output is uploaded, instead of a file.";
      text = option (nullOr str) null "What is uploaded, instead of a file; whoever can read the network can read it.";
      age = option (nullOr age) null "File to decrypt with age and upload, instead of source.";
      destination = required str "Where it goes on the host.";
      owner = option owner { } "Who owns the file on the host.";
      permissions = option str "0400" "Mode of the file, as chmod takes it.";
      action = option (listOf str) [ ] "Command to run on the host after the upload.";
      mkDirs = option bool true "Whether to make the folders that lead to the file.";
      uploadAt = option (enum [
        "pre-activation"
        "post-activation"
      ]) "pre-activation" "When in a deployment it is uploaded.";
      unit = option bool false "Whether the host has a unit NAME-secret.service that is active while the file is there.";
    };
  };

  commands = config.deployment.preDeployChecks.cmd ++ config.deployment.healthChecks.cmd;
in
{
  _file = ./options.nix;

  options.deployment = {
    targetHost = option str "" "Name or address at which the host is reached; by default its name in the network.";
    targetPort = option (nullOr int) null "Port of its ssh server; null leaves it to ssh.";
    targetUser = option str "" "User to log in as; empty is $SSH_USER, else what ssh chooses.";
    buildOnly = option bool false "Whether the host is built but never deployed to.";
    buildOnTarget = option bool false "Whether proteus has the host build its system itself, instead of sending it.";
    substituteOnDestination = option bool false "Whether the host fetches from its own binary caches what they have.";
    tags = option (listOf str) [ ] "Words to select and order hosts by.";
    secrets = option (attrsOf secret) { } "Files that are uploaded and never get into the store.";
    preDeployChecks = option checks { } "What must be true of the host before it gets a new configuration.";
    healthChecks = option checks { } "What must be true of the host once it runs its new configuration.";
  };

  # Keeps the programs that checks run in the closure of the host. Name and content decide the store path of the whole
  # system, and must stay as they are.
  config.system.extraDependencies = [
    (pkgs.writeText "healthcheck-commands.txt" (
      lib.concatStringsSep "\n" (lib.concatMap (check: check.cmd) commands)
    ))
  ];
}
