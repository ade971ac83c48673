# The module that every host of a network gets besides its own: its names, the other hosts, and the packages of the
# network. It runs inside whichever NixOS release the network chose (17.03 and later are known to work), so it sets an
# option only where the release declares it. That test reads `options` alone, which no definition can influence;
# testing `config` here would never end.
{
  name,
  nodes,
  check,
  lib,
  # network.pkgs, or { }.
  packages,
}:

{
  config,
  options,
  pkgs,
  ...
}:

let
  inherit (lib)
    mkDefault
    mkForce
    mkIf
    mkMerge
    mkOverride
    optional
    optionalAttrs
    ;

  hasPackages = packages != { };
  packagesSystem = packages.stdenv.hostPlatform.system or (packages.system or builtins.currentSystem);

  release = options.nixpkgs or { };
  hasHostPlatform = release ? hostPlatform;
  # From 19.03 to 22.05 a host whose system is not that of nixpkgs.pkgs does not evaluate.
  assertsSystem = release ? initialSystem && !hasHostPlatform;

  hostSystem =
    if hasHostPlatform && options.nixpkgs.hostPlatform.isDefined then
      config.nixpkgs.hostPlatform.system
    else
      config.nixpkgs.localSystem.system or config.nixpkgs.system;

  # The network's packages, for the host's system.
  hostPackages =
    if hostSystem == packagesSystem then
      packages
    else
      import packages.path (
        {
          system = hostSystem;
          config = packages.config or { };
        }
        // optionalAttrs (packages ? overlays) { inherit (packages) overlays; }
      );

  secretUnits = import ./secret-units.nix {
    inherit pkgs;
    inherit (config.deployment) secrets;
  };
in
{
  _file = ./host-module.nix;
  key = "deploy-stuff";
  imports = [ ./options.nix ];

  config = mkMerge [
    {
      deployment.targetHost = mkDefault name;
      _module.args = {
        inherit name nodes;
      };
      _module.check = check;
    }

    (optionalAttrs (options ? networking.hostName) { networking.hostName = mkDefault name; })

    (optionalAttrs (options ? systemd.services) { systemd.services = secretUnits.services; })
    (optionalAttrs (options ? systemd.paths) { systemd.paths = secretUnits.paths; })

    # Our options are described in the host's manual relative to our own folder.
    (optionalAttrs (options ? documentation.nixos.extraModuleSources) {
      documentation.nixos.extraModuleSources = [ ../. ];
    })

    (optionalAttrs (release ? pkgs) {
      nixpkgs.pkgs = mkIf hasPackages (mkDefault (if assertsSystem then hostPackages else packages));
    })
    # Before 17.09 there is no such option; between mkForce and a plain definition, as NixOS itself makes the latter.
    (optionalAttrs (release ? system && !(release ? pkgs)) {
      _module.args.pkgs = mkIf hasPackages (mkOverride 75 hostPackages);
    })

    # Up to 22.05 NixOS takes its argument `system` as the default of this option, but the null that it gets from us is
    # no string. Only that default is overridden: what a host says has a higher priority still.
    (optionalAttrs (release ? system && !hasHostPlatform) {
      nixpkgs.system = mkIf (!(options.nixpkgs.system ? default)) (mkOverride 999 packagesSystem);
    })
    (optionalAttrs assertsSystem { nixpkgs.initialSystem = mkForce packagesSystem; })
    # 22.11 looks for a system even when the packages are given.
    (optionalAttrs (release ? system && hasHostPlatform) {
      nixpkgs.system = mkIf (hasPackages && !options.nixpkgs.hostPlatform.isDefined) (
        mkOverride 1400 packagesSystem
      );
    })

    # Elsewhere NixOS takes nixpkgs.pkgs as it is, whatever the host says. So does Morph; we say it at least.
    (optionalAttrs (options ? warnings && release ? pkgs && release ? system && !assertsSystem) {
      warnings = optional (
        hasPackages && hostSystem != packagesSystem
      ) "${name} is meant for ${hostSystem}, but is made of network.pkgs, which are for ${packagesSystem}";
    })
  ];
}
