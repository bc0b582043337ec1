/** A daemon that dies at any step, and namespaces that vanish. */
import { readdirSync } from 'node:fs';
import { PodLinks } from '@dpu-operator/core/daemon/attach';
import { Ipam } from '@dpu-operator/core/daemon/ipam';
import { exec } from '@dpu-operator/sdk/linux';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AttachBed, buildDpuCni, type Daemon, RecordingDataPath } from './attach-bed.ts';

/** Stops a daemon for good at a named point, as SIGKILL would; what runs beside it comes to its own end. */
class Halt {
  readonly #at: string;
  readonly reached = Promise.withResolvers<void>();
  running = 0;

  constructor(at: string) {
    this.#at = at;
  }

  async around<T>(name: string, work: () => Promise<T>): Promise<T> {
    await this.#point(`before ${name}`);
    this.running += 1;
    const result = await work().finally(() => {
      this.running -= 1;
    });
    await this.#point(`after ${name}`);
    return result;
  }

  async #point(name: string): Promise<void> {
    if (name !== this.#at) return;
    this.reached.resolve();
    await new Promise(() => {});
  }
}

class HaltingLinks extends PodLinks {
  readonly #halt: Halt;

  constructor(halt: Halt) {
    super();
    this.#halt = halt;
  }

  override moveIntoPod(move: Parameters<PodLinks['moveIntoPod']>[0]) {
    return this.#halt.around('moveIntoPod', () => super.moveIntoPod(move));
  }
  override configure(...parameters: Parameters<PodLinks['configure']>) {
    return this.#halt.around('configure', () => super.configure(...parameters));
  }
  override moveToHost(move: Parameters<PodLinks['moveToHost']>[0]) {
    return this.#halt.around('moveToHost', () => super.moveToHost(move));
  }
}

class HaltingIpam extends Ipam {
  readonly #halt: Halt;

  constructor(halt: Halt) {
    super(exec);
    this.#halt = halt;
  }

  override add(call: Parameters<Ipam['add']>[0]) {
    return this.#halt.around('allocate', () => super.add(call));
  }
  override del(call: Parameters<Ipam['del']>[0]) {
    return this.#halt.around('free', () => super.del(call));
  }
}

class HaltingDataPath extends RecordingDataPath {
  halt = new Halt('never');

  override createBridgePort(port: Parameters<RecordingDataPath['createBridgePort']>[0]) {
    return this.halt.around('connect', () => super.createBridgePort(port));
  }
  override deleteBridgePort(name: string) {
    return this.halt.around('disconnect', () => super.deleteBridgePort(name));
  }
}

const dataPath = new HaltingDataPath();
const bed = new AttachBed('ac', { dataPath });
let serial = 0;

beforeAll(async () => {
  await buildDpuCni();
  await bed.addDevices(2);
});
afterAll(() => bed.close());

const device = () => bed.devices[0] ?? '';
const ipam = { type: 'host-local', dataDir: `${bed.directory}/ipam`, ranges: [[{ subnet: '10.9.0.0/24' }]] };
const config = () => ({ deviceID: device(), mac: '02:00:00:00:00:77', mtu: 1400, ipam });

async function startHalting(at: string): Promise<{ daemon: Daemon; halt: Halt }> {
  const halt = new Halt(at);
  dataPath.halt = halt;
  return { halt, daemon: await bed.start({ links: new HaltingLinks(halt), ipam: new HaltingIpam(halt) }) };
}

async function die({ daemon, halt }: { daemon: Daemon; halt: Halt }): Promise<void> {
  await halt.reached.promise;
  await expect.poll(() => halt.running, { interval: 5 }).toBe(0);
  daemon.kill();
  dataPath.halt = new Halt('never');
}

async function expectNothingLeft(daemon: Daemon): Promise<void> {
  expect(daemon.store.list()).toEqual([]);
  expect(readdirSync(bed.stateDirectory)).toEqual([]);
  expect([...dataPath.ports.keys()]).toEqual([]);
  const back = { up: false, mtu: 1500, mac: '02:aa:00:00:00:00', addresses: [] };
  expect(await bed.link(device())).toMatchObject(back);
  expect(readdirSync(`${bed.directory}/ipam/net`).filter((name) => name.startsWith('10.'))).toEqual([]);
}

