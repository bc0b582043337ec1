import { expect, test } from 'vitest';
import { gone, there, unknown } from '../../presence.ts';
import { cardReport, transitions } from './card-report.ts';

const uplink = { type: 'Uplink', status: 'True', reason: 'Carrier', message: 'p0' } as const;
const since = '2026-01-01T00:00:00Z';
const before = { firmwareVersion: '1', conditions: [{ ...uplink, lastTransitionTime: since }] };

test('what was said stays while nothing is known, and goes with a VSP that says nothing', () => {
  expect(cardReport(undefined, before)).toBe(before);
  expect(cardReport(unknown('away'), before)).toBe(before);
  expect(cardReport(gone, before)).toBeUndefined();
  expect(cardReport(there({ conditions: [], links: [] }), before)).toBeUndefined();
});

test('a condition keeps its time while its status is the same', () => {
  const same = cardReport(there({ firmwareVersion: '1', conditions: [uplink], links: [] }), before);
  expect(same).toEqual(before);
  const other = cardReport(there({ conditions: [{ ...uplink, status: 'False' }], links: [] }), before);
  expect(other?.conditions?.[0]?.lastTransitionTime).not.toBe(since);
});

test('a link of unknown speed has none, as the API server keeps it', () => {
  const report = cardReport(
    there({ conditions: [], links: [{ name: 'p0', up: true, speedMbps: undefined }] }),
    undefined,
  );
  expect(Object.keys(report?.links?.[0] ?? {})).toEqual(['name', 'up']);
});

test('a transition is another status or reason, not other words', () => {
  const at = { ...uplink, lastTransitionTime: since };
  expect(transitions([at], [{ ...at, message: 'p1' }])).toEqual([]);
  expect(transitions([at], [{ ...at, reason: 'Spare' }])).toHaveLength(1);
  expect(transitions(undefined, [at])).toHaveLength(1);
});
