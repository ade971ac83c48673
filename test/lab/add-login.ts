/** A login on a lab host that is not root's, for which sudo asks for a password or does not. */

import type { SshTarget } from '../../src/process/ssh.ts';
import { checkoutOnHost, type LabHost } from './lab-host.ts';

/** How to reach the host as that user, with the key that lets in root. `password` undefined: sudo asks for none. */
export async function addLogin(host: LabHost, name: string, password?: string): Promise<SshTarget> {
  const bin = '/run/wrappers/bin';
  await host.exec(`
    echo ${name}:x:1000:1000::/var/home/${name}:/bin/sh >> /etc/passwd
    echo ${name}:x:1000: >> /etc/group
    echo '${name}:*:1::::::' >> /etc/shadow
    install -d -o 1000 -g 1000 -m 700 /var/home/${name} /var/home/${name}/.ssh
    install -o 1000 -m 600 /root/.ssh/authorized_keys /var/home/${name}/.ssh/authorized_keys
    install -m 755 ${checkoutOnHost}/test/lab/programs/sudo ${bin}/sudo
    install -m 4755 "$(command -v setpriv)" ${bin}/raise`);
  await setSudoPassword(host, password);
  return { host: host.address, user: name };
}

export async function setSudoPassword(host: LabHost, password: string | undefined): Promise<void> {
  await host.exec(['tee', '/etc/lab-sudo'], { input: `${password ?? 'NOPASSWD'}\n` });
}
