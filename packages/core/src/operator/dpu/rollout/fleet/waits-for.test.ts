import { expect, test } from 'vitest';
import type { PluginRun, Rollout } from '../../../../api/fields/plugin-run.ts';
import { runOf } from '../../../testing/plugin-runs.ts';
import { idsOf } from './change.ts';
import { Fleet, type FleetDpu, isChanging } from './fleet.ts';
import { deadlineMs, mostOf, type Policy, policiesOf } from './policy.ts';
import { type Circumstances, waitsFor } from './waits-for.ts';

const v1 = runOf('1');
const v2 = runOf('2');
const disturbing = { ...runOf('2'), disturbsTraffic: true };

function dpu(name: string, phase?: Rollout['phase'], more: Partial<Rollout> = {}, fields: Partial<FleetDpu> = {}) {
  const rollout = { target: v2, startedAt: '', drain: false, clear: false, wasReady: true, ...more };
  const status = { plugin: v1, ...(phase && { rollout: { ...rollout, phase } }) };
  const others = {
    side: 'host',
    wanted: v2,
    config: undefined,
    isKnown: true,
    cards: [],
    configuredReason: undefined,
  } as const;
  return { name, status, ...others, ...fields } satisfies FleetDpu;
}

const runs = (name: string, plugin: PluginRun, fields: Partial<FleetDpu> = {}): FleetDpu =>
  dpu(name, undefined, {}, { status: { plugin }, wanted: plugin, ...fields });

/** One that runs the new version already: the change is proven on its side. */
const first = runs('first', v2);

interface Given extends Partial<Omit<Circumstances, 'policies'>> {
  policies?: readonly Policy[];
  target?: PluginRun;
}

function wait(asking: FleetDpu, others: readonly FleetDpu[], { target = v2, ...given }: Given = {}) {
  const fleet = new Fleet('operator:2');
  for (const each of [asking, ...others]) fleet.put(each);
  const usual = { policies: policiesOf(undefined, undefined), daemonsReady: true, isAway: false, unplaced: [] };
  return waitsFor(asking, target, { fleet, ...usual, ...given });
}

const x = dpu('x', 'Installing');
const why = (...others: FleetDpu[]) => wait(x, others)?.reason;

function policy(spec: Policy['spec'], scope: Policy['scope'] = 'all'): Policy {
  return { scope, where: 'the config', patchCommand: 'kubectl patch', spec };
}

test('a DPU may go when no other changes', () => {
  expect(why()).toBeUndefined();
  expect(why(dpu('b'), dpu('c', 'Installing'))).toBeUndefined();
});

test.each(['Draining', 'Replacing', 'Verifying', 'RollingBack'] as const)('it waits while another is %s', (phase) => {
  expect(why(dpu('b', phase))).toBe('WaitingForTurn');
});

test('another plugin waits like another version', () => {
  const target = { ...v2, name: 'other' };
  expect(wait(x, [dpu('b', 'Replacing')], { target })?.reason).toBe('WaitingForTurn');
});

test('its own change does not hold it up', () => {
  expect(wait(dpu('x', 'Replacing'), [])).toBeUndefined();
});

test('one that runs nothing yet holds nobody up', () => {
  expect(isChanging({ rollout: dpu('b', 'Verifying').status.rollout })).toBe(false);
});

test('the daemons go first', () => {
  expect(wait(x, [], { daemonsReady: false })?.reason).toBe('WaitingForDaemons');
});

test('one whose daemon has fallen silent takes no turn, which it could not end', () => {
  expect(wait(x, [], { isAway: true })).toMatchObject({ reason: 'WaitingForDaemons', isOwn: true });
});

test('one DPU of each side tries a change, whatever maxUnavailable says', () => {
  const policies = [policy({ maxUnavailable: 5 })];
  const changing = dpu('b', 'Replacing');
  expect(wait(x, [changing], { policies })?.reason).toBe('WaitingForTurn');
  expect(wait(x, [changing, first], { policies })).toBeUndefined();
  // Works on a host side: says nothing of the DPU side, where one tries it while more hosts go on.
  const card = dpu('y', 'Installing', {}, { side: 'dpu' });
  expect(wait(card, [changing, first], { policies })).toBeUndefined();
  expect(wait(card, [first, dpu('z', 'Verifying', {}, { side: 'dpu' })], { policies })?.reason).toBe('WaitingForTurn');
});

test('what other settings were proven with says nothing of these', () => {
  const settings = runOf('2', { vfs: 4 });
  const policies = [policy({ maxUnavailable: 5 })];
  const others = [first, dpu('b', 'Replacing', { target: settings })];
  expect(wait(x, others, { policies, target: settings })?.reason).toBe('WaitingForTurn');
});

