import { expect, test } from 'vitest';
import type { PluginRun } from '../../../api/fields/plugin-run.ts';
import type { Wait } from './fleet/waits-for.ts';
import { overdueInMs } from './plan.ts';
import { installKey } from './plugin-run.ts';
import { Node, pluginRun } from './testing/node.ts';

const a1 = pluginRun('a', '1');
const a2 = pluginRun('a', '2');
const rough = pluginRun('a', '2', { disturbsTraffic: true });
const b1 = pluginRun('b', '1');
const { package: _, lock: _lock, ...inImage } = pluginRun('mock', '1', { directory: '/opt/mock' });
const builtin: PluginRun = inImage;

test('a DPU that runs nothing yet is given its plugin', () => {
  const node = new Node();
  node.want(a1);
  expect(node.log).toEqual(['Installing', `createInstallPod ${a1.digest}`]);
  node.installed();
  expect(node.log.slice(2)).toEqual(['Replacing', 'Verifying', 'deleteInstallPod', `createVspPod ${a1.digest}`]);
  expect(node.status.plugin).toBeUndefined();
  node.comesUp();
  expect(node.status).toEqual({ plugin: { ...a1, claim: 'a' } });
});

test('a plugin of the operator’s needs no installation, and a pod that is there already is taken', () => {
  const node = new Node();
  node.wanted = builtin;
  node.pod = { run: builtin, hash: builtin.digest, state: 'running', ageMs: 1, message: '' };
  node.initialise(builtin);
  node.reconcile();
  expect(node.log).toEqual(['Replacing', 'Verifying', `runs ${builtin.digest}`]);
});

test('the first start may take as long as it likes', () => {
  const node = new Node();
  node.want(builtin);
  node.now += 10 * 60_000;
  expect(node.reconcile()).toBeUndefined();
  expect(node.rollout.phase).toBe('Verifying');
  node.comesUp();
  expect(node.status.plugin?.digest).toBe(builtin.digest);
});

test('where nothing changes nothing is done', () => {
  const node = Node.running(a1);
  expect(node.reconcile()).toBeUndefined();
  node.want(undefined);
  expect(node.log).toEqual([]);
});

test('what runs is said to be asked for by other words where those find the same', () => {
  const node = Node.running({ ...a1, claim: 'a', askedFor: '^1' });
  node.want({ ...a1, askedFor: 'latest' });
  expect(node.status).toEqual({ plugin: { ...a1, claim: 'a', askedFor: 'latest' } });
  expect(node.log.filter((done) => done.includes('Pod'))).toEqual([]);
  expect(node.reconcile()).toBeUndefined();
});

test('another version replaces the one that runs only when it is on the node', () => {
  const node = Node.running({ ...a1, claim: 'a' });
  node.want(a2);
  expect(node.log).toEqual(['Installing', `createInstallPod ${a2.digest}`]);
  expect(node.pod?.run.digest).toBe(a1.digest);
  node.installed();
  expect(node.log.slice(2)).toEqual([
    'Replacing',
    'deleteInstallPod',
    'deleteVspPod',
    'Verifying',
    `createVspPod ${a2.digest}`,
  ]);
  expect(node.reconcile()).toBe(120_000);
  node.comesUp();
  // The files of what ran before stay under the other name.
  expect(node.status).toEqual({ plugin: { ...a2, claim: 'b' } });
});

test('other settings take no installation', () => {
  const node = Node.running(a1);
  node.want(pluginRun('a', '1', { settings: { vfs: 2 } }));
  expect(node.log[0]).toBe('Replacing');
});

test('an installation that fails leaves the DPU as it is, until something else is asked for', () => {
  const node = Node.running(a1);
  node.want(a2);
  node.installer = { key: installKey(a2), state: 'working', ageMs: 0, failure: { reason: 'Tampered', message: '' } };
  node.now += 3_600_000;
  expect(node.reconcile()).toBeUndefined();
  expect(node.log).toHaveLength(2);
  node.want(a1);
  expect(node.log.slice(2)).toEqual([`runs ${a1.digest}`, 'deleteInstallPod']);
});

test('a newer target takes the place of one that is being installed', () => {
  const node = Node.running(a1);
  node.want(a2);
  node.want(pluginRun('a', '3'));
  expect(node.log.slice(2)).toEqual(['Installing', 'deleteInstallPod', 'createInstallPod a-3-{}']);
});

