/** What the CNI specification says of plugins that are chained and of those that manage addresses, on a real kernel. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ipam } from '@dpu-operator/core/daemon/ipam';
import { exec } from '@dpu-operator/sdk/linux';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { AttachFixture, type Daemon, pluginDirectory } from './fixture.ts';

const fixture = new AttachFixture('an');
const plugins = join(fixture.directory, 'plugins');
const calls = join(fixture.directory, 'calls');
let daemon: Daemon;
let netns: string;

beforeAll(async () => {
  await fixture.addDevices(1);
  mkdirSync(plugins);
  fixture.pluginPath = `${plugins}:${pluginDirectory}`;
});
afterAll(() => fixture.close());
beforeEach(async () => {
  ({ daemon, netns } = await fixture.startWithPod());
  writeFileSync(calls, '');
});
afterEach(() => fixture.release(daemon));

const deviceID = () => fixture.device();
const hostLocal = () => ({
  ...fixture.hostLocal,
  ranges: [[{ subnet: '10.9.0.0/24', gateway: '10.9.0.1' }]],
});
function plugin(type: string, script: string): void {
  writeFileSync(join(plugins, type), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}
const linesOf = (path: string) => readFileSync(path, 'utf8').trim().split('\n');

test('behind another plugin its result is kept; CHECK accepts what one behind changed', async () => {
  const before = {
    interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:09', sandbox: netns }],
    ips: [{ address: '192.168.0.2/24', interface: 0 }],
    dns: { nameservers: ['192.168.0.53'] },
  };
  const config = { deviceID: deviceID(), ipam: hostLocal() };
  const add = await fixture.cni('ADD', { netns, config: { ...config, prevResult: before } });
  expect(add.output).toMatchObject({
    interfaces: [before.interfaces[0], { name: 'net1', sandbox: netns }],
    ips: [before.ips[0], { address: expect.stringMatching(/^10\.9\.0\./), interface: 1 }],
    dns: before.dns,
  });
  const check = (prevResult: object) => fixture.cni('CHECK', { netns, config: { ...config, prevResult } });
  expect(await check(add.output)).toMatchObject({ exitCode: 0 });
  await exec('ip', [
    '-n',
    netns.slice('/var/run/netns/'.length),
    'link',
    'set',
    'net1',
    'address',
    '02:00:00:00:00:77',
  ]);
  expect((await check(add.output)).output).toMatchObject({ code: 103, msg: expect.stringContaining('MAC') });
  const changed = structuredClone(add.output);
  changed.interfaces[1].mac = '02:00:00:00:00:77';
  expect(await check(changed)).toMatchObject({ exitCode: 0 });
});

test.each([undefined, '', '0.2.0'])(
  'a network of version %j gets a result of the first form, with host-local’s address',
  async (cniVersion) => {
    const add = await fixture.cni('ADD', { netns, config: { cniVersion, deviceID: deviceID(), ipam: hostLocal() } });
    expect(add.output).toEqual({
      cniVersion: cniVersion || '0.1.0',
      ip4: { ip: expect.stringMatching(/^10\.9\.0\./), gateway: '10.9.0.1' },
      dns: {},
    });
  },
);

test('a plugin that needs the interface has it at ADD and still at DEL', async () => {
  const seen = `nsenter --net="$CNI_NETNS" ip -brief link show "$CNI_IFNAME" | cut -d' ' -f1 | tr '\\n' ' ' >> ${calls}`;
  plugin(
    'of-somebody',
    `cat > /dev/null; ${seen}; echo "$CNI_COMMAND" >> ${calls}; echo '{"ips":[{"address":"10.9.1.2/24"}]}'`,
  );
  const config = { deviceID: deviceID(), ipam: { type: 'of-somebody' } };
  expect((await fixture.cni('ADD', { netns, config })).output.ips).toEqual([{ address: '10.9.1.2/24', interface: 0 }]);
  expect(await fixture.cni('DEL', { netns, config })).toMatchObject({ exitCode: 0 });
  expect(linesOf(calls)).toEqual([expect.stringMatching(/^net1\S* ADD$/), expect.stringMatching(/^net1\S* DEL$/)]);
});

test.each(['..', '.', 'directory', 'absent', 'dpu-cni'])(
  'ipam.type %s is error 7 at ADD; DEL and GC succeed',
  async (type) => {
    mkdirSync(join(plugins, 'directory'), { recursive: true });
    const config = { cniVersion: '1.1.0', deviceID: deviceID(), ipam: { type } };
    expect(await fixture.cni('ADD', { netns, config })).toMatchObject({ exitCode: 1, output: { code: 7 } });
    expect(await fixture.cni('DEL', { netns, config })).toMatchObject({ exitCode: 0 });
    const valid = { 'cni.dev/valid-attachments': null };
    expect(await fixture.cni('GC', { config: { ...config, ...valid } })).toMatchObject({ exitCode: 0 });
    expect(daemon.store.list()).toEqual([]);
  },
);

test('a namespace of another kind is error 3, also where it is mounted like one of a pod', async () => {
  const mounted = join(fixture.directory, 'uts');
  writeFileSync(mounted, '');
  await exec('mount', ['--bind', '/proc/self/ns/uts', mounted]);
  try {
    for (const path of ['/proc/self/ns/mnt', mounted]) {
      const add = await fixture.cni('ADD', { netns: path, config: { deviceID: deviceID() } });
      expect(add).toMatchObject({ exitCode: 1, output: { code: 3, msg: expect.stringContaining('of another kind') } });
    }
    const nowhere = `/run/netns/${'x'.repeat(300)}`;
    for (const path of [nowhere, '/run/netns/no such', '/etc/passwd', '/run/netns', '/dev/null']) {
      const add = await fixture.cni('ADD', { netns: path, config: { deviceID: deviceID() } });
      expect(add).toMatchObject({ exitCode: 1, output: { code: 3 } });
    }
    for (const path of ['/proc/self/ns/mnt', mounted, nowhere, `/${'x'.repeat(5_000)}`]) {
      const config = { deviceID: deviceID() };
      expect(await fixture.cni('DEL', { netns: path, config })).toMatchObject({ exitCode: 0 });
    }
  } finally {
    await exec('umount', ['--lazy', mounted]);
  }
  expect(await fixture.link(deviceID())).toBeDefined();
  expect(daemon.store.list()).toEqual([]);
});

test('DEL succeeds where nothing was attached, although the network’s addresses are configured wrongly', async () => {
  const ipam = { ...hostLocal(), ranges: [[{ subnet: 'nope' }]] };
  const config = { deviceID: deviceID(), ipam };
  expect((await fixture.cni('ADD', { netns, config })).exitCode).toBe(1);
  expect(await fixture.cni('DEL', { netns, config })).toMatchObject({ exitCode: 0 });
  expect(await fixture.cni('DEL', { netns, ifName: 'eth%d', config: {} })).toMatchObject({ exitCode: 0 });
});

test('GC is passed on to the IPAM plugin; without a list of what is valid nothing is released', async () => {
  plugin('writing', `echo "$CNI_COMMAND $(cat)" >> ${calls}; echo '{}'`);
  const config = { cniVersion: '1.1.0', deviceID: deviceID(), ipam: { type: 'writing' } };
  await fixture.cni('ADD', { netns, config });
  const gc = (valid: object) => fixture.cni('GC', { config: { ...config, ...valid } });
  const key = 'cni.dev/valid-attachments';
  const valid = [{ containerID: 'pod1', ifname: 'net1' }];
  writeFileSync(calls, '');
  expect(await gc({})).toMatchObject({ exitCode: 0 });
  expect(readFileSync(calls, 'utf8')).toBe('');
  expect(await gc({ [key]: valid })).toMatchObject({ exitCode: 0 });
  expect(daemon.store.list()).toHaveLength(1);
  expect(linesOf(calls)).toEqual([expect.stringMatching(/^GC .*"containerID":"pod1"/)]);
  expect(await gc({ [key]: null })).toMatchObject({ exitCode: 0 });
  expect(daemon.store.list()).toEqual([]);
  const commands = linesOf(calls).map((line) => line.split(' ')[0]);
  expect(commands).toEqual(['GC', 'DEL', 'GC']);
});

test('STATUS asks the IPAM plugin', async () => {
  plugin('failing', `cat > /dev/null; echo '{"code":50,"msg":"no database"}'; exit 1`);
  const status = (ipam: object) => fixture.cni('STATUS', { config: { cniVersion: '1.1.0', ipam } });
  expect(await status(hostLocal())).toMatchObject({ exitCode: 0 });
  expect((await status({ type: 'failing' })).output).toMatchObject({
    code: 50,
    msg: 'IPAM plugin failing: no database',
  });
  expect((await status({ type: 'absent' })).output).toMatchObject({ code: 50 });
});

test('a plugin runs with the files of the node, not of the daemon’s container', async () => {
  const root = join(fixture.directory, 'node');
  mkdirSync(root);
  const node = startNode(
    root,
    `#!/bin/sh\ncat > /dev/null; echo "{\\"dns\\":{\\"domain\\":\\"$(cat ${root}/socket)\\"}}"\n`,
  );
  try {
    await once(node.stdout ?? node, 'data');
    const call = { type: 'of-the-node', env: { CNI_PATH: root }, config: '{}' };
    await expect(new Ipam({ exec }).find(call)).rejects.toMatchObject({ code: 7 });
    const ipam = new Ipam({ exec, hostProcess: `/proc/${node.pid}` });
    expect(await ipam.add(call)).toMatchObject({ dns: { domain: 'there' } });
  } finally {
    node.kill();
  }
});

/** A process with a mount namespace of its own, in which a directory holds a plugin and what it needs. */
function startNode(root: string, script: string): ChildProcess {
  const make = `mount -t tmpfs none ${root} && echo there > ${root}/socket && cat > ${root}/of-the-node && chmod 755 ${root}/of-the-node`;
  const child = spawn('unshare', ['--mount', 'sh', '-c', `${make} && echo ready && exec sleep infinity`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin?.end(script);
  return child;
}
