import { existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DpuError } from '@dpu-operator/sdk';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { CniServer, type CniServerOptions } from './cni-server.ts';

const result = { cniVersion: '1.0.0', interfaces: [], ips: [], routes: [], dns: {} };
const engine: CniServerOptions['engine'] = {
  add: async () => result,
  del: async () => {},
  check: async () => {},
  gc: async () => {},
  status: async () => {},
};
const servers: CniServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(more: Partial<CniServerOptions> = {}): Promise<string> {
  const socketPath = join(mkdtempSync(join(tmpdir(), 'cni-')), 'dir', 'cni.sock');
  const server = new CniServer({ engine, socketPath, logger: pino({ level: 'silent' }), ...more });
  await server.start();
  servers.push(server);
  return socketPath;
}

function post(socketPath: string, body: string, path = '/cni', method = 'POST') {
  return new Promise<{ status: number | undefined; code: unknown; text: string }>((resolve, reject) => {
    const call = request({ socketPath, path, method }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode, code: response.headers['x-cni-error-code'], text });
    });
    call.on('error', reject);
    call.end(body);
  });
}

const body = (command: string, env: object = {}, config: unknown = { name: 'net', deviceID: 'vf0' }) =>
  JSON.stringify({
    env: { CNI_COMMAND: command, CNI_CONTAINERID: 'c', CNI_IFNAME: 'net1', CNI_NETNS: '/n', ...env },
    config: Buffer.from(typeof config === 'string' ? config : JSON.stringify(config)).toString('base64'),
  });

test('answers as the executable expects, on a socket of root alone', async () => {
  const socketPath = await start();
  expect(statSync(socketPath).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(socketPath)).mode & 0o777).toBe(0o700);
  expect(await post(socketPath, body('ADD'))).toMatchObject({ status: 200, text: JSON.stringify({ Result: result }) });
  expect(await post(socketPath, body('DEL'))).toMatchObject({ status: 200, text: '{"Result":null}' });
});

test('a pod whose network is configured wrongly can be deleted', async () => {
  const answer = await post(await start(), body('DEL', {}, { name: 'net', ipam: { type: '../sh' } }));
  expect(answer).toMatchObject({ status: 200, text: '{"Result":null}' });
});

test.each([
  [body('NOPE'), 400, '4', 'NOPE'],
  [body('ADD', { CNI_IFNAME: 'a/b' }), 400, '4', 'CNI_IFNAME'],
  [body('ADD', { CNI_IFNAME: 'eth%d' }), 400, '4', 'CNI_IFNAME'],
  [body('ADD', { CNI_IFNAME: 'é'.repeat(15) }), 400, '4', 'CNI_IFNAME'],
  [body('ADD', { CNI_IFNAME: 'à' }), 400, '4', 'CNI_IFNAME'],
  [body('ADD', { CNI_IFNAME: 'a\0' }), 400, '4', 'CNI_IFNAME'],
  [body('CHECK', { CNI_IFNAME: 'a\u001b' }), 400, '4', 'CNI_IFNAME'],
  [body('ADD', { CNI_CONTAINERID: 'a'.repeat(300) }), 400, '4', 'CNI_CONTAINERID'],
  [body('ADD', { CNI_NETNS: 'relative' }), 400, '4', 'CNI_NETNS'],
  [body('ADD', { CNI_NETNS: `/${'a'.repeat(4096)}` }), 400, '4', 'CNI_NETNS'],
  [body('ADD', { CNI_NETNS: '/run/netns/a\0' }), 400, '4', 'CNI_NETNS'],
  [body('ADD', { CNI_ARGS: 'K8S_POD_NAMESPACE=a;K8S_POD_NAME=../b' }), 400, '4', 'CNI_ARGS'],
  [body('ADD', { PATH: '/bin\0' }), 400, '4', 'PATH'],
  [body('ADD', { 'A=B': 'c' }), 400, '4', 'A=B'],
  [body('DEL', { CNI_CONTAINERID: '../x' }), 400, '4', 'CNI_CONTAINERID'],
  [body('DEL', { CNI_IFNAME: 'net1\0' }), 400, '4', 'CNI_IFNAME'],
  [body('ADD', { CNI_ARGS: 'MAC=nope' }), 400, '4', 'MAC'],
  [body('ADD', {}, '{'), 400, '6', 'JSON'],
  [body('ADD', {}, { name: 'a\0b' }), 400, '7', 'name'],
  [body('ADD', {}, { name: 'net', deviceID: 'vf\0' }), 400, '7', 'deviceID'],
  [body('ADD', {}, { name: 'net', ipam: { type: '../sh' } }), 400, '7', 'ipam'],
  [body('ADD', {}, { name: 'net', ipam: { type: 'dpu-cni' } }), 400, '7', 'ipam'],
  [body('ADD', {}, { name: 'net', prevResult: 'none' }), 400, '7', 'prevResult'],
  [body('GC', {}, { name: 'net', 'cni.dev/valid-attachments': [{}] }), 400, '7', 'valid-attachments'],
  ['{', 400, '6', 'not JSON'],
  ['{}', 400, '6', 'env'],
])('%s is the caller’s mistake', async (text, status, code, word) => {
  const answer = await post(await start(), text);
  expect(answer).toMatchObject({ status, code });
  expect(answer.text).toContain(word);
});

