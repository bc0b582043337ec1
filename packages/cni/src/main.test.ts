import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { FakeDaemon } from './testing/fake-daemon.ts';
import { run as runProgram } from './testing/program.ts';

const daemon = new FakeDaemon();
const result = {
  cniVersion: '1.0.0',
  interfaces: [{ name: 'net1', mac: '02:00:00:00:00:01', sandbox: '/run/netns/a', mtu: 1400 }],
  ips: [
    { address: '10.0.0.2/24', gateway: '10.0.0.1', interface: 0 },
    { address: 'fd00::2/64', interface: 0 },
  ],
  routes: [{ dst: '0.0.0.0/0', gw: '10.0.0.1', priority: 5 }],
  dns: { nameservers: ['10.0.0.53'] },
};
const success = { status: 200, body: JSON.stringify({ Result: result }) };
const nothing = { status: 200, body: '{"Result":null}' };

beforeAll(() => daemon.start());
afterEach(() => {
  daemon.answer = success;
  daemon.received = undefined;
});
afterAll(() => daemon.close());
daemon.answer = success;

const pod = { CNI_CONTAINERID: 'abc', CNI_NETNS: '/run/netns/a', CNI_IFNAME: 'net1', CNI_PATH: '/opt/cni/bin' };
const network = (cniVersion: string | undefined, more: object = {}) =>
  JSON.stringify({ ...(cniVersion !== undefined && { cniVersion }), name: 'net', type: 'dpu-cni', ...more });

function run(command: string | undefined, stdin: string | Buffer, env: Record<string, string> = pod, args?: string[]) {
  const variables = {
    DPU_CNI_SOCKET: daemon.socket,
    ...(command !== undefined && { CNI_COMMAND: command }),
    ...env,
  };
  return runProgram(variables, stdin, args);
}

test('VERSION answers without a daemon, in the version asked', async () => {
  const away = { DPU_CNI_SOCKET: '/nowhere' };
  const { json } = await run('VERSION', '{"cniVersion":"0.4.0"}', away);
  const supportedVersions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];
  expect(json).toEqual({ cniVersion: '0.4.0', supportedVersions });
  expect((await run('VERSION', '', away)).json.cniVersion).toBe('1.1.0');
});

test('ADD passes on the whole environment and the configuration as it is', async () => {
  const text = network('1.0.0', { deviceID: 'vf0', ' odd ': 'ü' });
  const { json, exitCode } = await run('ADD', text, { ...pod, CNI_ARGS: 'A=b', KUBECONFIG: '/etc/k' });
  expect(exitCode).toBe(0);
  expect(json.interfaces).toEqual([{ name: 'net1', mac: '02:00:00:00:00:01', sandbox: '/run/netns/a' }]);
  expect(daemon.received?.env).toMatchObject({
    ...pod,
    CNI_COMMAND: 'ADD',
    CNI_ARGS: 'A=b',
    KUBECONFIG: '/etc/k',
    HTTP_PROXY: 'http://192.0.2.1:1',
  });
  expect(Buffer.from(daemon.received?.config ?? '', 'base64').toString()).toBe(text);
});

