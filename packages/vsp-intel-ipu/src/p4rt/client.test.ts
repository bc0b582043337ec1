/** The controller, against a server that behaves as the specification says. */
import { linuxPlatform } from '@dpu-operator/sdk/linux';
import { status } from '@grpc/grpc-js';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { CutCable } from '../testing/half-open.ts';
import { linuxNetworking } from '../testing/linux-networking.ts';
import { P4RuntimeServer } from '../testing/p4runtime-server.ts';
import { P4Client } from './client.ts';
import { bodyOf, keyOf, Program } from './program.ts';

function connect(address: string, electionId = 1) {
  const onRole = vi.fn();
  const logger = pino({ level: 'silent' });
  const client = new P4Client({ address, deviceId: 1, electionId, clock: linuxPlatform().clock, logger, onRole });
  client.start();
  return Object.assign(client, { onRole, [Symbol.dispose]: () => client.close() });
}

const start = (options = { p4info: linuxNetworking }) => new P4RuntimeServer(options).start();
const isPrimary = (client: P4Client) => expect.poll(() => client.role.is).toBe('primary');

const entryOf = (program: Program, port: number, source = port) =>
  program.encode({
    table: 'rx_source_port',
    match: { 'vmeta.common.port_id': port, zero_padding: 0 },
    action: 'set_source_port',
    params: [source],
  });

async function programOf(client: P4Client) {
  return new Program((await client.pipeline()).info, 'linux_networking_control.');
}

test('it becomes primary, writes, and reads what it wrote', async () => {
  await using server = await start();
  using client = connect(server.address);
  await isPrimary(client);
  const program = await programOf(client);
  const [one, two] = [entryOf(program, 1), entryOf(program, 2)];
  expect(await client.write([one, two].map(({ message }) => ({ type: 'INSERT', entry: message })))).toEqual([
    undefined,
    undefined,
  ]);
  const read = await client.read([program.tableId('rx_source_port')]);
  expect(read.map(keyOf).sort()).toEqual([one.key, two.key].sort());
  expect(read.map(bodyOf).sort()).toEqual([one.body, two.body].sort());
});

test('each update of a batch has an answer of its own', async () => {
  await using server = await start();
  using client = connect(server.address);
  await isPrimary(client);
  const program = await programOf(client);
  const update = (type: 'INSERT' | 'DELETE', port: number) => ({ type, entry: entryOf(program, port).message });
  await client.write([update('INSERT', 1)]);
  const answers = await client.write([update('INSERT', 1), update('INSERT', 2), update('DELETE', 3)]);
  expect(answers.map((answer) => answer?.code)).toEqual([status.ALREADY_EXISTS, undefined, status.NOT_FOUND]);
  expect(server.entries).toHaveLength(2);
});

test('more than fits into a batch goes in several', async () => {
  await using server = await start();
  using client = connect(server.address);
  await isPrimary(client);
  const program = await programOf(client);
  const entries = Array.from({ length: 2_001 }, (_, vsi) =>
    program.encode({
      table: 'tx_acc_vsi',
      match: { 'vmeta.common.vsi': vsi, zero_padding: 0 },
      action: 'l2_fwd_and_bypass_bridge',
      params: [vsi],
    }),
  );
  const answers = await client.write(entries.map(({ message }) => ({ type: 'INSERT', entry: message })));
  expect(answers).toHaveLength(2_001);
  expect(server.entries).toHaveLength(2_001);
});

test('each of many updates that fail has its answer, however long', async () => {
  await using server = await start();
  using client = connect(server.address);
  await isPrimary(client);
  const program = await programOf(client);
  const message = 'no room is left in the table '.repeat(5);
  server.refuse = () => ({ code: status.RESOURCE_EXHAUSTED, message });
  const entry = entryOf(program, 1).message;
  const answers = await client.write(Array.from({ length: 1_000 }, () => ({ type: 'INSERT', entry })));
  expect(answers).toEqual(Array(1_000).fill({ code: status.RESOURCE_EXHAUSTED, message }));
});

test('another that is primary stays so; when it is gone, this one takes over', async () => {
  await using server = await start();
  const other = connect(server.address, 7);
  await isPrimary(other);
  using client = connect(server.address);
  await expect.poll(() => client.role.is).toBe('backup');
  expect(client.role).toMatchObject({
    reason: expect.stringContaining('another controller (election id 7) is primary'),
  });
  await expect(client.write([])).resolves.toEqual([]);
  const program = await programOf(client);
  await expect(client.write([{ type: 'INSERT', entry: entryOf(program, 1).message }])).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  });
  expect(other.role.is).toBe('primary');
  other.close();
  await isPrimary(client);
  await client.write([{ type: 'INSERT', entry: entryOf(program, 1).message }]);
  expect(server.entries).toHaveLength(1);
});

test('one with the same election id is waited for', async () => {
  await using server = await start();
  const other = connect(server.address);
  await isPrimary(other);
  using client = connect(server.address);
  await expect.poll(() => client.role).toMatchObject({ reason: expect.stringContaining('refuses election id 1') });
  other.close();
  await isPrimary(client);
});

test('a second that takes the place is told of, and the place is won again', async () => {
  await using server = await start();
  using client = connect(server.address);
  await isPrimary(client);
  const other = connect(server.address, 9);
  await isPrimary(other);
  await expect.poll(() => client.role.is).toBe('backup');
  other.close();
  await isPrimary(client);
});

test('a server that starts anew is connected to again', async () => {
  await using server = await start();
  using client = connect(server.address);
  await isPrimary(client);
  await server.stop();
  await expect.poll(() => client.role.is).toBe('disconnected');
  expect(client.role).toMatchObject({ reason: expect.stringContaining(server.address) });
  await expect(client.pipeline()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  server.setProgram(undefined);
  await server.start();
  await isPrimary(client);
  await expect(client.pipeline()).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
});

test('a connection that was lost without a word is given up when an answer is late, and made anew', async () => {
  await using server = await start();
  await using cable = await CutCable.to(server.address);
  using client = connect(cable.address);
  await isPrimary(client);
  expect(await client.cookie(60_000)).toBeUndefined();
  cable.cut();
  await expect(client.cookie(50)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(client.role).toMatchObject({
    is: 'disconnected',
    reason: expect.stringContaining('does not answer any more'),
  });
  // The server takes the lost one for a primary until then.
  await isPrimary(client);
  const { message } = entryOf(await programOf(client), 1);
  expect(await client.write([{ type: 'INSERT', entry: message }])).toEqual([undefined]);
});

test('the cookie is that of the program', async () => {
  await using server = await start();
  using client = connect(server.address);
  await isPrimary(client);
  server.setProgram(linuxNetworking, 7);
  expect(await client.cookie(60_000)).toBe('7');
  expect(await client.pipeline()).toMatchObject({ cookie: '7' });
  server.setProgram(undefined);
  await expect(client.cookie(60_000)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
});
