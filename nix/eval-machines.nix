# Turns a network file into NixOS hosts.
#
#   nix-instantiate nix/eval-machines.nix --argstr networkExpr /path/to/network.nix -A nodes.HOST.config.system.build.toplevel
#
# A network file is an attribute set with one NixOS module per host. The contract is that of Morph's file of the same
# name, so that its network files and the glue written around it (`(import … { networkExpr = ./net.nix; }).nodes.web01`)
# work unchanged, and a host's toplevel has the same store path. What comes out:
#
#   nodes, uncheckedNodes   evaluated hosts by name, with and without the check for misspelt options
#   info.hostNames          names only; evaluates no host
#   info.deployment         what a deployment needs to know of all hosts, as data for --json
#   info.deploymentFor      the same for some hosts: { hostNames }
#   info.deploymentOf       the same for each host, by name
#   info.buildShell         derivation path of network.buildShell, or null
#   openings                what evaluators that share the hosts begin with (openings.nix)
#   machines                one derivation that links the toplevels of the hosts named in a JSON file
{
  # The network file, as a path or as a string with its absolute path.
  networkExpr ? null,
  network ? import networkExpr,
}:

let
  inherit (builtins)
    attrNames
    elem
    filter
    isAttrs
    isFunction
    listToAttrs
    ;

  net =
    if isAttrs network then
      network
    else
      throw "a Morph network must be an attribute set of hosts, but ${
        if networkExpr == null then "the given network" else toString networkExpr
      } is a ${if isFunction network then "function" else builtins.typeOf network}";

  settings = net.network or { };
  packages = settings.pkgs or { };
  lib = settings.lib or (packages.lib or (import <nixpkgs/lib>));
  runCommand = settings.runCommand or (packages.runCommand or (import <nixpkgs> { }).runCommand);

  evalConfig =
    let
      given = settings.evalConfig or ((packages.path or <nixpkgs>) + "/nixos/lib/eval-config.nix");
    in
    if isFunction given then given else import given;

  # `resources` and `require` are left in some files from the time when NixOps read them.
  reserved = [
    "network"
    "defaults"
    "resources"
    "require"
    "_file"
  ];
  hostNames = filter (name: !elem name reserved) (attrNames net);

  forHosts =
    f:
    listToAttrs (
      map (name: {
        inherit name;
        value = f name;
      }) hostNames
    );

  # The order of modules is part of the contract: lists such as environment.systemPackages are joined in it.
  evaluate =
    check:
    forHosts (
      name:
      evalConfig {
        # Null leaves the system to the host (nixpkgs.hostPlatform, nixpkgs.system) or to network.pkgs.
        system = null;
        specialArgs = settings.specialArgs or { };
        modules = [
          { imports = [ net.${name} ]; }
          (net.defaults or { })
          (import ./host-module.nix {
            inherit
              name
              check
              lib
              packages
              ;
            nodes = uncheckedNodes;
          })
        ]
        ++ (if net ? _file then [ { inherit (net) _file; } ] else [ ]);
      }
    );

  nodes = evaluate true;
  # What a host sees of the others. Not checked, so that two hosts may look at each other.
  uncheckedNodes = evaluate false;

  deployment = import ./deployment-info.nix { inherit settings nodes; };
in
{
  inherit nodes uncheckedNodes;

  info = {
    inherit hostNames;
    deployment = deployment hostNames;
    deploymentFor = { hostNames }: deployment hostNames;
    machines = forHosts (name: builtins.head (deployment [ name ]).hosts);
    deploymentOf = forHosts (name: deployment [ name ]);
    machineList = (deployment hostNames).hosts;
    network = settings;
    buildShell = settings.buildShell.drvPath or null;
  };

  openings = import ./openings.nix { inherit packages nodes; };

  machines = import ./machines.nix { inherit runCommand nodes; };
}
