/** The DPU side as the daemon sees it, against a P4Runtime server that behaves as the specification says. */
import type { BridgePort } from '@dpu-operator/sdk';
import { status } from '@grpc/grpc-js';
import { expect, test, vi } from 'vitest';
import type { TableEntry__Output } from './generated/p4/v1/TableEntry.ts';
import { bodyOf, keyOf } from './p4rt/program.ts';
import { macOfVsi, startAcc, vsiOfInterface } from './testing/acc.ts';
import { linuxNetworking, tableIds } from './testing/linux-networking.ts';
import { P4RuntimeServer } from './testing/p4runtime-server.ts';

const start = () => new P4RuntimeServer({ p4info: linuxNetworking }).start();
/** 9 of the LAG, 3 of the physical port, 5 of the ACC's own network. */
const fixedEntries = 17;
const firstVsi = 0x40;

/** Another build of the program. */
const otherIds = {
  ...linuxNetworking,
  tables: (linuxNetworking.tables ?? []).map((table) => {
    const { preamble } = table;
    return { ...table, preamble: { ...preamble, id: (preamble?.id ?? 0) + 1 } };
  }),
};

const port = (vf: number, more: Partial<BridgePort> = {}): BridgePort => ({
  name: `bridgePorts/host0-${vf}`,
  macAddress: macOfVsi(firstVsi + vf),
  type: 'ACCESS',
  logicalBridges: [`${vf + 2}`],
  ...more,
});
const texts = (entries: readonly TableEntry__Output[]) =>
  entries.map((entry) => `${keyOf(entry)} ${bodyOf(entry)}`).sort();
const isReady = (acc: { conditions: () => Record<string, string> }) =>
  expect.poll(() => acc.conditions().Healthy).toBe('Programmed');

/** An entry of somebody else: another port in a table of ours. */
function foreign(server: P4RuntimeServer): TableEntry__Output {
  const entry = server.entries.find(({ tableId }) => tableId === tableIds.rx_source_port);
  if (!entry) throw new Error('the physical port is not programmed');
  const match = entry.match.map((field) =>
    field.fieldId === 1 ? { ...field, exact: { value: Buffer.from([3]) } } : field,
  );
  return { ...entry, match };
}

test('what is written once, ports, functions and chains are on the wire as the card has them', async () => {
  await using server = await start();
  await using acc = await startAcc(server.address, {
    settings: {
      representors: {
        functions: [
          ['enp0s1f0d9', 'enp0s1f0d10'],
          ['enp0s1f0d11', 'enp0s1f0d12'],
        ],
      },
      functionDevices: ['enp0s1f0d13'],
    },
  });
  await isReady(acc);
  expect(acc.status?.firmwareVersion).toBe('P4 program fxp-net_linux-networking 3.0.0');
  expect(server.entries).toHaveLength(fixedEntries);
  // Physical port 0 and its representor d4, VSI 5.
  expect(texts(server.entries)).toContain('42508227|0|1=5|2=0 31624713|1=0');
  expect(acc.ip.bridged).toEqual({});

  const { client } = acc.vsp;
  server.updates.length = 0;
  expect(await client.createBridgePort(port(0))).toMatchObject({ operStatus: 'UP' });
  // d6, VSI 7, stands for VSI 0x40.
  const representor = vsiOfInterface(6).toString(16);
  expect(server.updates.map(({ type }) => type)).toEqual(Array(5).fill('INSERT'));
  expect(texts(server.updates.map(({ entity }) => entity?.tableEntry as TableEntry__Output))).toEqual(
    [
      '39041593|1|1=40&7ff 32890467|1=50',
      `42508227|0|1=${representor}|2=0 31624713|1=50`,
      `45509113|0|1=${representor}|2=40 26092385|1=50`,
      `45509113|0|1=40|2=${representor} 26092385|1=17`,
      '35934350|0|1=50|2=0 26092385|1=17',
    ].sort(),
  );
  expect(acc.ip.bridged).toEqual({ 'br-ipu': ['enp0s1f0d4', 'enp0s1f0d6'] });
  expect(acc.status?.links).toEqual([{ name: 'enp0s1f0d4', up: false }]);

  await client.createBridgePort(port(1));
  expect(server.entries).toHaveLength(fixedEntries + 2 * 5 + 2);
  const nf = { input: macOfVsi(0x50), output: macOfVsi(0x51) };
  await client.createNetworkFunction(nf);
  expect(server.entries).toHaveLength(fixedEntries + 2 * 5 + 2 + 12 + 2 * 4);
  expect(acc.ip.bridged).toEqual({
    'br-ipu': ['enp0s1f0d6', 'enp0s1f0d7', 'enp0s1f0d9'],
    'br-ipu-out': ['enp0s1f0d10', 'enp0s1f0d4'],
  });
  await client.deleteNetworkFunction(nf);
  const second = { input: macOfVsi(0x52), output: macOfVsi(0x53) };
  await client.createChain({ name: 'serviceChains/both', networkFunctions: [nf, second] });
  const hop = Object.entries(acc.ip.bridged).find(([name]) => name.startsWith('br-ipu-h'));
  expect(hop?.[1]).toEqual(['enp0s1f0d10', 'enp0s1f0d11']);
  await client.deleteChain('serviceChains/both', { allowMissing: false });
  // What a chain is to look at does not go around it, also not after a restart.
  const apart = { 'br-ipu': ['enp0s1f0d6', 'enp0s1f0d7'], 'br-ipu-out': ['enp0s1f0d4'] };
  expect(acc.ip.bridged).toEqual(apart);
  await acc.restart();
  await isReady(acc);
  const again = acc.vsp.client;
  for (const vf of [0, 1]) await again.createBridgePort(port(vf));
  expect(acc.ip.bridged).toEqual(apart);
  for (const vf of [0, 1]) await again.deleteBridgePort(`bridgePorts/host0-${vf}`, { allowMissing: false });
  expect(server.entries).toHaveLength(fixedEntries);
  expect(acc.ip.bridged).toEqual({});
  // The DPU is taken away, and comes back.
  await again.setNumVfs(0);
  await again.createBridgePort(port(0));
  expect(acc.ip.bridged).toEqual({ 'br-ipu': ['enp0s1f0d4', 'enp0s1f0d6'] });
});

