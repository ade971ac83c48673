/**
 * Whether there can be no hosts with systemd here: it wants a cgroup of its own. Where the kernel gives none, in a container
 * without privileges say, tests with such hosts are left out, and it is said why.
 */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const world = ['--mount', '--pid', '--fork', '--mount-proc', '--propagation=private'];
// As a host does it, but for systemd itself.
const boot = `mount -t tmpfs tmpfs /run; exec bash ${join(import.meta.dirname, 'host-boot')} /bin/true`;
const { status, stderr } = spawnSync('unshare', [...world, '--', 'sh', '-ec', boot], { encoding: 'utf8' });

export const lacksSystemd = status !== 0;
if (lacksSystemd) process.stderr.write(`tests on hosts with systemd are left out: ${stderr.trim()}\n`);
