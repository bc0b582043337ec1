/** How the plugin logs in, against an SSH server that says what it was asked. */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { DpuError, type MountedFiles } from '@dpu-operator/sdk';
import { linuxPlatform } from '@dpu-operator/sdk/linux';
import { type Connection, Server } from 'ssh2';
import { expect, onTestFinished, test } from 'vitest';
import { cliLine } from '../testing/cli-line.ts';
import { Imc } from './imc.ts';

/** Takes this password alone, and prints a table to any command. */
async function startServer(password: string) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const hostKeys = [privateKey.export({ type: 'sec1', format: 'pem' })];
  const clients: Connection[] = [];
  const server = new Server({ hostKeys }, (client) => {
    clients.push(client);
    client.on('error', () => {});
    client.on('authentication', (attempt) => {
      if (attempt.method === 'password' && attempt.password === password) attempt.accept();
      else attempt.reject(['password']);
    });
    client.on('session', (accept) => {
      accept().on('exec', (run) => {
        const stream = run();
        stream.write(`${cliLine('00:15:00:00:03:14', 5)}\n`);
        stream.exit(0);
        stream.end();
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return Object.assign(server, { port, clients, [Symbol.dispose]: () => void server.close() });
}

function imcOf(port: number, read: MountedFiles['read']): Imc {
  const { clock } = linuxPlatform();
  const imc = new Imc({ target: { host: '127.0.0.1', port, username: 'root' }, secrets: { read }, clock });
  onTestFinished(() => imc.close());
  return imc;
}

const missing = async () => {
  throw new DpuError('FAILED_PRECONDITION', 'no Secret');
};
const passwordOnly = (password: string) => (key: string) =>
  key === 'password' ? Promise.resolve(password) : missing();

test('without a Secret an empty password is tried', async () => {
  using server = await startServer('');
  expect([...(await imcOf(server.port, missing).functions())]).toEqual([['00:15:00:00:03:14', 5]]);
});

test('a password may end in a line feed, and one that is refused is told of without itself', async () => {
  using server = await startServer('of the IMC');
  await imcOf(server.port, passwordOnly('of the IMC\n')).functions();
  const refused = imcOf(server.port, passwordOnly('hunter2')).functions();
  await expect(refused).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
    message: expect.not.stringContaining('hunter2'),
  });
  await expect(imcOf(server.port, missing).functions()).rejects.toThrow('an empty password (no Secret has another)');
});

test('a Secret that cannot be read is not taken for none', async () => {
  const unreadable = async () => {
    throw new Error('EACCES: permission denied');
  };
  await expect(imcOf(1, unreadable).functions()).rejects.toThrow('permission denied');
});

test('a connection is kept, and made anew where it was lost', async () => {
  using server = await startServer('');
  const imc = imcOf(server.port, missing);
  await imc.functions();
  await imc.functions();
  expect(server.clients).toHaveLength(1);
  const ended = once(server.clients[0] as Connection, 'close');
  server.clients[0]?.end();
  await ended;
  await imc.functions();
  expect(server.clients).toHaveLength(2);
  imc.close();
  await expect(imc.functions()).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('a connection is kept, and made anew with a Secret that has changed', async () => {
  using server = await startServer('of the IMC');
  let password = 'of the IMC';
  const imc = imcOf(server.port, (key) => passwordOnly(password)(key));
  await imc.functions();
  await imc.functions();
  expect(server.clients).toHaveLength(1);
  password = 'another';
  imc.logInAnew();
  await expect(imc.functions()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  password = 'of the IMC';
  const running = imc.functions();
  await expect.poll(() => server.clients.length).toBe(3);
  // What runs goes on by the connection that it has.
  imc.logInAnew();
  await running;
  await imc.functions();
  expect(server.clients).toHaveLength(4);
});