test('an installation that fails is begun again with other credentials', () => {
  const node = Node.running(a1);
  node.want(a2);
  node.want({ ...a2, credentialsSecret: 'registry' });
  expect(node.log.slice(2)).toEqual(['Installing', 'deleteInstallPod', `createInstallPod ${a2.digest}`]);
  node.installed();
  node.comesUp();
  node.wanted = a2;
  const steps = node.log.length;
  node.reconcile();
  expect(node.log).toHaveLength(steps);
});

test('an installation that the kubelet gave up is begun again after a while', () => {
  const node = Node.running(a1);
  node.want(a2);
  node.installer = { key: installKey(a2), state: 'ended', ageMs: 4_000 };
  expect(node.reconcile()).toBe(6_000);
  node.installer = { key: installKey(a2), state: 'ended', ageMs: 10_000 };
  node.reconcile();
  expect(node.log.slice(2)).toEqual(['deleteInstallPod', `createInstallPod ${a2.digest}`]);
});

test('another image is on the node before what runs is touched', () => {
  const node = Node.running(builtin);
  node.want({ ...builtin, image: 'vsp:2', digest: 'with another image' });
  expect(node.log).toEqual(['Installing', 'createInstallPod with another image']);
});

test('pods that would be disturbed are evicted first, once no new ones can come', () => {
  const node = Node.changing(a1, rough);
  expect(node.log.at(-2)).toBe('Draining');
  expect(node.rollout).toMatchObject({ drain: true, clear: false });
  node.drain = { of: 'another rollout', pods: [] };
  node.reconcile();
  expect(node.rollout.phase).toBe('Draining');
  node.drain = { of: node.rollout.startedAt, pods: ['shop/web'] };
  expect(node.reconcile()).toBe(5_000);
  expect(node.log.at(-1)).toBe('evict shop/web');
  node.drain = { of: node.rollout.startedAt, pods: [] };
  node.reconcile();
  node.comesUp();
  expect(node.status.plugin?.digest).toBe(rough.digest);
});

test('a drain is given up when what runs is asked for again', () => {
  const node = Node.changing(a1, rough);
  node.want(a1);
  expect(node.status).toEqual({ plugin: a1 });
  expect(node.pod?.run).toBe(a1);
});

test('another plugin comes when the one before has taken away what it made', () => {
  const node = Node.changing(a1, b1);
  expect(node.rollout).toMatchObject({ phase: 'Draining', drain: true, clear: true });
  const of = node.rollout.startedAt;
  node.drain = { of, pods: [] };
  expect(node.reconcile()).toBe(20_000);
  expect(node.pod?.run).toBe(a1);
  node.drain = { of, pods: [], cleared: true };
  node.reconcile();
  expect(node.pod?.run.digest).toBe(b1.digest);
});

test('a VSP that does not answer holds another plugin up for a while only', () => {
  const node = Node.changing(a1, b1);
  node.drain = { of: node.rollout.startedAt, pods: [] };
  node.reconcile();
  node.now += 20_000;
  node.reconcile();
  expect(node.pod?.run.digest).toBe(b1.digest);
});

const faults: [string, (node: Node) => void, string][] = [
  ['never starts', () => {}, 'NotWorking'],
  ['is not initialised', (node) => node.runs(), 'NotWorking'],
  ['is not ready', (node) => node.comesUpButSays('InitFailed'), 'NotWorking'],
  ['has no way to the other side', (node) => node.comesUpButSays('PeerUnreachable'), 'NotWorking'],
  ['is another version', (node) => node.comesUp(a1), 'NotWorking'],
];

test.each(faults)('a version that %s gives way to the one before, and is not tried again', (_name, happen, reason) => {
  const node = Node.changing(a1, a2);
  happen(node);
  node.reconcile();
  expect(node.rollout.phase).toBe('Verifying');
  node.now += 120_000;
  node.reconcile();
  node.drain = { of: `${node.rollout.startedAt} back`, pods: [], cleared: true };
  node.reconcile();
  expect(node.log.slice(-3)).toEqual(['RollingBack', 'deleteVspPod', `createVspPod ${a1.digest}`]);
  node.comesUp();
  expect(node.log.at(-1)).toBe('Failed');
  expect(node.status.plugin).toEqual(a1);
  expect(node.rollout).toMatchObject({ reason, target: { digest: a2.digest } });
  const before = node.log.length;
  node.reconcile();
  expect(node.log).toHaveLength(before);
  node.want(pluginRun('a', '3'));
  expect(node.log.slice(before)).toEqual(['Installing', 'createInstallPod a-3-{}']);
});

