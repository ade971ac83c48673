# Which packages the machine is made of: those given as nixpkgs.pkgs, for the system that the machine says it has.
{ config, lib, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.nixpkgs;
in
{
  options.nixpkgs = {
    pkgs = mkOption {
      type = types.raw;
      default = import ../.. { inherit (cfg) system config overlays; };
      description = "The package set.";
    };
    system = mkOption {
      type = types.str;
      default = builtins.currentSystem;
      description = "What kind of machine it is, e.g. `aarch64-linux`.";
    };
    initialSystem = mkOption {
      type = types.str;
      default = cfg.system;
      description = "The system that the caller's package set is for.";
    };
    config = mkOption {
      type = types.attrs;
      default = { };
      description = "Settings of the package set, when it is not given.";
    };
    overlays = mkOption {
      type = types.listOf types.raw;
      default = [ ];
      description = "Functions that change the package set, when it is not given.";
    };
  };

  config._module.args.pkgs =
    if cfg.pkgs.system == cfg.system then
      cfg.pkgs
    else
      import cfg.pkgs.path {
        inherit (cfg) system;
        inherit (cfg.pkgs) config overlays;
      };
}
