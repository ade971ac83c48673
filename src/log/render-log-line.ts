/** One line of the log for people: the time, what is out of the ordinary, the message, and its fields. Pure. */

import { z } from 'zod';
import { printable } from '../util/printable.ts';

const lineSchema = z.looseObject({
  level: z.string(),
  time: z.string(),
  msg: z.string().optional(),
  err: z.looseObject({ message: z.string(), stack: z.string().optional() }).optional(),
});

/** `json`: a line that our logger wrote; what is not one comes back as it is. */
export function renderLogLine(json: string): string {
  const line = lineSchema.safeParse(parse(json));
  if (!line.success) return json;
  const { level, time, msg = '', err, ...fields } = line.data;
  const clock = time.slice(11, 19);
  const mark = level === 'info' ? '' : `${level}: `;
  const rest = Object.entries(fields).map(
    ([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const why = err === undefined ? '' : `: ${err.stack ?? err.message}`;
  return `${clock} ${mark}${lines(msg + why)}${printable(rest.join(''))}\n`;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Further lines stand below the first one, set in. */
function lines(text: string): string {
  return text.split('\n').map(printable).join('\n           ');
}
