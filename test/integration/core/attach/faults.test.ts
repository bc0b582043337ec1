/** Pods, people and disks that do to attachments what they should not. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { there } from '@dpu-operator/core/daemon/attach';
import { exec, Links } from '@dpu-operator/sdk/linux';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { atHome, expectNothingLeft } from './checks.ts';
import { AttachFixture, type Daemon } from './fixture.ts';

const fixture = new AttachFixture('af');
let daemon: Daemon;
let netns: string;

beforeAll(() => fixture.addDevices(8));
afterAll(() => fixture.close());
beforeEach(async () => {
  ({ daemon, netns } = await fixture.startWithPod());
});
afterEach(async () => {
  await here.batch([`link del ${fixture.prefix}q`]).catch(() => {});
  await fixture.release(daemon);
});

const device = (index?: number) => fixture.device(index);
const config = (index = 0) => ({ deviceID: device(index), mac: '02:00:00:00:00:99', mtu: 1400 });
const inPod = (path = netns) => new Links(exec, path);
const here = new Links(exec);
const add = (path = netns, index = 0, container = 'pod1') =>
  fixture.cni('ADD', { netns: path, container, config: config(index) });
const del = (path = netns, index = 0, container = 'pod1') =>
  fixture.cni('DEL', { netns: path, container, config: config(index) });

async function restart(): Promise<void> {
  await daemon.stop();
  daemon = await fixture.start();
}

test('a pod renames its interface and puts another in its place: it keeps that, and the device comes home', async () => {
  expect(await add()).toMatchObject({ exitCode: 0 });
  await inPod().batch([
    'link set net1 down',
    'link set net1 name stolen address 02:00:00:00:00:66 mtu 1300',
    'link add net1 address 02:00:00:00:00:99 type veth peer name other',
  ]);
  expect(await del()).toMatchObject({ exitCode: 0 });
  await expectNothingLeft(fixture, daemon);
  expect(await inPod().find('net1')).toMatchObject({ peer: { name: 'other' }, mac: '02:00:00:00:00:99' });
});

test('another interface of the node that has the device’s name is left alone, and its going is noticed', async () => {
  expect(await add()).toMatchObject({ exitCode: 0 });
  const peer = `${fixture.prefix}q`;
  await here.batch([`link add ${device()} address 02:00:00:00:00:55 mtu 1280 type veth peer name ${peer}`]);
  expect(await del()).toMatchObject({ exitCode: 0 });
  expect(await fixture.link(device())).toMatchObject({ peer: { name: peer }, mac: '02:00:00:00:00:55', mtu: 1280 });
  expect((await inPod().list()).map(({ name }) => name)).toEqual(['lo']);
  expect([...fixture.dataPath.ports.keys()]).toEqual([]);
  const [record] = daemon.store.list();
  const name = `dpu${record?.link.identity?.ifindex}`;
  expect(await fixture.link(name)).toMatchObject(atHome(0));
  // Meanwhile it is nobody's.
  const next = await fixture.addNamespace(`n${fixture.podCount}`);
  expect((await add(next, 0, 'next')).output).toMatchObject({ code: 101 });
  await here.batch([`link del ${device()}`]);
  await expect.poll(() => daemon.store.list(), { interval: 5 }).toEqual([]);
  await expectNothingLeft(fixture, daemon);
});

test('an alternative name of another interface counts as its name', async () => {
  const other = `${fixture.prefix}o`;
  await here.batch([`link add ${other} type veth peer name ${fixture.prefix}q`]);
  expect(await add()).toMatchObject({ exitCode: 0 });
  await here.batch([`link property add dev ${other} altname ${device()}`]);
  expect(await del()).toMatchObject({ exitCode: 0 });
  expect((await inPod().list()).map(({ name }) => name)).toEqual(['lo']);
  await here.batch([`link property del dev ${other} altname ${device()}`]);
  await expect.poll(() => daemon.store.list(), { interval: 20 }).toEqual([]);
  await expectNothingLeft(fixture, daemon);
  await here.batch([`link del ${other}`]);
  // The pod's own.
  await inPod().batch(['link add eth7 type veth peer name eth8', 'link property add dev eth7 altname net1']);
  expect(await add()).toMatchObject({ exitCode: 1, output: { msg: expect.stringContaining('net1') } });
  await expectNothingLeft(fixture, daemon);
  expect(await inPod().find('eth7')).toBeDefined();
});

const losses: Record<string, (path: string) => void> = {
  'cannot be read': (path) => writeFileSync(path, '{'),
  'has gone': (path) => rmSync(path),
};
test.each(Object.keys(losses))('a DEL whose record %s brings the device home, and takes its port away', async (how) => {
  expect(await add()).toMatchObject({ exitCode: 0 });
  const otherNetns = await fixture.addNamespace(`o${fixture.podCount}`);
  expect(await add(otherNetns, 1, 'other')).toMatchObject({ exitCode: 0 });
  const files = readdirSync(fixture.stateDirectory).map((name) => join(fixture.stateDirectory, name));
  losses[how]?.(files.find((path) => readFileSync(path, 'utf8').includes('"containerId":"pod1"')) ?? '');
  await restart();
  expect(daemon.store.list().map(({ containerId }) => containerId)).toEqual(['other']);
  expect(daemon.store.unreadable()).toHaveLength(how === 'has gone' ? 0 : 1);
  await inPod().batch(['link set net1 down', 'link set net1 name hidden']);
  expect(await del()).toMatchObject({ exitCode: 0 });
  expect(await fixture.link(device())).toMatchObject(atHome(0));
  expect([...fixture.dataPath.ports.keys()]).toEqual(['host0-1']);
  expect(await del(otherNetns, 1, 'other')).toMatchObject({ exitCode: 0 });
  rmSync(join(fixture.stateDirectory, 'set-aside'), { recursive: true, force: true });
  await expectNothingLeft(fixture, daemon);
});

test('six pods are replaced on eight devices, and nobody is told that a device is in use', async () => {
  const given = new Map<string, string>();
  await daemon.stop();
  daemon = await fixture.start({
    allocations: { podOf: async (deviceId) => there({ namespace: 'shop', name: given.get(deviceId) ?? '' }) },
  });
  const args = (pod: string) => `IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${pod}`;
  const pods = await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      const name = `r${index}`;
      return { name, netns: await fixture.addNamespace(`${name}${fixture.podCount}`), vf: index % 6 };
    }),
  );
  const attach = (pod: (typeof pods)[number]) => {
    given.set(device(pod.vf), pod.name);
    return fixture.cni('ADD', {
      container: pod.name,
      netns: pod.netns,
      args: args(pod.name),
      config: { deviceID: device(pod.vf) },
    });
  };
  const detach = (pod: (typeof pods)[number]) =>
    fixture.cni('DEL', {
      container: pod.name,
      netns: pod.netns,
      args: args(pod.name),
      config: { deviceID: device(pod.vf) },
    });
  const [old, next] = [pods.slice(0, 6), pods.slice(6)];
  for (const added of await Promise.all(old.map(attach))) expect(added).toMatchObject({ exitCode: 0 });
  const adding = next.map(attach);
  const thief = { name: 'thief', netns: pods[0]?.netns ?? '', vf: 0 };
  const config = { deviceID: device(0) };
  const stolen = await fixture.cni('ADD', { container: 'thief', netns: thief.netns, args: args('thief'), config });
  expect(stolen.output).toMatchObject({ code: 101, msg: expect.stringContaining('pod shop/r6') });
  for (const deleted of await Promise.all(old.map(detach))) expect(deleted).toMatchObject({ exitCode: 0 });
  for (const added of await Promise.all(adding)) expect(added).toMatchObject({ exitCode: 0 });
  expect(
    daemon.store
      .list()
      .map(({ containerId }) => containerId)
      .sort(),
  ).toEqual(next.map(({ name }) => name).sort());
  for (const deleted of await Promise.all(next.map(detach))) expect(deleted).toMatchObject({ exitCode: 0 });
  await expectNothingLeft(fixture, daemon);
});

/** A file system of its own for the records, of 64 KB. */
async function withSmallDisk(
  work: (disk: { fill(): void; free(): void; remount(mode: string): Promise<unknown> }) => Promise<void>,
) {
  await daemon.stop();
  mkdirSync(fixture.stateDirectory, { recursive: true });
  await exec('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', fixture.stateDirectory]);
  try {
    daemon = await fixture.start();
    const filler = join(fixture.stateDirectory, 'filler');
    await work({
      fill: () => {
        try {
          writeFileSync(filler, Buffer.alloc(128 * 1024));
        } catch {
          // It is full.
        }
      },
      free: () => rmSync(filler),
      remount: (mode) => exec('mount', ['-o', `remount,${mode}`, fixture.stateDirectory]),
    });
    await daemon.stop();
  } finally {
    await exec('umount', [fixture.stateDirectory]);
    daemon = await fixture.start();
  }
}

