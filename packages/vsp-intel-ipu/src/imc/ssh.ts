/** One command on another machine, by SSH. */
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

/**
 * @throws DpuError UNAUTHENTICATED for credentials that are refused, FAILED_PRECONDITION for a host key that is another,
 * CANCELLED when `signal` is aborted, UNAVAILABLE for all else that keeps the command from its end
 */
export async function runBySsh(
  target: SshTarget,
  credentials: SshCredentials,
  command: string,
  signal?: AbortSignal,
): Promise<CommandResult> {
  const { host, port, username, hostKey } = target;
  const where = `${username}@${host}:${port}`;
  const client = new Client();
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>();
  let otherKey: string | undefined;
  const unavailable = (why: string) => reject(new DpuError('UNAVAILABLE', `ssh ${where}: ${why}`));
  const timer = setTimeout(() => unavailable(`${command}: no end within ${commandMs} ms`), connectMs + commandMs);
  const cancel = () => reject(new DpuError('CANCELLED', `ssh ${where}: cancelled`, { cause: signal?.reason }));
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted) cancel();
  client.on('error', (error: Error & { level?: string }) => {
    if (otherKey !== undefined) {
      const text = `ssh ${where}: the host key is ${otherKey}, not ${hostKey} as settings.imc.hostKey says`;
      reject(new DpuError('FAILED_PRECONDITION', text));
    } else if (error.level === 'client-authentication') {
      const hasAny = credentials.privateKey !== undefined || credentials.password !== undefined;
      const refused = hasAny ? "the Secret's ssh-key or password" : 'an empty password (no Secret has another)';
      const text = `ssh ${where}: ${error.message}: ${refused} is refused`;
      reject(new DpuError('UNAUTHENTICATED', text));
    } else unavailable(error.message || (error as NodeJS.ErrnoException).code || 'no connection');
  });
  client.on('close', () => unavailable('the connection was closed'));
  client.on('ready', () => {
    client.exec(command, (error, stream) => {
      if (error) {
        unavailable(error.message);
        return;
      }
      const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
      stream.on('data', (chunk: Buffer) => stdout.push(chunk));
      stream.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
      stream.on('close', (code: number | null) => {
        resolve({ stdout: `${Buffer.concat(stdout)}`, stderr: `${Buffer.concat(stderr)}`, exitCode: code ?? -1 });
      });
    });
  });
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
  try {
    if (!signal?.aborted) client.connect(config);
    return await promise;
  } catch (error) {
    if (error instanceof DpuError) throw error;
    // Of a private key that is none.
    const text = `ssh ${where}: the Secret's ssh-key cannot be used: ${error instanceof Error ? error.message : error}`;
    throw new DpuError('UNAUTHENTICATED', text, { cause: error });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', cancel);
    // Not `end`: a machine that hangs would never close its end.
    client.destroy();
  }
}

/** As `ssh-keygen -l` prints it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}
