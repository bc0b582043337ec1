/** What a plugin says of its card, over a real socket. */
import { request } from 'node:http';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { failed, pending, up } from '../../contract/apply-each.ts';
import type { CardStatus, StatusReporter } from '../../contract/card-status.ts';
import type { Outcome } from '../../contract/data-path.ts';
import { DpuError } from '../../errors.ts';
import { statusService } from '../../wire/grpc/definitions.ts';
import { cardStatusFromWire } from '../../wire/mapping/card-status.ts';
import { hostInit, memoryDataPath, memoryPlugin, serve, temporaryDirectory, vspClient } from '../testing.ts';

const dpu = { side: 'host', identifier: hostInit.dpuIdentifier } as const;

async function start() {
  let status: StatusReporter | undefined;
  const plugin = memoryPlugin();
  const { socketPath, server } = await serve(plugin, {
    dpu,
    plugin: {
      create: (context) => {
        status = context.status;
        status.firmware('7.1.0');
        return plugin;
      },
    },
  });
  if (!status) throw new Error('create was not called');
  return { status, socketPath, server, client: vspClient(socketPath) };
}

function watch(client: ReturnType<typeof vspClient>) {
  const seen: CardStatus[] = [];
  const ended: DpuError[] = [];
  client.onConnectivity((connected) => {
    if (connected)
      client.watchStatus(
        (one) => seen.push(one),
        (error) => ended.push(error),
      );
  });
  return { seen, ended };
}

test('the status comes at once, before Init, and all of it again after changes that go together', async () => {
  const { status, client } = await start();
  const { seen } = watch(client);
  await vi.waitFor(() => expect(seen).toHaveLength(1));
  expect(seen[0]).toEqual({ firmwareVersion: '7.1.0', conditions: [], links: [], events: [] });
  for (let i = 0; i < 200; i++) status.link({ name: 'p0', up: i % 2 === 0, speedMbps: 100_000 });
  status.set({ type: 'Uplink', status: 'False', reason: 'NoCarrier', message: 'check the cable' });
  status.event({ type: 'Warning', reason: 'LinkLost', message: 'p0' });
  await vi.waitFor(() => expect(seen).toHaveLength(2));
  expect(seen[1]).toEqual({
    firmwareVersion: '7.1.0',
    conditions: [{ type: 'Uplink', status: 'False', reason: 'NoCarrier', message: 'check the cable' }],
    links: [{ name: 'p0', up: false, speedMbps: 100_000 }],
    events: [{ type: 'Warning', reason: 'LinkLost', message: 'p0' }],
  });
});

test('a watch of a client that was closed ends with an error, and nothing is thrown', async () => {
  const { client } = await start();
  client.close();
  const ended = Promise.withResolvers<DpuError>();
  client.watchStatus(() => {}, ended.resolve);
  await expect(ended.promise).resolves.toMatchObject({ code: 'UNAVAILABLE' });
});

test('a plugin that says Healthy=False answers its heartbeat so', async () => {
  const { status, client } = await start();
  await client.init(hostInit);
  expect((await client.ping('test')).healthy).toBe(true);
  status.set({ type: 'Healthy', status: 'False', reason: 'FirmwareHung', message: 'power the card off and on' });
  expect((await client.ping('test')).healthy).toBe(false);
  status.clear('Healthy');
  expect((await client.ping('test')).healthy).toBe(true);
});

test('what is said last goes out before the end of the VSP', async () => {
  const { status, client, server } = await start();
  const { seen, ended } = watch(client);
  await vi.waitFor(() => expect(seen).toHaveLength(1));
  status.event({ reason: 'GoingDown', message: 'by order' });
  await server.close();
  await vi.waitFor(() => expect(ended[0]?.code).toBe('UNAVAILABLE'));
  expect(seen.at(-1)?.events.map(({ reason }) => reason)).toEqual(['GoingDown']);
});

