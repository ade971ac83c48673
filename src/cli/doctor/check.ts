/** One finding of the doctor. */

export interface Check {
  /** What was looked at, e.g. `nix` or `builder arm1`. */
  readonly name: string;
  /** `problem`: something will fail; `warning`: it works, but not as well or as safely as it could. */
  readonly status: 'ok' | 'warning' | 'problem';
  /** What was found. */
  readonly detail: string;
  /** What to do about it; always there when the status is not ok. */
  readonly mend?: string;
}

export function ok(name: string, detail: string): Check {
  return { name, status: 'ok', detail };
}

export function warning(name: string, detail: string, mend: string): Check {
  return { name, status: 'warning', detail, mend };
}

export function problem(name: string, detail: string, mend: string): Check {
  return { name, status: 'problem', detail, mend };
}
