import type { DetectedDpu } from '@dpu-operator/sdk/manifest';
import { describe, expect, test } from 'vitest';
import type { DataProcessingUnit, Rollout } from '../../api/index.ts';
import type { DpuFinding } from '../detect/find-dpus.ts';
import { gone, there, unknown } from '../presence.ts';
import { type ObservedDpu, planDpu } from './plan.ts';

const dpu: DetectedDpu = { name: 'card-host', identifier: 'card', productName: 'Card', side: 'host', plugin: 'acme' };
const newer: DetectedDpu = { ...dpu, plugin: 'other' };

const found: DpuFinding = { dpu, presence: there(dpu) };
const missing: DpuFinding = { dpu, presence: unknown('its netdev is away') };
const pulledOut: DpuFinding = { dpu, presence: gone };
const dismissed: DpuFinding = { dpu, presence: there(dpu), removal: 'the label is off' };
const dismissedUnseen: DpuFinding = { ...missing, removal: 'the label is off' };
const orphaned: DpuFinding = { dpu, presence: there(dpu), pluginGone: true };

function object(more: Partial<DataProcessingUnit['metadata']> = {}, rollout?: Partial<Rollout>): DataProcessingUnit {
  return {
    apiVersion: 'config.openshift.io/v1',
    kind: 'DataProcessingUnit',
    metadata: { name: dpu.name, finalizers: ['dpu.config.openshift.io/daemon'], ...more },
    spec: { isDpuSide: false, nodeName: 'n', numVfs: 4 },
    ...(rollout && { status: { rollout: { startedAt: 'now', drain: true, ...rollout } as Rollout } }),
  };
}
const present = there(object());
const deletionTimestamp = '2026-01-01T00:00:00Z';
const terminating = there(object({ deletionTimestamp }));

const nobody = { pods: [], hosts: [], unreadable: [] };
const byPod = { ...nobody, pods: ['shop/web'] };
const byHost = { ...nobody, hosts: ['node-7'] };
const byRecord = { ...nobody, unreadable: ['a.json (no JSON)'] };

function plan(more: Partial<ObservedDpu>) {
  return planDpu({ object: present, finding: found, record: dpu, users: nobody, cleared: undefined, ...more });
}
/** Actions by name, with the reason of what is reported. */
function outline(more: Partial<ObservedDpu>): string[] {
  return plan(more).map((action) => {
    if (action.do === 'report') return `report ${action.ready?.reason ?? 'what the manager says'}`;
    return action.do === 'offer' && action.problem !== undefined ? 'offer unhealthy' : action.do;
  });
}

const serve = ['correctObject', 'manage', 'offer', 'report what the manager says'];
const serveUnseen = ['manage', 'offer unhealthy', 'report HardwareMissing'];
const tearDown = ['withdraw', 'tearDown', 'release'];
const hold = ['withdraw', 'report InUse'];

describe('an object that is there', () => {
  test.each<[string, DpuFinding | undefined, string[]]>([
    ['and the DPU too: served', found, serve],
    ['but the DPU is missing for a moment: served on', missing, serveUnseen],
    ['but the DPU was pulled out: deleted', pulledOut, ['deleteObject']],
    ['but an order ends it: deleted', dismissed, ['deleteObject']],
    ['but an order ends it while it is missing: deleted', dismissedUnseen, ['deleteObject']],
    ['but its plugin is gone, and nothing uses it: deleted', orphaned, ['deleteObject']],
    ['but nobody has looked for it', undefined, ['look']],
  ])('%s', (_case, finding, actions) => {
    expect(outline({ finding })).toEqual(actions);
  });

  test.each([byPod, byHost, byRecord])('whose plugin is gone is kept for %j', (users) => {
    expect(outline({ finding: orphaned, users })).toEqual(['correctObject', 'manage', 'withdraw', 'report PluginGone']);
  });

  test('says that another DPU has its name', () => {
    const report = plan({ finding: { ...found, rival: 'Other at 0002:0f:00.0' } }).at(-1);
    expect(report).toMatchObject({ others: [{ type: 'IdentifierUnique', status: 'False' }] });
  });

  test('carries what was detected, and the count of virtual functions', () => {
    const finding = { dpu: newer, presence: there(newer) };
    expect(plan({ finding })).toMatchObject([{ dpu: newer }, { dpu: newer, vfs: 4 }, {}, {}]);
  });

  test('of a DPU that is missing is served as it is recorded; after a reboot as the object says', () => {
    const finding: DpuFinding = { dpu: { ...newer, functions: undefined }, presence: unknown('away') };
    expect(plan({ finding })[0]).toMatchObject({ do: 'manage', dpu: { plugin: 'acme' } });
    expect(plan({ finding, record: undefined })[0]).toEqual({ do: 'manage', dpu: newer, vfs: 4 });
    const nameless: DpuFinding = { dpu: { ...dpu, identifier: undefined }, presence: unknown('away') };
    expect(outline({ finding: nameless, record: undefined })).toEqual(['offer unhealthy', 'report HardwareMissing']);
  });
});