test('with what the card goes on is told when it is another than before, and only then', async () => {
  const reports: ((name: string, outcome: Outcome) => void)[] = [];
  const dataPath = memoryDataPath({
    apply: async (_wanted, { changed, report }) => {
      reports.push(report);
      return new Map(changed.map(({ name }) => [name, pending('the firmware learns it')]));
    },
  });
  const { socketPath, server } = await serve(memoryPlugin({ dataPath }), { dpu });
  const client = vspClient(socketPath);
  const told: string[][] = [];
  const ended: DpuError[] = [];
  await new Promise<void>((resolve) => {
    client.onConnectivity((connected) => {
      if (!connected) return;
      const onProgress = (names: readonly string[]) => told.push([...names]);
      client.watchProgress({ onStart: resolve, onProgress, onEnd: (error) => ended.push(error) });
    });
  });
  await client.init(hostInit);
  const name = 'bridgePorts/host0-1';
  const port = { name, macAddress: '02:00:00:00:00:01', type: 'ACCESS' as const, logicalBridges: [] };
  expect((await client.createBridgePort(port)).components?.[0]?.status).toBe('PENDING');
  await vi.waitFor(() => expect(told).toEqual([[name]]));
  const report = reports[0] ?? expect.fail('apply was not called');
  report(name, up);
  await vi.waitFor(() => expect(told).toEqual([[name], [name]]));
  expect((await client.getBridgePort(name)).operStatus).toBe('UP');
  report(name, up);
  report(name, failed(new DpuError('INTERNAL', 'it fell out')));
  await vi.waitFor(() => expect(told).toHaveLength(3));
  expect((await client.getBridgePort(name)).components?.[0]?.status).toBe('ERROR');
  await server.close();
  await vi.waitFor(() => expect(ended.map(({ code }) => code)).toEqual(['UNAVAILABLE']));
  expect(told).toHaveLength(3);
});

test('the card is in the metrics', async () => {
  const metricsSocket = join(await temporaryDirectory(), 'metrics.sock');
  const plugin = memoryPlugin();
  await serve(plugin, {
    dpu,
    plugin: {
      create: ({ status }) => {
        status.firmware('7.1.0');
        status.link({ name: 'p0', up: true });
        status.temperature('asic', 71.5);
        status.set({ type: 'Uplink', status: 'Unknown', reason: 'Asking', message: '' });
        return plugin;
      },
    },
    metrics: { socketPath: metricsSocket, dpuName: 'dpu-1' },
  });
  const text = await new Promise<string>((resolve, reject) => {
    request({ socketPath: metricsSocket, path: '/metrics' }, async (response) => {
      let body = '';
      for await (const chunk of response) body += chunk;
      resolve(body);
    })
      .on('error', reject)
      .end();
  });
  expect(text).toContain('dpu_vsp_card_firmware_info{version="7.1.0",dpu="dpu-1"} 1');
  expect(text).toContain('dpu_vsp_card_link_up{link="p0",dpu="dpu-1"} 1');
  expect(text).toContain('dpu_vsp_card_temperature_celsius{sensor="asic",dpu="dpu-1"} 71.5');
  expect(text).toContain('dpu_vsp_card_condition{type="Uplink",dpu="dpu-1"} -1');
});

test('beyond the bounds nothing is taken from the wire', async () => {
  const condition = { type: 'Up', status: 'CONDITION_STATUS_TRUE' as const, reason: 'R', message: 'm'.repeat(9_999) };
  const bytes = statusService.WatchStatus.responseSerialize({
    firmwareVersion: 'v'.repeat(999),
    conditions: [
      { ...condition, type: 'not a word' },
      { ...condition, status: 'CONDITION_STATUS_UNSPECIFIED' },
      ...Array.from({ length: 99 }, (_, i) => ({ ...condition, type: `Up${i}` })),
      { ...condition, type: 'Up0', reason: 'Twice' },
    ],
    links: Array.from({ length: 99 }, (_, i) => ({ name: `p${i}`, up: true })),
    events: Array.from({ length: 99 }, () => ({ reason: 'R', message: '' })),
  });
  const status = cardStatusFromWire(statusService.WatchStatus.responseDeserialize(bytes));
  expect(Buffer.byteLength(status.firmwareVersion ?? '')).toBe(128);
  expect(status.conditions.map(({ type }) => type)).toEqual(Array.from({ length: 16 }, (_, i) => `Up${i}`));
  expect(Buffer.byteLength(status.conditions[0]?.message ?? '')).toBe(1_024);
  expect(status.conditions[0]?.reason).toBe('R');
  expect([status.links.length, status.events.length]).toEqual([32, 16]);
});
