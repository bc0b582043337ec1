import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { afterEach, expect, test, vi } from 'vitest';
import { PodResources } from './pod-resources.ts';
import { type ListPodResourcesResponse, type PodResourcesOfPod, podResourcesService } from './pod-resources-api.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

const ownPod = { namespace: 'openshift-dpu-operator', name: 'dpu-daemon-x' };

const podWith = (name: string, ...devices: [resource: string, ...ids: string[]][]): PodResourcesOfPod => ({
  name,
  namespace: 'default',
  containers: [
    { devices: [] },
    { devices: devices.map(([resource_name, ...device_ids]) => ({ resource_name, device_ids })) },
  ],
});
const daemonPod: PodResourcesOfPod = { ...ownPod, containers: [] };

type Answer = (done: sendUnaryData<ListPodResourcesResponse>, calls: number) => void;
const listing =
  (...pods: PodResourcesOfPod[]): Answer =>
  (done) =>
    done(null, { pod_resources: pods });

/** The kubelet's side on a real socket, and ours, which waits longer than this machine is ever behind. */
async function fixture(answer: Answer, deadlineMs = 60_000) {
  const socketPath = join(mkdtempSync(join(tmpdir(), 'pod-resources-')), 'kubelet.sock');
  const resources = new PodResources({ socketPath, resourcePrefix: 'openshift.io/dpu', ownPod, deadlineMs });
  const server = new Server();
  let calls = 0;
  server.addService(podResourcesService, {
    List: (_call: ServerUnaryCall<object, ListPodResourcesResponse>, done: sendUnaryData<ListPodResourcesResponse>) => {
      calls += 1;
      answer(done, calls);
    },
  });
  const listen = () =>
    new Promise<void>((resolve, reject) =>
      server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      ),
    );
  await listen();
  cleanups.push(() => server.forceShutdown());
  return { resources, server, calls: () => calls };
}

test('who was given a device', async () => {
  const pods = [daemonPod, podWith('a', ['openshift.io/dpu', 'vf0', 'vf1']), podWith('b', ['openshift.io/dpu', 'vf2'])];
  const { resources } = await fixture(listing(...pods));
  expect(await resources.podOf('vf1')).toEqual({ is: 'there', value: { namespace: 'default', name: 'a' } });
  expect(await resources.podOf('vf2')).toEqual({ is: 'there', value: { namespace: 'default', name: 'b' } });
  expect(await resources.podOf('vf3')).toEqual({ is: 'gone' });
});

test("the bytes of the kubelet's own message, with fields that are not read here", () => {
  const text = (tag: number, value: string) => [tag, value.length, ...Buffer.from(value)];
  const nested = (tag: number, ...bytes: number[]) => [tag, bytes.length, ...bytes];
  // Tags are (field number << 3 | 2) as in k8s.io/kubelet/pkg/apis/podresources/v1/api.proto; 0x1a 01 00 is cpu_ids.
  const devices = nested(0x12, ...text(0x0a, 'openshift.io/dpu'), ...text(0x12, 'vf0'), ...text(0x12, 'vf1'));
  const container = nested(0x1a, ...text(0x0a, 'main'), ...devices, 0x1a, 0x01, 0x00);
  const pod = nested(0x0a, ...text(0x0a, 'a'), ...text(0x12, 'default'), ...container);
  expect(podResourcesService.List?.responseDeserialize(Buffer.from(pod))).toEqual({
    pod_resources: [
      {
        name: 'a',
        namespace: 'default',
        containers: [{ devices: [{ resource_name: 'openshift.io/dpu', device_ids: ['vf0', 'vf1'] }] }],
      },
    ],
  });
  expect(podResourcesService.List?.path).toBe('/v1.PodResourcesLister/List');
});

test('another resource may have a device of the same id; those of networks are ours', async () => {
  const pods = [podWith('a', ['intel.com/sriov', 'vf0']), podWith('b', ['openshift.io/dpunetwork-red', 'vf1'])];
  const { resources } = await fixture(listing(daemonPod, ...pods));
  expect(await resources.podOf('vf0')).toEqual({ is: 'gone' });
  expect(await resources.podOf('vf1')).toMatchObject({ value: { name: 'b' } });
});

test('a kubelet that has just started does not know whose a device is', async () => {
  const { resources } = await fixture(listing(podWith('static', ['intel.com/sriov', 'x'])));
  expect(await resources.podOf('vf0')).toMatchObject({ is: 'unknown', reason: expect.stringContaining('yet') });
});

test('a kubelet that fails, is away or hangs says nothing', async () => {
  const { resources, server } = await fixture((done) => done({ code: 8, details: 'rate limit exceeded' }));
  expect(await resources.podOf('vf0')).toMatchObject({ is: 'unknown', reason: expect.stringContaining('rate limit') });
  server.forceShutdown();
  expect(await resources.podOf('vf0')).toMatchObject({ is: 'unknown', reason: expect.stringContaining('vf0') });
  const hung = await fixture(() => {}, 100);
  expect(await hung.resources.podOf('vf0')).toMatchObject({ is: 'unknown' });
});

test('a kubelet that is back answers the next question', async () => {
  const { resources } = await fixture((done, calls) =>
    calls === 1 ? done({ code: 14, details: 'closing' }) : listing(daemonPod)(done, calls),
  );
  expect(await resources.podOf('vf0')).toMatchObject({ is: 'unknown' });
  expect(await resources.podOf('vf0')).toEqual({ is: 'gone' });
});

test('sixteen questions at once are two requests, and none gets an answer from before it asked', async () => {
  const gate = Promise.withResolvers<void>();
  const { resources, calls } = await fixture((done, number) => {
    if (number > 1) return listing(daemonPod, podWith('late', ['openshift.io/dpu', 'vf0']))(done, number);
    void gate.promise.then(() => listing(daemonPod)(done, number));
  });
  const first = resources.podOf('vf0');
  await vi.waitFor(() => expect(calls()).toBe(1));
  const later = Array.from({ length: 15 }, () => resources.podOf('vf0'));
  gate.resolve();
  expect(await first).toEqual({ is: 'gone' });
  for (const answer of await Promise.all(later)) expect(answer).toMatchObject({ value: { name: 'late' } });
  expect(calls()).toBe(2);
});