test('a full disk refuses an ADD, lets pods go, and is written to again when it has room', async () => {
  await withSmallDisk(async ({ fill, free }) => {
    expect(await add()).toMatchObject({ exitCode: 0 });
    fill();
    const other = await fixture.addNamespace(`q${fixture.podCount}`);
    expect(await add(other, 1, 'other')).toMatchObject({
      exitCode: 1,
      output: { msg: expect.stringContaining('ENOSPC') },
    });
    expect(await fixture.link(device(1))).toMatchObject(atHome(1));
    expect(await del()).toMatchObject({ exitCode: 0 });
    expect(await fixture.link(device())).toMatchObject(atHome(0));
    expect(daemon.store.list()).toEqual([]);
    free();
    expect(await add(other, 1, 'other')).toMatchObject({ exitCode: 0 });
    expect(await del(other, 1, 'other')).toMatchObject({ exitCode: 0 });
    await expectNothingLeft(fixture, daemon);
  });
});

test('a disk that is read-only lets pods go, and keeps no record of them afterwards', async () => {
  await withSmallDisk(async ({ remount }) => {
    expect(await add()).toMatchObject({ exitCode: 0 });
    await remount('ro');
    expect(await del()).toMatchObject({ exitCode: 0 });
    expect(await fixture.link(device())).toMatchObject(atHome(0));
    const other = await fixture.addNamespace(`q${fixture.podCount}`);
    expect((await add(other, 0, 'other')).output).toMatchObject({ msg: expect.stringContaining('EROFS') });
    await remount('rw');
    await expect.poll(() => readdirSync(fixture.stateDirectory), { interval: 20 }).toEqual([]);
    await expectNothingLeft(fixture, daemon);
  });
});

