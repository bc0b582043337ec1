/** Chains between the attachments and a VSP, through a DPU's manager. */
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DpuError, type NetworkFunction } from '@dpu-operator/sdk';
import { VspClient } from '@dpu-operator/sdk/client';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { DpuManager } from '../../dpu/dpu-manager.ts';
import { DevicePool } from '../../kubelet/pool.ts';
import { freePort, Vsp } from '../../testing/vsp.ts';
import type { ChainMember } from './attached-index.ts';
import { chainId } from './chain-status.ts';

const logger = pino({ level: 'silent' });
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const chain = 'shop/edge';
const name = `serviceChains/${chainId(chain)}`;
const nf = (index: number): NetworkFunction => ({
  input: `02:00:00:00:0${index}:01`,
  output: `02:00:00:00:0${index}:02`,
});
const [firewall, nat, proxy] = [nf(1), nf(2), nf(3)];
const byName: Record<string, NetworkFunction> = { firewall, nat, proxy };

/** A daemon's view of one DPU side, with what is attached to it. */
class Node {
  readonly directory = mkdtempSync(join(tmpdir(), 'chains-'));
  readonly attached: ChainMember[] = [];
  generation = 1;
  manager = this.#manage();

  /** As a pod's second interface does. */
  async attach(member: string, ...functions: string[]): Promise<void> {
    const networkFunction = byName[member] ?? firewall;
    this.attached.push({ chain, function: member, networkFunction });
    await this.manager.dataPath.createNetworkFunction(networkFunction, {
      chain,
      function: member,
      functions,
      generation: this.generation,
    });
  }

  /** As a pod's first interface does when it goes. */
  async detach(member: string): Promise<void> {
    const index = this.attached.findIndex((known) => known.function === member);
    const [gone] = this.attached.splice(index, 1);
    if (gone) await this.manager.dataPath.deleteNetworkFunction(gone.networkFunction, chain);
  }

  /** Another daemon takes over, from disk. */
  restartDaemon(): void {
    this.manager.close();
    this.manager = this.#manage();
  }

  async startVsp(options: { hasChains?: boolean; found?: NetworkFunction[]; port?: number } = {}): Promise<Vsp> {
    const vsp = new Vsp(options.port ?? (await freePort()));
    vsp.hasChains = options.hasChains ?? true;
    if (options.found) vsp.chains.set(name, options.found);
    await vsp.start(join(this.directory, 'vsp'));
    cleanups.push(() => vsp.stop());
    return vsp;
  }

  report = () => this.manager.dpuSide?.dataPath.chains()?.find((report) => report.name === chain);
  phase = () => this.report()?.phase;
  /** As a change of the ServiceFunctionChain does. */
  async setOrder(...functions: string[]): Promise<void> {
    this.generation += 1;
    await this.manager.dpuSide?.dataPath.setOrder({ chain, functions, generation: this.generation });
  }

  ready = () => vi.waitFor(() => expect(this.manager.ready?.reason).toBe('Ready'));
  away = () => vi.waitFor(() => expect(this.manager.ready?.reason).toBe('VspNotRunning'));
  records = () => readdirSync(join(this.directory, 'state/chains'));

  #manage(): DpuManager {
    const manager = new DpuManager({
      dpu: { name: 'test-dpu', identifier: 'test', productName: 'Test DPU', side: 'dpu', plugin: 'test' },
      nodeName: 'node-1',
      directories: { vsp: join(this.directory, 'vsp'), state: join(this.directory, 'state') },
      pool: new DevicePool(),
      attachments: {
        pods: () => [],
        bridgePorts: () => [],
        networkFunctions: () => [],
        chainMembers: () => this.attached,
      },
      sysfs: { vfPosition: async () => undefined },
      onChange: () => {},
      logger,
      heartbeatMs: 100,
      graceMs: 100,
    });
    manager.setChannel({ security: 'plain' });
    cleanups.push(() => manager.close());
    return manager;
  }
}

test('a chain is given to the VSP as one, in its order, when the last function is attached', async () => {
  const node = new Node();
  const vsp = await node.startVsp();
  await node.ready();
  await node.attach('nat', 'firewall', 'nat');
  expect(vsp.told).toEqual([]);
  expect(node.report()).toMatchObject({ phase: 'Incomplete', missing: ['firewall'] });
  await node.attach('firewall', 'firewall', 'nat');
  expect(vsp.chains.get(name)).toEqual([firewall, nat]);
  expect(vsp.functions).toEqual([]);
  expect(node.phase()).toBe('Ordered');
});

