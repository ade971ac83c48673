# A package set with the face of nixpkgs and nothing behind it but busybox: enough to make whole machines of in
# seconds, from nothing that would have to be downloaded. Its packages do no work; they are there to be built, signed,
# copied and deployed.
{
  system ? builtins.currentSystem,
  config ? { },
  overlays ? [ ],
}:

let
  lib = import ./lib;

  stdenv = import ./pkgs/stdenv.nix { inherit lib system; };
  builders = import ./pkgs/builders.nix { inherit stdenv; };

  packages =
    self:
    {
      inherit
        lib
        stdenv
        system
        config
        overlays
        ;
      path = ./.;
    }
    // builders
    // import ./pkgs/packages.nix self;

  apply = previous: overlay: previous // overlay final previous;
  final = builtins.foldl' apply (packages final) overlays;
in
final
