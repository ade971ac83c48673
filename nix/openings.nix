# What evaluators of one network may begin with. Where several write the same derivations to an empty store at the same
# time, they wait for each other; so one begins with packages that nearly every host has, and the others with what of
# their host can be known without a derivation being written. Nearly all of it is needed later anyway: a package that no
# host has costs what its derivation costs.
{ packages, nodes }:

let
  inherit (builtins)
    attrNames
    filter
    foldl'
    mapAttrs
    seq
    tryEval
    ;

  # Each for itself: whatever fails here is told where it is needed.
  all = foldl' (done: value: seq (tryEval value).success done) null;
  written = names: all (map (name: packages.${name}.drvPath or null) names);
in
{
  packages = written [
    "stdenv"
    "systemd"
    "linux"
    "perl"
    "util-linux"
    "utillinux" # its name until 2020
    "nix"
    "openssh"
  ];

  # The lists of packages are left out: their types look at store paths, which writes derivations.
  modules = mapAttrs (
    _:
    { config, ... }:
    all [
      (attrNames (config.environment.etc or { }))
      (attrNames (config.systemd.services or { }))
      (filter ({ assertion, ... }: !assertion) (config.assertions or [ ]))
    ]
  ) nodes;
}
