import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CniError, cniCodes } from '../../cni-error.ts';
import type { Ipam } from '../ipam/index.ts';
import { there } from '../presence.ts';
import { parseNetworkConfig } from './network-config.ts';
import { type IpamCall, keyOf } from './record/attachment.ts';
import { attachmentOf } from './testing/attachment.ts';
import { EngineFixture, netns, request } from './testing/engine-fixture.ts';

let fixture: EngineFixture;
beforeEach(() => {
  fixture = new EngineFixture();
});
afterEach(() => fixture.engine.close());

test('a device goes into the pod and comes home', async () => {
  await fixture.engine.add(request);
  expect(fixture.device).toMatchObject({ name: 'net1', netns, up: true });
  expect([...fixture.ports]).toEqual(['host0-3']);
  await fixture.engine.del(request);
  fixture.expectNothingAttached();
});

test('a network function on a node of both sides is no host port while its DPU side is not up', async () => {
  const dpuSide = { dpuName: 'a-dpu', side: 'dpu' as const };
  fixture.engine = fixture.makeEngine({ index: fixture.index({ list: () => [fixture.dpu, dpuSide] }) });
  const nf = parseNetworkConfig({ name: 'dpunfcni-conf', deviceID: 'vf3' });
  await expect(fixture.engine.add({ ...request, network: nf })).rejects.toMatchObject({ code: 11 });
  fixture.expectNothingAttached();
});

test('of two that ask for one device at once, one gets it', async () => {
  // Neither has written anything down when both have found it free.
  const identify = fixture.kernel.identify.bind(fixture.kernel);
  const bothAreHere = Promise.withResolvers<void>();
  let here = 0;
  fixture.kernel.identify = async (name) => {
    here += 1;
    if (here === 2) bothAreHere.resolve();
    await bothAreHere.promise;
    return identify(name);
  };
  const asked = ['a', 'b'].map((containerId) => fixture.engine.add({ ...request, containerId }));
  const [first, second] = await Promise.allSettled(asked);
  expect([first?.status, second?.status].sort()).toEqual(['fulfilled', 'rejected']);
  expect([first, second]).toContainEqual({ status: 'rejected', reason: expect.objectContaining({ code: 101 }) });
  expect(fixture.store.list()).toMatchObject([{ state: 'attached' }]);
  expect(fixture.device).toMatchObject({ name: 'net1', netns });
});

test('GC knows what is valid by container and interface, and nothing of other networks', async () => {
  const others = [
    { containerId: 'a', ifName: 'net1' },
    { containerId: 'a', ifName: 'net2' },
    { containerId: 'b', ifName: 'net1' },
    { containerId: 'a', ifName: 'net3', network: 'other' },
  ];
  for (const [vf, other] of others.entries()) fixture.store.put(attachmentOf({ ...other, deviceId: `vf${vf}` }));
  await fixture.engine.gc('net', [{ containerId: 'a', ifName: 'net1' }]);
  expect(fixture.store.list().map(keyOf)).toEqual(['a/net1', 'a/net3']);
});

test('CHECK asks the IPAM plugin too, once the interface is found in order', async () => {
  const check = vi.fn(() => Promise.reject(new CniError(cniCodes.checkFailed, 'no lease')));
  fixture.engine = fixture.makeEngine({ ipam: { check } as unknown as Ipam });
  await fixture.engine.add(request);
  const ipam = { type: 'dhcp', env: { CNI_PATH: '/opt/cni/bin' }, config: '{}' };
  await expect(fixture.engine.check({ ...request, ipam })).rejects.toThrow('no lease');
  fixture.device.up = false;
  await expect(fixture.engine.check({ ...request, ipam })).rejects.toThrow('it is down');
  expect(check).toHaveBeenCalledExactlyOnceWith(ipam);
});

test('a DPU that cannot serve pods refuses them with its reason, and STATUS says so', async () => {
  fixture.dpu = { ...fixture.dpu, outOfService: 'its DPU side does not answer' };
  const reason = { message: 'DPU a-host: its DPU side does not answer' };
  await expect(fixture.engine.add(request)).rejects.toMatchObject({ code: 11, ...reason });
  await expect(fixture.engine.status()).rejects.toThrow(expect.objectContaining({ code: 50, ...reason }));
  const other = { dpuName: 'b-host', side: 'host' as const };
  await fixture.makeEngine({ index: fixture.index({ list: () => [fixture.dpu, other] }) }).status();
});

test.each(['while it is moved', 'before it begins'])(
  'an ADD whose caller leaves %s is undone before the next',
  async (when) => {
    const caller = new AbortController();
    const moveIntoPod = fixture.kernel.moveIntoPod.bind(fixture.kernel);
    fixture.kernel.moveIntoPod = async (entry) => {
      await moveIntoPod(entry);
      caller.abort();
    };
    if (when === 'before it begins') caller.abort();
    const first = fixture.engine.add(request, caller.signal);
    const second = fixture.engine.add({ ...request, ifName: 'net1' });
    await expect(first).rejects.toMatchObject({ code: 11 });
    await second;
    expect(fixture.store.list()).toMatchObject([{ state: 'attached' }]);
    expect(fixture.device).toMatchObject({ name: 'net1', netns });
  },
);

test('an ADD waits for the pod whose device the kubelet has given away', async () => {
  const [web, next] = ['web', 'next'].map((name) => ({ namespace: 'shop', name }));
  await fixture.engine.add({ ...request, pod: web });
  fixture.engine = fixture.makeEngine({
    allocations: { podOf: async () => there({ namespace: 'shop', name: 'next' }) },
  });
  const added = fixture.engine.add({ ...request, containerId: 'next', pod: next });
  await fixture.engine.del(request);
  await added;
  expect(fixture.store.list()).toMatchObject([{ containerId: 'next', state: 'attached' }]);
  const thief = fixture.engine.add({ ...request, containerId: 'thief', pod: { namespace: 'shop', name: 'thief' } });
  await expect(thief).rejects.toMatchObject({ code: 101, message: expect.stringContaining('shop/next') });
});

test('a configuration that names a device of another interface takes nothing away', async () => {
  await fixture.engine.add(request);
  await fixture.engine.del({ ...request, containerId: 'other', networkName: 'net', deviceId: 'vf3' });
  expect(fixture.device).toMatchObject({ name: 'net1', netns });
  expect([...fixture.ports]).toEqual(['host0-3']);
});

test('an interface that is attached is not attached again', async () => {
  await fixture.engine.add(request);
  await expect(fixture.engine.add(request)).rejects.toMatchObject({
    code: 4,
    message: expect.stringContaining('DEL it first'),
  });
  expect(fixture.device).toMatchObject({ name: 'net1', netns });
  expect(fixture.store.list()).toMatchObject([{ state: 'attached' }]);
});

test('of what is not attached the IPAM plugin is told: what it refuses holds no pod, that it is out of reach does', async () => {
  const ipam = { type: 'of-somebody', env: { CNI_PATH: '/opt/cni/bin' }, config: '{}' };
  const answers = [
    new CniError(cniCodes.invalidConfig, 'no ranges'),
    new CniError(cniCodes.tryAgainLater, 'no database'),
  ];
  const del = vi.fn((_call: IpamCall) => Promise.reject(answers.shift()));
  fixture.engine = fixture.makeEngine({ ipam: { del } as unknown as Ipam });
  await fixture.engine.del({ ...request, ipam });
  await expect(fixture.engine.del({ ...request, ipam })).rejects.toThrow('no database');
  expect(del.mock.calls).toEqual([[ipam], [ipam]]);
});
