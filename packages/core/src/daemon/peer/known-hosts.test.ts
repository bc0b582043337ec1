import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silent as logger } from '../datapath/testing.ts';
import { KnownHosts } from './known-hosts.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const minutes = (count: number) => count * 60_000;

function start(...owners: string[]) {
  const changes: string[][] = [];
  const forgotten: string[] = [];
  const present = new Set(owners);
  const hosts: KnownHosts = new KnownHosts({
    hostPorts: {
      owners: () => [...present],
      forgetHost: async (owner) => {
        forgotten.push(owner);
        present.delete(owner);
        return 1;
      },
    },
    onChange: () => changes.push([...hosts.away()]),
    logger,
  });
  return { hosts, present, changes, forgotten };
}

test('a host with ports that says nothing for a minute is away, until it speaks', () => {
  const { hosts, changes, forgotten } = start('a/x', 'b/y');
  vi.advanceTimersByTime(50_000);
  hosts.heard('a/x');
  vi.advanceTimersByTime(10_001);
  expect(changes).toEqual([['b/y']]);
  expect([hosts.isConnected('a/x'), hosts.isConnected('b/y')]).toEqual([true, false]);
  vi.advanceTimersByTime(50_000);
  expect(hosts.away()).toEqual(['a/x', 'b/y']);
  hosts.heard('b/y');
  expect(changes).toEqual([['b/y'], ['a/x', 'b/y'], ['a/x']]);
  vi.advanceTimersByTime(minutes(10_000));
  expect(forgotten).toEqual([]);
});

test('of a host that has ports and was not heard of since the start nothing is known for a minute', () => {
  const { hosts, changes } = start('a/x', 'b/y');
  expect([hosts.away(), hosts.unheard()]).toEqual([[], ['a/x', 'b/y']]);
  hosts.heard('a/x');
  expect([changes, hosts.unheard()]).toEqual([[], ['b/y']]);
  hosts.heard('b/y');
  expect([changes, hosts.unheard()]).toEqual([[[]], []]);
  const { hosts: others } = start('c/z');
  vi.advanceTimersByTime(60_001);
  expect([others.away(), others.unheard()]).toEqual([['c/z'], []]);
});

test('a host without ports is nobody who could be away', () => {
  const { hosts, present, changes } = start();
  hosts.heard('a/x');
  vi.advanceTimersByTime(minutes(5));
  expect(changes).toEqual([]);
  present.add('a/x');
  hosts.heard('a/x');
  vi.advanceTimersByTime(minutes(5));
  expect(changes).toEqual([['a/x']]);
  present.delete('a/x');
  hosts.portsChanged();
  expect(hosts.away()).toEqual([]);
});

test('ports of a host that is silent for as long as is set are deleted, those of others are not', async () => {
  const { hosts, changes, forgotten } = start('a/x', 'b/y');
  hosts.expireAfter(30);
  await vi.advanceTimersByTimeAsync(minutes(20));
  hosts.heard('a/x');
  await vi.advanceTimersByTimeAsync(minutes(10) - 1);
  expect(forgotten).toEqual([]);
  await vi.advanceTimersByTimeAsync(2);
  expect(forgotten).toEqual(['b/y']);
  expect(changes.at(-1)).toEqual(['a/x']);
  hosts.expireAfter(undefined);
  await vi.advanceTimersByTimeAsync(minutes(10_000));
  expect(forgotten).toEqual(['b/y']);
});

test('names that somebody makes up cost no host that works its ports', async () => {
  const { hosts, present, changes, forgotten } = start('a/x');
  hosts.expireAfter(30);
  await vi.advanceTimersByTimeAsync(minutes(29));
  hosts.heard('a/x');
  hosts.heard('new/x');
  for (let index = 0; index < 1_000; index += 1) hosts.heard(`false/${index}`);
  // What the second has asked for is made meanwhile.
  present.add('new/x');
  hosts.portsChanged();
  await vi.advanceTimersByTimeAsync(minutes(2));
  expect(forgotten).toEqual([]);
  expect(changes.at(-1)).toEqual(['a/x', 'new/x']);
  hosts.heard('a/x');
  await vi.advanceTimersByTimeAsync(minutes(28) + 2);
  expect(forgotten).toEqual(['new/x']);
});

test('nobody is deleted early by a DPU that has just come into service, however long its daemon runs', async () => {
  vi.advanceTimersByTime(minutes(100));
  const { hosts, forgotten } = start('a/x');
  hosts.expireAfter(1);
  await vi.advanceTimersByTimeAsync(minutes(1) - 1);
  expect(forgotten).toEqual([]);
  hosts.close();
  await vi.advanceTimersByTimeAsync(minutes(100));
  expect(forgotten).toEqual([]);
});
