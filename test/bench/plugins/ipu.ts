/**
 * Latencies of the Intel IPU's plugin on its DPU side: a P4Runtime server on loopback, a real SSH server as the IMC, and an
 * `ip` that is scripted. Needs root. `node --conditions=source test/bench/plugins/ipu.ts`
 */
import type { BridgePort } from '@dpu-operator/sdk';
import {
  cliLine,
  linuxNetworking,
  macOfVsi,
  P4RuntimeServer,
  startAcc,
  vsiOfInterface,
} from '@dpu-operator/vsp-intel-ipu/testing';
import { Imc } from '../../support/cards/imc.ts';
import { eventually } from '../../support/eventually.ts';
import { quantile } from '../quantile.ts';

const most = 256;
const firstRepresentor = 20;
const firstVsi = 1_000;
const name = (index: number) => `enp0s1f0d${index}`;
const range = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index);
const interfaces = firstRepresentor + most;

const settings = {
  vsiFromMac: false,
  representors: {
    hosts: range(most, firstRepresentor).map(name),
    functions: [
      [name(9), name(10)],
      [name(11), name(12)],
    ],
  },
  functionDevices: [name(13)],
};
const vfMac = (vf: number) => macOfVsi(firstVsi + vf);
const port = (vf: number): BridgePort => ({
  name: `bridgePorts/host0-${vf}`,
  macAddress: vfMac(vf),
  type: 'ACCESS',
  logicalBridges: [],
});
const chain = {
  name: 'serviceChains/bench',
  networkFunctions: [
    { input: vfMac(900), output: vfMac(901) },
    { input: vfMac(902), output: vfMac(903) },
  ],
};
const table = [
  ...range(interfaces).map((index) => cliLine(macOfVsi(vsiOfInterface(index)), vsiOfInterface(index))),
  ...[...range(most), 900, 901, 902, 903].map((vf) => cliLine(vfMac(vf), firstVsi + vf, true)),
].join('\n');

async function milliseconds(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

await using imc = await Imc.start(`${table}\n`);
await using server = await new P4RuntimeServer({ p4info: linuxNetworking }).start();
await using acc = await startAcc(server.address, {
  interfaces,
  secretDirectory: imc.secretDirectory,
  settings: { ...settings, imc: { host: '127.0.0.1', port: imc.port, hostKey: imc.hostKey } },
});
const isReady = () =>
  eventually(
    'programmed',
    async () => acc.conditions().Healthy,
    (reason) => reason === 'Programmed',
  );
const { client } = acc.vsp;
const print = (what: string, value: number | string) =>
  console.log(`${what}: ${typeof value === 'number' ? `${value.toFixed(1)} ms` : value}`);
await isReady();

async function latencies(ports: number): Promise<void> {
  const create: number[] = [];
  for (let round = 0; round < 5; round++) {
    create.push(await milliseconds(() => client.createBridgePort(port(ports - 1))));
    if (round < 4) await client.deleteBridgePort(port(ports - 1).name, { allowMissing: false });
  }
  print(`CreateBridgePort, the ${ports}th, median of 5`, quantile(create, 0.5));
  const chains: number[] = [];
  for (let round = 0; round < 3; round++) {
    chains.push(await milliseconds(() => client.createChain(chain)));
    await client.deleteChain(chain.name, { allowMissing: false });
  }
  print(`chain of two functions with ${ports} ports, median of 3`, quantile(chains, 0.5));
}

await latencies(1);
const sixtyFour = range(63, 1).map(port);
print(
  '63 ports at once',
  await milliseconds(() => Promise.all(sixtyFour.map((each) => client.createBridgePort(each)))),
);
await latencies(64);
await Promise.all(range(most - 64, 64).map((vf) => client.createBridgePort(port(vf))));
await latencies(most);
print('entries', `${server.entries.length}`);

const lost = server.entries.length;
await server.stop();
await eventually(
  'away',
  async () => acc.conditions().Healthy,
  (reason) => reason === 'NotConnected',
);
await server.start();
print(
  'P4Runtime server anew and empty, until all is written again',
  await milliseconds(() =>
    eventually(
      'all',
      async () => server.entries.length,
      (count) => count === lost,
    ),
  ),
);
await isReady();
await acc.restart();
await isReady();
const replay = async () => {
  await Promise.all(range(most).map((vf) => acc.vsp.client.createBridgePort(port(vf))));
  await acc.vsp.client.completeReplay();
};
server.updates.length = 0;
print('replay of 256 ports after a restart', await milliseconds(replay));
print('entries written by the replay', `${server.updates.length}`);
print('resident', `${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MiB with server and test`);