test('without settings the server is that of the ACC, at its usual port; the name of a host serves as well', async () => {
  await using server = new P4RuntimeServer({ p4info: linuxNetworking, port: 9559 });
  // Another run of this test on this machine may have the port.
  await vi.waitFor(() => server.start(), { timeout: 100_000, interval: 200 });
  for (const address of [undefined, 'localhost:9559']) {
    await using acc = await startAcc(address);
    await isReady(acc);
    expect(server.updates.map(({ type }) => type)).toEqual(Array(fixedEntries).fill('INSERT'));
  }
});

test('ports of different logical bridges are bridged and looped back apart', async () => {
  await using server = await start();
  await using acc = await startAcc(server.address);
  await isReady(acc);
  const { client } = acc.vsp;
  await client.createLogicalBridge({ name: 'logicalBridges/blue', vlanId: 20 });
  await client.createBridgePort(port(0));
  await client.createBridgePort(port(1, { logicalBridges: ['blue'] }));
  expect(server.entries).toHaveLength(fixedEntries + 2 * 5);
  expect(acc.ip.bridged).toEqual({ 'br-ipu': ['enp0s1f0d4', 'enp0s1f0d6'], 'br-ipu-20': ['enp0s1f0d7'] });
  await client.updateBridgePort(port(1), { updateMask: ['spec.logical_bridges'] });
  expect(server.entries).toHaveLength(fixedEntries + 2 * 5 + 2);
  expect(acc.ip.bridged).toEqual({ 'br-ipu': ['enp0s1f0d4', 'enp0s1f0d6', 'enp0s1f0d7'] });
});

test('a restart writes only what differs, and takes out only what was ours', async () => {
  await using server = await start();
  await using acc = await startAcc(server.address);
  await isReady(acc);
  for (const vf of [0, 1]) await acc.vsp.client.createBridgePort(port(vf));
  const before = texts(server.entries);
  server.put(foreign(server));
  server.updates.length = 0;

  await acc.restart();
  await isReady(acc);
  await acc.vsp.client.createBridgePort(port(1));
  expect(server.updates).toEqual([]);
  expect(texts(server.entries)).toEqual([...before, ...texts([foreign(server)])].sort());
  // The port that nobody asked for again goes when all is known.
  await acc.vsp.client.completeReplay();
  expect(new Set(server.updates.map(({ type }) => type))).toEqual(new Set(['DELETE']));
  expect(server.entries).toHaveLength(fixedEntries + 5 + 1);
  expect(acc.ip.bridged).toEqual({ 'br-ipu': ['enp0s1f0d4', 'enp0s1f0d7'] });
});

