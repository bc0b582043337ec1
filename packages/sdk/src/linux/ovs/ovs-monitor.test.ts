import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { OvsMonitor } from './ovs-monitor.ts';

test('a database that takes the connection and says nothing is told as one that does not answer', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'ovs-')), 'db.sock');
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket)).listen(path);
  await once(server, 'listening');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const opened = OvsMonitor.open(path, { onDeleted: () => {}, onCutOff: () => {} });
    const refused = expect(opened).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    vi.advanceTimersByTime(10_000);
    await refused;
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});
