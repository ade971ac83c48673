/**
 * The cables of the lab: one veth pair for each host, one end in our network namespace, the other (`eth0`) in the
 * host's. The number in an end's name fixes the addresses, so two labs on one machine cannot meet: the kernel lets a
 * name exist only once.
 */

import { runProcess } from '../../src/process/run-process.ts';

const namePrefix = 'plab';
const links = 1 << 14;

export interface LabLink {
  /** Our end. */
  readonly name: string;
  /** Our address, and the one of the host, in a network of four addresses. */
  readonly controlAddress: string;
  readonly hostAddress: string;
}

/** The second byte of a 10.x network that nothing on this machine uses yet. */
async function freeNetwork(): Promise<number> {
  const { stdout: addresses } = await runProcess(['ip', '-oneline', '-4', 'address', 'show']);
  const { stdout: routes } = await runProcess(['ip', '-oneline', '-4', 'route', 'show', 'table', 'all']);
  const used = new Set<number>();
  for (const line of `${addresses}\n${routes}`.split('\n')) {
    // Links of other labs share the network; what they use of it is settled by their names.
    if (new RegExp(`\\b${namePrefix}\\d`).test(line)) continue;
    for (const [, second] of line.matchAll(/\b10\.(\d+)\.\d+(?:\.\d+)?\b/g)) used.add(Number(second));
  }
  for (let second = 213; second > 0; second--) if (!used.has(second)) return second;
  throw new Error('lab: every network 10.x is in use on this machine; no host can be given an address');
}

/** Which addresses a link of that number has. */
function linkOf(network: number, number: number): LabLink {
  const start = `10.${network}.${number >> 6}`;
  const last = (number & 63) << 2;
  return {
    name: `${namePrefix}${number}`,
    controlAddress: `${start}.${last + 1}`,
    hostAddress: `${start}.${last + 2}`,
  };
}

/**
 * Takes a free link to the network namespace of process `pid` and brings up our end; the other end is there as `eth0`,
 * still down. It is made where it belongs from the first moment, so that it goes with the namespace whenever that
 * goes. Throws when the kernel refuses for another reason than the name being taken.
 */
export async function createLink(pid: number): Promise<LabLink> {
  const network = await freeNetwork();
  for (let number = 0; number < links; number++) {
    const link = linkOf(network, number);
    const peer = ['peer', 'name', 'eth0', 'netns', String(pid)];
    const { code, stderr } = await runProcess(['ip', 'link', 'add', link.name, 'type', 'veth', ...peer], {
      okCodes: [0, 2],
    });
    if (code === 0) {
      await runProcess(['ip', 'address', 'add', `${link.controlAddress}/30`, 'dev', link.name]);
      await runProcess(['ip', 'link', 'set', link.name, 'up']);
      return link;
    }
    if (!stderr.includes('File exists')) throw new Error(`lab: cannot make the link ${link.name}: ${stderr}`);
  }
  throw new Error(`lab: all ${links} links are in use`);
}

/** Takes the link away, both ends; fine when it is gone already. */
export async function removeLink(link: LabLink): Promise<void> {
  await runProcess(['ip', 'link', 'delete', link.name], { okCodes: [0, 1, 2] });
}