/** Installed, then rolled back for a program that is missing. */
function fails(node: Node): void {
  node.installed();
  node.failsForGood();
  node.comesUp();
  expect(node.rollout.phase).toBe('Failed');
}

test('a version that failed is tried again when somebody orders it, once for each order', () => {
  const node = Node.running(a1);
  node.retry = 'of an earlier failure';
  node.want(a2);
  fails(node);
  for (const order of ['one', 'two']) {
    node.retry = order;
    node.reconcile();
    expect(node.rollout).toMatchObject({ phase: 'Installing', retry: order, again: true });
    fails(node);
  }
  const before = node.log.length;
  node.retry = undefined;
  node.reconcile();
  expect(node.log).toHaveLength(before);
  node.retry = 'three';
  node.reconcile();
  node.installed();
  node.comesUp();
  expect(node.status).toEqual({ plugin: expect.objectContaining({ digest: a2.digest }) });
});

test('one that is tried again before what ran is Ready again still counts as one that worked', () => {
  const node = Node.running(a1);
  node.want(a2);
  fails(node);
  expect(node.rollout.wasReady).toBe(true);
  node.says('False', 'NotInitialised');
  node.retry = 'one';
  node.reconcile();
  expect(node.rollout).toMatchObject({ again: true, wasReady: true });
});

test('a version that failed is also tried again with other settings, and while that changes once more', () => {
  const node = Node.running(a1);
  node.want(a2);
  fails(node);
  node.says('False', 'NotInitialised');
  const mended = pluginRun('a', '2', { settings: { mended: true } });
  node.want(mended);
  expect(node.rollout).toMatchObject({ phase: 'Installing', again: true, wasReady: true });
  node.want({ ...mended, credentialsSecret: 'other' });
  expect(node.rollout).toMatchObject({ again: true, target: { credentialsSecret: 'other' } });
  node.want(pluginRun('a', '3'));
  expect(node.rollout.again).toBeUndefined();
});

test('a version whose program is missing gives way at once', () => {
  const node = Node.running(a1);
  node.want(a2);
  fails(node);
  expect(node.rollout).toMatchObject({ phase: 'Failed', reason: 'ProgramMissing', message: 'no ovs-vsctl' });
  node.want(a1);
  expect(node.status).toEqual({ plugin: a1 });
});

test('the other side’s troubles are not the new version’s where they were there before', () => {
  const node = Node.running(a1);
  node.says('False', 'PeerUnreachable');
  node.want(a2);
  node.installed();
  node.comesUpButSays('PeerUnreachable');
  expect(node.status.plugin?.digest).toBe(a2.digest);
});

test('what is asked for back while the new one is tried is put back, and nothing counts as failed', () => {
  const node = Node.changing(a1, a2);
  node.want(a1);
  node.comesUp();
  expect(node.status).toEqual({ plugin: a1 });
  expect(node.pod?.run).toBe(a1);
});

test('a pod that is gone or has ended is made again from what ran', () => {
  const node = Node.running(a1);
  node.wanted = undefined;
  node.pod = undefined;
  node.reconcile();
  expect(node.log).toEqual([`createVspPod ${a1.digest}`]);
  node.ends(4_000);
  expect(node.reconcile()).toBe(6_000);
  node.ends(10_000);
  node.reconcile();
  expect(node.log.slice(1)).toEqual(['deleteVspPod', `createVspPod ${a1.digest}`]);
});

test('a DPU that is being deleted keeps its pod, and nothing new begins', () => {
  const node = Node.running(a1);
  node.leaving = true;
  node.want(a2);
  expect(node.log).toEqual([]);
  node.pod = undefined;
  node.reconcile();
  expect(node.log).toEqual([`createVspPod ${a1.digest}`]);
});

const turn: Wait = { reason: 'WaitingForTurn', message: 'for its turn' };

test('what runs is not touched before it is the DPU’s turn', () => {
  const node = Node.running(a1);
  node.wait = turn;
  node.want(a2);
  node.installed();
  expect(node.log).toEqual(['Installing', `createInstallPod ${a2.digest}`]);
  expect(node.pod?.run).toBe(a1);
  node.wait = undefined;
  node.reconcile();
  expect(node.log.slice(2)).toEqual([
    'Replacing',
    'deleteInstallPod',
    'deleteVspPod',
    'Verifying',
    `createVspPod ${a2.digest}`,
  ]);
});

test('where nothing runs nothing waits', () => {
  const node = new Node();
  node.wait = turn;
  node.want(builtin);
  expect(node.log.at(-1)).toBe(`createVspPod ${builtin.digest}`);
});