test('DEL succeeds with names that ADD refuses: nothing is attached by them', async () => {
  const deleted: unknown[] = [];
  const del = async (key: object) => void deleted.push(key);
  const socketPath = await start({ engine: { ...engine, del } });
  const odd = { CNI_IFNAME: 'eth%d', CNI_CONTAINERID: 'c'.repeat(300), CNI_NETNS: '', CNI_ARGS: 'K8S_POD_NAME=../b' };
  expect(await post(socketPath, body('DEL', odd, {}))).toMatchObject({ status: 200 });
  expect(deleted).toMatchObject([{ containerId: 'c'.repeat(300), ifName: 'eth%d' }]);
});

test('GC: null releases all of the network, absent nothing; a wrong ipam.type hinders neither', async () => {
  const calls: unknown[][] = [];
  const gc = async (...call: unknown[]) => void calls.push(call);
  const socketPath = await start({ engine: { ...engine, gc } });
  const valid = 'cni.dev/valid-attachments';
  const ipam = { type: 'host-local' };
  expect(await post(socketPath, body('GC', {}, { name: 'net', ipam }))).toMatchObject({ status: 200 });
  expect(calls).toEqual([]);
  await post(socketPath, body('GC', {}, { name: 'net', [valid]: null, ipam: { type: '..' } }));
  await post(socketPath, body('GC', {}, { name: 'net', [valid]: [{ containerID: 'a', ifname: 'net1' }], ipam }));
  expect(calls).toEqual([
    ['net', [], undefined],
    ['net', [{ containerId: 'a', ifName: 'net1' }], expect.objectContaining({ type: 'host-local' })],
  ]);
});

test('STATUS asks the network’s IPAM plugin too; ADD hands on what a plugin before made, and the whole environment', async () => {
  const calls: unknown[] = [];
  const status = async (ipam: unknown) => void calls.push(ipam);
  const add: CniServerOptions['engine']['add'] = async ({ ipam, network, mac }) => {
    calls.push({
      env: ipam?.env.KUBECONFIG,
      path: ipam?.env.CNI_PATH,
      interfaces: network.prevResult?.interfaces,
      mac,
    });
    return result;
  };
  const socketPath = await start({ engine: { ...engine, status, add } });
  const config = { name: 'net', ipam: { type: 'host-local' }, prevResult: { interfaces: [{ name: 'eth0' }] } };
  await post(socketPath, body('STATUS', {}, config));
  await post(
    socketPath,
    body('ADD', { KUBECONFIG: '/k', CNI_PATH: ':/a:b:/c', CNI_ARGS: 'MAC=0200.0000.0001' }, config),
  );
  expect(calls).toEqual([
    expect.objectContaining({ type: 'host-local' }),
    { env: '/k', path: '/a:/c', interfaces: [{ name: 'eth0', mac: '', sandbox: '' }], mac: '02:00:00:00:00:01' },
  ]);
});

