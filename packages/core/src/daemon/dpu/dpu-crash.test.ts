/** A daemon that is killed at each of its steps between a VSP's start and Ready: the next one makes it right. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BridgePort, NetworkFunction } from '@dpu-operator/sdk';
import { VspClient } from '@dpu-operator/sdk/client';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import type { ChainMember } from '../datapath/chains/attached-index.ts';
import { DevicePool } from '../kubelet/pool.ts';
import { ownerHeader, ownerOf } from '../peer/owner.ts';
import { isFileName } from '../state/record-file.ts';
import { GoVsp } from '../testing/go-vsp.ts';
import { Halt } from '../testing/halt.ts';
import { freePort, Vsp } from '../testing/vsp.ts';
import { plainEnd } from '../trust/testing.ts';
import { DpuManager } from './dpu-manager.ts';

const logger = pino({ level: 'silent' });
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const mac = (last: number) => `02:00:00:00:00:0${last}`;
const port = (index: number): BridgePort => ({
  name: `bridgePorts/host0-${index}`,
  macAddress: mac(index),
  type: 'ACCESS',
  logicalBridges: [`${index + 2}`],
});
const nf = (index: number): NetworkFunction => ({ input: mac(index), output: mac(index + 1) });
const chain = 'shop/edge';
const member = (name: string, networkFunction: NetworkFunction): ChainMember => ({
  chain,
  function: name,
  networkFunction,
});

/** What is on the node, whichever daemon runs. */
class Node {
  readonly directory = mkdtempSync(join(tmpdir(), 'crash-'));
  readonly side: 'dpu' | 'host';
  ports: BridgePort[] = [];
  functions: NetworkFunction[] = [];
  members: ChainMember[] = [];
  numVfs: number | undefined;
  pods: string[] = [];
  /** Records of attachments. */
  unreadable: string[] = [];
  /** As the operator, which makes another pod. */
  restartVsp: () => Promise<void> = async () => {};

  constructor(side: 'dpu' | 'host') {
    this.side = side;
  }

  get vspDirectory(): string {
    return join(this.directory, 'vsp');
  }

  manage(): DpuManager {
    const { side } = this;
    const manager = new DpuManager({
      dpu: { name: `test-${side}`, identifier: 'test', productName: 'Test DPU', side, plugin: 'test' },
      nodeName: 'node-1',
      directories: { vsp: this.vspDirectory, state: join(this.directory, 'state') },
      pool: new DevicePool(),
      attachments: {
        pods: () => this.pods,
        unreadable: () => this.unreadable,
        bridgePorts: () => this.ports,
        networkFunctions: () => this.functions,
        chainMembers: () => this.members,
      },
      sysfs: { vfPosition: async () => undefined },
      onChange: () => {},
      restartVsp: () => this.restartVsp(),
      logger,
      heartbeatMs: 50,
      graceMs: 100,
    });
    manager.setChannel({ security: 'plain' });
    manager.setNumVfs(this.numVfs);
    cleanups.push(() => manager.close());
    return manager;
  }
}

const isReady = (manager: DpuManager) => vi.waitFor(() => expect(manager.ready?.reason).toBe('Ready'), 10_000);

interface Scenario {
  node: Node;
  startVsp: () => Promise<Vsp | GoVsp>;
  /** Before each run: what is on disk and elsewhere is as it was. */
  reset: () => Promise<void> | void;
  expectConverged: (vsp: Vsp | GoVsp) => Promise<void> | void;
}

/**
 * Kills at step after step until one is never reached.
 *
 * @returns the steps of the one that lived on, how many died, and after which the VSP's pod was made anew
 */
async function killAtEachStep(halt: Halt, { node, startVsp, reset, expectConverged }: Scenario) {
  const restarts = new Set<string>();
  for (let step = 1; step < 200; step += 1) {
    await reset();
    let vsp = await startVsp();
    const life = halt.begin(step);
    const first = node.manage();
    await Promise.race([life.died.promise, isReady(first)]);
    halt.end();
    first.close();
    node.restartVsp = async () => {
      restarts.add(`${life.diedAt}`);
      await vsp.stop();
      vsp = await startVsp();
    };
    const second = node.manage();
    await isReady(second);
    await expectConverged(vsp);
    second.close();
    await vsp.stop();
    if (life.diedAt === undefined) return { steps: life.steps, kills: step - 1, restarts: [...restarts] };
  }
  throw new Error('it does not end');
}

test('a VSP whose answer to Init was lost is not made anew while somebody may use it', async () => {
  const node = new Node('host');
  node.pods = ['shop/web'];
  const vsp = new GoVsp(await freePort());
  vsp.inits = 1;
  await vsp.start(node.vspDirectory);
  cleanups.push(() => vsp.stop());
  const restart = vi.fn(async () => {});
  node.restartVsp = restart;
  const deletions = join(node.directory, 'state/bridge-port-deletions');
  mkdirSync(deletions, { recursive: true });
  writeFileSync(join(deletions, 'a.json'), '{', { mode: 0o600 });
  const manager = node.manage();
  await vi.waitFor(() => expect(manager.ready?.message).toContain('delete its pod'));
  const stillAsked = async () => {
    const before = vsp.inits;
    // The second of them was begun, and the first decided, with what is so now.
    await vi.waitFor(() => expect(vsp.inits).toBeGreaterThan(before + 1), 10_000);
    expect(restart).not.toHaveBeenCalled();
  };
  await stillAsked();
  // Its users may be in records that cannot be read: those of the DPU, then those of attachments.
  node.pods = [];
  expect(manager.unreadable()).toHaveLength(1);
  await stillAsked();
  node.unreadable = ['a.json (it is not JSON)'];
  rmSync(join(deletions, 'set-aside'), { recursive: true });
  await stillAsked();
  node.unreadable = [];
  await vi.waitFor(() => expect(restart).toHaveBeenCalled(), 10_000);
});

