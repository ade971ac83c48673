# What evaluators of one network may begin with. Where several write the same derivations to an empty store at the same
# time, they wait for each other; so one begins with packages that every host has, and the others with what of their
# host can be known without a derivation being written. All of it is needed later anyway.
{ packages, nodes }:

let
  inherit (builtins) attrNames foldl' length mapAttrs seq;

  all = foldl' (done: value: seq value done) null;
in
{
  packages = all [
    (packages.stdenv.drvPath or null)
    (packages.systemd.drvPath or null)
  ];

  modules = mapAttrs (
    _:
    { config, ... }:
    all [
      (length (config.environment.systemPackages or [ ]))
      (attrNames (config.environment.etc or { }))
      (attrNames (config.systemd.services or { }))
    ]
  ) nodes;
}