describe('an object that is being deleted', () => {
  test.each([found, missing, pulledOut, dismissed, orphaned, undefined])(
    'is finished, whatever is found',
    (finding) => {
      expect(outline({ object: terminating, finding })).toEqual(tearDown);
      expect(outline({ object: terminating, finding, record: undefined })).toEqual(tearDown);
    },
  );

  test.each([
    [byPod, 'pods shop/web'],
    [byHost, 'ports of hosts node-7'],
    [byRecord, 'a.json (no JSON)'],
  ])('waits for %j', (users, words) => {
    expect(outline({ object: terminating, users })).toEqual(hold);
    const [, report] = plan({ object: terminating, users });
    expect(report).toMatchObject({ ready: { message: expect.stringContaining(words) } });
  });

  test('is somebody else’s to finish without our finalizer', () => {
    expect(outline({ object: there(object({ deletionTimestamp, finalizers: ['other'] })) })).toEqual([]);
  });
});

describe('no object', () => {
  test.each<[string, DpuFinding | undefined, string[]]>([
    ['for a DPU that is there: made', found, ['makeObject']],
    ['for one that is missing and was served, removed by force: made again', missing, ['makeObject']],
    ['for one that was pulled out: torn down', pulledOut, ['tearDown']],
    ['for one that an order ends: torn down', dismissed, ['tearDown']],
    ['for one whose plugin is gone: torn down', orphaned, ['tearDown']],
    ['for one that nobody has looked for: left', undefined, []],
  ])('%s', (_case, finding, actions) => {
    expect(outline({ object: gone, finding })).toEqual(actions);
  });

  test.each([pulledOut, dismissed, orphaned])('and pods that use it: kept for them', (finding) => {
    expect(outline({ object: gone, finding, users: byPod })).toEqual(['withdraw']);
    expect(outline({ object: gone, finding, users: byHost })).toEqual(['withdraw']);
  });

  test.each([missing, pulledOut, dismissed, orphaned])('and no record: nothing to do', (finding) => {
    expect(outline({ object: gone, finding, record: undefined })).toEqual([]);
  });
});

test.each([found, missing, pulledOut, dismissed, orphaned, undefined])(
  'while it is not known whether there is an object, nothing is done',
  (finding) => {
    expect(outline({ object: unknown('the cache is being filled'), finding })).toEqual([]);
  },
);

describe('a rollout that drains the DPU', () => {
  const draining = there(object({}, { phase: 'Draining' }));
  const replacing = there(object({}, { phase: 'Replacing', clear: true }));

  test('offers nothing and says who is left', () => {
    const actions = plan({ object: draining, users: byPod });
    expect(actions.map((action) => action.do)).toEqual(['correctObject', 'manage', 'withdraw', 'report']);
    expect(actions.at(-1)).toMatchObject({ drain: { of: 'now', pods: ['shop/web'] } });
  });

  test('has the VSP clear what it made, once', () => {
    expect(plan({ object: replacing }).map((action) => action.do)).toContain('clear');
    const after = plan({ object: replacing, cleared: 'now' });
    expect(after.map((action) => action.do)).not.toContain('clear');
    expect(after.at(-1)).toMatchObject({ drain: { cleared: true } });
    expect(plan({ object: replacing, cleared: 'before' }).map((action) => action.do)).toContain('clear');
  });

  test('has it cleared on the way back without having been drained, unless somebody uses it', () => {
    const back = there(object({}, { phase: 'RollingBack', drain: false, clear: true }));
    const actions = plan({ object: back });
    expect(actions.map((action) => action.do)).toEqual(['correctObject', 'manage', 'withdraw', 'clear', 'report']);
    for (const users of [byPod, byHost]) {
      const used = plan({ object: back, users });
      expect(used.map((action) => action.do)).not.toContain('clear');
      expect(used.at(-1)).toMatchObject({ drain: { of: 'now back', pods: users.pods, kept: true } });
    }
    const initialisedNever = there(object({}, { phase: 'RollingBack', drain: false, clear: false }));
    expect(outline({ object: initialisedNever })).toContain('offer');
  });

  test('offers nothing either while the DPU is missing, and says that', () => {
    expect(outline({ object: draining, finding: missing })).toEqual(['manage', 'withdraw', 'report HardwareMissing']);
  });
});