test('the limits of the cluster and of the config both hold', () => {
  const ours = { config: 'ns/ours' };
  const asking = dpu('x', 'Installing', {}, ours);
  const policies = [policy({ maxUnavailable: 3 }), policy({ maxUnavailable: 1 }, 'config ns/ours')];
  const others = [first, dpu('b', 'Replacing')];
  expect(wait(asking, others, { policies })).toBeUndefined();
  expect(wait(asking, [...others, dpu('c', 'Replacing', {}, ours)], { policies })?.reason).toBe('WaitingForTurn');
  expect(wait(x, [...others, dpu('c', 'Replacing'), dpu('d', 'Replacing')], { policies })?.reason).toBe(
    'WaitingForTurn',
  );
});

test('host and DPU side of one card never change together', () => {
  const policies = [policy({ maxUnavailable: 9 })];
  const host = dpu('x', 'Installing', {}, { cards: ['card'] });
  const card = (name: string) => dpu(name, 'Replacing', {}, { side: 'dpu', cards: [name] });
  expect(wait(host, [first, card('card')], { policies })).toMatchObject({ reason: 'WaitingForOtherSide', isOwn: true });
  expect(wait(host, [first, card('other')], { policies })).toBeUndefined();
  const another = dpu('b', 'Replacing', {}, { cards: ['card'] });
  expect(wait(host, [first, another], { policies })).toBeUndefined();
});

test('a paused rollout goes on with nobody, and says how it is resumed', () => {
  const { reason, message } = wait(x, [], { policies: [policy({ paused: true })] }) ?? {};
  expect(reason).toBe('Paused');
  expect(message).toContain('the config');
  expect(message).toContain('"paused":false');
});

test('an approval is asked for when the change works on its first DPU, and keeps those given before', () => {
  const policies = [policy({ requireApproval: true, approved: ['0123456789abcdef'] })];
  expect(wait(x, [], { policies })).toBeUndefined();
  const { reason, message } = wait(x, [first], { policies }) ?? {};
  expect(reason).toBe('AwaitingApproval');
  expect(message).toContain(`"approved":["0123456789abcdef","${idsOf(v2).release}"]`);
  const approved = [policy({ requireApproval: true, approved: [idsOf(v2).release] })];
  expect(wait(x, [first], { policies: approved })).toBeUndefined();
});

test('the command of an approval has no more ids than the field may have', () => {
  const approved = Array.from({ length: 64 }, (_, index) => index.toString(16).padStart(16, '0'));
  const { message = '' } = wait(x, [first], { policies: [policy({ requireApproval: true, approved })] }) ?? {};
  const command = JSON.parse(message.split("-p '")[1]?.slice(0, -1) ?? '');
  expect(command.spec.rollout.approved).toEqual([...approved.slice(1), idsOf(v2).release]);
});

test('a change has one id on both sides, and another with other settings', () => {
  const dpuSide = { ...v2, pod: { ...v2.pod, hostNetwork: true }, digest: 'other' };
  expect(idsOf(dpuSide)).toEqual(idsOf({ ...v2, lock: 'plugin-a', claim: 'b' }));
  const { release, withSettings } = idsOf(runOf('2', { vfs: 1 }));
  expect(release).toBe(idsOf(v2).release);
  expect(withSettings).not.toBe(idsOf(v2).withSettings);
});

test('a release is tried by one DPU, and approved once, though each DPU has settings of its own', () => {
  const policies = [policy({ maxUnavailable: 5 })];
  const others = { policies, target: runOf('2', { address: 'x' }) };
  expect(wait(x, [dpu('b', 'Replacing')], others)?.reason).toBe('WaitingForTurn');
  expect(wait(x, [dpu('b', 'Replacing'), first], others)).toBeUndefined();
  const approving = { ...others, policies: [policy({ requireApproval: true })] };
  expect(wait(x, [first], approving)?.message).toContain(`"approved":["${idsOf(v2).release}"]`);
});

test('other settings of a release that runs are a change of their own', () => {
  const settings = runOf('2', { vfs: 1 });
  const asking = dpu('x', 'Installing', { target: settings }, { status: { plugin: v2 } });
  const given = { target: settings, policies: [policy({ maxUnavailable: 5, requireApproval: true })] };
  const changing = dpu('b', 'Replacing', { target: settings });
  changing.status.plugin = v2;
  expect(wait(asking, [first], given)).toBeUndefined();
  expect(wait(asking, [first, changing], given)?.reason).toBe('WaitingForTurn');
  const { reason, message } = wait(asking, [runs('first', settings)], given) ?? {};
  expect(reason).toBe('AwaitingApproval');
  expect(message).toContain(idsOf(settings).withSettings);
});

test('where pods are evicted half of the DPUs of a side stay, and evicted ones find a place first', () => {
  const policies = [policy({ maxUnavailable: 9 })];
  const given = { policies, target: disturbing };
  const proven = runs('first', disturbing);
  const changing = dpu('b', 'Draining', { target: disturbing });
  expect(wait(x, [proven, changing], given)?.reason).toBe('WaitingForTurn');
  expect(wait(x, [proven, changing, dpu('c')], given)).toBeUndefined();
  expect(wait(x, [proven], { ...given, unplaced: ['shop/web'] })?.reason).toBe('WaitingForRoom');
  expect(wait(x, [first], { policies, unplaced: ['shop/web'] })).toBeUndefined();
});