test('what is not asked for since a restart can be deleted by name', async () => {
  await using server = await start();
  await using acc = await startAcc(server.address);
  await isReady(acc);
  await acc.vsp.client.createBridgePort(port(0));
  await acc.restart();
  await isReady(acc);
  await acc.vsp.client.deleteBridgePort(port(0).name, { allowMissing: true });
  expect(server.entries).toHaveLength(fixedEntries);
});

test('a server that starts anew without a program, then with one, is programmed again', async () => {
  await using server = await start();
  await using acc = await startAcc(server.address);
  await isReady(acc);
  for (const vf of [0, 1]) await acc.vsp.client.createBridgePort(port(vf));
  const before = texts(server.entries);
  server.setProgram(undefined);
  await server.stop();
  await expect.poll(acc.conditions).toMatchObject({ P4Runtime: 'NotConnected', Healthy: 'NotConnected' });
  await expect(acc.vsp.client.createBridgePort(port(2))).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining(server.address),
  });
  await server.start();
  await expect.poll(acc.conditions).toMatchObject({ P4Runtime: 'NotProgrammed' });
  expect(acc.status?.conditions.find(({ type }) => type === 'Healthy')?.message).toContain('no P4 program yet');
  server.setProgram(linuxNetworking);
  await expect.poll(() => texts(server.entries)).toEqual(before);
  await isReady(acc);
  await acc.vsp.client.createBridgePort(port(2));
});

test('a program that somebody loads anew is noticed and programmed, with a cookie or without, with other ids or the same', async () => {
  await using server = await start();
  await using acc = await startAcc(server.address, { haste: 100 });
  await isReady(acc);
  await acc.vsp.client.createBridgePort(port(0));
  const before = texts(server.entries);
  server.setProgram(linuxNetworking);
  await expect.poll(() => texts(server.entries)).toEqual(before);
  // All entries are there, of a program with another name.
  server.setProgram(otherIds, 7);
  await expect.poll(() => server.entries).toHaveLength(before.length);
  expect(texts(server.entries)).not.toEqual(before);
  server.setProgram(otherIds, 8);
  await expect.poll(() => server.entries).toHaveLength(before.length);
  await isReady(acc);
  await acc.vsp.client.deleteBridgePort(port(0).name, { allowMissing: false });
  expect(server.entries).toHaveLength(fixedEntries);
});

test('a change that meets another program is refused as unavailable, and the card programmed at once', async () => {
  await using server = await start();
  await using acc = await startAcc(server.address);
  await isReady(acc);
  await acc.vsp.client.createBridgePort(port(0));
  server.setProgram(otherIds);
  await expect(acc.vsp.client.createBridgePort(port(1))).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('the P4 program of the card was loaded anew'),
  });
  await expect.poll(() => server.entries).toHaveLength(fixedEntries + 5);
  await isReady(acc);
  await acc.vsp.client.createBridgePort(port(1));
  expect(server.entries).toHaveLength(fixedEntries + 2 * 5 + 2);
});

test('devices for functions say whether they are there', async () => {
  await using server = await start();
  await using acc = await startAcc(server.address);
  acc.ip.links.delete('enp0s1f0d12');
  await acc.restart();
  const devices = await acc.vsp.client.getDevices();
  expect(devices.map(({ id, healthy }) => [id, healthy])).toEqual([
    ['enp0s1f0d11', true],
    ['enp0s1f0d12', false],
    ['enp0s1f0d13', true],
    ['enp0s1f0d14', true],
  ]);
});

test('what the card as a whole needs stays where a port had that VSI before the card was set up anew', async () => {
  await using server = await start();
  await using acc = await startAcc(server.address);
  await isReady(acc);
  await acc.vsp.client.createBridgePort(port(0));
  await server.stop();
  await expect.poll(acc.conditions).toMatchObject({ P4Runtime: 'NotConnected' });
  const { links } = acc.ip;
  const [own, representor] = [links.get('enp0s1f0d1'), links.get('enp0s1f0d6')];
  if (!own || !representor) throw new Error('the ACC has too few interfaces');
  [own.mac, representor.mac] = [representor.mac, own.mac];
  await server.start();
  await isReady(acc);
  // tx_acc_vsi of the representor's new VSI 2 to the port: all is written.
  await expect.poll(() => texts(server.entries)).toContain('42508227|0|1=2|2=0 31624713|1=50');
  // tx_acc_vsi of VSI 7, which was the representor's.
  expect(texts(server.entries)).toContain('42508227|0|1=7|2=0 31624713|1=0');
  await acc.vsp.client.deleteBridgePort(port(0).name, { allowMissing: false });
  expect(server.entries).toHaveLength(fixedEntries);
});

