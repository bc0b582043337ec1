import type { Server } from 'node:https';
import type { Socket } from 'node:net';

/**
 * Keeps the connections of a server to so many: another one takes the place of that which has been without a request for longest.
 * Whoever reaches the Service can open them, and a new one must not be turned away: it may be the API server's.
 */
export function limitConnections(server: Server, most: number): void {
  /** By the other end; that of the latest request at the end. */
  const open = new Map<string, Socket>();
  server.on('connection', (socket: Socket) => {
    const end = otherEnd(socket);
    open.set(end, socket);
    socket.once('close', () => open.delete(end));
    const [longestUnused] = open.values();
    if (open.size > most) longestUnused?.destroy();
  });
  server.on('request', ({ socket }) => {
    const end = otherEnd(socket);
    const connection = open.get(end);
    if (!connection) return;
    open.delete(end);
    open.set(end, connection);
  });
}

/** The same for a connection and for the TLS in it. */
const otherEnd = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
