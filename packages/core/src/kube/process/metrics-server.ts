/** Serves a process's metrics to those whom the API server lets read them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { listen } from './listen.ts';
import { registry } from './metrics.ts';
import type { MetricsAccess } from './metrics-access.ts';

export interface MetricsServerOptions {
  /** 0 takes a free one. */
  port: number;
  access: Pick<MetricsAccess, 'check'>;
  /** A new key and the certificate for it, both PEM. */
  makeCertificate: () => Promise<{ key: string; certificate: string }>;
  logger: Logger;
  /** Metrics of others that are served with those of this process, as text. Must not reject. Default: none. */
  others?: (() => Promise<string>) | undefined;
  /** Milliseconds after which a start that failed is tried again. Default: 30,000. */
  retryMs?: number;
}

/** Connections at one time; a scraper needs one. */
const connectionsAtOnce = 32;
/** Milliseconds in which a request must be complete. */
const requestMs = 10_000;

/**
 * Serves `/metrics` (Prometheus text) by HTTPS until `signal` is aborted. Metrics that cannot be served, as when the port
 * is another's, hold nothing else up: it is told in the log and tried again.
 *
 * @param onPort called with the port once it is served
 */
export async function serveMetrics(
  options: MetricsServerOptions,
  signal: AbortSignal,
  onPort: (port: number) => void = () => {},
): Promise<void> {
  const { logger, retryMs = 30_000 } = options;
  while (!signal.aborted) {
    try {
      const { server, port } = await start(options);
      signal.addEventListener('abort', () => {
        server.closeAllConnections();
        server.close();
      });
      onPort(port);
      return;
    } catch (error) {
      logger.warn({ err: error, port: options.port }, 'metrics are not served, trying again');
      await sleep(retryMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }
}

async function start({ port, access, makeCertificate, others }: MetricsServerOptions) {
  const { key, certificate } = await makeCertificate();
  const server = createServer(
    {
      key,
      cert: certificate,
      minVersion: 'TLSv1.2',
      handshakeTimeout: requestMs,
      headersTimeout: requestMs,
      requestTimeout: requestMs,
    },
    (request, response) => void answer(request, response, access, others),
  );
  server.maxConnections = connectionsAtOnce;
  return { server, port: await listen(server, { port }) };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  access: Pick<MetricsAccess, 'check'>,
  others: () => Promise<string> = async () => '',
): Promise<void> {
  if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
    response.writeHead(404).end('GET /metrics is all that is served here\n');
    return;
  }
  const { status, message } = await access.check(request.headers.authorization);
  if (status !== 200) {
    response.writeHead(status, status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}).end(`${message}\n`);
    return;
  }
  response.setHeader('Content-Type', registry.contentType);
  // First, as this process says too what became of asking for them.
  const more = await others();
  response.end(`${await registry.metrics()}${more}`);
}
