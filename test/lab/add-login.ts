/** A login on a lab host that is not root's, for which the sudo of this machine asks for a password or does not. */

import type { SshTarget } from '../../src/process/ssh.ts';
import type { LabHost } from './lab-host.ts';

/** How to reach the host as that user, with the key that lets in root. `password` undefined: sudo asks for none. */
export async function addLogin(host: LabHost, name: string, password?: string): Promise<SshTarget> {
  await host.exec(`
    command -v sudo > /dev/null || { echo 'lab: there is no sudo here: run scripts/ensure sudo' >&2; exit 1; }
    echo ${name}:x:1000:1000::/var/home/${name}:/bin/sh >> /etc/passwd
    echo ${name}:x:1000: >> /etc/group
    echo '${name}:*:1::::::' >> /etc/shadow
    install -d -o 1000 -g 1000 -m 700 /var/home/${name} /var/home/${name}/.ssh
    install -o 1000 -m 600 /root/.ssh/authorized_keys /var/home/${name}/.ssh/authorized_keys`);
  await setSudoPassword(host, name, password);
  return { host: host.address, user: name };
}

/** `settings`: of sudo, for that user, e.g. `requiretty`. */
export async function setSudoPassword(
  host: LabHost,
  name: string,
  password: string | undefined,
  settings?: string,
): Promise<void> {
  if (password !== undefined) {
    // Its own way to hash, as what PAM would do is of the machine.
    await host.exec(['chpasswd', '--crypt-method=SHA512'], { input: `${name}:${password}\n` });
  }
  const lines = [
    `${name} ALL=(ALL:ALL) ${password === undefined ? 'NOPASSWD: ' : ''}ALL`,
    ...(settings === undefined ? [] : [`Defaults:${name} ${settings}`]),
  ];
  await host.exec(`umask 227; cat > /etc/sudoers.d/new; mv /etc/sudoers.d/new /etc/sudoers.d/${name}`, {
    input: `${lines.join('\n')}\n`,
  });
}