test('an ADD whose caller is killed is undone', async () => {
  const ipam = join(mkdtempSync(join(tmpdir(), 'ipam-')), 'slow');
  const pipe = `${ipam}.go`;
  await exec('mkfifo', [pipe]);
  const script = `#!/bin/sh\n[ "$CNI_COMMAND" = ADD ] || exit 0\ncat > /dev/null\n: > ${ipam}.started\nread -r line < ${pipe}\necho "$line"\n`;
  writeFileSync(ipam, script, { mode: 0o755 });
  fixture.pluginPath = join(ipam, '..');
  const caller = new AbortController();
  const slow = { ...config(), ipam: { type: 'slow' } };
  const adding = fixture.cni('ADD', { netns, config: slow, signal: caller.signal });
  await expect.poll(() => existsSync(`${ipam}.started`), { interval: 5 }).toBe(true);
  caller.abort();
  await expect(adding).rejects.toThrow();
  // Not synchronously: the daemon, which reads it, is in this process.
  await writeFile(pipe, '{"cniVersion":"1.0.0","ips":[]}\n');
  // The runtime's DEL comes behind it.
  expect(await fixture.cni('DEL', { netns, config: slow })).toEqual({ exitCode: 0 });
  await expectNothingLeft(fixture, daemon);
});