test('a pod that another operator made otherwise is replaced in its turn, once, and has to work', () => {
  const node = Node.running(a1);
  node.wait = turn;
  node.rendering = ' by another operator';
  node.reconcile();
  expect(node.log).toEqual(['Installing']);
  node.wait = undefined;
  node.reconcile();
  expect(node.log.slice(1)).toEqual(['Replacing', 'deleteVspPod', 'Verifying', `createVspPod ${a1.digest}`]);
  node.comesUp();
  expect(node.status).toEqual({ plugin: a1 });
  expect(node.reconcile()).toBeUndefined();
});

test('a pod that another operator made stays where its plugin cannot be had any more, or the next one failed', () => {
  const gone = Node.running(a1);
  gone.wanted = undefined;
  gone.rendering = ' by another operator';
  gone.reconcile();
  expect(gone.log).toEqual([]);

  const failed = Node.running(a1);
  failed.want(a2);
  failed.installed();
  failed.failsForGood();
  failed.comesUp();
  const before = failed.log.length;
  failed.rendering = ' by another operator';
  failed.reconcile();
  expect(failed.log.slice(before)).toEqual([]);
});

test('an operator that starts anew goes on at every step', () => {
  for (let crash = 1; crash < 12; crash += 1) {
    const node = Node.running(a1);
    node.wanted = b1;
    let steps = 0;
    while (node.status.plugin?.digest !== b1.digest) {
      // As read back from the API server.
      if (steps === crash) node.status = JSON.parse(JSON.stringify(node.status));
      steps += 1;
      expect(steps).toBeLessThan(12);
      node.reconcile();
      if (node.status.rollout?.drain) node.drain = { of: node.rollout.startedAt, pods: [], cleared: true };
      node.installed();
      if (node.pod?.state === 'starting') node.comesUp();
    }
  }
});

test('a pod of a newer operator that does not work says so for the other DPUs, and heals by itself', () => {
  const node = Node.running(a1);
  node.rendering = ' as a newer operator makes it';
  node.reconcile();
  expect(node.rollout).toMatchObject({ phase: 'Verifying', target: { digest: a1.digest } });
  node.now += 120_000;
  node.reconcile();
  expect(node.rollout).toMatchObject({ phase: 'Verifying', reason: 'NotWorking' });
  const before = node.log.length;
  node.reconcile();
  expect(node.log).toHaveLength(before);
  node.comesUp();
  expect(node.status).toEqual({ plugin: a1 });
});

test('what does not work in the pod of a newer operator is made anew by order, and has failed until it works', () => {
  const node = Node.running(a1);
  node.rendering = ' as a newer operator makes it';
  node.reconcile();
  node.now += 120_000;
  node.reconcile();
  const before = node.log.length;
  node.retry = 'now';
  node.reconcile();
  expect(node.log.slice(before)).toEqual(['Replacing', 'deleteVspPod', 'Verifying', `createVspPod ${a1.digest}`]);
  expect(node.rollout).toMatchObject({ again: true, retry: 'now' });
  expect(node.rollout.reason).toBeUndefined();
  node.comesUp();
  expect(node.status).toEqual({ plugin: a1 });
});

/** What is no fault of the plugin. */
const hindrances: [string, (node: Node, hinders: boolean) => void][] = [
  ['its image is pulled slowly', (node, hinders) => node.hinder(hinders ? 'its images are being pulled' : undefined)],
  ['its node is lost', (node, hinders) => node.hinder(hinders ? 'its node is lost' : undefined)],
  [
    'the daemon is not heard',
    (node, hinders) => {
      node.heardSince = hinders ? undefined : node.now;
    },
  ],
];

test.each(hindrances)('while %s nothing is rolled back, and after it the plugin has its time', (_what, set) => {
  const node = Node.changing(a1, a2);
  set(node, true);
  node.now += 3_600_000;
  node.reconcile();
  expect(node.rollout).toMatchObject({ phase: 'Verifying', target: { digest: a2.digest } });
  set(node, false);
  node.now += 119_000;
  expect(node.reconcile()).toBe(1_000);
  expect(node.rollout.phase).toBe('Verifying');
  node.now += 1_000;
  node.reconcile();
  expect(node.rollout.phase).toBe('RollingBack');
});

test('an operator that was away while a plugin came up finds that it works', () => {
  const node = Node.changing(a1, a2);
  node.now += 180_000;
  node.heardSince = undefined;
  node.comesUp();
  expect(node.status.plugin?.digest).toBe(a2.digest);
});

