# Declaring options, and saying how strongly or under which condition something is defined.
{ lib }:

rec {
  mkOption = declaration: declaration // { _type = "option"; };
  isOption = value: value._type or "" == "option";
  mkEnableOption =
    name:
    mkOption {
      type = lib.types.bool;
      default = false;
      description = "Whether to enable ${name}.";
    };

  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };

  # The lower the priority's number, the stronger the definition.
  mkOverride = priority: content: {
    _type = "override";
    inherit priority content;
  };
  defaultPriority = 100;
  mkForce = mkOverride 50;
  mkDefault = mkOverride 1000;
  mkOptionDefault = mkOverride 1500;
}
