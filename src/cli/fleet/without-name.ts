/** A message about a host, for where its name stands already: most begin with it. Pure. */

export function withoutName(host: string, message: string): string {
  return message.startsWith(`${host}: `) ? message.slice(host.length + 2) : message;
}
