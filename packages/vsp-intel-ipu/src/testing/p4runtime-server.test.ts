/** The server that the plugin's tests run against, by the sections of the P4Runtime Specification 1.4. */
import { type ClientDuplexStream, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import type { StreamMessageRequest } from '../generated/p4/v1/StreamMessageRequest.ts';
import type { StreamMessageResponse__Output } from '../generated/p4/v1/StreamMessageResponse.ts';
import type { TableEntry } from '../generated/p4/v1/TableEntry.ts';
import type { Update } from '../generated/p4/v1/Update.ts';
import { decodeBatchErrors, P4RuntimeStub, statusTrailer } from '../p4rt/service.ts';
import { actionIds, linuxNetworking, tableIds } from './linux-networking.ts';
import { P4RuntimeServer } from './p4runtime-server.ts';

type Stream = ClientDuplexStream<StreamMessageRequest, StreamMessageResponse__Output>;

const start = (options = { p4info: linuxNetworking }) => new P4RuntimeServer(options).start();

/** A controller by hand. */
function controller(address: string) {
  const stub = new P4RuntimeStub(address, credentials.createInsecure());
  const stream: Stream = stub.streamChannel();
  const told: [code: number | undefined, highest: string | undefined][] = [];
  const errors: number[] = [];
  stream.on('data', ({ arbitration }) => told.push([arbitration?.status?.code, arbitration?.electionId?.low]));
  stream.on('error', (error) => errors.push((error as ServiceError).code));
  return {
    told,
    errors,
    ask: (electionId: number | undefined, deviceId = 1) =>
      stream.write({ arbitration: { deviceId, electionId: electionId === undefined ? null : { low: electionId } } }),
    end: () => stream.end(),
    write: (electionId: number, updates: Update[], deviceId = 1) =>
      new Promise<ServiceError | null>((resolve) => {
        stub.write({ deviceId, electionId: { low: electionId }, updates }, (error) => resolve(error));
      }),
    read: async (tableEntry: TableEntry) => {
      const found: unknown[] = [];
      for await (const { entities } of stub.read({ deviceId: 1, entities: [{ tableEntry }] })) found.push(...entities);
      return found.length;
    },
    pipeline: () =>
      new Promise<number | undefined>((resolve) => {
        stub.getForwardingPipelineConfig({ deviceId: 1 }, (error, answer) =>
          resolve(error?.code ?? answer?.config?.p4info?.tables.length),
        );
      }),
    [Symbol.dispose]: () => stub.close(),
  };
}

const profile = (value: number, body = 7): TableEntry => ({
  tableId: tableIds.rx_source_port,
  match: [
    { fieldId: 1, exact: { value: Buffer.from([value]) } },
    { fieldId: 2, exact: { value: Buffer.from([0]) } },
  ],
  action: {
    action: { actionId: actionIds.set_source_port ?? 0, params: [{ paramId: 1, value: Buffer.from([body]) }] },
  },
});
const insert = (tableEntry: TableEntry): Update => ({ type: 'INSERT', entity: { tableEntry } });

function codesOf(error: ServiceError | null): number[] {
  const [trailer] = error?.metadata.get(statusTrailer) ?? [];
  return decodeBatchErrors(trailer as Buffer).map(({ canonicalCode }) => canonicalCode);
}

test('5.3, 5.4: the highest election id is primary, and who loses it is told', async () => {
  await using server = await start();
  using first = controller(server.address);
  using second = controller(server.address);
  first.ask(3);
  await expect.poll(() => first.told).toEqual([[status.OK, '3']]);
  second.ask(2);
  await expect.poll(() => second.told).toEqual([[status.ALREADY_EXISTS, '3']]);
  second.ask(5);
  await expect.poll(() => second.told.at(-1)).toEqual([status.OK, '5']);
  await expect.poll(() => first.told.at(-1)).toEqual([status.ALREADY_EXISTS, '5']);
  second.end();
  await expect.poll(() => first.told.at(-1)).toEqual([status.NOT_FOUND, '5']);
  // 5.3: less than the highest that there has been is a backup.
  first.ask(4);
  await expect.poll(() => first.told.length).toBe(4);
  expect(first.told.at(-1)).toEqual([status.NOT_FOUND, '5']);
  first.ask(6);
  await expect.poll(() => first.told.at(-1)).toEqual([status.OK, '6']);
});

test('5.3: a wrong device and an election id in use end the stream', async () => {
  await using server = await start();
  using first = controller(server.address);
  using stranger = controller(server.address);
  using twin = controller(server.address);
  first.ask(1);
  await expect.poll(() => first.told.length).toBe(1);
  stranger.ask(2, 9);
  await expect.poll(() => stranger.errors).toEqual([status.NOT_FOUND]);
  twin.ask(1);
  await expect.poll(() => twin.errors).toEqual([status.INVALID_ARGUMENT]);
  expect(first.told).toHaveLength(1);
});

test('5.4: before there was a primary no election id is told, and without one nobody becomes primary', async () => {
  await using server = await start();
  using only = controller(server.address);
  only.ask(undefined);
  await expect.poll(() => only.told).toEqual([[status.NOT_FOUND, undefined]]);
});

test('12, 12.3: who may write, and what is told of a batch', async () => {
  await using server = await start();
  using primary = controller(server.address);
  primary.ask(1);
  await expect.poll(() => primary.told.length).toBe(1);
  expect((await primary.write(2, [insert(profile(1))]))?.code).toBe(status.PERMISSION_DENIED);
  expect((await primary.write(1, [insert(profile(1))], 9))?.code).toBe(status.NOT_FOUND);
  expect(await primary.write(1, [insert(profile(1)), insert(profile(2))])).toBeNull();
  const modify: Update = { type: 'MODIFY', entity: { tableEntry: profile(3) } };
  const remove: Update = { type: 'DELETE', entity: { tableEntry: profile(2) } };
  const error = await primary.write(1, [insert(profile(1)), modify, remove, insert(profile(0))]);
  expect(error?.code).toBe(status.UNKNOWN);
  expect(codesOf(error)).toEqual([status.ALREADY_EXISTS, status.NOT_FOUND, status.OK, status.OK]);
  // 12.2: the others are done (CONTINUE_ON_ERROR).
  expect(server.entries).toHaveLength(2);
});

test('12.1: the order within a batch is the server’s', async () => {
  await using server = await start();
  using primary = controller(server.address);
  primary.ask(1);
  await expect.poll(() => primary.told.length).toBe(1);
  const remove: Update = { type: 'DELETE', entity: { tableEntry: profile(1) } };
  const error = await primary.write(1, [insert(profile(1)), remove]);
  expect(codesOf(error)).toEqual([status.OK, status.NOT_FOUND]);
});

test('8.3, 9.1: what an entry may not be', async () => {
  await using server = await start();
  using primary = controller(server.address);
  primary.ask(1);
  await expect.poll(() => primary.told.length).toBe(1);
  const ternary = (value: number, mask: number, priority: number): TableEntry => ({
    tableId: tableIds.tx_source_port,
    match: [{ fieldId: 1, ternary: { value: Buffer.from([value]), mask: Buffer.from([mask]) } }],
    priority,
    action: profile(0).action ?? null,
  });
  const { match: whole = [] } = profile(0);
  const wrong: [TableEntry, number][] = [
    [{ ...profile(1), tableId: 7 }, status.INVALID_ARGUMENT],
    [{ ...profile(1), match: whole.slice(0, 1) }, status.INVALID_ARGUMENT],
    [{ ...profile(1), match: [...whole, ...whole] }, status.INVALID_ARGUMENT],
    [{ ...profile(1), priority: 1 }, status.INVALID_ARGUMENT],
    [{ ...profile(1), action: { action: { actionId: actionIds.bypass ?? 0 } } }, status.INVALID_ARGUMENT],
    [{ ...profile(1), action: { action: { actionId: actionIds.set_source_port ?? 0 } } }, status.INVALID_ARGUMENT],
    [{ ...profile(1), action: null }, status.INVALID_ARGUMENT],
    // Two bits.
    [profile(4), status.OUT_OF_RANGE],
    // 9.1.1: a ternary match that matches anything is left out, and has no bits outside of its mask.
    [ternary(0, 0, 1), status.INVALID_ARGUMENT],
    [ternary(3, 2, 1), status.INVALID_ARGUMENT],
    [ternary(1, 1, 0), status.INVALID_ARGUMENT],
  ];
  for (const [entry, code] of wrong) expect(codesOf(await primary.write(1, [insert(entry)]))).toEqual([code]);
  expect(await primary.write(1, [insert(ternary(1, 1, 1))])).toBeNull();
});

test('9.1.6, 13.2: Read of all tables, of a table, and of an entry', async () => {
  await using server = await start();
  using primary = controller(server.address);
  primary.ask(1);
  await expect.poll(() => primary.told.length).toBe(1);
  const loop = (vsi: number): TableEntry => ({
    tableId: tableIds.vsi_to_vsi_loopback,
    match: [1, 2].map((fieldId) => ({ fieldId, exact: { value: Buffer.from([vsi]) } })),
    action: { action: { actionId: actionIds.fwd_to_vsi ?? 0, params: [{ paramId: 1, value: Buffer.from([1]) }] } },
  });
  expect(await primary.write(1, [profile(1), profile(2), loop(1)].map(insert))).toBeNull();
  expect(await primary.read({})).toBe(3);
  expect(await primary.read({ tableId: tableIds.rx_source_port })).toBe(2);
  // 8.3: with leading zeros it is the same value.
  const padded = { fieldId: 1, exact: { value: Buffer.from([0, 1]) } };
  expect(await primary.read({ ...profile(1), match: [padded, ...(profile(1).match ?? []).slice(1)] })).toBe(1);
  expect(await primary.read({ tableId: tableIds.mir_prof })).toBe(0);
});

test('15: a device without a program, and one that lost it with all that was in it', async () => {
  await using server = await start();
  using primary = controller(server.address);
  primary.ask(1);
  await expect.poll(() => primary.told.length).toBe(1);
  expect(await primary.pipeline()).toBe(11);
  expect(await primary.write(1, [insert(profile(1))])).toBeNull();
  server.setProgram(undefined);
  expect(await primary.pipeline()).toBe(status.FAILED_PRECONDITION);
  expect((await primary.write(1, [insert(profile(1))]))?.code).toBe(status.FAILED_PRECONDITION);
  server.setProgram(linuxNetworking);
  expect(await primary.read({})).toBe(0);
});