test('while another controller is primary nothing is written; then all of it is', async () => {
  await using server = await start();
  await using acc = await startAcc(server.address);
  await isReady(acc);
  await using other = await startAcc(server.address, {
    settings: { p4runtime: { address: server.address, electionId: 100 } },
  });
  await expect.poll(acc.conditions).toMatchObject({ P4Runtime: 'OtherController', Healthy: 'OtherController' });
  await expect(acc.vsp.client.createBridgePort(port(0))).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('another controller (election id 100) is primary'),
  });
  await isReady(other);
  expect(server.entries).toHaveLength(fixedEntries);
  await other.vsp.close();
  await isReady(acc);
  await acc.vsp.client.createBridgePort(port(0));
  expect(server.entries).toHaveLength(fixedEntries + 5);
});

test('an entry that the card has no room for fails its port alone, which leaves nothing', async () => {
  await using server = await start();
  await using acc = await startAcc(server.address);
  await isReady(acc);
  await acc.vsp.client.createBridgePort(port(0));
  const before = texts(server.entries);
  server.refuse = ({ type, entity }) =>
    type === 'INSERT' && entity?.tableEntry?.tableId === tableIds.vsi_to_vsi_loopback
      ? { code: status.RESOURCE_EXHAUSTED, message: 'table full' }
      : undefined;
  await expect(acc.vsp.client.createBridgePort(port(1))).rejects.toMatchObject({
    code: 'RESOURCE_EXHAUSTED',
    message: expect.stringMatching(/vsi_to_vsi_loopback.*table full/),
  });
  await expect.poll(() => texts(server.entries)).toEqual(before);
  expect(await acc.vsp.client.getBridgePort(port(0).name)).toMatchObject({ operStatus: 'UP' });
  server.refuse = () => undefined;
  await acc.vsp.client.createBridgePort(port(1));
});

test('INVALID_ARGUMENT is tried once more, and what is there is modified', async () => {
  await using server = await start();
  await using acc = await startAcc(server.address);
  await isReady(acc);
  let refused = 0;
  server.refuse = ({ type }) =>
    type === 'INSERT' && refused++ < 5 ? { code: status.INVALID_ARGUMENT, message: 'try again' } : undefined;
  await acc.vsp.client.createBridgePort(port(0));
  expect(server.entries).toHaveLength(fixedEntries + 5);

  server.refuse = () => ({ code: status.INVALID_ARGUMENT, message: 'never' });
  await expect(acc.vsp.client.createBridgePort(port(1))).rejects.toMatchObject({
    code: 'INTERNAL',
    message: expect.stringContaining('INVALID_ARGUMENT: never'),
  });
  server.refuse = () => undefined;

  // Somebody has put an entry there meanwhile.
  const before = texts(server.entries);
  await acc.vsp.client.deleteBridgePort(port(0).name, { allowMissing: false });
  const [taken] = server.updates.flatMap(({ type, entity }) =>
    type === 'DELETE' && entity?.tableEntry ? [entity.tableEntry] : [],
  );
  if (!taken) throw new Error('nothing was deleted');
  const { action } = server.entries[0] ?? {};
  server.put({ ...taken, action: action ?? null });
  await acc.vsp.client.createBridgePort(port(0));
  expect(texts(server.entries)).toEqual(before);
});

test('an interface that the settings name and the ACC has not keeps the card from service, with its name', async () => {
  await using server = await start();
  await using acc = await startAcc(server.address, { haste: 10 });
  acc.ip.links.delete('enp0s1f0d7');
  await acc.restart();
  await expect.poll(acc.conditions).toMatchObject({ Healthy: 'NotProgrammed' });
  const { message } = acc.status?.conditions.find(({ type }) => type === 'Healthy') ?? {};
  expect(message).toBe('settings.representors.hosts: the ACC has no network device enp0s1f0d7');
  acc.ip.links.set('enp0s1f0d7', { mac: macOfVsi(vsiOfInterface(7)), up: false });
  await isReady(acc);
});

test('an interface that is kept for two things is refused', async () => {
  await using server = await start();
  const twice = { functionDevices: ['enp0s1f0d4'] };
  await expect(startAcc(server.address, { settings: twice })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('settings.functionDevices: enp0s1f0d4 is in uplink.secondary already'),
  });
});
