import { type CardStatus, DpuError } from '@dpu-operator/sdk';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WriteLimit } from '../status/write-limit.ts';
import { VspCard, type VspCardOptions } from './vsp-card.ts';

const uplink = { type: 'Uplink', status: 'True', reason: 'Carrier', message: '' } as const;

/** A client whose watch the test answers. */
class Client {
  say: (status: Partial<CardStatus>) => void = () => {};
  end: (error: DpuError) => void = () => {};
  connect: (connected: boolean) => void = () => {};
  watches = 0;

  onConnectivity(callback: (connected: boolean) => void) {
    this.connect = callback;
    return () => {};
  }

  watchStatus(onStatus: (status: CardStatus) => void, onEnd: (error: DpuError) => void) {
    this.watches += 1;
    let isOver = false;
    this.say = (status) => {
      if (!isOver) onStatus({ conditions: [], links: [], events: [], ...status });
    };
    this.end = (error) => {
      if (!isOver) onEnd(error);
    };
    return () => {
      isOver = true;
    };
  }
}

/** @param options made once the clock is the test's */
function start(options: () => Partial<VspCardOptions> = () => ({})) {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const unhealthy: (string | undefined)[] = [];
  const card = new VspCard({
    onChange: () => {},
    onUnhealthy: (condition) => unhealthy.push(condition?.reason),
    logger: pino({ level: 'silent' }),
    ...options(),
  });
  onTestFinished(() => {
    card.close();
    vi.useRealTimers();
  });
  const client = new Client();
  card.follow(client);
  client.connect(true);
  return { card, client, unhealthy };
}

const firmwareOf = (card: VspCard) => (card.said.is === 'there' ? card.said.value.firmwareVersion : card.said.is);

test('what was said stays while the VSP is away, and the next one says its own', () => {
  const { card, client, unhealthy } = start();
  expect(card.said.is).toBe('unknown');
  client.say({ firmwareVersion: '1', conditions: [{ ...uplink, type: 'Healthy', status: 'False', reason: 'Hung' }] });
  client.connect(false);
  expect(firmwareOf(card)).toBe('1');
  const next = new Client();
  card.follow(next);
  next.connect(true);
  client.say({ firmwareVersion: 'late' });
  expect(firmwareOf(card)).toBe('1');
  next.say({ firmwareVersion: '2' });
  expect(firmwareOf(card)).toBe('2');
  expect(unhealthy).toEqual(['Hung', undefined]);
});

test('a VSP that says nothing of its card has none; a watch that broke is tried again', async () => {
  const { card, client } = start();
  client.say({ firmwareVersion: '1' });
  client.end(new DpuError('UNAVAILABLE', 'broke'));
  await vi.advanceTimersByTimeAsync(4_999);
  expect([client.watches, firmwareOf(card)]).toEqual([1, '1']);
  await vi.advanceTimersByTimeAsync(1);
  expect(client.watches).toBe(2);
  client.end(new DpuError('UNIMPLEMENTED', 'no'));
  expect(card.said.is).toBe('gone');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(client.watches).toBe(2);
});

test('a flood is written now and then, the latest last, and told of once', async () => {
  let changes = 0;
  const { card, client } = start(() => ({
    limit: new WriteLimit({ atOnce: 2, intervalMs: 1_000 }),
    onChange: () => {
      changes += 1;
    },
  }));
  const events: string[] = [];
  for (let i = 0; i < 1_000; i++) {
    client.say({ firmwareVersion: `${i}` });
    events.push(...card.takeEvents().map(({ reason }) => reason));
  }
  expect([firmwareOf(card), events, changes]).toEqual(['1', ['PluginTalksTooMuch'], 3]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([firmwareOf(card), changes]).toEqual(['999', 4]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(changes).toBe(4);
});

test('events beyond the limit are left out, which is told once', () => {
  const { card, client } = start(() => ({ eventLimit: new WriteLimit({ atOnce: 3, intervalMs: 60_000 }) }));
  const event = (reason: string) => ({ type: 'Normal', reason, message: '' }) as const;
  client.say({ events: Array.from({ length: 9 }, (_, i) => event(`E${i}`)) });
  client.say({ events: [event('More')] });
  expect(card.takeEvents().map(({ reason }) => reason)).toEqual(['PluginTalksTooMuch', 'E0', 'E1', 'E2']);
  expect(card.takeEvents()).toEqual([]);
});
