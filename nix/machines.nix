# One derivation with a link per host, named as the host: to its toplevel, or, with build targets, a folder of links to
# what each target makes of the host.
{ runCommand, nodes }:

{
  # JSON whose `Names` are the hosts wanted.
  argsFile,
  # Functions from an evaluated host to a derivation, by the name that the link shall have.
  buildTargets ? null,
}:

let
  inherit (builtins)
    attrNames
    concatStringsSep
    elem
    filter
    fromJSON
    readFile
    replaceStrings
    ;

  quote = text: "'" + replaceStrings [ "'" ] [ "'\\''" ] text + "'";
  link = target: place: "ln -s ${target} \"$out\"/${quote place}";

  linksOf =
    name:
    let
      node = nodes.${name};
    in
    if buildTargets == null then
      [ (link node.config.system.build.toplevel name) ]
    else
      [ "mkdir -p \"$out\"/${quote name}" ]
      ++ map (target: link (buildTargets.${target} node) "${name}/${target}") (attrNames buildTargets);

  wanted = (fromJSON (readFile argsFile)).Names;
  # In the order of `nodes`, so that the order of the names asked for does not change the derivation.
  hosts = filter (name: elem name wanted) (attrNames nodes);
in
runCommand "morph" { preferLocalBuild = true; } (
  concatStringsSep "\n" ([ "mkdir -p \"$out\"" ] ++ builtins.concatLists (map linksOf hosts)) + "\n"
)