const points = (names: string[]) => names.flatMap((name) => [`before ${name}`, `after ${name}`]);

test.each(points(['moveIntoPod', 'connect', 'allocate', 'configure']))('killed %s in ADD', async (at) => {
  serial += 1;
  const netns = await bed.addNamespace(`p${serial}`);
  const halted = await startHalting(at);
  const add = bed.cni('ADD', { netns, config: config() });
  await die(halted);
  expect((await add).output).toMatchObject({ code: 11 });
  const daemon = await bed.start();
  await expectNothingLeft(daemon);
  expect(await bed.cni('DEL', { netns, config: config() })).toMatchObject({ exitCode: 0 });
  expect(await bed.cni('ADD', { netns, config: config() })).toMatchObject({ exitCode: 0 });
  expect(await bed.cni('DEL', { netns, config: config() })).toMatchObject({ exitCode: 0 });
  await expectNothingLeft(daemon);
  await daemon.stop();
});

test.each(points(['moveToHost', 'disconnect', 'free']))('killed %s in DEL', async (at) => {
  serial += 1;
  const netns = await bed.addNamespace(`p${serial}`);
  const halted = await startHalting(at);
  expect(await bed.cni('ADD', { netns, config: config() })).toMatchObject({ exitCode: 0 });
  const del = bed.cni('DEL', { netns, config: config() });
  await die(halted);
  expect((await del).output).toMatchObject({ code: 11 });
  const daemon = await bed.start();
  await expectNothingLeft(daemon);
  expect(await bed.cni('DEL', { netns, config: config() })).toMatchObject({ exitCode: 0 });
  await daemon.stop();
});

test('an attachment outlives the daemon', async () => {
  serial += 1;
  const netns = await bed.addNamespace(`p${serial}`);
  const before = await bed.start();
  await bed.cni('ADD', { netns, config: config() });
  before.kill();
  const daemon = await bed.start();
  expect(await bed.linkIn(netns, 'net1')).toMatchObject({ up: true });
  expect(await bed.cni('CHECK', { netns, config: config() })).toMatchObject({ exitCode: 0 });
  expect(await bed.cni('DEL', { netns, config: config() })).toMatchObject({ exitCode: 0 });
  await expectNothingLeft(daemon);
  await daemon.stop();
});

test.each(['while the daemon watches', 'while the daemon is away'])('a namespace vanishes %s', async (when) => {
  serial += 1;
  const netns = await bed.addNamespace(`p${serial}`);
  let daemon = await bed.start();
  expect(await bed.cni('ADD', { netns, config: config() })).toMatchObject({ exitCode: 0 });
  if (when === 'while the daemon is away') {
    await daemon.stop();
    await bed.deleteNamespace(netns);
    daemon = await bed.start();
  } else {
    await bed.deleteNamespace(netns);
  }
  await expect.poll(() => daemon.store.list(), { interval: 5 }).toEqual([]);
  // The veth ended with its namespace; a VSP makes it again.
  await bed.restoreDevice(0);
  await expectNothingLeft(daemon);
  // The kubelet's DEL comes late, with the namespace's path or without.
  for (const path of [netns, '']) {
    expect(await bed.cni('DEL', { netns: path, config: config() })).toMatchObject({ exitCode: 0 });
  }
  const next = await bed.addNamespace(`n${serial}`);
  expect(await bed.cni('ADD', { netns: next, container: 'next', config: config() })).toMatchObject({ exitCode: 0 });
  expect(await bed.cni('DEL', { netns: next, container: 'next', config: config() })).toMatchObject({ exitCode: 0 });
  await daemon.stop();
});

test('without a daemon every command that needs it says try again later, and DEL fails', async () => {
  for (const command of ['ADD', 'DEL', 'CHECK', 'GC']) {
    const answer = await bed.cni(command, { netns: '/var/run/netns/x', config: { cniVersion: '1.1.0' } });
    expect(answer).toMatchObject({ exitCode: 1, output: { code: 11, msg: expect.stringContaining('dpu-daemon') } });
  }
});
