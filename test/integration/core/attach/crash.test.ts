/** A daemon that dies at any step, and namespaces that vanish. */
import { type Attachment, AttachmentStore, type ChainPlace, PodLinks } from '@dpu-operator/core/daemon/attach';
import { Ipam } from '@dpu-operator/core/daemon/ipam';
import { exec } from '@dpu-operator/sdk/linux';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { expectNothingLeft } from './checks.ts';
import { AttachFixture, type Daemon, RecordingDataPath } from './fixture.ts';

/** Ends a daemon for good at a named point, as SIGKILL would: what runs beside it comes to its own end, nothing begins. */
class Halt {
  readonly #at: string;
  readonly #reached = Promise.withResolvers<void>();
  #running = 0;
  #dead = false;

  constructor(at: string) {
    this.#at = at;
  }

  async around<T>(name: string, work: () => Promise<T>): Promise<T> {
    await this.#point(`before ${name}`);
    this.#running += 1;
    const result = await work().finally(() => {
      this.#running -= 1;
    });
    await this.#point(`after ${name}`);
    return result;
  }

  /** Of what is done at once, and can only be left by an error. */
  at(name: string, work: () => void): void {
    if (this.#isDeadAt(`before ${name}`)) throw new Error('killed');
    work();
    if (this.#isDeadAt(`after ${name}`)) throw new Error('killed');
  }

  async died(): Promise<void> {
    await this.#reached.promise;
    await expect.poll(() => this.#running, { interval: 5 }).toBe(0);
  }

  async #point(name: string): Promise<void> {
    if (this.#isDeadAt(name)) await new Promise(() => {});
  }

  #isDeadAt(name: string): boolean {
    if (name === this.#at) {
      this.#dead = true;
      this.#reached.resolve();
    }
    return this.#dead;
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
    super({ exec });
    this.#halt = halt;
  }

  override add(call: Parameters<Ipam['add']>[0]) {
    return this.#halt.around('allocate', () => super.add(call));
  }
  override del(call: Parameters<Ipam['del']>[0]) {
    return this.#halt.around('free', () => super.del(call));
  }
}

/** Points are named by what is written, such as `net2 attaching in a pair`, or `no record`. */
class HaltingStore extends AttachmentStore {
  readonly #halt: Halt;

  constructor(halt: Halt) {
    super({ directory: fixture.stateDirectory, logger });
    this.#halt = halt;
  }

  override put(record: Attachment) {
    this.#halt.at(nameOf(record), () => super.put(record));
  }
  override update(record: Attachment) {
    this.#halt.at(nameOf(record), () => super.update(record));
  }
  override delete(record: Attachment) {
    this.#halt.at('no record', () => super.delete(record));
  }
}

const nameOf = ({ ifName, state, networkFunction }: Attachment): string =>
  `${ifName} ${state}${networkFunction ? ' in a pair' : ''}`;

class HaltingDataPath extends RecordingDataPath {
  halt = new Halt('never');

  override createBridgePort(port: Parameters<RecordingDataPath['createBridgePort']>[0]) {
    return this.halt.around('connect', () => super.createBridgePort(port));
  }
  override deleteBridgePort(name: string) {
    return this.halt.around('disconnect', () => super.deleteBridgePort(name));
  }
  override createNetworkFunction(nf: Parameters<RecordingDataPath['createNetworkFunction']>[0]) {
    return this.halt.around('connect', () => super.createNetworkFunction(nf));
  }
  override deleteNetworkFunction(nf: Parameters<RecordingDataPath['deleteNetworkFunction']>[0]) {
    return this.halt.around('disconnect', () => super.deleteNetworkFunction(nf));
  }
}

const logger = pino({ level: 'silent' });
const dataPath = new HaltingDataPath();
const fixture = new AttachFixture('ac', { dataPath });

beforeAll(async () => {
  await fixture.addDevices(2);
});
afterAll(() => fixture.close());
afterEach(() => {
  fixture.side = 'host';
});

const device = (index?: number) => fixture.device(index);
const ipam = fixture.hostLocal;
const config = (index = 0) => ({ deviceID: device(index), mac: `02:00:00:00:00:7${index}`, mtu: 1400, ipam });

async function startHalting(at: string): Promise<{ daemon: Daemon; halt: Halt }> {
  const halt = new Halt(at);
  dataPath.halt = halt;
  const options = { links: new HaltingLinks(halt), ipam: new HaltingIpam(halt), store: new HaltingStore(halt), chains };
  return { halt, daemon: await fixture.start(options) };
}

async function die({ daemon, halt }: { daemon: Daemon; halt: Halt }): Promise<void> {
  await halt.died();
  daemon.kill();
  dataPath.halt = new Halt('never');
}

const points = (names: string[]) => names.flatMap((name) => [`before ${name}`, `after ${name}`]);
const addPoints = points(['net1 attaching', 'moveIntoPod', 'connect', 'allocate', 'configure', 'net1 attached']);
const delPoints = points(['net1 detaching', 'moveToHost', 'disconnect', 'free', 'no record']);

test.each(addPoints)('killed %s in ADD', async (at) => {
  const netns = await fixture.addPod();
  const halted = await startHalting(at);
  const add = fixture.cni('ADD', { netns, config: config() });
  await die(halted);
  expect(await add).toMatchObject({ exitCode: 1 });
  const daemon = await fixture.start();
  // Attached to the end, it waits for the runtime's DEL.
  if (at !== 'after net1 attached') await expectNothingLeft(fixture, daemon);
  expect(await fixture.cni('DEL', { netns, config: config() })).toMatchObject({ exitCode: 0 });
  expect(await fixture.cni('ADD', { netns, config: config() })).toMatchObject({ exitCode: 0 });
  expect(await fixture.cni('DEL', { netns, config: config() })).toMatchObject({ exitCode: 0 });
  await expectNothingLeft(fixture, daemon);
  await daemon.stop();
});

test.each(delPoints)('killed %s in DEL', async (at) => {
  const netns = await fixture.addPod();
  const halted = await startHalting(at);
  expect(await fixture.cni('ADD', { netns, config: config() })).toMatchObject({ exitCode: 0 });
  const del = fixture.cni('DEL', { netns, config: config() });
  await die(halted);
  expect(await del).toMatchObject({ exitCode: 1 });
  const daemon = await fixture.start();
  if (at !== 'before net1 detaching') await expectNothingLeft(fixture, daemon);
  // The runtime has no answer, and asks again.
  expect(await fixture.cni('DEL', { netns, config: config() })).toMatchObject({ exitCode: 0 });
  await expectNothingLeft(fixture, daemon);
  await daemon.stop();
});

const place: ChainPlace = { chain: 'shop/edge', function: 'nat', functions: ['nat'], generation: 1 };
const chains = { of: async ({ name }: { name: string }) => (name === 'nat' ? place : undefined) };
const pods = ['nat', 'single'];
const pairAddPoints = points([
  'net2 attaching',
  'moveIntoPod',
  'net2 attaching in a pair',
  'net1 attached in a pair',
  'connect',
  'allocate',
  'configure',
  'net2 attached in a pair',
]);
const pairDelPoints = points([
  'net1 detaching in a pair',
  'disconnect',
  'net1 detaching',
  'net2 attached',
  'moveToHost',
  'free',
  'no record',
]);
const onDpuSide = (names: string[]) => pods.flatMap((pod) => names.map((at) => [at, pod] as const));

test.each(onDpuSide(pairAddPoints))('killed %s in the second ADD of the function %s', async (at, pod) => {
  fixture.side = 'dpu';
  const netns = await fixture.addPod();
  const args = `IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${pod}`;
  const both = [0, 1].map((index) => ({ netns, ifName: `net${index + 1}`, args, config: config(index) }));
  const [first, second] = both;
  const before = await fixture.start({ chains });
  expect(await fixture.cni('ADD', first)).toMatchObject({ exitCode: 0 });
  await before.stop();
  const halted = await startHalting(at);
  void fixture.cni('ADD', second);
  await die(halted);
  const daemon = await fixture.start({ chains });
  if (at !== 'after net2 attached in a pair') {
    expect(dataPath.functions).toEqual([]);
    expect(daemon.store.list()).toMatchObject([{ ifName: 'net1', state: 'attached' }]);
    expect(daemon.store.list()[0]?.networkFunction).toBeUndefined();
  }
  expect(await fixture.cni('DEL', second)).toMatchObject({ exitCode: 0 });
  expect(await fixture.cni('ADD', second)).toMatchObject({ exitCode: 0 });
  expect(dataPath.functions).toEqual([{ input: '02:00:00:00:00:70', output: '02:00:00:00:00:71' }]);
  for (const interfaces of both) expect(await fixture.cni('DEL', interfaces)).toMatchObject({ exitCode: 0 });
  await expectNothingLeft(fixture, daemon);
  await daemon.stop();
});

test.each(onDpuSide(pairDelPoints))('killed %s in the first DEL of the function %s', async (at, pod) => {
  fixture.side = 'dpu';
  const netns = await fixture.addPod();
  const args = `IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${pod}`;
  const both = [0, 1].map((index) => ({ netns, ifName: `net${index + 1}`, args, config: config(index) }));
  const before = await fixture.start({ chains });
  for (const interfaces of both) expect(await fixture.cni('ADD', interfaces)).toMatchObject({ exitCode: 0 });
  await before.stop();
  const halted = await startHalting(at);
  void fixture.cni('DEL', both[0]);
  await die(halted);
  const daemon = await fixture.start({ chains });
  if (at !== 'before net1 detaching in a pair') {
    expect(dataPath.functions).toEqual([]);
    expect(daemon.store.list()).toMatchObject([{ ifName: 'net2', state: 'attached' }]);
    expect(daemon.store.list()[0]?.networkFunction).toBeUndefined();
  }
  for (const interfaces of both) expect(await fixture.cni('DEL', interfaces)).toMatchObject({ exitCode: 0 });
  await expectNothingLeft(fixture, daemon);
  await daemon.stop();
});

test('an attachment outlives the daemon', async () => {
  const netns = await fixture.addPod();
  const before = await fixture.start();
  await fixture.cni('ADD', { netns, config: config() });
  before.kill();
  const daemon = await fixture.start();
  expect(await fixture.linkIn(netns, 'net1')).toMatchObject({ up: true });
  expect(await fixture.cni('CHECK', { netns, config: config() })).toMatchObject({ exitCode: 0 });
  expect(await fixture.cni('DEL', { netns, config: config() })).toMatchObject({ exitCode: 0 });
  await expectNothingLeft(fixture, daemon);
  await daemon.stop();
});

test.each(['while the daemon watches', 'while the daemon is away'])('a namespace vanishes %s', async (when) => {
  const netns = await fixture.addPod();
  let daemon = await fixture.start();
  expect(await fixture.cni('ADD', { netns, config: config() })).toMatchObject({ exitCode: 0 });
  if (when === 'while the daemon is away') {
    await daemon.stop();
    await fixture.deleteNamespace(netns);
    daemon = await fixture.start();
  } else {
    await fixture.deleteNamespace(netns);
  }
  await expect.poll(() => daemon.store.list(), { interval: 5 }).toEqual([]);
  // The veth ended with its namespace; a VSP makes it again.
  await fixture.restoreDevice(0);
  await expectNothingLeft(fixture, daemon);
  // The kubelet's DEL comes late, with the namespace's path or without.
  for (const path of [netns, '']) {
    expect(await fixture.cni('DEL', { netns: path, config: config() })).toMatchObject({ exitCode: 0 });
  }
  const next = await fixture.addNamespace(`n${fixture.podCount}`);
  expect(await fixture.cni('ADD', { netns: next, container: 'next', config: config() })).toMatchObject({ exitCode: 0 });
  expect(await fixture.cni('DEL', { netns: next, container: 'next', config: config() })).toMatchObject({ exitCode: 0 });
  await daemon.stop();
});

test('without a daemon every command that needs it says try again later, and DEL fails', async () => {
  for (const command of ['ADD', 'DEL', 'CHECK', 'GC']) {
    const answer = await fixture.cni(command, { netns: '/var/run/netns/x', config: { cniVersion: '1.1.0' } });
    expect(answer).toMatchObject({ exitCode: 1, output: { code: 11, msg: expect.stringContaining('dpu-daemon') } });
  }
});