test('what a failing plugin made is taken away before the one that ran returns', () => {
  const node = Node.changing(a1, b1);
  const of = node.rollout.startedAt;
  node.drain = { of, pods: [], cleared: true };
  node.reconcile();
  node.comesUpButSays('InitFailed');
  node.now += 120_000;
  expect(node.reconcile()).toBe(20_000);
  expect(node.rollout.phase).toBe('RollingBack');
  expect(node.pod?.run.digest).toBe(b1.digest);
  node.drain = { of: `${of} back`, pods: [], cleared: true };
  node.reconcile();
  expect(node.pod?.run.digest).toBe(a1.digest);
});

test.each([
  ['that the DPU was freed of pods for', rough, { pods: [], cleared: true }],
  ['where no pod has a device', a2, { pods: [], cleared: true }],
  ['which stays where pods use it', a2, { pods: ['shop/web'], kept: true }],
])('so is what a newer version of the same plugin made %s', (_case, newer, answer) => {
  const node = Node.changing(a1, newer);
  const of = node.rollout.startedAt;
  if (newer === rough) node.drain = { of, pods: [] };
  node.reconcile();
  expect(node.pod?.run.digest).toBe(newer.digest);
  node.comesUpButSays('InitFailed');
  node.now += 120_000;
  expect(node.reconcile()).toBe(20_000);
  expect(node.rollout).toMatchObject({ phase: 'RollingBack', clear: true });
  expect(node.pod?.run.digest).toBe(newer.digest);
  node.drain = { of: `${of} back`, ...answer };
  node.reconcile();
  expect(node.pod?.run.digest).toBe(a1.digest);
});

test('a newer version that was never initialised has made nothing: what ran before returns at once', () => {
  const node = Node.changing(a1, a2);
  node.runs();
  node.now += 120_000;
  node.reconcile();
  expect(node.rollout).toMatchObject({ phase: 'RollingBack', clear: false });
  expect(node.pod?.run.digest).toBe(a1.digest);
});

test('a plugin that ran before and does not come up any more ends the way back all the same', () => {
  const node = Node.changing(a1, a2);
  node.failsForGood();
  expect(node.rollout.phase).toBe('RollingBack');
  node.now += 120_000;
  node.reconcile();
  expect(node.rollout.phase).toBe('Failed');
});

test('pods that never go end the wait at the deadline: the DPU stays as it is, and is tried again by order', () => {
  const node = Node.changing(a1, rough);
  node.drain = { of: node.rollout.startedAt, pods: ['shop/web'] };
  node.reconcile();
  node.now += 1_798_000;
  expect(node.reconcile()).toBe(2_000);
  node.now += 2_000;
  node.reconcile();
  expect(node.rollout).toMatchObject({ phase: 'Failed', reason: 'DrainTimedOut' });
  expect(node.rollout.message).toContain('within 30 min these pods have not ended: shop/web');
  expect(node.pod?.run).toBe(a1);
  node.retry = 'now';
  node.reconcile();
  expect(node.rollout.again).toBeUndefined();
  node.installed();
  expect(node.rollout.phase).toBe('Draining');
});

test('a lock that was made anew rolls nothing, and the files on the node stay in use', () => {
  const node = Node.running({ ...a1, claim: 'a' });
  node.want({ ...a1, lock: 'lock-1-anew' });
  expect(node.log).toEqual([]);
  node.want({ ...pluginRun('a', '1', { settings: { vfs: 2 } }), lock: 'lock-1-anew' });
  expect(node.log[0]).toBe('Replacing');
  expect(node.rollout.target).toMatchObject({ lock: 'lock-1', claim: 'a' });
});

test('the other side of a card may run another plugin for a while', () => {
  const node = Node.changing(a1, b1);
  node.drain = { of: node.rollout.startedAt, pods: [], cleared: true };
  node.reconcile();
  node.comesUpButSays('PeerUnreachable');
  expect(node.status.plugin?.digest).toBe(b1.digest);
});

test('a change that cannot end is overdue at the deadline', () => {
  const node = Node.changing(a1, a2);
  node.hinder('its node is lost');
  node.now += 1_799_000;
  expect(node.reconcile()).toBe(1_000);
  node.now += 1_000;
  expect(overdueInMs(node.observed)).toBe(0);
  expect(node.reconcile()).toBeUndefined();
  expect(node.rollout.phase).toBe('Verifying');
});
