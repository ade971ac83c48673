/** The cases that `--case` names. Throws with what there is to choose from. */
export function chosenCases<Name extends string>(names: readonly Name[], chosen: readonly string[]): Name[] {
  return chosen.map((name) => {
    const found = names.find((known) => known === name);
    if (found === undefined) throw new Error(`--case wants one of ${names.join(', ')}, got '${name}'`);
    return found;
  });
}
