/** What a job is called: its attribute path with dots. As Hydra has it, a part with a dot in it is quoted. */
export function jobName(attrPath: readonly string[]): string {
  return attrPath.map((part) => (part.includes('.') ? `"${part}"` : part)).join('.');
}
