/** The key and certificate of the webhook, in files of a Secret that the kubelet keeps in step. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { KeyAndCertificate } from '../trust/x509/operations.ts';

/** @throws Error that names the directory, when the two are missing or do not belong together */
export async function readCertificate(directory: string): Promise<KeyAndCertificate> {
  const [key, certificate] = await Promise.all(
    ['tls.key', 'tls.crt'].map((name) => readFile(join(directory, name), 'utf8')),
  );
  const read = { key: key ?? '', certificate: certificate ?? '' };
  try {
    // TLS itself takes an empty file for one that is not given, and would serve without a certificate.
    if (!new X509Certificate(read.certificate).checkPrivateKey(createPrivateKey(read.key))) {
      throw new Error('the key is of another certificate');
    }
  } catch (cause) {
    throw new Error(
      `${directory}: tls.key and tls.crt cannot be used: ${cause instanceof Error ? cause.message : cause}`,
      {
        cause,
      },
    );
  }
  return read;
}

export interface WatchOptions {
  directory: string;
  /** What is in use. */
  current: KeyAndCertificate;
  /** Called with another one that can be used. */
  onChange: (certificate: KeyAndCertificate) => void;
  logger: Logger;
  /** Milliseconds between looks. Default: 10,000. */
  intervalMs?: number;
}

/**
 * Looks at the files until `signal` is aborted: a node has few watches on files (`fs.inotify.max_user_instances`), and two
 * small files in memory cost nothing to read. What cannot be used is told once, and what was in use stays.
 */
export function watchCertificate(options: WatchOptions, signal: AbortSignal): void {
  const { directory, onChange, logger, intervalMs = 10_000 } = options;
  let current = options.current.certificate;
  let told: string | undefined;
  const look = async () => {
    try {
      const read = await readCertificate(directory);
      told = undefined;
      if (read.certificate === current) return;
      onChange(read);
      current = read.certificate;
      logger.info({ validTo: new X509Certificate(current).validTo }, 'another certificate is in use');
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== told) logger.warn({ err: error }, 'the certificate in use stays');
      told = message;
    }
  };
  const timer = setInterval(() => void look(), intervalMs).unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
