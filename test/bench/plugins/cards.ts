/**
 * Latencies of the Marvell and NetSec plugins on their DPU side, on stand-ins of the card with a real Open vSwitch, and how
 * long nothing passes after a fault. Needs root. `node --conditions=source test/bench/plugins/cards.ts marvell 256`
 */
import { readFile } from 'node:fs/promises';
import { ownerOf } from '@dpu-operator/sdk/linux';
import { cards, type StartedPlugin } from '@dpu-operator/sdk/testing';
import { backplanePort, NetsecFixture } from '../../integration/vsp-intel-netsec/fixture.ts';
import { MarvellFixture } from '../../integration/vsp-marvell/fixture.ts';
import { eventually } from '../../support/eventually.ts';
import { bridgePort } from '../../support/network/bridge-port.ts';
import type { Netns } from '../../support/network/netns.ts';
import { quantile } from '../quantile.ts';

interface BenchedCard extends AsyncDisposable {
  /** As many as were asked for, or all that the card can have. */
  ports: number;
  dpu: Netns;
  /** Of the switch of its own. */
  runDirectory: string;
  /** The end that a network function's pod gets. */
  given: string;
  start(): Promise<StartedPlugin>;
}

const [name = 'marvell', most = '64'] = process.argv.slice(2);
const asked = Number(most);
const present = { allowMissing: false };

async function marvell(): Promise<BenchedCard> {
  const fixture = await MarvellFixture.create('mrvbench', asked);
  return {
    ports: asked,
    dpu: fixture.dpu,
    runDirectory: fixture.switchDirectory,
    given: 'nf_interface',
    start: async () => {
      const vsp = await fixture.start();
      await fixture.init();
      return vsp;
    },
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
}

async function netsec(): Promise<BenchedCard> {
  const backplane = cards.intelNetsec.dpu().pci?.find(({ address }) => address === backplanePort);
  const ports = Math.min(asked, backplane?.sriov?.totalVfs ?? 0);
  const fixture = await NetsecFixture.create('nscbench', { vfs: ports });
  return {
    ports,
    dpu: fixture.dpuNode,
    runDirectory: `/run/netsec-${ownerOf('nscbench-card').slice(0, 8)}`,
    given: 'nf_if',
    start: async () => {
      const vsp = await fixture.start('dpu');
      await vsp.client.init({ dpuMode: true, dpuIdentifier: 'nscbench-card' });
      return vsp;
    },
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
}

const makers: Record<string, () => Promise<BenchedCard>> = { marvell, netsec };
const make = makers[name];
if (!make) throw new Error(`the first argument must be one of ${Object.keys(makers).join(', ')}, not ${name}`);

await using card = await make();
const { ports } = card;
if (ports < asked) console.log(`${name}: the card has ${ports} ports at most: these are measured, not ${asked}`);
let vsp!: StartedPlugin;
/** What the plugin said last of a switch that is back. */
let returned: string | undefined;

async function start(): Promise<void> {
  vsp = await card.start();
  vsp.client.watchStatus(
    ({ events }) => {
      returned = events.findLast(({ reason }) => reason === 'SwitchReturned')?.message;
    },
    () => {},
  );
}

async function milliseconds(run: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await run();
  return performance.now() - from;
}
const print = (what: string, value: number) => console.log(`${name}: ${what}: ${value.toFixed(0)} ms`);
const port = (vf: number) => bridgePort(vf, `02:00:00:02:00:${vf.toString(16).padStart(2, '0')}`);
const create = (vf: number) => vsp.client.createBridgePort(port(vf));
const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);

async function latencies(count: number): Promise<void> {
  const creates: number[] = [];
  for (let round = 0; round < 5; round++) {
    creates.push(await milliseconds(() => create(count - 1)));
    if (round < 4) await vsp.client.deleteBridgePort(`bridgePorts/host0-${count - 1}`, present);
  }
  print(`CreateBridgePort, the ${count}th, median of 5`, quantile(creates, 0.5));
  const macs = await Promise.all(
    range(0, 4).map(async (index) => (await card.dpu.links.find(`${card.given}${index}`))?.mac ?? ''),
  );
  const [first = '', second = '', third = '', fourth = ''] = macs;
  const networkFunctions = [
    { input: first, output: second },
    { input: third, output: fourth },
  ];
  const chains: number[] = [];
  for (let round = 0; round < 3; round++) {
    chains.push(await milliseconds(() => vsp.client.createChain({ name: 'serviceChains/bench', networkFunctions })));
    await vsp.client.deleteChain('serviceChains/bench', present);
  }
  print(`chain of two functions with ${count} ports, median of 3`, quantile(chains, 0.5));
}

async function fault(program: string): Promise<void> {
  const before = returned;
  const pid = Number(await readFile(`${card.runDirectory}/${program}.pid`, 'utf8'));
  const took = await milliseconds(async () => {
    process.kill(pid, 'SIGKILL');
    await eventually(
      'the switch is back',
      async () => returned,
      (message) => message !== before,
    );
  });
  print(`${program} killed, until all ${ports} ports and flows are made again`, took);
}

await start();
await latencies(1);
const together = range(1, Math.min(ports, 65));
print(`${together.length} ports at once`, await milliseconds(() => Promise.all(together.map(create))));
if (ports > 65) {
  await latencies(65);
  await Promise.all(range(65, ports).map(create));
}
await latencies(ports);
await fault('ovs-vswitchd');
await fault('ovsdb-server');
await vsp.close();
print('start of the plugin with its own switch', await milliseconds(start));
const replay = async () => {
  await Promise.all(range(0, ports).map(create));
  await vsp.client.completeReplay();
};
print(`replay of ${ports} ports after a restart`, await milliseconds(replay));
await vsp.close();
