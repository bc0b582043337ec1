/** What has passed of a rollout, when clocks jump. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Rollout } from '../../../api/fields/plugin-run.ts';
import type { DataProcessingUnit } from '../../../api/kinds/data-processing-unit.ts';
import type { Caches } from '../../shared/caches.ts';
import { Elapsed } from '../../shared/elapsed.ts';
import type { Environment } from '../../shared/environment.ts';
import { observeDpu } from './observe.ts';
import { planRollout } from './plan.ts';
import { pluginRun } from './testing/node.ts';

const dayMs = 24 * 3_600_000;
const deadlineMs = 1_800_000;
const start = Date.parse('2026-01-01T00:00:00Z');
const startedAt = new Date(start).toISOString();
const [plugin, target] = [pluginRun('a', '1.0.0'), pluginRun('a', '2.0.0')];
const begun = { target, startedAt, drain: true, clear: false, wasReady: true };

const phases: { rollout: Rollout; ms: number; next: string }[] = [
  { rollout: { ...begun, phase: 'Draining', drainingSince: startedAt }, ms: deadlineMs, next: 'Failed' },
  { rollout: { ...begun, phase: 'Verifying', verifyingSince: startedAt }, ms: 120_000, next: 'RollingBack' },
];

beforeEach(() => {
  vi.useFakeTimers({ now: start });
});
afterEach(() => {
  vi.useRealTimers();
});

function operator() {
  const elapsed = new Elapsed();
  const pod = {
    metadata: {
      name: 'vsp-card',
      creationTimestamp: startedAt,
      ownerReferences: [{ uid: 'u1', kind: 'DataProcessingUnit', name: 'card', controller: true }],
    },
    status: { phase: 'Running', startTime: startedAt, containerStatuses: [] },
    spec: { containers: [] },
  };
  const caches = { vspPods: { get: (name: string) => (name === 'vsp-card' ? pod : undefined) } } as unknown as Caches;
  const turns = { waitsFor: () => undefined, deadlineMs: () => deadlineMs };
  return (rollout: Rollout) => {
    const dpu = {
      metadata: { name: 'card', uid: 'u1' },
      spec: { isDpuSide: false, nodeName: 'node' },
      status: { plugin, rollout },
    } as unknown as DataProcessingUnit;
    const leases = { heardMs: () => Number.POSITIVE_INFINITY };
    const environment = { namespace: 'dpu' } as Environment;
    return planRollout(observeDpu(dpu, target, caches, environment, turns, leases, elapsed)).status.rollout?.phase;
  };
}

test.each(phases)(
  '$rollout.phase is given up after its time, whatever a clock says that is set by a day',
  ({ rollout, ms, next }) => {
    for (const jump of [dayMs, -dayMs]) {
      const phaseOf = operator();
      vi.setSystemTime(start);
      expect(phaseOf(rollout)).toBe(rollout.phase);
      vi.setSystemTime(start + jump);
      expect(phaseOf(rollout)).toBe(rollout.phase);
      vi.advanceTimersByTime(ms - 1);
      expect(phaseOf(rollout)).toBe(rollout.phase);
      vi.advanceTimersByTime(1);
      expect(phaseOf(rollout)).toBe(next);
    }
  },
);

test.each(phases)(
  '$rollout.phase has its time anew for an operator that starts when the clock was set back',
  ({ rollout, ms, next }) => {
    vi.setSystemTime(start - dayMs);
    const phaseOf = operator();
    expect(phaseOf(rollout)).toBe(rollout.phase);
    vi.advanceTimersByTime(ms);
    expect(phaseOf(rollout)).toBe(next);
  },
);

test.each(phases)('$rollout.phase is over for an operator that was away for longer', ({ rollout, ms, next }) => {
  vi.setSystemTime(start + ms);
  expect(operator()(rollout)).toBe(next);
});
