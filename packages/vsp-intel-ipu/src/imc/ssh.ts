/** Commands on another machine, by SSH. */
import { createHash } from 'node:crypto';
import { DpuError } from '@dpu-operator/sdk';
import { Client, type ConnectConfig } from 'ssh2';

export interface SshTarget {
  host: string;
  port: number;
  username: string;
  /** `SHA256:…` as `ssh-keygen -l` prints it. Default: any key is taken. */
  hostKey?: string | undefined;
}

/** Without any, an empty password is tried. */
export interface SshCredentials {
  privateKey?: string | undefined;
  password?: string | undefined;
}

export interface CommandResult {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** Milliseconds for a connection, and for a command. */
const connectMs = 5_000;
const commandMs = 10_000;
/** Milliseconds that a connection is kept without a command. */
const idleMs = 30_000;

/** Commands over one connection, which is made for the first, and anew where it was lost. One command at a time. */
export class SshSession {
  readonly #target: SshTarget;
  readonly #credentials: () => Promise<SshCredentials>;
  #client: Client | undefined;
  #idle: NodeJS.Timeout | undefined;
  #isBusy = false;
  /** The connection is not to be used again. */
  #isOutdated = false;
  #isClosed = false;

  /** @param credentials asked for with each connection */
  constructor(target: SshTarget, credentials: () => Promise<SshCredentials>) {
    this.#target = target;
    this.#credentials = credentials;
  }

  /**
   * A connection that was kept and turns out to be lost is made anew at once; the command may have run then.
   *
   * @throws DpuError UNAUTHENTICATED for credentials that are refused, FAILED_PRECONDITION for a host key that is another,
   * CANCELLED when `signal` is aborted, UNAVAILABLE for all else that keeps the command from its end
   */
  async run(command: string, signal?: AbortSignal): Promise<CommandResult> {
    clearTimeout(this.#idle);
    this.#isBusy = true;
    try {
      return await this.#run(command, signal);
    } finally {
      this.#isBusy = false;
      if (this.#isOutdated) this.#drop();
      else if (this.#client) this.#idle = setTimeout(() => this.#drop(), idleMs).unref();
    }
  }

  /** Keeps no connection beyond the command that it runs, if any: the next makes a new one. */
  forget(): void {
    if (this.#isBusy) this.#isOutdated = true;
    else this.#drop();
  }

  /** What runs fails, and nothing runs afterwards. */
  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  async #run(command: string, signal: AbortSignal | undefined): Promise<CommandResult> {
    if (this.#client) {
      const result = await this.#execute(this.#client, command, signal).catch((error) => {
        if (DpuError.from(error).code !== 'UNAVAILABLE') throw error;
        return undefined;
      });
      if (result) return result;
    }
    const client = await this.#connect(signal);
    return this.#execute(client, command, signal);
  }

  #drop(): void {
    clearTimeout(this.#idle);
    this.#isOutdated = false;
    // Not `end`: a machine that hangs would never close its end.
    this.#client?.destroy();
    this.#client = undefined;
  }

  async #connect(signal: AbortSignal | undefined): Promise<Client> {
    const { host, port, username, hostKey } = this.#target;
    const where = this.#where;
    const credentials = await this.#credentials();
    if (this.#isClosed) throw new DpuError('CANCELLED', `ssh ${where}: closed`);
    const client = new Client();
    this.#client = client;
    let otherKey: string | undefined;
    const config: ConnectConfig = {
      host,
      port,
      username,
      readyTimeout: connectMs,
      hostVerifier: (key: Buffer) => {
        const fingerprint = fingerprintOf(key);
        if (hostKey === undefined || hostKey === fingerprint) return true;
        otherKey = fingerprint;
        return false;
      },
    };
    const { privateKey, password } = credentials;
    if (privateKey !== undefined) config.privateKey = privateKey;
    if (password !== undefined) config.password = password;
    else if (privateKey === undefined) config.password = '';
    // A connection that is kept may break at any time: the next command tells.
    client.on('error', () => {});
    client.once('close', () => {
      if (this.#client === client) this.#client = undefined;
    });
    await this.#until<void>(client, signal, `connecting: no end within ${connectMs} ms`, connectMs, (done, fail) => {
      client.once('ready', done);
      client.once('error', (error: Error & { level?: string }) => {
        if (otherKey !== undefined) {
          const text = `ssh ${where}: the host key is ${otherKey}, not ${hostKey} as settings.imc.hostKey says`;
          fail(new DpuError('FAILED_PRECONDITION', text));
        } else if (error.level === 'client-authentication') {
          const hasAny = privateKey !== undefined || password !== undefined;
          const refused = hasAny ? "the Secret's ssh-key or password" : 'an empty password (no Secret has another)';
          fail(new DpuError('UNAUTHENTICATED', `ssh ${where}: ${error.message}: ${refused} is refused`));
        } else fail(this.#unavailable(error.message || (error as NodeJS.ErrnoException).code || 'no connection'));
      });
      try {
        client.connect(config);
      } catch (error) {
        // Of a private key that is none.
        const detail = error instanceof Error ? error.message : error;
        const text = `ssh ${where}: the Secret's ssh-key cannot be used: ${detail}`;
        fail(new DpuError('UNAUTHENTICATED', text, { cause: error }));
      }
    });
    return client;
  }

  async #execute(client: Client, command: string, signal: AbortSignal | undefined): Promise<CommandResult> {
    const late = `${command}: no end within ${commandMs} ms`;
    return this.#until<CommandResult>(client, signal, late, commandMs, (done, fail) => {
      client.exec(command, (error, stream) => {
        if (error) {
          fail(this.#unavailable(error.message));
          return;
        }
        const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
        stream.on('data', (chunk: Buffer) => stdout.push(chunk));
        stream.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
        let exitCode: number | undefined;
        stream.on('exit', (code: number | null) => {
          exitCode = code ?? -1;
        });
        stream.on('close', () => {
          if (exitCode === undefined) fail(this.#unavailable(`${command}: cut off`));
          else done({ stdout: `${Buffer.concat(stdout)}`, stderr: `${Buffer.concat(stderr)}`, exitCode });
        });
      });
    });
  }

  /** What fails, takes too long or is cancelled ends the connection: it may still be at it. */
  async #until<T>(
    client: Client,
    signal: AbortSignal | undefined,
    late: string,
    timeoutMs: number,
    start: (done: (value: T) => void, fail: (error: DpuError) => void) => void,
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const cancel = () => reject(new DpuError('CANCELLED', `ssh ${this.#where}: cancelled`, { cause: signal?.reason }));
    const closed = () => reject(this.#unavailable('the connection was closed'));
    const timer = setTimeout(() => reject(this.#unavailable(late)), timeoutMs);
    signal?.addEventListener('abort', cancel, { once: true });
    client.once('close', closed);
    try {
      if (signal?.aborted) cancel();
      else start(resolve, reject);
      return await promise;
    } catch (error) {
      client.destroy();
      if (this.#client === client) this.#client = undefined;
      if (error instanceof DpuError) throw error;
      // `exec` throws where the other end has gone.
      throw this.#unavailable(error instanceof Error ? error.message : `${error}`);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      client.off('close', closed);
    }
  }

  get #where(): string {
    const { host, port, username } = this.#target;
    return `${username}@${host}:${port}`;
  }

  #unavailable(why: string): DpuError {
    return new DpuError('UNAVAILABLE', `ssh ${this.#where}: ${why}`);
  }
}

/** As `ssh-keygen -l` prints it. */
function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}