test.each(['of the SDK', 'for the Go operator'])('a DPU side with a VSP %s', { timeout: 600_000 }, async (kind) => {
  const halt = new Halt();
  cleanups.push(() => halt.close());
  const isGo = kind !== 'of the SDK';
  const node = new Node('dpu');
  const address = await freePort();
  const startVsp = async () => {
    const vsp = isGo ? new GoVsp(address) : new Vsp(address);
    if (vsp instanceof Vsp) vsp.hasChains = true;
    await vsp.start(node.vspDirectory);
    cleanups.push(() => vsp.stop());
    return vsp;
  };
  // An earlier daemon: two ports, one of which was deleted while the VSP was away, as were functions.
  const vsp = await startVsp();
  const earlier = node.manage();
  await isReady(earlier);
  const host = new VspClient({ address: `127.0.0.1:${address}`, logger });
  cleanups.push(() => host.close());
  await vi.waitFor(() => host.createBridgePort(port(1)), 5_000);
  await host.createBridgePort(port(2));
  for (const index of [1, 3]) await earlier.dataPath.createNetworkFunction(nf(index));
  const functions = ['firewall', 'nat'];
  await earlier.dataPath.createNetworkFunction(nf(5), { chain, function: 'firewall', functions, generation: 1 });
  await earlier.dataPath.createNetworkFunction(nf(7), { chain, function: 'nat', functions, generation: 1 });
  await vsp.stop();
  await vi.waitFor(() => expect(earlier.ready?.reason).toBe('VspNotRunning'));
  await host.deleteBridgePort('host0-2', { allowMissing: false });
  await earlier.dataPath.deleteNetworkFunction(nf(3));
  earlier.close();
  node.functions = [nf(1)];
  node.members = [member('firewall', nf(5)), member('nat', nf(7))];
  const saved = join(node.directory, 'saved');
  const state = join(node.directory, 'state');
  // So that what Init answers is written once more. A Go image that nobody remembers may be in use by hosts: not that.
  if (!isGo) rmSync(join(state, 'init'), { recursive: true });
  cpSync(state, saved, { recursive: true });

  const { steps, kills, restarts } = await killAtEachStep(halt, {
    node,
    startVsp,
    reset: () => {
      rmSync(state, { recursive: true });
      cpSync(saved, state, { recursive: true });
    },
    expectConverged: async (held) => {
      const names = [...held.ports.keys()].map((name) => name.replace('bridgePorts/', ''));
      expect(names).toEqual(['host0-1']);
      if (held instanceof Vsp) {
        expect(new Set(held.functions.map(({ input }) => input))).toEqual(new Set([mac(1)]));
        expect([...held.chains.values()]).toEqual([[nf(5), nf(7)]]);
      } else {
        const singles = [nf(1), nf(5), nf(7)].map(({ input, output }) => `${input} ${output}`);
        expect([...held.functions].sort()).toEqual(singles);
      }
      const listed = await vi.waitFor(() => host.listBridgePorts(), 5_000);
      expect(listed).toEqual([port(1)]);
    },
  });
  expect(steps).toContain('after init');
  expect(steps).toContain('before listen');
  expect(steps).toContain('after createBridgePort');
  expect(kills).toBeGreaterThan(25);
  expect(restarts).toEqual([]);
});

test.each(['of the SDK', 'for the Go operator'])('a host side with a VSP %s', { timeout: 600_000 }, async (kind) => {
  const halt = new Halt();
  cleanups.push(() => halt.close());
  const isGo = kind !== 'of the SDK';
  const address = await freePort();
  const dpu = new Node('dpu');
  const peerVsp = new Vsp(address);
  await peerVsp.start(dpu.vspDirectory);
  cleanups.push(() => peerVsp.stop());
  await isReady(dpu.manage());
  const node = new Node('host');
  node.ports = [port(1)];
  if (!isGo) node.numVfs = 4;
  const owner = ownerOf('node-1', 'test-host');
  const own = new VspClient({ address: `127.0.0.1:${address}`, logger, metadata: { [ownerHeader]: owner } });
  cleanups.push(() => own.close());
  const state = join(node.directory, 'state');

  const { steps, kills, restarts } = await killAtEachStep(halt, {
    node,
    startVsp: async () => {
      const vsp = isGo ? new GoVsp(address) : new Vsp(address);
      await vsp.start(node.vspDirectory);
      cleanups.push(() => vsp.stop());
      return vsp;
    },
    reset: async () => {
      await vi.waitFor(() => own.deleteBridgePort('host0-1', { allowMissing: true }), 5_000);
      await own.createBridgePort(port(2));
      rmSync(state, { recursive: true, force: true });
      // Else the steps of writing this down come anywhere between the others.
      const end = plainEnd({ side: 'host', directory: state });
      await vi.waitFor(() => expect(readdirSync(join(state, 'channel')).some(isFileName)).toBe(true));
      end.close();
    },
    expectConverged: async (held) => {
      if (held instanceof Vsp) expect(held.numVfs).toBe(4);
      expect([...peerVsp.ports.keys()]).toEqual(['bridgePorts/host0-1']);
    },
  });
  expect(steps).toContain('after init');
  expect(steps).toContain('after createBridgePort');
  expect(steps).toContain('after deleteBridgePort');
  expect(kills).toBeGreaterThan(12);
  // A Go image has answered Init for the only time, and what it said is not on disk.
  expect(restarts).toEqual(isGo ? ['after init', 'before writeDurably'] : []);
});
