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
  inherit (builtins) appendContext attrNames concatLists concatMap foldl' functionArgs getContext hasContext;
  inherit (builtins) intersectAttrs isAttrs isFunction isList isPath isString listToAttrs match seq toJSON toXML trace;
  inherit (builtins) tryEval typeOf unsafeDiscardStringContext;

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
  select = foldl' (v: name: call v.${name});
  selectIfThere = foldl' (v: name: if isAttrs v && v ? ${name} then v.${name} else null);

  isDerivation = v: isAttrs v && (v.type or null) == "derivation";

  # What NixOS makes of a configuration stands for its system: below it are all options and packages there are.
  isConfiguration = v: isAttrs v && !isDerivation v && v ? config && v ? options && v ? config.system.build.toplevel;
  systemOf = v: if isConfiguration v then v.config.system.build.toplevel else v;

  # The constituents of an aggregate in their order: derivations, and names (or patterns) of jobs.
  constituent =
    c:
    if !isString c then
      [
        {
          drvPath = unsafeDiscardStringContext c.drvPath;
          output = c.outputName or "out";
          path = unsafeDiscardStringContext c.outPath;
        }
      ]
    else if hasContext c then
      concatMap (
        drvPath:
        map (output: {
          inherit drvPath output;
          path = unsafeDiscardStringContext c;
        }) ((getContext c).${drvPath}.outputs or [ ])
      ) (attrNames (getContext c))
    else
      [ { name = c; } ];
  aggregateOf = v: {
    constituents = concatMap constituent (v.constituents or (throw "an aggregate must have an attribute 'constituents'"));
    globs = (v._hydraGlobConstituents or false) == true;
  };
  # The aggregate with these constituents, as if they had been written there as derivations.
  withConstituents =
    v: constituents:
    v
    // derivation (
      v.drvAttrs // { constituents = map (c: appendContext c.path { ${c.drvPath}.outputs = [ c.output ]; }) constituents; }
    );

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
        }
        // (if (v._hydraAggregate or false) == true then { aggregate = aggregateOf v; } else { });
      }
    else if isAttrs v then
      { attributes = if force || path == [ ] || (v.recurseForDerivations or false) == true then attrNames v else [ ]; }
    else
      { other = typeOf v; };

  tell = word: value: then_: seq (trace "${nonce} ${word} ${toJSON value}" null) then_;
in
# What may be null: `opening`, the path of what is evaluated before all else, whatever comes of it; `also`, the path of
# plain data that is told before the job; `constituents`, what an aggregate shall be made of. Several messages, so that what
# comes first is known even when the rest fails in a way that cannot be caught.
{ path, opening, also, constituents }:
let
  whole = top null;
  found = systemOf (select whole path);
  v = if constituents == null then found else withConstituents found constituents;
  opened = if opening == null then null else tell "opened" (tryEval (selectIfThere whole opening)).success null;
  told = if also == null then null else tell "data" (select whole also) null;
in
seq opened (seq told (
  tell "result" (describe v path) (if isDerivation v && isAttrs (v.meta or null) then tell "meta" (keepMembers 0 v.meta) null else null)
))
