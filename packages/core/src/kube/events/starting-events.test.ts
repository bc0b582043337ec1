import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EventInput } from './events.ts';
import { StartingEvents } from './starting-events.ts';

beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2026-01-01T00:00:00Z') }));
afterEach(() => void vi.useRealTimers());

const object = (creationTimestamp?: string) => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'a', uid: 'u', ...(creationTimestamp && { creationTimestamp }) },
});
const waiting: EventInput = { type: 'Warning', reason: 'Waiting', message: 'not there yet' };
const broken: EventInput = { type: 'Warning', reason: 'Broken', message: 'no good' };
const ready: EventInput = { type: 'Normal', reason: 'Ready', message: 'all well' };

function starting() {
  const written: string[] = [];
  const events = {
    event: async (_object: object, { type, reason }: EventInput) => void written.push(`${type} ${reason}`),
  };
  return { of: new StartingEvents({ events, ordinary: new Set(['Waiting']) }), written };
}

test('what passes during the start is never a Warning', async () => {
  const { of, written } = starting();
  await of.event(object(), waiting);
  vi.advanceTimersByTime(30_000);
  await of.event(object(), ready);
  vi.advanceTimersByTime(120_000);
  expect(written).toEqual(['Normal Waiting', 'Normal Ready']);
});

test('what lasts is one when the start is over', async () => {
  const { of, written } = starting();
  await of.event(object(), waiting);
  vi.advanceTimersByTime(59_999);
  expect(written).toEqual(['Normal Waiting']);
  vi.advanceTimersByTime(1);
  expect(written).toEqual(['Normal Waiting', 'Warning Waiting']);
});

test('afterwards, and for other reasons, a Warning is one at once', async () => {
  const { of, written } = starting();
  await of.event(object(), broken);
  vi.advanceTimersByTime(60_000);
  await of.event(object(), waiting);
  expect(written).toEqual(['Warning Broken', 'Warning Waiting']);
});

test('an object that is made later has a start of its own', async () => {
  const { of, written } = starting();
  vi.advanceTimersByTime(600_000);
  await of.event(object('2026-01-01T00:09:30Z'), waiting);
  expect(written).toEqual(['Normal Waiting']);
  vi.advanceTimersByTime(30_000);
  expect(written).toEqual(['Normal Waiting', 'Warning Waiting']);
});

test('of an object that is no more nothing follows', async () => {
  const { of, written } = starting();
  await of.event(object(), waiting);
  of.forget(object());
  vi.advanceTimersByTime(120_000);
  expect(written).toEqual(['Normal Waiting']);
});