test('an engine that fails is not the caller’s mistake; a peer out of reach is to be tried again', async () => {
  const failing = (error: Error) => start({ engine: { ...engine, add: () => Promise.reject(error) } });
  const broken = await post(await failing(new Error('broken')), body('ADD'));
  expect(broken).toEqual({ status: 500, code: '999', text: 'broken' });
  const away = await post(await failing(new DpuError('UNAVAILABLE', 'no peer')), body('ADD'));
  expect(away).toEqual({ status: 503, code: '11', text: 'no peer' });
});

test('a command that hangs is answered at the deadline', async () => {
  const hanging = { ...engine, add: () => new Promise<never>(() => {}) };
  const socketPath = await start({ engine: hanging, deadlineMs: 20 });
  expect(await post(socketPath, body('ADD'))).toMatchObject({ status: 503, code: '11' });
});

test('other paths, other methods and too large bodies are refused', async () => {
  const socketPath = await start();
  expect(await post(socketPath, '', '/other')).toMatchObject({ status: 404 });
  expect(await post(socketPath, '', '/cni', 'GET')).toMatchObject({ status: 405 });
  const large = await post(socketPath, 'x'.repeat(5 * 1024 * 1024)).catch(() => ({ status: 413 }));
  expect(large).toMatchObject({ status: 413 });
});

test.each(['its caller leaves', 'it is answered at the deadline'])('an ADD is told when %s', async (when) => {
  const started = Promise.withResolvers<void>();
  const abandoned = Promise.withResolvers<void>();
  const add: CniServerOptions['engine']['add'] = (_request, signal) => {
    signal?.addEventListener('abort', () => abandoned.resolve());
    started.resolve();
    return new Promise<never>(() => {});
  };
  const leaves = when === 'its caller leaves';
  const socketPath = await start({ engine: { ...engine, add }, deadlineMs: leaves ? 60_000 : 20 });
  const call = request({ socketPath, path: '/cni', method: 'POST' });
  call.on('error', () => {});
  call.end(body('ADD'));
  await started.promise;
  if (leaves) call.destroy();
  await abandoned.promise;
});

test('a caller that has its answer and goes abandons nothing', async () => {
  const signals: (AbortSignal | undefined)[] = [];
  const add: CniServerOptions['engine']['add'] = async (_request, signal) => {
    signals.push(signal);
    return result;
  };
  expect(await post(await start({ engine: { ...engine, add } }), body('ADD'))).toMatchObject({ status: 200 });
  expect(signals.map((signal) => signal?.aborted)).toEqual([false]);
});

const takeAway: Record<string, (socketPath: string) => void> = {
  'removes it': (socketPath) => rmSync(socketPath),
  'removes its directory': (socketPath) => rmSync(dirname(socketPath), { recursive: true }),
  'puts a file in its place': (socketPath) => {
    rmSync(socketPath);
    writeFileSync(socketPath, '');
  },
  'renames another over it': (socketPath) => {
    writeFileSync(`${socketPath}.other`, '');
    renameSync(`${socketPath}.other`, socketPath);
  },
};
test.each(Object.keys(takeAway))('the socket is served again when somebody %s', async (what) => {
  const socketPath = await start();
  for (let time = 0; time < 2; time += 1) {
    takeAway[what]?.(socketPath);
    await vi.waitFor(async () => expect(await post(socketPath, body('DEL'))).toMatchObject({ status: 200 }));
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
  }
});

test('a request that runs while the socket is taken away is answered, and closing waits for it', async () => {
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const add: CniServerOptions['engine']['add'] = async () => {
    started.resolve();
    await gate.promise;
    return result;
  };
  const socketPath = await start({ engine: { ...engine, add } });
  const answer = post(socketPath, body('ADD'));
  await started.promise;
  rmSync(socketPath);
  await vi.waitFor(async () => expect(await post(socketPath, body('DEL'))).toMatchObject({ status: 200 }));
  const closed = servers.pop()?.close();
  gate.resolve();
  expect(await answer).toMatchObject({ status: 200 });
  await closed;
  expect(existsSync(socketPath)).toBe(false);
});
