import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { ChainPlace } from './collaborators.ts';
import { completePair, numbered, pairUp } from './network-function.ts';
import type { Attachment } from './record/attachment.ts';
import { AttachmentStore } from './record/store.ts';

const attachment = (ifName: string, more: Partial<Attachment> = {}): Attachment => ({
  id: '6f6f3b9e-0f0c-4e83-8f0a-3c58c1a3b6f4',
  containerId: 'pod',
  ifName,
  network: 'dpunfcni-conf',
  netns: '/run/netns/a',
  netnsId: '4:1',
  state: 'attached',
  role: 'networkFunction',
  deviceId: `dev-${ifName}`,
  dpuName: 'dpu',
  pf: 0,
  vf: 0,
  link: { name: `dev-${ifName}`, mac: '', mtu: 1500 },
  mac: `mac-${ifName}`,
  ...more,
});

test('without an order the lower number is the input, whichever comes first', () => {
  const [one, two, ten] = ['net1', 'net2', 'net10'].map((name) => attachment(name));
  if (!one || !two || !ten) throw new Error();
  expect(completePair(two, [one, two])?.networkFunction).toEqual({ input: 'mac-net1', output: 'mac-net2' });
  expect(completePair(one, [one, two])?.networkFunction).toEqual({ input: 'mac-net1', output: 'mac-net2' });
  expect(completePair(ten, [two, ten])?.networkFunction).toEqual({ input: 'mac-net2', output: 'mac-net10' });
});

test('the first that was asked for is the input, whatever they are named', () => {
  const input = attachment('zz', { order: 1 });
  const output = attachment('net0', { order: 2 });
  const networkFunction = { input: 'mac-zz', output: 'mac-net0' };
  expect(completePair(output, [input, output])?.networkFunction).toEqual(networkFunction);
  expect(completePair(input, [output, input])?.networkFunction).toEqual(networkFunction);
});

test('a container’s interfaces are counted, also when one is asked for again', () => {
  const first = attachment('a', { order: 1 });
  const elsewhere = attachment('b', { order: 7, containerId: 'other' });
  const old = attachment('c');
  const second = attachment('d');
  expect(numbered(second, []).order).toBe(1);
  expect(numbered(second, [old, elsewhere]).order).toBe(1);
  expect(numbered(second, [first, elsewhere]).order).toBe(2);
  expect(numbered(attachment('e', { role: 'hostPort' }), [first]).order).toBeUndefined();
});

test('a partner is of the same pod and DPU, and free', () => {
  const added = attachment('net2');
  const paired = { networkFunction: { input: 'a', output: 'b' } };
  const others: Partial<Attachment>[] = [
    { containerId: 'other' },
    { dpuName: 'other' },
    { role: 'hostPort' },
    { state: 'detaching' },
    paired,
  ];
  for (const other of others) expect(completePair(added, [attachment('net1', other), added])).toBeUndefined();
});

function storeOf(...attachments: Attachment[]): AttachmentStore {
  const directory = join(mkdtempSync(join(tmpdir(), 'pairs-')), 'attachments');
  const store = new AttachmentStore({ directory, logger: pino({ level: 'silent' }) });
  for (const record of attachments) store.put(record);
  return store;
}

test('a pair is written down on both interfaces with its chain', async () => {
  const pod = { namespace: 'shop', name: 'firewall' };
  const [one, two] = [attachment('net1', { pod }), attachment('net2', { pod })];
  const store = storeOf(one, two);
  const place: ChainPlace = {
    chain: 'shop/edge',
    function: 'firewall',
    functions: ['firewall', 'nat'],
    generation: 1,
  };
  const asked: unknown[] = [];
  const of = async (who: unknown) => {
    asked.push(who);
    return place;
  };
  const pair = { input: 'mac-net1', output: 'mac-net2' };
  expect(await pairUp(two, store, { of })).toEqual({ networkFunction: pair, place });
  expect(asked).toEqual([pod]);
  const chain = { name: 'shop/edge', function: 'firewall' };
  expect(store.list().map(({ networkFunction }) => networkFunction)).toEqual([
    { ...pair, chain },
    { ...pair, chain },
  ]);
});

test('two interfaces that come at once make one pair', async () => {
  const pod = { namespace: 'shop', name: 'firewall' };
  const [one, two] = [attachment('net1', { pod }), attachment('net2', { pod })];
  const store = storeOf(one, two);
  const of = async () => undefined;
  const pairs = await Promise.all([pairUp(one, store, { of }), pairUp(two, store, { of })]);
  expect(pairs.filter(Boolean)).toHaveLength(1);
});

test('an interface whose partner goes while its chain is asked for waits for another', async () => {
  const pod = { namespace: 'shop', name: 'firewall' };
  const [one, two] = [attachment('net1', { pod }), attachment('net2', { pod })];
  const store = storeOf(one, two);
  const of = async () => {
    store.put({ ...one, state: 'detaching' });
    return undefined;
  };
  expect(await pairUp(two, store, { of })).toBeUndefined();
  expect(store.list().every(({ networkFunction }) => networkFunction === undefined)).toBe(true);
});
