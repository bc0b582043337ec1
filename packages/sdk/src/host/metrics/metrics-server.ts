/** Metrics and health of a VSP by HTTP on a unix socket. */
import { chmod } from 'node:fs/promises';
import type { RequestListener, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { DpuError } from '../../errors.ts';
import { prepareSocket } from '../socket.ts';

/** An import of it would load Node's WebSocket too, as that is among its exports: 2 MB. */
const { createServer } = process.getBuiltinModule('node:http');

export interface MetricsServerOptions {
  /** Its directory must exist. Gets mode 0600. */
  socketPath: string;
  registry: Registry;
  /** Why the VSP is not ready; undefined when it is. */
  notReady: () => string | undefined;
}

export interface MetricsServer {
  close(): Promise<void>;
}

/** @throws DpuError those of prepareSocket, UNAVAILABLE when it cannot listen. */
export async function serveMetrics({ socketPath, registry, notReady }: MetricsServerOptions): Promise<MetricsServer> {
  await prepareSocket(socketPath);
  const server = createServer(answer(registry, notReady));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (cause) =>
    reject(new DpuError('UNAVAILABLE', `cannot listen on ${socketPath}: ${cause.message}`, { cause })),
  );
  server.listen(socketPath, resolve);
  await promise;
  await chmod(socketPath, 0o600);
  return {
    close: async () => {
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(registry: Registry, notReady: () => string | undefined): RequestListener {
  return (request, response) => {
    if (request.method !== 'GET') return text(response, 405, 'only GET');
    switch (request.url) {
      case '/metrics':
        registry.metrics().then(
          (metrics) => text(response, 200, metrics, registry.contentType),
          (error: unknown) => text(response, 500, DpuError.from(error).message),
        );
        return;
      case '/healthz':
        return text(response, 200, 'ok');
      case '/readyz': {
        const reason = notReady();
        return text(response, reason === undefined ? 200 : 503, reason ?? 'ok');
      }
      default:
        return text(response, 404, 'there are /metrics, /healthz and /readyz');
    }
  };
}

function text(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type }).end(body.endsWith('\n') ? body : `${body}\n`);
}
