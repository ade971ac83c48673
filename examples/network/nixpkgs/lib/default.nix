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
    optionals = condition: values: if condition then values else [ ];
    optionalAttrs = condition: set: if condition then set else { };
    optionalString = condition: text: if condition then text else "";

    concatMap = f: list: concatLists (map f list);
    inherit concatStringsSep;
    concatMapStringsSep =
      separator: f: list:
      concatStringsSep separator (map f list);
    concatStrings = concatStringsSep "";

    nameValuePair = name: value: { inherit name value; };
    imap = f: list: builtins.genList (n: f (n + 1) (builtins.elemAt list n)) (builtins.length list);
    last = list: builtins.elemAt list (builtins.length list - 1);
    mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);
    filterAttrs =
      keep: set:
      listToAttrs (
        concatMap (name: optional (keep name set.${name}) (nameValuePair name set.${name})) (attrNames set)
      );
    genAttrs = names: f: listToAttrs (map (name: nameValuePair name (f name)) names);

    hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
    removeSuffix =
      suffix: text:
      let
        rest = stringLength text - stringLength suffix;
      in
      if rest >= 0 && substring rest (stringLength suffix) text == suffix then substring 0 rest text else text;

    inherit (builtins) elem mapAttrs;
    # Obsolete in nixpkgs; Morph's own eval-machines.nix still calls it.
    scrubOptionValue = value: value;
  };

  lib = basics // import ./options.nix { inherit lib; } // import ./modules.nix { inherit lib; } // {
    types = import ./types.nix { inherit lib; };
  };
in
lib
