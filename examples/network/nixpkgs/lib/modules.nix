# A module system in the manner of NixOS: modules declare options and define values for them; the definitions of all
# modules are merged by the option's type. Everything is lazy: which options exist depends on declarations alone, so a
# definition may use any other option's value.
{ lib }:

let
  inherit (builtins)
    attrNames
    attrValues
    concatStringsSep
    filter
    foldl'
    functionArgs
    genericClosure
    head
    isAttrs
    isFunction
    isPath
    isString
    length
    map
    mapAttrs
    typeOf
    ;
  inherit (lib) concatMap isOption optional;

  # --- from what was written to { _file, key, imports, options, config } --------------------------------------------

  # A function gets, besides what every module gets, each argument that it names: from specialArgs or _module.args.
  callModule =
    args: file: f:
    let
      named = mapAttrs (
        name: _:
        args.${name}
          or (args.config._module.args.${name}
            or (throw "The module `${file}' wants an argument `${name}', which is not in specialArgs or _module.args.")
          )
      ) (functionArgs f);
    in
    f (args // named);

  loadModule =
    args: file: key: module:
    if isPath module || isString module then
      loadModule args (toString module) (toString module) (import module)
    else if isFunction module then
      loadModule args file key (callModule args file module)
    else if !isAttrs module then
      throw "A module in `${file}' is ${typeOf module}, but must be a set, a function or a path."
    else
      structure file key module;

  structure =
    file: key: module:
    let
      own = {
        _file = module._file or file;
        key = module.key or key;
        imports = module.imports or [ ];
      };
      bookkeeping = [
        "_file"
        "key"
        "imports"
      ];
      others = removeAttrs module (
        bookkeeping
        ++ [
          "options"
          "config"
        ]
      );
    in
    if module ? _type then
      own // { options = { }; config = module; }
    else if !(module ? options || module ? config) then
      own // { options = { }; config = removeAttrs module bookkeeping; }
    else if others != { } then
      throw "The module `${own._file}' has `${head (attrNames others)}' beside `config' or `options'; put it into `config'."
    else
      own // { options = module.options or { }; config = module.config or { }; };

  # All modules with those that they import, each key once.
  collectModules =
    args: modules:
    let
      load =
        parent: imports:
        lib.imap (
          n: module:
          let
            loaded = loadModule args parent._file "${parent.key}:${toString n}" module;
          in
          loaded // { key = toString loaded.key; }
        ) imports;
    in
    genericClosure {
      startSet = load {
        _file = "<unknown file>";
        key = "root";
      } modules;
      operator = module: load module module.imports;
    };

  # --- from definitions to a value ----------------------------------------------------------------------------------

  # Moves mkIf, mkMerge and mkOverride from a set to its members, without looking at any condition.
  pushDown =
    file: path: value:
    if value._type or null == "merge" then
      concatMap (pushDown file path) value.contents
    else if value._type or null == "if" then
      map (mapAttrs (_: lib.mkIf value.condition)) (pushDown file path value.content)
    else if value._type or null == "override" then
      map (mapAttrs (_: lib.mkOverride value.priority)) (pushDown file path value.content)
    else if isAttrs value then
      [ value ]
    else
      throw "`${showOption path}' is a set of options, but `${file}' defines it as ${typeOf value}.";

  # One definition as the plain values that hold, with their priorities.
  discharge =
    { file, value }:
    if value._type or null == "merge" then
      concatMap (value: discharge { inherit file value; }) value.contents
    else if value._type or null == "if" then
      if value.condition then
        discharge {
          inherit file;
          value = value.content;
        }
      else
        [ ]
    else if value._type or null == "override" then
      map (definition: definition // { inherit (value) priority; }) (discharge {
        inherit file;
        value = value.content;
      })
    else
      [
        {
          inherit file value;
          priority = lib.defaultPriority;
        }
      ];

  mergeDefinitions =
    path: type: definitions:
    let
      all = concatMap discharge definitions;
      strongest = foldl' (found: d: if d.priority < found then d.priority else found) 9999 all;
      values = filter (d: d.priority == strongest) all;
      wrong = filter (d: !type.check d.value) values;
    in
    {
      isDefined = values != [ ];
      inherit values;
      value =
        if values == [ ] then
          throw "The option `${showOption path}' is used but not defined."
        else if wrong != [ ] then
          throw "The option `${showOption path}' must be ${type.description}, but `${(head wrong).file}' defines it as ${showValue (head wrong).value}."
        else
          type.merge path values;
    };

  evalOption =
    path: declaration: definitions:
    let
      inherit (declaration) file option;
      type = option.type or lib.types.anything;
      withDefault =
        optional (option ? default) {
          inherit file;
          value = lib.mkOptionDefault option.default;
        }
        ++ definitions;
      merged = mergeDefinitions path type withDefault;
    in
    option
    // {
      inherit (merged) isDefined;
      inherit type;
      value = if option ? apply then option.apply merged.value else merged.value;
      definitions = map (d: d.value) merged.values;
      files = map (d: d.file) merged.values;
      loc = path;
    };

  # The tree of all declared options, with their values, and which definitions have no declaration.
  mergeTree =
    path: declarations: definitions:
    let
      byName =
        sets:
        builtins.zipAttrsWith (_: values: values) (
          map ({ file, set }: mapAttrs (_: value: { inherit file value; }) set) sets
        );
      declared = byName (map ({ file, value }: { inherit file; set = value; }) declarations);
      defined = byName (
        concatMap (
          { file, value }: map (set: { inherit file set; }) (pushDown file path value)
        ) definitions
      );

      results = mapAttrs (
        name: declarations:
        let
          here = path ++ [ name ];
          leaves = filter (d: isOption d.value) declarations;
          first = head leaves;
        in
        if leaves == [ ] then
          mergeTree here declarations (defined.${name} or [ ])
        else if length declarations > 1 then
          throw "The option `${showOption here}' is declared in several modules: ${
            concatStringsSep ", " (map (d: "`${d.file}'") declarations)
          }."
        else
          rec {
            options = evalOption here {
              inherit (first) file;
              option = first.value;
            } (defined.${name} or [ ]);
            config = options.value;
            undeclared = [ ];
          }
      ) declared;
    in
    {
      options = mapAttrs (_: result: result.options) results;
      config = mapAttrs (_: result: result.config) results;
      undeclared =
        concatMap (result: result.undeclared) (attrValues results)
        ++ concatMap (
          name:
          map (d: {
            path = path ++ [ name ];
            inherit (d) file;
          }) defined.${name}
        ) (filter (name: !(declared ? ${name})) (attrNames defined));
    };

  showOption = concatStringsSep ".";
  showValue =
    value:
    if isString value then
      "the string \"${value}\""
    else if
      builtins.elem (typeOf value) [
        "int"
        "bool"
        "null"
      ]
    then
      builtins.toJSON value
    else
      "a ${typeOf value}";
in
{
  inherit mergeDefinitions showOption;

  evalModules =
    {
      modules,
      specialArgs ? { },
      prefix ? [ ],
    }:
    let
      internal = {
        _file = "lib/modules.nix";
        options._module = {
          args = lib.mkOption {
            type = lib.types.lazyAttrsOf lib.types.raw;
            default = { };
          };
          check = lib.mkOption {
            type = lib.types.bool;
            default = true;
          };
        };
      };
      # What modules see is not checked: the check needs all of them.
      args = {
        inherit lib;
        inherit (merged) config options;
      }
      // specialArgs;
      all = collectModules args (modules ++ [ internal ]);
      from =
        field:
        map (module: {
          file = module._file;
          value = module.${field};
        }) all;
      merged = mergeTree prefix (from "options") (from "config");
      stray = head merged.undeclared;
    in
    {
      inherit (merged) options;
      config =
        if merged.config._module.check && merged.undeclared != [ ] then
          throw "The option `${showOption stray.path}' defined in `${stray.file}' does not exist."
        else
          merged.config;
      _module = merged.config._module;
    };
}
