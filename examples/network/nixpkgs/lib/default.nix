# The part of nixpkgs' library that this network uses.
let
  inherit (builtins)
    attrNames
    concatLists
    concatStringsSep
    filter
    listToAttrs
    map
    stringLength
    substring
    ;

  basics = rec {
    optional = condition: value: if condition then [ value ] else [ ];
    optionalAttrs = condition: set: if condition then set else { };

    concatMap = f: list: concatLists (map f list);
    concatMapStringsSep =
      separator: f: list:
      concatStringsSep separator (map f list);
    concatStrings = concatStringsSep "";
    concatMapStrings = concatMapStringsSep "";

    nameValuePair = name: value: { inherit name value; };
    imap = f: list: builtins.genList (n: f (n + 1) (builtins.elemAt list n)) (builtins.length list);
    last = list: builtins.elemAt list (builtins.length list - 1);
    mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);
    filterAttrs =
      keep: set:
      listToAttrs (
        concatMap (name: optional (keep name set.${name}) (nameValuePair name set.${name})) (attrNames set)
      );

    hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
    removeSuffix =
      suffix: text:
      let
        rest = stringLength text - stringLength suffix;
      in
      if rest >= 0 && substring rest (stringLength suffix) text == suffix then substring 0 rest text else text;

    # Obsolete in nixpkgs; Morph's own eval-machines.nix still calls it.
    scrubOptionValue = value: value;
  };

  # Like nixpkgs' it has all of builtins too: Morph's own eval-machines.nix takes them from here.
  lib = builtins // basics // import ./options.nix { inherit lib; } // import ./modules.nix { inherit lib; } // {
    types = import ./types.nix { inherit lib; };
  };
in
lib
