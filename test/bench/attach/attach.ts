/**
 * What attaching costs, beside the bare kernel work (one netlink message) in the same run: real namespaces, the real `dpu-cni`, the daemon's
 * CNI server and attach engine in a process of their own, and a data path that answers at once.
 *
 *     bun --conditions=source test/bench/attach/attach.ts [rounds]
 *
 * By Bun, because it starts programs as a container runtime does (vfork); Node's fork would cost more than `dpu-cni`.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Netlink, NetworkNamespace } from '@dpu-operator/sdk/linux';
import { AttachFixture, type CniAnswer, dpuCni } from '../../integration/core/attach/fixture.ts';
import { quantile } from '../quantile.ts';

const rounds = Number(process.argv[2] ?? 50);
const together = 16;
const warmUp = 3;

const floorIn = 'floor: move, rename, raise';
const floorBack = 'floor: back';
const floorTogether = `floor: ${together} at once`;
const floorBackTogether = `floor: ${together} back at once`;
/** What the kernel alone takes for each. */
const floors: Record<string, string> = {
  VERSION: '/bin/true',
  ADD: floorIn,
  DEL: floorBack,
  'ADD with host-local': floorIn,
  'DEL with host-local': floorBack,
  [`${together} ADDs at once`]: floorTogether,
  [`${together} DELs at once`]: floorBackTogether,
};

// As on a node, where it is under /var/run: in memory.
const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'attach-'));
const fixture = new AttachFixture('ab', { directory });
const host = new Netlink();
const closing: { close(): void }[] = [host];
await fixture.addDevices(together);
const daemon = await startDaemon();
try {
  const namespaces: string[] = [];
  for (let i = 0; i < together; i += 1) namespaces.push(await fixture.addNamespace(`n${i}`));
  console.table(await measure(namespaces));
} finally {
  for (const open of closing) open.close();
  await daemon.stop();
  await fixture.close();
}

async function startDaemon(): Promise<{ stop(): Promise<void> }> {
  const program = join(import.meta.dirname, 'attach-daemon.ts');
  const child = spawn('node', ['--conditions=source', program, fixture.directory, ...fixture.devices], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('close', () => reject(new Error('the daemon did not start')));
  });
  return {
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

async function measure(namespaces: string[]): Promise<Record<string, unknown>> {
  const [netns = ''] = namespaces;
  const [device = ''] = fixture.devices;
  const index = await indexOf(device);
  const bare = new PodSide(netns);
  closing.push(bare);
  const config = { deviceID: device };
  const local = {
    ...config,
    ipam: { type: 'host-local', dataDir: `${fixture.directory}/ipam`, ranges: [[{ subnet: '10.9.0.0/24' }]] },
  };
  const samples = collect();
  for (let round = 0; round < rounds + warmUp; round += 1) {
    const at = (name: string, work: () => Promise<unknown>) => samples.time(round < warmUp ? undefined : name, work);
    // In turns, so that what else the machine does hits all alike.
    await at('/bin/true', () => run('/bin/true'));
    await at('VERSION', () => run(dpuCni, { CNI_COMMAND: 'VERSION' }));
    await at(floorIn, () => bare.take(index));
    await at(floorBack, () => bare.giveBack(index, device));
    await at('ADD', () => ok(fixture.cni('ADD', { netns, config })));
    await at('DEL', () => ok(fixture.cni('DEL', { netns, config })));
    await at('ADD that fails', () => fixture.cni('ADD', { netns, config: { deviceID: 'none' } }));
    await at('ADD with host-local', () => ok(fixture.cni('ADD', { netns, config: local })));
    await at('DEL with host-local', () => ok(fixture.cni('DEL', { netns, config: local })));
  }
  const sides = namespaces.map((path) => new PodSide(path));
  const side = (index: number) => sides[index] ?? bare;
  closing.push(...sides);
  for (let round = 0; round < 8; round += 1) {
    const all = <T>(work: (netns: string, device: string, index: number) => Promise<T>) =>
      Promise.all(namespaces.map((path, index) => work(path, fixture.devices[index] ?? '', index)));
    const indexes = await Promise.all(fixture.devices.map(indexOf));
    await samples.time(floorTogether, () => all((_path, _name, i) => side(i).take(indexes[i] ?? 0)));
    await samples.time(floorBackTogether, () => all((_path, name, i) => side(i).giveBack(indexes[i] ?? 0, name)));
    const add = (path: string, deviceID: string, index: number) =>
      ok(fixture.cni('ADD', { netns: path, container: `c${index}`, config: { deviceID } }));
    await samples.time(`${together} ADDs at once`, () => all(add));
    await samples.time(`${together} DELs at once`, () =>
      all((path, deviceID, index) =>
        ok(fixture.cni('DEL', { netns: path, container: `c${index}`, config: { deviceID } })),
      ),
    );
  }
  return samples.table();
}

/** A pod's namespace, open: the kernel's work by one message and nothing else. */
class PodSide {
  readonly #namespace: NetworkNamespace;
  readonly #links: Netlink;

  constructor(netns: string) {
    this.#namespace = NetworkNamespace.open(netns);
    this.#links = new Netlink(netns);
  }

  take(index: number): Promise<void> {
    return host.changeLink(index, { name: 'net1', up: true, netnsFd: this.#namespace.fd });
  }

  giveBack(index: number, name: string): Promise<void> {
    return this.#links.changeLink(index, { name, up: false, netnsFd: NetworkNamespace.home.fd });
  }

  close(): void {
    this.#links.close();
    this.#namespace.close();
  }
}

async function indexOf(device: string): Promise<number> {
  const link = await host.findLinkProperties(device);
  if (!link) throw new Error(`there is no ${device}`);
  return link.index;
}

async function ok(answer: Promise<CniAnswer>): Promise<void> {
  const { exitCode, output } = await answer;
  if (exitCode !== 0) throw new Error(`dpu-cni: ${JSON.stringify(output)}`);
}

function run(file: string, env: Record<string, string> = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, [], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    child.on('error', reject);
    child.on('close', () => resolve());
  });
}

function collect() {
  const samples = new Map<string, number[]>();
  return {
    async time(name: string | undefined, work: () => Promise<unknown>): Promise<void> {
      const started = performance.now();
      await work();
      const ms = performance.now() - started;
      if (name !== undefined) samples.set(name, [...(samples.get(name) ?? []), ms]);
    },
    table() {
      const round = (value: number) => Number(value.toFixed(2));
      const median = (name: string) => quantile(samples.get(name) ?? [], 0.5);
      const rows = [...samples].map(([name, times]) => {
        const floor = floors[name];
        const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)];
        const multiple = floor === undefined ? '' : round(p50 / median(floor));
        return [
          name,
          { p50: round(p50), p99: round(p99), 'p99/p50': round(p99 / p50), 'x floor': multiple, n: times.length },
        ];
      });
      return Object.fromEntries(rows);
    },
  };
}
