/** Plugins are shell scripts here, which write down what they were asked. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from '@dpu-operator/sdk/linux';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { Ipam, needsInterface } from './ipam.ts';

const directory = mkdtempSync(join(tmpdir(), 'ipam-'));
const asked = join(directory, 'asked');
afterAll(() => rmSync(directory, { recursive: true, force: true }));
beforeEach(() => writeFileSync(asked, ''));

function plugin(type: string, script: string): void {
  writeFileSync(join(directory, type), `#!/bin/sh\necho "$CNI_COMMAND" >> ${asked}\n${script}\n`, { mode: 0o755 });
}
const callOf = (type: string, env: Record<string, string> = {}) => ({
  type,
  env: { CNI_PATH: `relative:/nowhere:${directory}`, ASKED: asked, ...env },
  config: '{"cniVersion":"1.0.0","name":"net"}',
});
const commands = () => readFileSync(asked, 'utf8').trim().split('\n').filter(Boolean);
const ipam = new Ipam({ exec });
const answers = (json: unknown) => `cat > /dev/null; echo '${JSON.stringify(json)}'`;

test('a plugin gets the runtime’s whole environment and the configuration, word for word', async () => {
  plugin('echoing', `cat >> ${asked}; echo "$KUBECONFIG $PATH" >> ${asked}; echo '{"ips":null}'`);
  const env = { KUBECONFIG: '/etc/kube', PATH: '/usr/bin:/bin', CNI_COMMAND: 'ADD' };
  expect(await ipam.add(callOf('echoing', env))).toEqual({ ips: [], routes: [] });
  expect(readFileSync(asked, 'utf8')).toBe('ADD\n{"cniVersion":"1.0.0","name":"net"}/etc/kube /usr/bin:/bin\n');
});

test('a result of 0.1.0 or 0.2.0 is understood', async () => {
  const ip4 = { ip: '10.0.0.2/24', gateway: '10.0.0.1', routes: [{ dst: '0.0.0.0/0' }] };
  plugin('old', answers({ cniVersion: '0.2.0', ip4, ip6: { ip: 'fd00::2/64' }, dns: { domain: 'a' } }));
  expect(await ipam.add(callOf('old'))).toMatchObject({
    ips: [{ address: '10.0.0.2/24', gateway: '10.0.0.1' }, { address: 'fd00::2/64' }],
    routes: [{ dst: '0.0.0.0/0' }],
    dns: { domain: 'a' },
  });
});

test.each([
  [{ ips: [{ address: '10.0.0.2' }] }],
  [{ ips: [{ address: '10.0.0.2/24 dev lo' }] }],
  [{ ips: [{ address: '10.0.0.2/24', gateway: 'nope' }] }],
  [{ routes: [{ dst: 'default' }] }],
  [{ ip4: { ip: 7 }, ips: 7 }],
  ['text'],
])('%j is no result: DEL, and an error', async (json) => {
  plugin('odd', answers(json));
  await expect(ipam.add(callOf('odd'))).rejects.toMatchObject({ code: 999 });
  expect(commands()).toEqual(['ADD', 'DEL']);
});

test('an ADD that failed is DELeted; what it said is the error', async () => {
  plugin('refusing', `${answers({ code: 11, msg: 'full', details: 'very' })}; exit 1`);
  await expect(ipam.add(callOf('refusing'))).rejects.toMatchObject({
    code: 11,
    message: 'IPAM plugin refusing: full',
    details: 'very',
  });
  expect(commands()).toEqual(['ADD', 'DEL']);
});

test('where the DEL after it gets no answer, that is the error: the address may still be handed out', async () => {
  plugin('stuck', `${answers({ code: 11, msg: 'full' })}; test "$CNI_COMMAND" = ADD && exit 1; exec sleep 60`);
  const impatient = new Ipam({ exec, timeoutMs: 500 });
  await expect(impatient.add(callOf('stuck'))).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(commands()).toEqual(['ADD', 'DEL']);
});

test.each([0, -1, 1.5, 2 ** 32, '7', null, undefined])('a code of %j is none: it becomes 999', async (code) => {
  plugin('numbered', `${answers({ code, msg: 'no', details: 7 })}; exit 1`);
  await expect(ipam.del(callOf('numbered'))).rejects.toMatchObject({ code: 999, message: 'IPAM plugin numbered: no' });
});

test('a child that is left on its standard output holds nobody past the deadline', async () => {
  plugin('forking', 'cat > /dev/null; sleep 600 & exit 0');
  await new Ipam({ exec, timeoutMs: 500 }).del(callOf('forking'));
  expect(commands()).toEqual(['DEL']);
});

test('CHECK, GC and STATUS are passed on', async () => {
  plugin('willing', 'cat > /dev/null');
  await ipam.check(callOf('willing'));
  await ipam.gc(callOf('willing'));
  await ipam.status(callOf('willing'));
  expect(commands()).toEqual(['CHECK', 'GC', 'STATUS']);
  await expect(ipam.status(callOf('absent'))).rejects.toMatchObject({ code: 50 });
});

test('a directory, a file that is no program and nothing are no plugin', async () => {
  mkdirSync(join(directory, 'directory'), { recursive: true });
  writeFileSync(join(directory, 'plain'), '', { mode: 0o644 });
  for (const type of ['directory', 'plain', 'absent']) {
    await expect(ipam.add(callOf(type))).rejects.toMatchObject({ code: 7, message: expect.stringContaining(type) });
  }
  await expect(ipam.find({ ...callOf('echoing'), env: {} })).rejects.toMatchObject({ code: 7 });
});

test('where the daemon runs in a container, plugins are looked for in the node’s files', async () => {
  const host = mkdtempSync(join(directory, 'host-'));
  mkdirSync(join(host, 'root/opt/bin'), { recursive: true });
  symlinkSync('/opt/bin', join(host, 'root/bin'));
  writeFileSync(join(host, 'root/opt/bin/there'), '', { mode: 0o755 });
  const calls: unknown[] = [];
  const contained = new Ipam({
    hostProcess: host,
    exec: async (file, args) => {
      calls.push([file, args]);
      return { stdout: '{}', stderr: '', exitCode: 0 };
    },
  });
  const env = { CNI_PATH: '/bin' };
  await contained.add({ type: 'there', env, config: '{}' });
  expect(calls).toEqual([['/usr/bin/nsenter', [`--mount=${host}/ns/mnt`, '--', '/bin/there']]]);
  chmodSync(join(host, 'root/opt/bin/there'), 0o644);
  await expect(contained.find({ type: 'there', env, config: '{}' })).rejects.toMatchObject({ code: 7 });
});

test('only plugins that are known not to look at the interface are called before it is in the pod', () => {
  expect(
    ['host-local', 'static', 'whereabouts', 'dhcp', 'of-somebody'].map((type) => needsInterface(callOf(type))),
  ).toEqual([false, false, false, true, true]);
});
