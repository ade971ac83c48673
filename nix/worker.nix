# What an evaluation worker runs inside `nix repl`: a function from an attribute path to a description of what is there,
# told as trace messages that begin with a word nobody else knows.
#
# The file is typed to the repl as a single line, because evaluation may be restricted so that nothing outside the
# inputs can be imported. So: comments only on lines of their own, and no string that goes over a line end.
{
  # Begins the messages that are meant for us. Evaluated code never sees it, so it cannot speak in our name.
  nonce,
  # A function that gives the root, called anew for each job when `fresh` is set.
  root,
  # Arguments for functions on the way.
  args,
  # Walk into every attribute set.
  force,
  fresh,
}:
let
  inherit (builtins) attrNames concatLists filter foldl' functionArgs intersectAttrs isAttrs isFunction isList isPath;
  inherit (builtins) isString listToAttrs match seq toJSON toXML trace tryEval typeOf unsafeDiscardStringContext;

  # As Nix calls functions found on an attribute path: only those that take a set by names.
  takesNames = f: functionArgs f != { } || match ".*<attrspat[ />].*" (toXML f) != null;
  call =
    v:
    if isAttrs v && v ? __functor then
      call (v.__functor v)
    else if isFunction v && takesNames v then
      call (v (intersectAttrs (functionArgs v) args))
    else
      v;

  sharedTop = call (root null);
  top = if fresh then _: call (root null) else _: sharedTop;
  select = path: foldl' (v: name: call v.${name}) (top null) path;

  isDerivation = v: isAttrs v && (v.type or null) == "derivation";

  # The members of `meta` that JSON can say, a few levels deep. Functions and derivations are left out.
  maxDepth = 5;
  keep =
    depth: v:
    let
      evaluated = tryEval v;
      value = evaluated.value;
    in
    if !evaluated.success || depth > maxDepth || isFunction value then
      [ ]
    else if isString value then
      [ (unsafeDiscardStringContext value) ]
    else if isPath value then
      [ (toString value) ]
    else if isList value then
      [ (concatLists (map (keep (depth + 1)) value)) ]
    else if isAttrs value then
      (if value ? outPath || value ? __toString then [ ] else [ (keepMembers (depth + 1) value) ])
    else
      [ value ];
  keepMembers =
    depth: set:
    listToAttrs (concatLists (map (name: map (value: { inherit name value; }) (keep depth set.${name})) (attrNames set)));

  describe =
    v: path:
    if isDerivation v then
      {
        derivation = {
          inherit (v) name system;
          drvPath = unsafeDiscardStringContext v.drvPath;
          outputs = listToAttrs (
            map (name: { inherit name; value = unsafeDiscardStringContext (toString v.${name}.outPath); }) (v.outputs or [ "out" ])
          );
        };
      }
    else if isAttrs v then
      { attributes = if force || path == [ ] || (v.recurseForDerivations or false) == true then attrNames v else [ ]; }
    else
      { other = typeOf v; };

  tell = word: value: then_: seq (trace "${nonce} ${word} ${toJSON value}" null) then_;
in
# Two messages, so that a derivation is known even when its `meta` fails in a way that cannot be caught.
path:
let
  v = select path;
in
tell "result" (describe v path) (if isDerivation v && isAttrs (v.meta or null) then tell "meta" (keepMembers 0 v.meta) null else null)
