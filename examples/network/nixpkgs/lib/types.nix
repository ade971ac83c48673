# What an option can hold. A type says in words what it wants (`description`), whether a value is that (`check`), and
# what several definitions come to (`merge`, given the option's path and [ { file, value } ], never empty).
{ lib }:

let
  inherit (builtins)
    all
    attrNames
    concatLists
    elem
    foldl'
    head
    isAttrs
    isBool
    isFunction
    isInt
    isList
    isPath
    isString
    length
    listToAttrs
    map
    mapAttrs
    toJSON
    typeOf
    zipAttrsWith
    ;
  inherit (lib) mergeDefinitions showOption;

  files = definitions: lib.concatMapStringsSep " and " (d: "`${d.file}'") definitions;

  onlyOne =
    path: definitions:
    if length definitions == 1 then
      (head definitions).value
    else
      throw "The option `${showOption path}' is defined by ${files definitions}, but can be defined once only.";

  allEqual =
    path: definitions:
    let
      first = (head definitions).value;
    in
    if all (d: d.value == first) definitions then
      first
    else
      throw "The option `${showOption path}' has conflicting definitions in ${files definitions}.";

  values = map (d: d.value);

  # Definitions of a set as definitions of each of its members.
  members =
    definitions:
    zipAttrsWith (_: list: list) (
      map (d: mapAttrs (_: value: {
        inherit (d) file;
        inherit value;
      }) d.value) definitions
    );
in
rec {
  raw = {
    description = "anything";
    check = _: true;
    merge = onlyOne;
  };

  anything = {
    description = "anything";
    check = _: true;
    merge =
      path: definitions:
      if length definitions > 1 && all (d: isAttrs d.value && !(d.value ? type)) definitions then
        (lazyAttrsOf anything).merge path definitions
      else if length definitions > 1 && all (d: isList d.value) definitions then
        concatLists (values definitions)
      else
        allEqual path definitions;
  };

  bool = {
    description = "true or false";
    check = isBool;
    merge = allEqual;
  };

  int = {
    description = "a whole number";
    check = isInt;
    merge = allEqual;
  };

  str = {
    description = "a string";
    check = isString;
    merge = allEqual;
  };

  lines = str // {
    merge = _: definitions: lib.concatStringsSep "\n" (values definitions);
  };

  path = {
    description = "an absolute path";
    check = value: isPath value || (isString value && lib.hasPrefix "/" value) || value ? outPath;
    merge = allEqual;
  };

  package = {
    description = "a package";
    check = value: isAttrs value && value.type or "" == "derivation";
    merge = onlyOne;
  };

  attrs = {
    description = "a set";
    check = isAttrs;
    merge = _: definitions: foldl' (all: more: all // more) { } (values definitions);
  };

  enum =
    choices:
    {
      description = "one of ${lib.concatMapStringsSep ", " toJSON choices}";
      check = value: elem value choices;
      merge = allEqual;
    };

  nullOr =
    type:
    {
      description = "null or ${type.description}";
      check = value: value == null || type.check value;
      merge =
        path: definitions:
        if all (d: d.value == null) definitions then
          null
        else if lib.elem null (values definitions) then
          throw "The option `${showOption path}' is null in one of ${files definitions}, but not in all."
        else
          type.merge path definitions;
    };

  either =
    one: other:
    {
      description = "${one.description}, or ${other.description}";
      check = value: one.check value || other.check value;
      merge =
        path: definitions:
        if all (d: one.check d.value) definitions then
          one.merge path definitions
        else
          other.merge path definitions;
    };

  # The lists of all modules, joined in the order of the modules.
  listOf =
    type:
    {
      description = "a list, each element ${type.description}";
      check = isList;
      merge =
        path: definitions:
        lib.concatMap (
          { file, value, ... }:
          concatLists (
            lib.imap (
              n: value:
              let
                merged = mergeDefinitions (path ++ [ "[${toString n}]" ]) type [ { inherit file value; } ];
              in
              lib.optional merged.isDefined merged.value
            ) value
          )
        ) definitions;
    };

  # A member whose definitions are all under a false mkIf is left out, so the conditions decide which names there are.
  attrsOf =
    type:
    {
      description = "a set, each member ${type.description}";
      check = isAttrs;
      merge =
        path: definitions:
        let
          merged = mapAttrs (name: mergeDefinitions (path ++ [ name ]) type) (members definitions);
        in
        mapAttrs (_: m: m.value) (lib.filterAttrs (_: m: m.isDefined) merged);
    };

  # The same, but names do not depend on conditions.
  lazyAttrsOf =
    type:
    attrsOf type
    // {
      merge =
        path: definitions:
        mapAttrs (name: members: (mergeDefinitions (path ++ [ name ]) type members).value) (members definitions);
    };

  # Options within an option; each definition is one more module.
  submodule =
    module:
    {
      description = "a set of options";
      check = value: isAttrs value || isFunction value || isPath value;
      merge =
        path: definitions:
        let
          evaluated = lib.evalModules {
            prefix = path;
            modules = [
              { _module.args.name = lib.mkOptionDefault (lib.last path); }
            ]
            ++ (if isList module then module else [ module ])
            # A set is values only, so that an option of it may be called `options`.
            ++ map (
              d:
              {
                _file = d.file;
              }
              // (if isAttrs d.value then { config = d.value; } else { imports = [ d.value ]; })
            ) definitions;
          };
        in
        removeAttrs evaluated.config [ "_module" ];
    };
}