test.each([undefined, '', '0.1.0', '0.2.0'])('a result for version %j is of the first form', async (version) => {
  const { json, exitCode } = await run('ADD', network(version));
  expect(exitCode).toBe(0);
  expect(json).toEqual({
    cniVersion: version || '0.1.0',
    ip4: { ip: '10.0.0.2/24', gateway: '10.0.0.1', routes: [{ dst: '0.0.0.0/0', gw: '10.0.0.1' }] },
    ip6: { ip: 'fd00::2/64' },
    dns: { nameservers: ['10.0.0.53'] },
  });
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
  daemon.answer = nothing;
  expect(await run(command, network('1.1.0'))).toMatchObject({ exitCode: 0, text: '' });
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

test('DEL does without a namespace, which may be gone, and with names that ADD refuses', async () => {
  daemon.answer = nothing;
  expect(await run('DEL', network('1.0.0'), { ...pod, CNI_NETNS: '' })).toMatchObject({ exitCode: 0 });
  expect(await run('DEL', '{"cniVersion":"1.0.0","name":"a/b"}')).toMatchObject({ exitCode: 0 });
  expect(await run('DEL', network('1.0.0'), { ...pod, CNI_IFNAME: 'eth%d' })).toMatchObject({ exitCode: 0 });
});

test.each([
  ['CNI_IFNAME', 'eth%d'],
  ['CNI_IFNAME', '%'],
  ['CNI_IFNAME', 'é'.repeat(15)],
  ['CNI_IFNAME', 'sixteen-letters-'],
  ['CNI_IFNAME', 'à'],
  ['CNI_IFNAME', 'a/b'],
  ['CNI_IFNAME', 'a:b'],
  ['CNI_IFNAME', 'a b'],
  ['CNI_IFNAME', 'a\u007f'],
  ['CNI_IFNAME', '..'],
  ['CNI_IFNAME', 'all'],
  ['CNI_IFNAME', 'default'],
  ['CNI_CONTAINERID', 'a'.repeat(300)],
  ['CNI_CONTAINERID', '../a'],
  ['CNI_NETNS', 'relative'],
  ['CNI_NETNS', `/${'a'.repeat(4095)}`],
  ['CNI_NETNS', '/run/netns/a\n'],
])('%s=%j is error 4 and reaches nobody', async (name, value) => {
  const { json, exitCode } = await run('ADD', network('1.0.0'), { ...pod, [name]: value });
  expect({ code: json.code, exitCode }).toEqual({ code: 4, exitCode: 1 });
  expect(json.msg).toContain(name);
  expect(daemon.received).toBeUndefined();
});

test('a name of 15 bytes may have any letters', async () => {
  expect(await run('ADD', network('1.0.0'), { ...pod, CNI_IFNAME: `${'é'.repeat(7)}1` })).toMatchObject({
    exitCode: 0,
  });
});

test.each([
  [undefined, network('1.0.0'), 4, 'CNI_COMMAND'],
  ['NOPE', network('1.0.0'), 4, 'NOPE'],
  ['ADD', '', 6, 'JSON'],
  ['ADD', '{', 6, 'JSON'],
  ['ADD', '[]', 6, 'JSON'],
  ['ADD', 'null', 6, 'JSON'],
  ['ADD', network('0.0.1'), 1, '0.0.1'],
  ['ADD', network('9'), 1, '9'],
  ['ADD', '{"cniVersion":{},"name":"net"}', 1, '{}'],
  ['CHECK', network('0.3.1'), 1, '0.4.0'],
  ['CHECK', network(undefined), 1, '0.4.0'],
  ['GC', network('1.0.0'), 1, '1.1.0'],
  ['ADD', '{"cniVersion":"1.0.0","name":"a/b"}', 7, 'name'],
  ['ADD', '{"cniVersion":"1.0.0"}', 7, 'name'],
])('%s with %s is error %i', async (command, stdin, code, word) => {
  const { json, exitCode } = await run(command, stdin);
  expect({ code: json.code, exitCode }).toEqual({ code, exitCode: 1 });
  expect(json.msg).toContain(word);
});

test('an error of the daemon keeps the code that it tells; a Go daemon tells none', async () => {
  daemon.answer = {
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
  daemon.answer = { status: 400, body: 'plain words\n' };
  expect((await run('ADD', network('1.0.0'))).json).toEqual({ cniVersion: '1.0.0', code: 999, msg: 'plain words' });
});

test.each(['0', '-1', '1.5', '0x65', '1e3', 'Infinity', 'NaN', '4294967296', '', 'many'])(
  'a code of %j is none: it becomes 999',
  async (code) => {
    daemon.answer = { status: 500, headers: { 'X-CNI-Error-Code': code }, body: 'no' };
    expect((await run('ADD', network('1.0.0'))).json).toMatchObject({ code: 999, msg: 'no' });
  },
);

test.each(['', 'null', '[]', '{"Result":[]}', '{"Result":null}', '{'])(
  'ADD that is answered %j has no result: error 999',
  async (body) => {
    daemon.answer = { status: 200, body };
    expect(await run('ADD', network('1.0.0'))).toMatchObject({ exitCode: 1, json: { code: 999 } });
  },
);

test('a daemon that is away is error 11, for STATUS 50', async () => {
  const away = { ...pod, DPU_CNI_SOCKET: join(daemon.directory, 'nobody.sock') };
  for (const command of ['ADD', 'DEL', 'CHECK', 'GC']) {
    const { json, exitCode } = await run(command, network('1.1.0'), away);
    expect({ code: json.code, exitCode }).toEqual({ code: 11, exitCode: 1 });
  }
  expect((await run('STATUS', network('1.1.0'), away)).json.code).toBe(50);
});

test('a large answer arrives whole', async () => {
  const ips = Array.from({ length: 5_000 }, (_, index) => ({ address: `fd00::${index.toString(16)}/64` }));
  daemon.answer = { status: 200, body: JSON.stringify({ Result: { ...result, ips } }) };
  expect((await run('ADD', network('1.0.0'))).json.ips).toHaveLength(5_000);
});

test('logFile gets a line a call, at the level error only of those that failed', async () => {
  const logFile = join(daemon.directory, 'dpu.log');
  await run('ADD', network('1.0.0', { logFile }));
  await run('ADD', network('1.0.0', { logFile, logLevel: 'error' }));
  daemon.answer = { status: 500, body: 'device "vf0"\nis broken' };
  await run('ADD', network('1.0.0', { logFile, logLevel: 'error' }));
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { level: 'info', command: 'ADD', containerId: 'abc', ifName: 'net1' },
    { level: 'error', command: 'ADD', code: 999, msg: 'device "vf0"\nis broken' },
  ]);
  expect(statSync(logFile).mode & 0o777).toBe(0o600);
});

test('a logFile that is no log is left alone, and fails no pod', async () => {
  const at = (name: string) => join(daemon.directory, name);
  writeFileSync(at('passwd'), 'root');
  symlinkSync(at('passwd'), at('link.log'));
  mkdirSync(at('directory.log'));
  for (const logFile of [at('passwd'), at('link.log'), at('directory.log'), at('no/such.log'), 'relative.log', 7]) {
    expect(await run('ADD', network('1.0.0', { logFile }))).toMatchObject({ exitCode: 0 });
  }
  expect(readFileSync(at('passwd'), 'utf8')).toBe('root');
  expect(existsSync(join(import.meta.dirname, 'relative.log'))).toBe(false);
});

test('a person is told what it is', async () => {
  const { text, exitCode } = await run(undefined, '', {}, ['--help']);
  expect(exitCode).toBe(0);
  expect(text).toContain('dpu-cni: the CNI plugin of the DPU operator');
});