test('a function that goes takes the chain from the VSP first; its successor completes it again', async () => {
  const node = new Node();
  const vsp = await node.startVsp();
  await node.ready();
  await node.attach('firewall', 'firewall', 'nat');
  await node.attach('nat', 'firewall', 'nat');
  await node.detach('firewall');
  expect([...vsp.chains]).toEqual([]);
  expect(node.phase()).toBe('Incomplete');
  await node.attach('firewall', 'firewall', 'nat');
  expect(vsp.chains.get(name)).toEqual([firewall, nat]);
  await node.detach('nat');
  await node.detach('firewall');
  expect(vsp.told).toEqual(['create', 'delete', 'create', 'delete']);
  expect(vsp.forgotten).toEqual([]);
  expect(node.records()).toEqual([]);
  expect(node.phase()).toBeUndefined();
});

test('another order is an update in place', async () => {
  const node = new Node();
  const vsp = await node.startVsp();
  await node.ready();
  await node.attach('firewall', 'firewall', 'nat');
  await node.attach('nat', 'firewall', 'nat');
  await node.setOrder('nat', 'firewall');
  await node.setOrder('nat', 'firewall');
  expect(vsp.chains.get(name)).toEqual([nat, firewall]);
  expect(vsp.told).toEqual(['create', 'update']);
});

test('what stays of a chain is not interrupted by what comes and goes', async () => {
  const node = new Node();
  const vsp = await node.startVsp();
  await node.ready();
  await node.attach('firewall', 'firewall', 'nat');
  await node.attach('nat', 'firewall', 'nat');
  await node.setOrder('firewall', 'nat', 'proxy');
  expect(vsp.chains.get(name)).toEqual([firewall, nat]);
  expect(node.report()).toMatchObject({ phase: 'Incomplete', missing: ['proxy'] });
  await node.attach('proxy', 'firewall', 'nat', 'proxy');
  expect(vsp.chains.get(name)).toEqual([firewall, nat, proxy]);
  await node.setOrder('firewall', 'proxy');
  expect(vsp.chains.get(name)).toEqual([firewall, proxy]);
  await node.detach('nat');
  expect(vsp.told).toEqual(['create', 'update', 'update']);
});

