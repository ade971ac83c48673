# How a derivation for `system` is run: busybox is all there is. On x86_64-linux it is the /bin/sh that Nix puts into
# the sandbox (setting sandbox-paths = /bin/sh=/path/to/static/busybox). A build for aarch64-linux brings its own,
# because under emulation the sandbox has the one of the machine that emulates.
{ lib, system }:

let
  # A folder with a static `busybox` for that system; not kept in git.
  brought = ./. + "/../busybox-${system}";
  shells = {
    x86_64-linux = {
      builder = "/bin/sh";
      arguments = [ ];
    };
    aarch64-linux = {
      builder =
        if builtins.pathExists (brought + "/busybox") then
          "${brought}/busybox"
        else
          throw "To build for aarch64-linux, put a static aarch64 busybox at ${toString brought}/busybox (`scripts/ensure arm64-busybox` of Proteus downloads one).";
      arguments = [ "sh" ];
    };
  };
  shell =
    shells.${system} or (throw "This package set knows ${lib.concatStringsSep " and " (builtins.attrNames shells)}, not ${system}.");
in
{
  hostPlatform = { inherit system; };

  # Runs `script` with the attributes of `environment` as variables.
  mkDerivation =
    {
      name,
      script,
      environment ? { },
    }:
    derivation (
      environment
      // {
        inherit name system script;
        inherit (shell) builder;
        args = shell.arguments ++ [
          "-euc"
          "eval \"$script\""
        ];
      }
    );
}
