import { expect, test } from 'vitest';
import { StatusBoard } from './status-board.ts';

const quiet = { warn: () => {} };
const uplink = { type: 'Uplink', status: 'True', reason: 'Carrier', message: 'p0 has a link' } as const;

test('what is said twice is said once, and what is cleared is gone', () => {
  const board = new StatusBoard(quiet);
  let changes = 0;
  board.onChange(() => {
    changes += 1;
  });
  board.set(uplink);
  board.set({ ...uplink });
  board.firmware('1.2.3');
  board.firmware('1.2.3');
  board.link({ name: 'p0', up: true });
  board.link({ name: 'p0', up: true });
  board.clear('Nothing');
  expect(changes).toBe(3);
  board.clear('Uplink');
  expect(board.now).toEqual({
    firmwareVersion: '1.2.3',
    conditions: [],
    links: [{ name: 'p0', up: true }],
    events: [],
  });
});

test.each([
  [(board: StatusBoard) => board.set({ ...uplink, type: 'up link' }), 'type must be one CamelCase word'],
  [(board: StatusBoard) => board.set({ ...uplink, reason: '' }), 'reason must be one CamelCase word'],
  [(board: StatusBoard) => board.set({ ...uplink, status: 'true' as 'True' }), 'status must be True, False or Unknown'],
  [(board: StatusBoard) => board.set({ ...uplink, message: 5 as never }), 'message must be a text'],
  [(board: StatusBoard) => board.link({ name: '', up: true }), 'name must be a name'],
  [(board: StatusBoard) => board.link({ name: 'p0', up: true, speedMbps: -1 }), 'speedMbps must be a whole number'],
  [(board: StatusBoard) => board.temperature('asic', Number.NaN), 'celsius must be a number'],
  [(board: StatusBoard) => board.event({ type: 'Bad' as 'Normal', reason: 'A', message: '' }), 'type must be Normal'],
])('a wrong word is refused by its field and changes nothing: %#', (say, message) => {
  const board = new StatusBoard(quiet);
  expect(() => say(board)).toThrow(message);
  expect(board.watcher().next()).toEqual({ firmwareVersion: undefined, conditions: [], links: [], events: [] });
  expect(board.temperatures.size).toBe(0);
});

test('there are sixteen types of conditions at most, and long texts are cut', () => {
  const board = new StatusBoard(quiet);
  for (let i = 0; i < 16; i++) board.set({ ...uplink, type: `Type${i}`, message: 'x'.repeat(5_000) });
  expect(() => board.set(uplink)).toThrow('there are 16 types of conditions already');
  board.set({ ...uplink, type: 'Type3', message: 'short' });
  expect(board.now.conditions.map(({ message }) => Buffer.byteLength(message))).toEqual(
    Array.from({ length: 16 }, (_, i) => (i === 3 ? 5 : 1_024)),
  );
});

test('each watcher has every event once; the first has those from before it', () => {
  const board = new StatusBoard(quiet);
  const happens = (reason: string) => board.event({ reason, message: '' });
  happens('Before');
  const first = board.watcher();
  const events = (watcher: typeof first) => watcher.next().events.map(({ reason }) => reason);
  expect(events(first)).toEqual(['Before']);
  const second = board.watcher();
  happens('After');
  expect([events(first), events(second)]).toEqual([['After'], ['After']]);
  expect([events(first), events(second), events(board.watcher())]).toEqual([[], [], []]);
});

test('of events that nobody takes the last sixteen are kept, and the loss is told once', () => {
  const lines: unknown[] = [];
  const board = new StatusBoard({ warn: (line: unknown) => void lines.push(line) });
  for (let i = 0; i < 50; i++) board.event({ reason: `E${i}`, message: '' });
  const reasons = board
    .watcher()
    .next()
    .events.map(({ reason }) => reason);
  expect([reasons.length, reasons[0], reasons.at(-1)]).toEqual([16, 'E34', 'E49']);
  expect(lines).toEqual([{ reason: 'E0' }]);
});

test('only Healthy=False says that it is not healthy', () => {
  const board = new StatusBoard(quiet);
  board.set({ type: 'Healthy', status: 'Unknown', reason: 'Starting', message: '' });
  expect(board.unhealthy).toBeUndefined();
  board.set({ type: 'Healthy', status: 'False', reason: 'FirmwareHung', message: 'no answer' });
  expect(board.unhealthy?.reason).toBe('FirmwareHung');
});
