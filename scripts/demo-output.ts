/** What the demonstration prints: headings, the commands it runs, and the table at the end. */

export interface DemoRow {
  readonly what: string;
  readonly result: string;
}

const bold = process.stdout.isTTY ? (text: string) => `\u001b[1m${text}\u001b[0m` : (text: string) => text;

/** Announces a chapter. */
export function chapter(title: string): void {
  process.stdout.write(`\n${bold(`== ${title}`)}\n`);
}

/** Shows a command as a user would type it. */
export function showCommand(words: readonly string[]): void {
  process.stdout.write(`$ ${words.map((word) => (/[\s*{}?#]/.test(word) ? `'${word}'` : word)).join(' ')}\n`);
}

export function tell(line: string): void {
  process.stdout.write(`  ${line}\n`);
}

export function printTable(rows: readonly DemoRow[]): void {
  const width = Math.max(...rows.map(({ what }) => what.length));
  process.stdout.write('\n');
  for (const { what, result } of rows) process.stdout.write(`${what.padEnd(width)}  ${result}\n`);
}
