import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test, vi } from 'vitest';
import { DpuError } from '../../errors.ts';
import { hostInit, memoryPlugin, serve, temporaryDirectory, vspClient } from '../testing.ts';

async function measured(plugin = memoryPlugin()) {
  const metricsSocket = join(await temporaryDirectory(), 'metrics.sock');
  const served = await serve(plugin, { metrics: { socketPath: metricsSocket, dpuName: 'dpu-1' } });
  return { ...served, metricsSocket, client: vspClient(served.socketPath) };
}

async function http(socketPath: string, path: string, method = 'GET') {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number | undefined; body: string }>();
  const sent = request({ socketPath, path, method }, (response) => {
    text(response).then((body) => resolve({ status: response.statusCode, body }), reject);
  });
  sent.on('error', reject).end();
  return promise;
}

test('calls are counted by method and code, each line with the name of the DPU', async () => {
  const setNumVfs = async () => {
    throw new DpuError('OUT_OF_RANGE', 'too many');
  };
  const { client, metricsSocket } = await measured(memoryPlugin({ setNumVfs }));
  await client.getDevices().catch(() => {});
  await client.init(hostInit);
  await client.getDevices();
  await client.getDevices();
  await client.setNumVfs(9).catch(() => {});
  const { status, body } = await http(metricsSocket, '/metrics');
  expect(status).toBe(200);
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(lines.filter((line) => !line.includes('dpu="dpu-1"'))).toEqual([]);
  const count = (method: string, code: string) =>
    lines.find((line) => line.startsWith('dpu_vsp_calls_total') && line.includes(`/${method}",code="${code}"`));
  expect(count('GetDevices', 'FAILED_PRECONDITION')).toMatch(/ 1$/);
  expect(count('GetDevices', 'OK')).toMatch(/ 2$/);
  expect(count('SetNumVfs', 'OUT_OF_RANGE')).toMatch(/ 1$/);
  expect(body).toMatch(/dpu_vsp_call_duration_seconds_count\{.*GetDevices".*\} 3/);
  const buckets = lines.filter((line) => /^dpu_vsp_call_duration_seconds_bucket\{.*GetDevices"/.test(line));
  expect(buckets.map((line) => /le="([^"]+)"/.exec(line)?.[1])).toEqual([
    '0.001',
    '0.005',
    '0.02',
    '0.1',
    '0.5',
    '2',
    '10',
    '30',
    '+Inf',
  ]);
  const counts = buckets.map((line) => Number(line.split(' ').at(-1)));
  expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  expect(counts.at(-1)).toBe(3);
  expect(body).toContain('# TYPE dpu_vsp_call_duration_seconds histogram');
  const [sum] = body.match(/(?<=dpu_vsp_call_duration_seconds_sum\{.*GetDevices".*\} ).*/) ?? [];
  expect(Number(sum)).toBeGreaterThan(0);
  expect(body).toMatch(/dpu_vsp_calls_in_flight\{dpu="dpu-1"\} 0/);
  expect(body).toMatch(/process_resident_memory_bytes\{dpu="dpu-1"\} \d{8}/);
  expect(body).toMatch(/process_open_fds\{dpu="dpu-1"\} \d+/);
});

test('a call that has not ended is in flight', async () => {
  const [entered, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const getDevices = async () => {
    entered.resolve();
    await release.promise;
    return [];
  };
  const { client, metricsSocket } = await measured(memoryPlugin({ getDevices }));
  await client.init(hostInit);
  const call = client.getDevices();
  await entered.promise;
  expect((await http(metricsSocket, '/metrics')).body).toMatch(/dpu_vsp_calls_in_flight\{dpu="dpu-1"\} 1/);
  release.resolve();
  await call;
});

test('a VSP is healthy at once, and ready after Init', async () => {
  const { client, metricsSocket } = await measured();
  await expect(http(metricsSocket, '/healthz')).resolves.toEqual({ status: 200, body: 'ok\n' });
  await expect(http(metricsSocket, '/readyz')).resolves.toMatchObject({
    status: 503,
    body: 'Init has not succeeded yet\n',
  });
  await client.init(hostInit);
  await expect(http(metricsSocket, '/readyz')).resolves.toEqual({ status: 200, body: 'ok\n' });
  await expect(http(metricsSocket, '/other')).resolves.toMatchObject({ status: 404 });
  await expect(http(metricsSocket, '/healthz', 'POST')).resolves.toMatchObject({ status: 405 });
});

test('the socket is for root only and goes with the server; one that is taken is told', async () => {
  const { server, metricsSocket } = await measured();
  expect((await stat(metricsSocket)).mode & 0o777).toBe(0o600);
  const create = vi.fn(() => memoryPlugin());
  const metrics = { socketPath: metricsSocket, dpuName: 'dpu-2' };
  const dpu = { side: 'host', identifier: 'test-1' } as const;
  await expect(serve(memoryPlugin(), { plugin: { create }, dpu, metrics })).rejects.toMatchObject({
    code: 'ALREADY_EXISTS',
    message: expect.stringContaining(metricsSocket),
  });
  expect(create).not.toHaveBeenCalled();
  await server.close();
  expect(existsSync(metricsSocket)).toBe(false);
});
