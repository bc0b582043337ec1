/** What becomes of an attachment whose record is lost, or that cannot be finished or undone at once. */
import { DpuError } from '@dpu-operator/sdk';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Ipam } from '../ipam/index.ts';
import type { IpamCall } from './record/attachment.ts';
import { EngineFixture, home, netns, request } from './testing/engine-fixture.ts';

let fixture: EngineFixture;
beforeEach(() => {
  fixture = new EngineFixture();
});
afterEach(() => {
  fixture.engine.close();
  vi.useRealTimers();
});

test('an attachment that was taken over gives its addresses back by the configuration of its DEL', async () => {
  const asked: string[] = [];
  fixture.engine.close();
  fixture.engine = fixture.makeEngine({
    ipam: { del: async ({ type }: IpamCall) => void asked.push(type) } as unknown as Ipam,
  });
  await fixture.engine.add(request);
  const ipam = { type: 'host-local', env: { CNI_PATH: '/opt/cni/bin' }, config: '{}' };
  await fixture.engine.del({ ...request, networkName: 'net', deviceId: 'vf3', ipam });
  expect(asked).toEqual(['host-local']);
  fixture.expectNothingAttached();
});

test('without a record, a device that is in the pod comes home all the same, with its port', async () => {
  await fixture.engine.add(request);
  Object.assign(fixture.device, { name: 'hidden', mac: '02:00:00:00:00:99' });
  const dummy = fixture.kernel.add({ name: 'net1', identity: { ifindex: 9, kind: 'dummy' }, netns });
  fixture.loseRecords();
  fixture.engine = fixture.makeEngine();
  await fixture.engine.del({ ...request, networkName: 'net', deviceId: 'vf3' });
  fixture.expectNothingAttached();
  expect(dummy).toMatchObject({ name: 'net1', netns });
});

test('without a record, a pod whose DPU takes no new ones can go, and none can come', async () => {
  await fixture.engine.add(request);
  fixture.loseRecords();
  fixture.engine = fixture.makeEngine({ index: fixture.index({ find: () => undefined }) });
  await expect(fixture.engine.add({ ...request, containerId: 'next' })).rejects.toMatchObject({ code: 100 });
  await fixture.engine.del({ ...request, networkName: 'net', deviceId: 'vf3' });
  fixture.expectNothingAttached();
});

test('a device that is not as it was yet lets its pod go, and waits for that', async () => {
  await fixture.engine.add(request);
  const stranger = fixture.addStranger();
  await fixture.engine.del(request);
  expect([...fixture.ports]).toEqual([]);
  expect(fixture.device).toMatchObject({ ...home, name: 'dpu7' });
  await expect(fixture.engine.add({ ...request, containerId: 'next' })).rejects.toMatchObject({ code: 101 });
  stranger.name = 'other';
  fixture.linkChanged('vf3');
  await vi.waitFor(() => fixture.expectNothingAttached());
});

test('what is attached anew while its remains wait to be released stays', async () => {
  await fixture.engine.add(request);
  const stranger = fixture.addStranger();
  await fixture.engine.del(request);
  stranger.name = 'other';
  const added = fixture.engine.add(request);
  // Behind the ADD, and meant for what was there before it.
  fixture.linkChanged('vf3');
  const collected = fixture.engine.gc('net', []);
  await Promise.all([added, collected]);
  await fixture.engine.retry();
  expect(fixture.store.list()).toMatchObject([{ state: 'attached' }]);
  expect(fixture.device).toMatchObject({ name: 'net1', netns });
});

test('an engine that is closed leaves what is still to be released to the next one', async () => {
  await fixture.engine.add(request);
  const stranger = fixture.addStranger();
  await fixture.engine.del(request);
  fixture.engine.close();
  expect(fixture.listeners.size).toBe(0);
  stranger.name = 'other';
  await fixture.engine.retry();
  expect(fixture.store.list()).toHaveLength(1);
  fixture.engine = fixture.makeEngine();
  await fixture.engine.retry();
  fixture.expectNothingAttached();
});

test('a release that an engine began before it was closed and one of the next engine do not run together', async () => {
  await fixture.engine.add(request);
  const released = Promise.withResolvers<void>();
  const deleted = vi.fn(() => released.promise);
  fixture.dataPath.deleteBridgePort = deleted;
  const first = fixture.engine.del(request);
  await vi.waitFor(() => expect(deleted).toHaveBeenCalled());
  fixture.engine.close();
  fixture.engine = fixture.makeEngine();
  const second = fixture.engine.del(request);
  released.resolve();
  await Promise.all([first, second]);
  expect(deleted).toHaveBeenCalledTimes(1);
  expect(fixture.store.list()).toEqual([]);
});

test('what an earlier daemon was attaching is in nobody’s way', async () => {
  await fixture.engine.add(request);
  const [record] = fixture.store.list();
  if (record) fixture.store.put({ ...record, state: 'attaching' });
  fixture.engine = fixture.makeEngine();
  await fixture.engine.add({ ...request, containerId: 'next' });
  expect(fixture.store.list()).toMatchObject([{ containerId: 'next', state: 'attached' }]);
  await fixture.engine.recover();
  expect(fixture.store.list()).toMatchObject([{ containerId: 'next', state: 'attached' }]);
});

test('what a failed ADD could not undo is undone without a restart', async () => {
  vi.useFakeTimers();
  fixture.dataPath.createBridgePort = () => Promise.reject(new DpuError('UNAVAILABLE', 'no peer'));
  fixture.dataPath.deleteBridgePort = fixture.dataPath.createBridgePort as () => Promise<void>;
  await expect(fixture.engine.add(request)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(fixture.store.list()).toHaveLength(1);
  fixture.dataPath.deleteBridgePort = async () => {};
  await vi.advanceTimersByTimeAsync(500);
  // The kernel's and the disk's answers come in their own time.
  vi.useRealTimers();
  await vi.waitFor(() => fixture.expectNothingAttached());
});

test('a disk that is full refuses an ADD before anything is done', async () => {
  const move = vi.spyOn(fixture.kernel, 'moveIntoPod');
  fixture.breakDisk();
  await expect(fixture.engine.add(request)).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  expect(move).not.toHaveBeenCalled();
  fixture.expectNothingAttached();
});

test('a disk that gets full undoes an ADD and a DEL all the same', async () => {
  const moveIntoPod = fixture.kernel.moveIntoPod.bind(fixture.kernel);
  let mend = () => {};
  fixture.kernel.moveIntoPod = async (entry) => {
    mend = fixture.breakDisk();
    await moveIntoPod(entry);
  };
  await expect(fixture.engine.add(request)).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  fixture.expectNothingAttached();
  mend();
  fixture.kernel.moveIntoPod = moveIntoPod;
  await fixture.engine.add(request);
  fixture.breakDisk();
  await fixture.engine.del(request);
  fixture.expectNothingAttached();
});
