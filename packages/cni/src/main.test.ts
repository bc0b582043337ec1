/** The program as a container runtime runs it: environment and standard input in, standard output and exit code out. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'dpu-cni-'));
const socket = join(directory, 'server.sock');

interface Answer {
  status: number;
  headers?: Record<string, string>;
  body: string;
}
const result = {
  cniVersion: '1.0.0',
  interfaces: [{ name: 'net1', mac: '02:00:00:00:00:01', sandbox: '/run/netns/a', mtu: 1400 }],
  ips: [
    { address: '10.0.0.2/24', gateway: '10.0.0.1', interface: 0 },
    { address: 'fd00::2/64', interface: 0 },
  ],
  routes: [{ dst: '0.0.0.0/0', gw: '10.0.0.1', priority: 5 }],
  dns: {},
};
const success: Answer = { status: 200, body: JSON.stringify({ Result: result }) };
let answer: Answer = success;
let received: { env: Record<string, string>; config: string } | undefined;
let server: Server;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    received = JSON.parse(`${Buffer.concat(chunks)}`);
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
});
afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

const pod = { CNI_CONTAINERID: 'abc', CNI_NETNS: '/run/netns/a', CNI_IFNAME: 'net1', CNI_PATH: '/opt/cni/bin' };
const network = (cniVersion: string | undefined, more: object = {}) =>
  JSON.stringify({ ...(cniVersion && { cniVersion }), name: 'net', type: 'dpu-cni', ...more });

async function run(command: string | undefined, stdin: string, env: Record<string, string> = pod, args: string[] = []) {
  const child = spawn('bun', [join(import.meta.dirname, 'main.ts'), ...args], {
    env: {
      PATH: process.env.PATH ?? '',
      HTTP_PROXY: 'http://192.0.2.1:1',
      DPU_CNI_SOCKET: socket,
      ...(command !== undefined && { CNI_COMMAND: command }),
      ...env,
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  const exitCode = await new Promise((resolve) => child.on('close', resolve));
  return { exitCode, text, json: text.startsWith('{') ? JSON.parse(text) : undefined };
}

test('VERSION answers without a daemon, in the version asked', async () => {
  const away = { DPU_CNI_SOCKET: '/nowhere' };
  const { json } = await run('VERSION', '{"cniVersion":"0.4.0"}', away);
  expect(json).toEqual({ cniVersion: '0.4.0', supportedVersions: ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] });
  expect((await run('VERSION', '', away)).json.cniVersion).toBe('1.1.0');
});

test('ADD passes on every CNI variable and the configuration as it is', async () => {
  const text = network('1.0.0', { deviceID: 'vf0', ' odd ': 'ü' });
  const { json, exitCode } = await run('ADD', text, { ...pod, CNI_ARGS: 'A=b', CNI_OTHER: 'c', OTHER: 'd' });
  expect(exitCode).toBe(0);
  expect(json.interfaces).toEqual([{ name: 'net1', mac: '02:00:00:00:00:01', sandbox: '/run/netns/a' }]);
  expect(received?.env).toEqual({ ...pod, CNI_COMMAND: 'ADD', CNI_ARGS: 'A=b', CNI_OTHER: 'c' });
  expect(Buffer.from(received?.config ?? '', 'base64').toString()).toBe(text);
});

test.each(['0.3.0', '0.3.1', '0.4.0'])('a result of %s says which family an address is', async (version) => {
  const { json } = await run('ADD', network(version));
  expect(json).toMatchObject({ cniVersion: version, ips: [{ version: '4' }, { version: '6' }] });
  expect(json.interfaces[0].mtu).toBeUndefined();
  expect(json.routes).toEqual([{ dst: '0.0.0.0/0', gw: '10.0.0.1' }]);
});

test('a result of 1.1.0 keeps what that version brought', async () => {
  const { json } = await run('ADD', network('1.1.0'));
  expect(json).toEqual({ ...result, cniVersion: '1.1.0' });
});

test.each(['DEL', 'CHECK', 'GC', 'STATUS'])('%s prints nothing', async (command) => {
  answer = { status: 200, body: '{"Result":null}' };
  expect(await run(command, network('1.1.0'))).toMatchObject({ exitCode: 0, text: '' });
  answer = success;
});

test.each([
  ['ADD', 'CNI_CONTAINERID'],
  ['ADD', 'CNI_NETNS'],
  ['ADD', 'CNI_IFNAME'],
  ['DEL', 'CNI_CONTAINERID'],
  ['CHECK', 'CNI_NETNS'],
])('%s without %s is error 4', async (command, name) => {
  const { json, exitCode } = await run(command, network('1.0.0'), { ...pod, [name]: '' });
  expect({ code: json.code, exitCode }).toEqual({ code: 4, exitCode: 1 });
  expect(json.msg).toContain(name);
});

test('DEL does without a namespace, which may be gone', async () => {
  answer = { status: 200, body: '{"Result":null}' };
  expect(await run('DEL', network('1.0.0'), { ...pod, CNI_NETNS: '' })).toMatchObject({ exitCode: 0 });
  answer = success;
});

test.each([
  [undefined, network('1.0.0'), 4, 'CNI_COMMAND'],
  ['NOPE', network('1.0.0'), 4, 'NOPE'],
  ['ADD', '{', 6, 'JSON'],
  ['ADD', '[]', 6, 'JSON'],
  ['ADD', network('0.2.0'), 1, '0.2.0'],
  ['ADD', network(undefined), 1, '0.1.0'],
  ['CHECK', network('0.3.1'), 1, '0.4.0'],
  ['GC', network('1.0.0'), 1, '1.1.0'],
  ['ADD', '{"cniVersion":"1.0.0","name":"a/b"}', 7, 'name'],
])('%s with %s is error %i', async (command, stdin, code, word) => {
  const { json, exitCode } = await run(command, stdin);
  expect({ code: json.code, exitCode }).toEqual({ code, exitCode: 1 });
  expect(json.msg).toContain(word);
});

test('an error of the daemon keeps the code that it tells; a Go daemon tells none', async () => {
  answer = {
    status: 500,
    headers: { 'X-CNI-Error-Code': '101', 'X-CNI-Error-Details': 'a%20b' },
    body: 'device in use',
  };
  expect((await run('ADD', network('0.4.0'))).json).toEqual({
    cniVersion: '0.4.0',
    code: 101,
    msg: 'device in use',
    details: 'a b',
  });
  answer = { status: 400, body: 'plain words\n' };
  expect((await run('ADD', network('1.0.0'))).json).toEqual({ cniVersion: '1.0.0', code: 999, msg: 'plain words' });
  answer = success;
});

test('a daemon that is away is error 11, for STATUS 50', async () => {
  const away = { ...pod, DPU_CNI_SOCKET: join(directory, 'nobody.sock') };
  for (const command of ['ADD', 'DEL', 'CHECK', 'GC']) {
    const { json, exitCode } = await run(command, network('1.1.0'), away);
    expect({ code: json.code, exitCode }).toEqual({ code: 11, exitCode: 1 });
  }
  expect((await run('STATUS', network('1.1.0'), away)).json.code).toBe(50);
});

test('a large answer arrives whole', async () => {
  const ips = Array.from({ length: 5_000 }, (_, index) => ({ address: `fd00::${index.toString(16)}/64` }));
  answer = { status: 200, body: JSON.stringify({ Result: { ...result, ips } }) };
  expect((await run('ADD', network('1.0.0'))).json.ips).toHaveLength(5_000);
  answer = success;
});

test('a person is told what it is', async () => {
  const { text, exitCode } = await run(undefined, '', {}, ['--help']);
  expect(exitCode).toBe(0);
  expect(text).toContain('dpu-cni: the CNI plugin of the DPU operator');
});
