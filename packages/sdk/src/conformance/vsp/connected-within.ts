import type { Connection } from '../../client/connection.ts';

/** Whether somebody listens, or does so again within that time. */
export async function connectedWithin(connection: Connection, withinMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), withinMs);
  const stop = connection.onConnectivity((isConnected) => isConnected && resolve(true));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    stop();
  }
}