test('a release that failed on another DPU goes no further', () => {
  expect(why(dpu('b', 'Failed', { reason: 'NotWorking' }))).toBe('Stopped');
  expect(why(dpu('b', 'RollingBack', { reason: 'NotWorking' }))).toBe('Stopped');
  expect(wait(x, [dpu('b', 'Failed')])?.message).toContain('failed on b');
});

test('where it is tried again, others wait until it works there', () => {
  const b = dpu('b', 'Installing', { again: true });
  expect(why(b)).toBe('Stopped');
  expect(wait(b, [dpu('c', 'Failed')])).toBeUndefined();
  expect(why(dpu('b'))).toBeUndefined();
});

test('what a newer operator makes of the same run goes no further where it does not work', () => {
  const b = dpu('b', 'Verifying', { target: v1, reason: 'NotWorking' });
  expect(wait(dpu('x', 'Installing', { target: v1 }), [b], { target: v1 })?.reason).toBe('Stopped');
});

test('one that did not work before, and does not in the pod of a newer operator, holds up nobody', () => {
  const b = dpu('b', 'Verifying', { target: v1, reason: 'NotWorking', wasReady: false });
  expect(wait(dpu('x', 'Installing', { target: v1 }), [b], { target: v1 })).toBeUndefined();
  // Its two minutes are not over.
  const c = dpu('c', 'Verifying', { target: v1, wasReady: false });
  expect(wait(dpu('x', 'Installing', { target: v1 }), [c], { target: v1 })?.reason).toBe('WaitingForTurn');
});

test('what a newer operator makes of the same run is tried by one DPU, and then goes on', () => {
  const fleet = new Fleet('operator:2');
  const circumstances = {
    fleet,
    policies: [policy({ maxUnavailable: 5 })],
    daemonsReady: true,
    isAway: false,
    unplaced: [],
  };
  const asking = dpu('x', 'Installing', { target: v1 }, { wanted: v1 });
  fleet.put(asking);
  fleet.put(dpu('b', 'Verifying', { target: v1 }, { wanted: v1 }));
  expect(waitsFor(asking, v1, circumstances)?.reason).toBe('WaitingForTurn');
  fleet.put(runs('b', v1));
  fleet.put(dpu('c', 'Verifying', { target: v1 }, { wanted: v1 }));
  expect(waitsFor(asking, v1, circumstances)).toBeUndefined();
});

test('settings that failed on one DPU go no further, and hold up no others', () => {
  const settings = runOf('2', { vfs: -1 });
  const misconfigured = dpu('b', 'Failed', { target: settings, reason: 'NotWorking' });
  misconfigured.status.plugin = v2;
  expect(wait(x, [misconfigured], { target: settings })?.reason).toBe('Stopped');
  expect(why(misconfigured)).toBeUndefined();
});

test('what another DPU failed with says nothing of this release', () => {
  // Broken before.
  expect(why(dpu('b', 'Failed', { wasReady: false }))).toBeUndefined();
  expect(why(dpu('b', 'Failed', { target: runOf('3') }))).toBeUndefined();
  // Pods did not go.
  expect(why(dpu('b', 'Failed', { reason: 'DrainTimedOut' }))).toBeUndefined();
  // Taken back by a person.
  expect(why(dpu('b', 'RollingBack'))).toBe('WaitingForTurn');
});

test.each([
  ['10%', 1, 1],
  ['10%', 10, 1],
  ['10%', 11, 2],
  ['10%', 1000, 100],
  [3, 2, 3],
  ['many', 9, 1],
])('%s of %i DPUs are %i', (maxUnavailable, count, most) => {
  expect(mostOf(maxUnavailable, count)).toBe(most);
});

test('the narrowest deadline holds', () => {
  expect(deadlineMs(policiesOf(undefined, undefined))).toBe(1_800_000);
  expect(deadlineMs([policy({ deadlineMinutes: 5 }), policy({})])).toBe(300_000);
  expect(deadlineMs([policy({ deadlineMinutes: 5 }), policy({ deadlineMinutes: 9 })])).toBe(540_000);
});

test('one that is lost amid its change leaves its turn to another and counts as down; where that is lost too, nobody follows', () => {
  const lost = (name: string, side: FleetDpu['side'] = 'host') =>
    dpu(name, 'Verifying', {}, { configuredReason: 'Overdue', side });
  const policies = [policy({ maxUnavailable: 2 })];
  expect(wait(x, [lost('a')], { policies: [policy({ maxUnavailable: 1 })] })?.reason).toBe('WaitingForTurn');
  expect(wait(x, [lost('a')], { policies })).toBeUndefined();
  expect(wait(x, [lost('a'), dpu('b', 'Replacing')], { policies: [policy({ maxUnavailable: 5 })] })?.reason).toBe(
    'WaitingForTurn',
  );
  for (const side of ['host', 'dpu'] as const) {
    const others = [lost('a'), lost('b', side)];
    expect(wait(x, others, { policies: [policy({ maxUnavailable: 5 })] })?.reason).toBe('WaitingForTurn');
  }
});
