# What modules require of each other, and what they want to say.
{ lib, ... }:

let
  inherit (lib) mkOption types;
in
{
  options = {
    assertions = mkOption {
      type = types.listOf (
        types.submodule {
          options = {
            assertion = mkOption { type = types.bool; };
            message = mkOption { type = types.str; };
          };
        }
      );
      default = [ ];
      description = "Conditions that must hold; else the machine does not evaluate, with the message.";
    };
    warnings = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Sentences that are shown while the machine is evaluated.";
    };
  };
}
