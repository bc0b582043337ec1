/** Nobody keeps the program for ever or fills its memory: not the runtime before it, not the daemon behind it. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FakeDaemon } from './testing/fake-daemon.ts';
import { outcomeOf, program, run, start } from './testing/program.ts';

const daemon = new FakeDaemon();
let flood: Server;
const floodSocket = join(daemon.directory, 'flood.sock');
let flooded = 0;

beforeAll(async () => {
  await daemon.start();
  flood = createServer((socket) => {
    socket.on('error', () => {});
    const block = Buffer.alloc(256 * 1024, 'x');
    const more = () => {
      while (!socket.destroyed && socket.write(block)) flooded += block.length;
    };
    socket.on('drain', more);
    socket.write('HTTP/1.0 200 OK\r\n\r\n');
    more();
  });
  await new Promise<void>((resolve) => flood.listen(floodSocket, resolve));
});
afterAll(() => {
  flood.close();
  daemon.close();
});

const env = {
  DPU_CNI_SOCKET: daemon.socket,
  CNI_COMMAND: 'ADD',
  CNI_CONTAINERID: 'abc',
  CNI_NETNS: '/run/netns/a',
  CNI_IFNAME: 'net1',
};
const config = JSON.stringify({ cniVersion: '1.0.0', name: 'net', type: 'dpu-cni' });

test.concurrent('standard input that never ends is error 5 after ten seconds', async () => {
  const child = start(env);
  child.stdin?.on('error', () => {});
  child.stdin?.write(config);
  expect(await outcomeOf(child)).toMatchObject({ exitCode: 1, json: { code: 5 } });
});

test.concurrent('standard input without end and limit is error 5', async () => {
  const child = start(env);
  const endless = spawn('cat', ['/dev/zero'], { stdio: ['ignore', 'pipe', 'ignore'] });
  child.stdin?.on('error', () => {});
  if (child.stdin) endless.stdout.pipe(child.stdin);
  expect(await outcomeOf(child)).toMatchObject({ exitCode: 1, json: { code: 5 } });
  endless.kill();
});

test.concurrent('an answer that has all that its length says is not waited for any longer', async () => {
  const answers = createServer((socket) => {
    const body = JSON.stringify({ Result: { cniVersion: '1.0.0', interfaces: [{ name: 'é' }] } });
    socket.on('error', () => {});
    // In two parts, and the connection stays.
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body.slice(0, -1)}`, () =>
      socket.write(body.slice(-1)),
    );
  });
  const socketPath = join(daemon.directory, 'open.sock');
  await new Promise<void>((resolve) => answers.listen(socketPath, resolve));
  const outcome = await run({ ...env, DPU_CNI_SOCKET: socketPath }, config);
  expect(outcome).toMatchObject({ exitCode: 0, json: { interfaces: [{ name: 'é' }] } });
  answers.close();
});

test.concurrent('an answer nobody reads is an error after ten seconds', async () => {
  const ips = Array.from({ length: 20_000 }, () => ({ address: 'fd00::1/64' }));
  daemon.answer = { status: 200, body: JSON.stringify({ Result: { ips } }) };
  const child = start(env);
  child.stdin?.end(config);
  expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(1);
});

test.concurrent('a daemon that floods is given up', async () => {
  const outcome = await run({ ...env, DPU_CNI_SOCKET: floodSocket }, config);
  expect(outcome).toMatchObject({ exitCode: 1, json: { code: 999, msg: expect.stringContaining('more than') } });
  // What it read, and what the kernel's buffers hold.
  expect(flooded).toBeLessThan(16 * 1024 * 1024);
});

test.concurrent('a configuration nested without end is error 6', async () => {
  expect(await run(env, '['.repeat(2_000_000))).toMatchObject({ exitCode: 1, json: { code: 6 } });
  expect(await run(env, '{"a":'.repeat(300_000))).toMatchObject({ exitCode: 1, json: { code: 6 } });
});

test.concurrent('the path of a socket that is too long for the kernel is told', async () => {
  const outcome = await run({ ...env, DPU_CNI_SOCKET: `/${'a'.repeat(107)}` }, config);
  expect(outcome).toMatchObject({ exitCode: 1, json: { code: 11, details: expect.stringContaining('107 bytes') } });
});

test.concurrent('standard output that is closed is an error', async () => {
  const child = start({ CNI_COMMAND: 'VERSION' });
  // It waits for its standard input until the other is closed.
  child.stdout?.destroy();
  await once(child.stdout ?? child, 'close');
  child.stdin?.end('');
  expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(1);
});

test.concurrent('standard output that is full is an error', async () => {
  const child = spawn(program, [], {
    env: { PATH: process.env.PATH ?? '', CNI_COMMAND: 'VERSION' },
    stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
  });
  expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(1);
});

test('the program still works where standard input is a file', () => {
  const output = execFileSync(program, [], {
    env: { PATH: process.env.PATH ?? '', CNI_COMMAND: 'VERSION' },
    stdio: [openSync(join(import.meta.dirname, '../package.json'), 'r'), 'pipe', 'inherit'],
  });
  expect(JSON.parse(`${output}`)).toMatchObject({ cniVersion: '1.1.0' });
});
