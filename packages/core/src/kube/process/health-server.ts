import { createServer, type Server } from 'node:http';
import { listen } from './listen.ts';

export interface HealthOptions {
  /** 0 takes a free one. */
  port: number;
  host?: string;
  /** What is not ready yet, in words; empty when all is. */
  notReady: () => string[];
}

/**
 * Serves `/healthz` (the process answers) and `/readyz` (503 with what is missing).
 * @returns the port, and how to end it.
 */
export async function serveHealth(options: HealthOptions): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (path === '/healthz') {
      response.end('ok');
    } else if (path === '/readyz') {
      const missing = options.notReady();
      response.statusCode = missing.length === 0 ? 200 : 503;
      response.end(missing.length === 0 ? 'ok' : missing.join('\n'));
    } else {
      response.statusCode = 404;
      response.end('paths: /healthz /readyz');
    }
  });
  const port = await listen(server, options);
  return { port, close: () => close(server) };
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
