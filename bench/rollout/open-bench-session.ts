import type { HostSession } from '../../src/deploy/session/host-session.ts';
import { labSession } from '../../test/deploy/lab-session.ts';
export async function openBenchSession(
  t: { name: string; host: string },
  configFile: string,
  _s: AbortSignal,
): Promise<HostSession> {
  return labSession({
    name: t.name,
    ssh: { target: { host: t.host, user: 'root' }, settings: { configFile } },
    exec: async () => ({ stdout: '20000000000\nx\n', stderr: '', code: 0 }),
  } as never);
}
