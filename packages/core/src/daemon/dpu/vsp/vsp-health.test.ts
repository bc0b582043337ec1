import { DpuError } from '@dpu-operator/sdk';
import { expect, onTestFinished, test, vi } from 'vitest';
import { DpuDataPath } from '../../datapath/dpu-data-path.ts';
import { MemoryVsp, port, silent, temporaryDirectory } from '../../datapath/testing.ts';
import { VspHealth } from './vsp-health.ts';

const intervalMs = 2_000;
const graceMs = 15_000;
const noAnswer = new DpuError('DEADLINE_EXCEEDED', 'no answer');
/** As images for the Go operator. */
const withoutHeartbeat = async () => Promise.reject(new DpuError('UNIMPLEMENTED', 'no heartbeat'));
const withHeartbeat = async () => ({ healthy: true, responderId: 'test' });

type Ping = typeof withHeartbeat;

function start(ping: Ping) {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const health = new VspHealth({ dpuName: 'dpu', senderId: 'node-1', intervalMs, graceMs, onChange: () => {} });
  onTestFinished(() => {
    health.close();
    vi.useRealTimers();
  });
  health.ready({ ping });
  return health;
}

test.each([
  ['without a heartbeat', withoutHeartbeat],
  ['whose heartbeat is well', withHeartbeat],
])('a VSP %s that answers no call hangs, which says what to do; the next answer ends it', async (_, ping) => {
  const health = start(ping);
  health.callEnded(noAnswer);
  health.callEnded(noAnswer);
  await vi.advanceTimersByTimeAsync(graceMs + intervalMs);
  expect([health.healthy, health.outage]).toEqual([true, undefined]);
  health.callEnded(noAnswer);
  expect([health.healthy, health.outage]).toEqual([false, undefined]);
  await vi.advanceTimersByTimeAsync(graceMs + intervalMs);
  expect(health.outage).toEqual({
    reason: 'VspHangs',
    message: 'its VSP has not answered 3 calls in a row; look at pod vsp-dpu, and delete it if it does not recover',
  });
  health.callEnded(new DpuError('UNAVAILABLE', 'the connection broke'));
  expect(health.outage).toBeDefined();
  health.callEnded(new DpuError('RESOURCE_EXHAUSTED', 'full, but alive'));
  expect([health.healthy, health.outage]).toEqual([true, undefined]);
});

test('calls without an answer count only one after the other, and of one VSP', () => {
  const health = start(withoutHeartbeat);
  for (const ended of [noAnswer, noAnswer, undefined, noAnswer, noAnswer]) health.callEnded(ended);
  expect(health.healthy).toBe(true);
  health.ready({ ping: withoutHeartbeat });
  health.callEnded(noAnswer);
  expect(health.healthy).toBe(true);
});

test('the calls of the data path are those that count', async () => {
  const health = new VspHealth({ dpuName: 'dpu', senderId: 'node-1', intervalMs, graceMs, onChange: () => {} });
  onTestFinished(() => health.close());
  const dataPath = new DpuDataPath({
    isOnlyInstallation: () => true,
    dpuName: 'dpu',
    directory: temporaryDirectory(),
    attachments: { networkFunctions: () => [] },
    vsp: health,
    onChains: () => {},
    onHosts: () => {},
    logger: silent,
  });
  onTestFinished(() => dataPath.close());
  const vsp = new MemoryVsp();
  health.ready({ ping: withoutHeartbeat });
  await dataPath.vspStarted(vsp);
  vsp.failure = noAnswer;
  const create = (index: number) => dataPath.hostPorts.create('node-a/dpu', port(index));
  for (const index of [1, 2, 3]) await expect(create(index)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(health.healthy).toBe(false);
  vsp.failure = undefined;
  await create(4);
  expect(health.healthy).toBe(true);
});

test('a VSP that says why it is not healthy is not ready for that reason, whatever its heartbeat says', async () => {
  const health = start(withHeartbeat);
  health.says({ type: 'Healthy', status: 'False', reason: 'FirmwareHung', message: 'power the card off and on' });
  await vi.advanceTimersByTimeAsync(graceMs + intervalMs);
  expect(health.outage).toEqual({
    reason: 'VspUnhealthy',
    message:
      'its VSP says that its data path does not work (FirmwareHung): power the card off and on; look at pod vsp-dpu',
  });
  health.says(undefined);
  await vi.advanceTimersByTimeAsync(intervalMs);
  expect([health.healthy, health.outage]).toEqual([true, undefined]);
});
