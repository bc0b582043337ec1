import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { lookUp } from './lookup.ts';

const npmDirectory = join(import.meta.dirname, '../../../node_modules/npm');

test('a registry that answers without end takes no more memory than a lookup may have', async () => {
  const mebibyte = Buffer.alloc(2 ** 20, ' ');
  let sent = 0;
  const server = createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const endless = new Readable({
      read() {
        sent += 1;
        this.push(mebibyte);
      },
    });
    endless.pipe(response);
    response.on('close', () => endless.destroy());
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const found = lookUp({ packageName: 'endless', requested: '1.0.0', registry, npmDirectory });
  await expect(found).rejects.toThrow('npm took more memory than 320 MiB: the registry answers with too much');
  expect(sent).toBeLessThan(400);
});