test('a VSP that starts anew is given its chains before the ports of hosts', async () => {
  const node = new Node();
  const port = await freePort();
  const first = await node.startVsp({ port });
  await node.ready();
  const host = new VspClient({ address: `127.0.0.1:${port}`, logger });
  cleanups.push(() => host.close());
  const hostPort = { name: 'host0-1', macAddress: firewall.input, type: 'ACCESS', logicalBridges: ['3'] } as const;
  await vi.waitFor(() => host.createBridgePort({ ...hostPort, logicalBridges: ['3'] }));
  await node.attach('firewall', 'firewall', 'nat');
  await node.attach('nat', 'firewall', 'nat');
  await first.stop();
  await node.away();
  await expect(node.attach('proxy', 'firewall')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  const second = await node.startVsp({ port });
  await node.ready();
  expect(second.chains.get(name)).toEqual([firewall, nat]);
  expect(second.functions).toEqual([]);
  expect(second.told).toEqual(['create', 'port']);
});

test('a daemon that starts anew repeats what is on disk, without being told the order', async () => {
  const node = new Node();
  const first = await node.startVsp();
  await node.ready();
  await node.attach('nat', 'firewall', 'nat');
  await node.attach('firewall', 'firewall', 'nat');
  node.restartDaemon();
  expect(node.manager.dpuSide?.dataPath.chains()).toBeUndefined();
  await node.ready();
  expect(node.phase()).toBe('Ordered');
  await first.stop();
  node.restartDaemon();
  const second = await node.startVsp();
  await node.ready();
  expect(second.chains.get(name)).toEqual([firewall, nat]);
});

test('a daemon that died before a chain was whole gives nothing until it is', async () => {
  const node = new Node();
  const vsp = await node.startVsp();
  await node.ready();
  await node.attach('nat', 'firewall', 'nat');
  node.restartDaemon();
  await node.ready();
  expect(vsp.told).toEqual([]);
  await node.attach('firewall', 'firewall', 'nat');
  expect(vsp.chains.get(name)).toEqual([firewall, nat]);
});

test.each(['the VSP', 'the daemon'])('a function lost while %s was away closes the chain', async (who) => {
  const node = new Node();
  const vsp = await node.startVsp();
  await node.ready();
  await node.attach('firewall', 'firewall', 'nat');
  await node.attach('nat', 'firewall', 'nat');
  if (who === 'the daemon') {
    node.manager.close();
    node.attached.pop();
    node.restartDaemon();
    await vi.waitFor(() => expect(vsp.told).toEqual(['create', 'delete']));
  } else {
    await vsp.stop();
    await node.away();
    await node.detach('nat');
    // Its successor has the same interfaces; it is another function all the same.
    node.attached.push({ chain, function: 'nat', networkFunction: nat });
    const back = await node.startVsp({ found: [firewall, nat] });
    await vi.waitFor(() => expect(back.told).toEqual(['delete', 'create']));
  }
});

test.each([true, false])(
  'nothing is said of a chain whose last function went without the VSP (chains: %j)',
  async (hasChains) => {
    const node = new Node();
    const vsp = await node.startVsp({ hasChains });
    await node.ready();
    await node.attach('nat', 'firewall', 'nat');
    expect(node.phase()).toBe('Incomplete');
    await vsp.stop();
    await node.away();
    await node.detach('nat');
    expect(node.report()).toBeUndefined();
    expect(node.records()).toEqual([]);
  },
);

test('a VSP without chains is given each function by itself', async () => {
  const node = new Node();
  const vsp = await node.startVsp({ hasChains: false });
  await node.ready();
  await node.attach('nat', 'firewall', 'nat');
  await node.attach('firewall', 'firewall', 'nat');
  expect(vsp.functions).toEqual([nat, firewall]);
  expect(node.phase()).toBe('Lowered');
  await node.detach('nat');
  expect(vsp.forgotten).toEqual([nat]);
  await vsp.stop();
  await node.away();
  const second = await node.startVsp({ hasChains: false });
  await node.ready();
  expect(second.functions).toEqual([firewall]);
});

test('functions change their footing with the VSP', async () => {
  const node = new Node();
  const lowered = await node.startVsp({ hasChains: false });
  await node.ready();
  await node.attach('firewall', 'firewall', 'nat');
  await node.attach('nat', 'firewall', 'nat');
  await lowered.stop();
  await node.away();
  const ordered = await node.startVsp();
  await node.ready();
  expect(ordered.forgotten).toEqual([firewall, nat]);
  expect(ordered.chains.get(name)).toEqual([firewall, nat]);
  expect(node.phase()).toBe('Ordered');
  await ordered.stop();
  await node.away();
  const again = await node.startVsp({ hasChains: false });
  await node.ready();
  expect(again.functions).toEqual([firewall, nat]);
  expect(node.phase()).toBe('Lowered');
});

test('a refusal is told, keeps no pod, and is asked about again', async () => {
  const node = new Node();
  const vsp = await node.startVsp();
  await node.ready();
  vsp.chainRefusal = new DpuError('RESOURCE_EXHAUSTED', 'this card has room for no more chains');
  await node.attach('firewall', 'firewall');
  expect(node.report()).toEqual({
    name: chain,
    phase: 'Refused',
    generation: 1,
    message: 'this card has room for no more chains',
  });
  vsp.chainRefusal = undefined;
  await vi.waitFor(() => expect(node.phase()).toBe('Ordered'));
  expect(vsp.chains.get(name)).toEqual([firewall]);
});

test('an update that is refused leaves the chain as it was', async () => {
  const node = new Node();
  const vsp = await node.startVsp();
  await node.ready();
  await node.attach('firewall', 'firewall', 'nat');
  await node.attach('nat', 'firewall', 'nat');
  vsp.chainRefusal = new DpuError('INVALID_ARGUMENT', 'nat must be last');
  await node.setOrder('nat', 'firewall');
  expect(node.phase()).toBe('Refused');
  expect(vsp.chains.get(name)).toEqual([firewall, nat]);
  await node.detach('nat');
  expect([...vsp.chains]).toEqual([]);
});

test('ids are what resource names allow, and tell chains apart', () => {
  const ids = ['a-b/c', 'a/b-c', `${'n'.repeat(63)}/${'c'.repeat(253)}`, 'a/b.c'].map(chainId);
  expect(new Set(ids).size).toBe(4);
  for (const id of ids) expect(id).toMatch(/^[a-z0-9-]{4,63}$/);
});
