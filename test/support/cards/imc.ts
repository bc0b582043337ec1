/** The management controller of an Intel IPU: a real SSH server whose `cli_client` is a script. Needs root. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from '@dpu-operator/sdk/linux';
import { ensureDebianPackages } from '../../cluster/debian.ts';

/**
 * What the tool does. `busy` and `lying` print an error and end well, as the real one does: the first so many times, the
 * other always; `failing` ends with 1; `waiting` waits until it is told to go on.
 */
export type ImcMode = 'ok' | 'lying' | 'failing' | 'waiting' | `busy ${number}`;

const script = (directory: string) => `#!/bin/sh
cd ${directory}
[ "$SSH_ORIGINAL_COMMAND" = "cli_client -cq" ] || { echo "unknown command: $SSH_ORIGINAL_COMMAND"; exit 127; }
echo call >> calls
mkdir running 2>/dev/null || echo two at once >> overlaps
trap 'rmdir running' EXIT
read mode count < mode
case "$mode" in
  busy) if [ "$(wc -l < calls)" -le "$count" ]; then echo "Error: server busy"; exit 0; fi;;
  lying) echo "Command failed: no answer from the control plane"; exit 0;;
  failing) echo "cli_client: no such device" >&2; exit 1;;
  waiting) while [ -e mode ] && grep -q waiting mode; do sleep 0.05; done;;
esac
cat table
`;

export class Imc implements AsyncDisposable {
  readonly directory: string;
  readonly port: number;
  /** As \`ssh-keygen -l\` prints it. */
  hostKey = '';
  /** Of a Secret: a file for each key. */
  readonly secretDirectory: string;
  #sshd: ChildProcess | undefined;

  private constructor(directory: string, port: number) {
    this.directory = directory;
    this.port = port;
    this.secretDirectory = join(directory, 'secret');
  }

  /** @param table what the tool prints */
  static async start(table: string): Promise<Imc> {
    await ensureDebianPackages(console.log, 'an SSH server in place of the IMC', ['openssh-server']);
    const imc = new Imc(await mkdtemp(join(tmpdir(), 'imc-')), await freePort());
    await mkdir(imc.secretDirectory);
    // Where sshd puts its children; Debian makes it when the system's own server starts.
    await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
    const key = async (path: string) => exec('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path]);
    await key(imc.#path('host'));
    await key(imc.#path('user'));
    await writeFile(imc.#path('secret/ssh-key'), await readFile(imc.#path('user')));
    await writeFile(imc.#path('authorized'), await readFile(imc.#path('user.pub')));
    await writeFile(imc.#path('cli_client'), script(imc.directory));
    await chmod(imc.#path('cli_client'), 0o755);
    await writeFile(imc.#path('table'), table);
    const { stdout } = await exec('ssh-keygen', ['-l', '-f', imc.#path('host.pub')]);
    imc.hostKey = stdout.split(' ')[1] ?? '';
    const config = [
      `Port ${imc.port}`,
      `HostKey ${imc.#path('host')}`,
      `AuthorizedKeysFile ${imc.#path('authorized')}`,
      `ForceCommand ${imc.#path('cli_client')}`,
      `PidFile none`,
      'StrictModes no',
      'PermitRootLogin yes',
      'PasswordAuthentication yes',
      'UsePAM no',
    ];
    await writeFile(imc.#path('sshd_config'), `${config.join('\n')}\n`);
    await imc.set('ok');
    await imc.boot();
    return imc;
  }

  /** Begins to serve. */
  async boot(): Promise<void> {
    const sshd = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', this.#path('sshd_config')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#sshd = sshd;
    const listening = Promise.withResolvers<void>();
    let words = '';
    sshd.stderr?.on('data', (chunk) => {
      words += chunk;
      if (words.includes('Server listening')) listening.resolve();
    });
    sshd.once('close', () => listening.reject(new Error(`sshd ended: ${words}`)));
    await listening.promise;
  }

  /** Ends to serve, as while it reboots. */
  async shutDown(): Promise<void> {
    const sshd = this.#sshd;
    this.#sshd = undefined;
    if (!sshd || sshd.exitCode !== null) return;
    const closed = new Promise((resolve) => sshd.once('close', resolve));
    sshd.kill('SIGTERM');
    await closed;
  }

  async set(mode: ImcMode): Promise<void> {
    await writeFile(this.#path('calls'), '');
    await writeFile(this.#path('mode'), `${mode}\n`);
  }

  async setTable(table: string): Promise<void> {
    await writeFile(this.#path('table'), table);
  }

  /** How often the tool was called since {@link set}. */
  async calls(): Promise<number> {
    return (await readFile(this.#path('calls'), 'utf8')).split('\n').length - 1;
  }

  /** Whether it was ever called while it ran. */
  async overlapped(): Promise<boolean> {
    return readFile(this.#path('overlaps')).then(
      () => true,
      () => false,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.set('ok');
    await this.shutDown();
    await rm(this.directory, { recursive: true, force: true });
  }

  #path(name: string): string {
    return join(this.directory, name);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
