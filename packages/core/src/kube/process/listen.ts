import type { AddressInfo, Server } from 'node:net';

/** @returns the port @throws Error where it is another's */
export function listen(server: Server, { port, host }: { port: number; host?: string | undefined }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, ...(host && { host }) }, () => resolve((server.address() as AddressInfo).port));
  });
}
