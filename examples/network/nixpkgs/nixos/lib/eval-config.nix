# From modules to a machine, with the arguments and the result of NixOS's file of this name.
{
  system ? builtins.currentSystem,
  modules,
  specialArgs ? { },
  lib ? import ../../lib,
}:

let
  evaluated = lib.evalModules {
    specialArgs = {
      modulesPath = toString ../modules;
    }
    // specialArgs;
    modules =
      modules
      ++ import ../modules/all.nix
      ++ lib.optional (system != null) {
        _file = ./eval-config.nix;
        nixpkgs.system = lib.mkDefault system;
      };
  };
in
evaluated
// {
  inherit (evaluated.config._module.args) pkgs;
}
