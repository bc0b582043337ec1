/** The loop on a card that answers on demand: no test waits for a time. */
import { describe, expect, test, vi } from 'vitest';
import type { ApplyCall, Limits, Outcome, Outcomes, Wanted } from '../../contract/contract.ts';
import { Serial } from '../../contract/serial.ts';
import { networkFunctionName } from '../../contract/wanted.ts';
import { DpuError } from '../../errors.ts';
import { DataPathLoop } from './loop.ts';
import type { Entry } from './state.ts';

interface Applied {
  wanted: Wanted;
  call: ApplyCall;
  answer: (outcomes?: Record<string, Outcome>) => void;
  fail: (error: unknown) => void;
}

/** Calls of apply in their order; each waits for its answer unless the card is told to answer by itself. */
class TestCard {
  readonly calls: Applied[] = [];
  byItself: ((applied: Applied) => Record<string, Outcome> | Promise<Record<string, Outcome>>) | undefined;
  down = new Set<string>();

  apply = async (wanted: Wanted, call: ApplyCall): Promise<Outcomes | undefined> => {
    const { promise, resolve, reject } = Promise.withResolvers<Record<string, Outcome>>();
    const applied: Applied = { wanted, call, answer: (outcomes = {}) => resolve(outcomes), fail: reject };
    this.calls.push(applied);
    if (this.byItself) return new Map(Object.entries(await this.byItself(applied)));
    return new Map(Object.entries(await promise));
  };

  async next(): Promise<Applied> {
    const index = this.#taken++;
    return vi.waitFor(() => {
      const applied = this.calls[index];
      if (!applied) throw new Error(`apply was called ${this.calls.length} times`);
      return applied;
    });
  }

  #taken = 0;
}

function testLoop({ limits, deadlineMs = 60_000 }: { limits?: Limits; deadlineMs?: number } = {}) {
  const card = new TestCard();
  const stopping = new AbortController();
  const serial = new Serial();
  const onHung = vi.fn();
  const silent = () => {};
  const logger = { trace: silent, debug: silent, info: silent, warn: vi.fn(), error: silent, fatal: silent };
  const loop = new DataPathLoop({
    dataPath: {
      serves: ['bridge', 'networkFunctions', 'chains'],
      apply: card.apply,
      down: () => card.down,
    },
    limits,
    serial,
    deadlineMs,
    stopping: stopping.signal,
    onHung,
    logger: { ...logger, child: () => ({ ...logger, child: () => expect.fail('no child of a child') }) },
  });
  const create = (name: string, entry: Entry) => loop.request(loop.requests.create(name, entry));
  return {
    loop,
    card,
    stopping,
    serial,
    onHung,
    logger,
    createPort: (id: string, logicalBridges: string[] = []) => create(`bridgePorts/${id}`, port(id, logicalBridges)),
    createBridge: (id: string, vlanId: number) => create(`logicalBridges/${id}`, bridge(id, vlanId)),
    createChain: (id: string, numbers: number[]) => create(`serviceChains/${id}`, chain(id, numbers)),
    remove: (name: string, allowMissing = false) =>
      loop.request(loop.requests.delete(loop.state.get(name)?.kind ?? 'bridgePort', name, allowMissing)),
    status: async (name: string) => (await loop.statuses([name])).get(name),
  };
}

function port(id: string, logicalBridges: string[] = []): Entry {
  const content = {
    name: `bridgePorts/${id}`,
    macAddress: '02:00:00:00:00:01',
    type: 'ACCESS' as const,
    logicalBridges,
  };
  return { kind: 'bridgePort', content };
}

function bridge(id: string, vlanId: number): Entry {
  return { kind: 'logicalBridge', content: { name: `logicalBridges/${id}`, vlanId } };
}

const nf = (number: number) => ({ input: `02:00:00:00:0${number}:0a`, output: `02:00:00:00:0${number}:0b` });

function chain(id: string, numbers: number[]): Entry {
  return { kind: 'serviceChain', content: { name: `serviceChains/${id}`, networkFunctions: numbers.map(nf) } };
}

const failed = (code: 'NOT_FOUND' | 'RESOURCE_EXHAUSTED', message: string): Outcome => ({
  state: 'failed',
  code,
  message,
});
const rejected = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });
const told = ({ call }: Applied) =>
  call.changed.map(({ name, before, after }) => [name, before !== undefined, after !== undefined]);

describe('requests that wait', () => {
  test('go together: a hundred creates while the card works are one more apply', async () => {
    const { card, createPort, loop } = testLoop();
    const first = createPort('port-first');
    const busy = await card.next();
    const others = Array.from({ length: 100 }, (_, index) => createPort(`port-${index}`));
    busy.answer();
    await first;
    const second = await card.next();
    expect(second.call.changed).toHaveLength(100);
    expect(second.wanted.bridgePorts.size).toBe(101);
    second.answer();
    await Promise.all(others);
    expect(card.calls).toHaveLength(2);
    expect(loop.state.size).toBe(101);
  });

  test('of the same content are one, also while the first is in flight', async () => {
    const { card, createPort } = testLoop();
    const first = createPort('port-0');
    const busy = await card.next();
    const repeats = [createPort('port-0'), createPort('port-0')];
    busy.answer();
    await Promise.all([first, ...repeats]);
    expect(card.calls).toHaveLength(1);
  });

  test('and repeat one that fails, fail with it', async () => {
    const { card, createPort, loop } = testLoop();
    const busy = createPort('port-busy');
    const working = await card.next();
    const both = [createPort('port-0'), createPort('port-0')];
    working.answer();
    await busy;
    (await card.next()).answer({ 'bridgePorts/port-0': failed('RESOURCE_EXHAUSTED', 'no room') });
    (await card.next()).answer();
    for (const each of await Promise.allSettled(both)) {
      expect(each).toMatchObject({ status: 'rejected', reason: { code: 'RESOURCE_EXHAUSTED', message: 'no room' } });
    }
    expect(loop.state.has('bridgePorts/port-0')).toBe(false);
  });

  test('and change one object one after the other have an outcome each', async () => {
    const { card, loop, createBridge } = testLoop();
    const made = createBridge('blue', 10);
    (await card.next()).answer();
    await made;
    const update = (changes: object) =>
      loop.request(
        loop.requests.update('logicalBridge', 'logicalBridges/blue', false, (current) => ({
          name: 'logicalBridges/blue',
          vlanId: 10,
          ...current,
          ...changes,
        })),
      );
    const updates = [update({ vlanId: 11 }), update({ vni: 7 })];
    (await card.next()).answer();
    const second = await card.next();
    second.answer();
    await Promise.all(updates);
    // Each saw what the other had done: none is lost.
    expect(second.wanted.logicalBridges.get('logicalBridges/blue')).toMatchObject({ vlanId: 11, vni: 7 });
  });

  test('are told in an order in which a card can do them one by one', async () => {
    const { card, createBridge, createPort, createChain, remove, loop } = testLoop();
    card.byItself = () => ({});
    await Promise.all([createBridge('blue', 10), createPort('port-0', ['blue']), createChain('edge', [1])]);
    expect(card.calls.at(-1)?.call.changed.map(({ kind }) => kind)).toEqual([
      'logicalBridge',
      'bridgePort',
      'serviceChain',
    ]);
    const move = loop.requests.update('bridgePort', 'bridgePorts/port-0', false, (current) => ({
      ...(current ?? expect.fail('there is a port')),
      logicalBridges: ['green'],
    }));
    await Promise.all([createBridge('green', 12), loop.request(move), remove('serviceChains/edge')]);
    await remove('logicalBridges/blue');
    expect(card.calls.slice(-2).map(told)).toEqual([
      [
        ['serviceChains/edge', true, false],
        ['logicalBridges/green', false, true],
        ['bridgePorts/port-0', true, true],
      ],
      [['logicalBridges/blue', true, false]],
    ]);
  });
});

describe('what fails', () => {
  test('does not fail its neighbours, and is undone before it is answered', async () => {
    const { card, createPort, loop } = testLoop();
    const busy = createPort('port-busy');
    const working = await card.next();
    const [good, bad] = [createPort('port-good'), createPort('port-bad')];
    working.answer();
    await busy;
    (await card.next()).answer({ 'bridgePorts/port-bad': failed('RESOURCE_EXHAUSTED', 'no room') });
    await good;
    const undo = await card.next();
    expect(told(undo)).toEqual([['bridgePorts/port-bad', true, false]]);
    expect([...undo.wanted.bridgePorts.keys()]).toEqual(['bridgePorts/port-busy', 'bridgePorts/port-good']);
    undo.answer();
    await expect(bad).rejects.toEqual(rejected('RESOURCE_EXHAUSTED', /^no room$/));
    expect(loop.state.has('bridgePorts/port-bad')).toBe(false);
  });

  test('takes with it what rests on it: a port on a bridge that could not be made', async () => {
    const { card, createPort, createBridge, loop } = testLoop();
    const busy = createPort('port-busy');
    const working = await card.next();
    const [onto, upon] = [createBridge('blue', 10), createPort('port-0', ['blue'])];
    const [bridgeFails, portFails] = [
      expect(onto).rejects.toEqual(rejected('RESOURCE_EXHAUSTED', /no VLAN left/)),
      expect(upon).rejects.toEqual(rejected('NOT_FOUND', /no logical bridge blue/)),
    ];
    working.answer();
    await busy;
    (await card.next()).answer({ 'logicalBridges/blue': failed('RESOURCE_EXHAUSTED', 'no VLAN left') });
    const undo = await card.next();
    expect(told(undo)).toEqual([
      ['bridgePorts/port-0', true, false],
      ['logicalBridges/blue', true, false],
    ]);
    undo.answer();
    await Promise.all([bridgeFails, portFails]);
    expect([...loop.state.keys()]).toEqual(['bridgePorts/port-busy']);
  });

  test('of an update is put back as it was', async () => {
    const { card, createChain, loop } = testLoop();
    const made = createChain('edge', [1, 2]);
    (await card.next()).answer();
    await made;
    const former = loop.state.get('serviceChains/edge');
    const update = loop.requests.update('serviceChain', 'serviceChains/edge', false, () => ({
      name: 'serviceChains/edge',
      networkFunctions: [nf(3)],
    }));
    const updated = loop.request(update);
    (await card.next()).answer({ 'serviceChains/edge': failed('NOT_FOUND', 'no interface') });
    const undo = await card.next();
    const [change] = undo.call.changed;
    expect(change).toMatchObject({
      before: { networkFunctions: [nf(3)] },
      after: { networkFunctions: [nf(1), nf(2)] },
    });
    undo.answer();
    await expect(updated).rejects.toEqual(rejected('NOT_FOUND', /no interface/));
    expect(loop.state.get('serviceChains/edge')).toBe(former);
    expect(undo.wanted.serviceChains.get('serviceChains/edge')).toEqual(former?.content);
  });

  test('of a deletion is wanted again', async () => {
    const { card, createPort, remove, loop } = testLoop();
    const made = createPort('port-0');
    (await card.next()).answer();
    await made;
    const removed = remove('bridgePorts/port-0');
    (await card.next()).answer({ 'bridgePorts/port-0': failed('NOT_FOUND', 'the table is locked') });
    const undo = await card.next();
    expect(told(undo)).toEqual([['bridgePorts/port-0', false, true]]);
    undo.answer();
    await expect(removed).rejects.toEqual(rejected('NOT_FOUND', /locked/));
    expect(loop.state.has('bridgePorts/port-0')).toBe(true);
  });

  test('and cannot be undone is tried again, with what was tried', async () => {
    vi.useFakeTimers();
    try {
      const { card, createPort, logger } = testLoop();
      let works = false;
      card.byItself = ({ call }) =>
        works ? {} : Object.fromEntries(call.changed.map(({ name }) => [name, failed('NOT_FOUND', 'no card')]));
      await expect(createPort('port-0')).rejects.toEqual(rejected('NOT_FOUND', /no card/));
      expect(card.calls).toHaveLength(2);
      expect(logger.warn).toHaveBeenCalledTimes(1);
      works = true;
      await vi.advanceTimersByTimeAsync(1_000);
      expect(card.calls.slice(2).map(told)).toEqual([[['bridgePorts/port-0', true, false]]]);
      await vi.advanceTimersByTimeAsync(600_000);
      expect(card.calls).toHaveLength(3);
    } finally {
      vi.useRealTimers();
    }
  });

  test('by a throw is found by halves, and the others are made', async () => {
    const { card, createPort, loop } = testLoop();
    card.byItself = ({ wanted }) => {
      if (wanted.bridgePorts.has('bridgePorts/port-13')) throw new DpuError('RESOURCE_EXHAUSTED', 'thirteen');
      return {};
    };
    const all = Array.from({ length: 40 }, (_, index) => createPort(`port-${index}`));
    const results = await Promise.allSettled(all);
    const refused = results.flatMap((result, index) => (result.status === 'rejected' ? [index] : []));
    expect(refused).toEqual([13]);
    expect(results[13]).toMatchObject({ reason: { code: 'RESOURCE_EXHAUSTED', message: 'thirteen' } });
    expect(loop.state.size).toBe(39);
    // Each half that throws is undone before the next: 2 * log2(40) and the halves that succeed.
    expect(card.calls.length).toBeLessThan(24);
  });

  test('once is made by a repeat', async () => {
    const { card, createPort, loop, status } = testLoop();
    const made = createPort('port-0');
    const first = await card.next();
    first.answer({ 'bridgePorts/port-0': { state: 'pending', reason: 'firmware' } });
    await made;
    first.call.report('bridgePorts/port-0', failed('NOT_FOUND', 'no representor'));
    expect(await status('bridgePorts/port-0')).toMatchObject({ operStatus: 'DOWN', components: [{ status: 'ERROR' }] });
    const again = createPort('port-0');
    (await card.next()).answer();
    await again;
    expect(await status('bridgePorts/port-0')).toEqual({ operStatus: 'UP' });
    expect(loop.state.size).toBe(1);
  });
});

describe('pending', () => {
  const name = 'bridgePorts/port-0';

  test('is an answer, and becomes up by a report', async () => {
    const { card, createPort, status } = testLoop();
    const made = createPort('port-0');
    const applied = await card.next();
    applied.answer({ [name]: { state: 'pending', reason: 'the firmware learns it' } });
    await made;
    const details = JSON.stringify({ message: 'the firmware learns it' });
    expect(await status(name)).toEqual({
      operStatus: 'DOWN',
      components: [{ name: 'programming', status: 'PENDING', details }],
    });
    applied.call.report(name, { state: 'up' });
    expect(await status(name)).toEqual({ operStatus: 'UP' });
  });

  test('counts for nothing once the object has changed', async () => {
    const { card, createPort, remove, status } = testLoop();
    const made = createPort('port-0');
    const first = await card.next();
    first.answer();
    await made;
    const removed = remove(name);
    (await card.next()).answer();
    await removed;
    const again = createPort('port-0');
    (await card.next()).answer();
    await again;
    first.call.report(name, failed('NOT_FOUND', 'of the one before'));
    expect(await status(name)).toEqual({ operStatus: 'UP' });
  });

  test('what fails after its answer is tried again by itself, however often that is reported', async () => {
    vi.useFakeTimers();
    try {
      const { card, createPort, status } = testLoop();
      const made = createPort('port-0');
      const first = await card.next();
      first.answer({ [name]: { state: 'pending', reason: 'the firmware learns it' } });
      await made;
      for (let i = 0; i < 3; i += 1) first.call.report(name, failed('RESOURCE_EXHAUSTED', 'the firmware has no room'));
      await vi.advanceTimersByTimeAsync(1_000);
      const again = await card.next();
      expect(again.call.changed.map((change) => change.name)).toEqual([name]);
      again.answer();
      await vi.advanceTimersByTimeAsync(0);
      expect(await status(name)).toEqual({ operStatus: 'UP' });
      await vi.advanceTimersByTimeAsync(600_000);
      expect(card.calls).toHaveLength(2);
    } finally {
      vi.useRealTimers();
    }
  });

  test('what fails after each answer is tried again later each time, and other requests do not put that off', async () => {
    vi.useFakeTimers();
    try {
      const { card, createPort } = testLoop();
      card.byItself = () => ({});
      await createPort('port-0');
      const retries = () => card.calls.filter(({ call }) => call.changed.some((change) => change.name === name));
      const waits: number[] = [];
      for (let times = 1; times < 5; times += 1) {
        retries()[times - 1]?.call.report(name, failed('RESOURCE_EXHAUSTED', 'the firmware has lost it'));
        const since = performance.now();
        for (let other = 0; retries().length === times; other += 1) {
          await createPort(`port-${times}-${other}`);
          await vi.advanceTimersByTimeAsync(100);
        }
        waits.push(Math.round((performance.now() - since) / 1_000));
      }
      expect(waits).toEqual([1, 2, 4, 8]);
      // It has worked for long enough since.
      await vi.advanceTimersByTimeAsync(60_000);
      retries()[4]?.call.report(name, failed('RESOURCE_EXHAUSTED', 'the firmware has lost it'));
      await vi.advanceTimersByTimeAsync(1_000);
      expect(retries()).toHaveLength(6);
    } finally {
      vi.useRealTimers();
    }
  });

  test('a report of what nobody wants is in the log, once', async () => {
    const { card, createPort, status, logger } = testLoop();
    const made = createPort('port-0');
    const applied = await card.next();
    applied.call.report('port-0', { state: 'up' });
    applied.answer({ [name]: { state: 'pending', reason: 'the firmware learns it' } });
    await made;
    for (const wrong of ['port-0', 'bridgePorts/port-1', 'port-0']) applied.call.report(wrong, { state: 'up' });
    const words = 'the plugin reports an object that is not wanted: that counts for nothing';
    expect(logger.warn.mock.calls).toEqual([
      [{ name: 'port-0' }, words],
      [{ name: 'bridgePorts/port-1' }, words],
    ]);
    expect((await status(name))?.operStatus).toBe('DOWN');
  });

  test('a report before the answer is newer than the answer', async () => {
    const { card, createPort, status } = testLoop();
    const made = createPort('port-0');
    const applied = await card.next();
    applied.call.report(name, { state: 'up' });
    applied.answer({ [name]: { state: 'pending', reason: 'long over' } });
    await made;
    expect(await status(name)).toEqual({ operStatus: 'UP' });
  });

  const up = (loop: DataPathLoop) => loop.requestUp(loop.requests.create('serviceChains/edge', chain('edge', [1])));
  const pending = { 'serviceChains/edge': { state: 'pending', reason: 'the pipeline compiles' } } as const;

  test('holds back the answer of what has no status, until it is up', async () => {
    const { card, loop } = testLoop();
    let isAnswered = false;
    const made = up(loop).then(() => {
      isAnswered = true;
    });
    const applied = await card.next();
    applied.answer(pending);
    await vi.waitFor(() => expect(loop.state.size).toBe(1));
    expect(isAnswered).toBe(false);
    applied.call.report('serviceChains/edge', { state: 'up' });
    await made;
  });

  test('that fails then is undone', async () => {
    const { card, loop } = testLoop();
    const made = up(loop);
    const applied = await card.next();
    applied.answer(pending);
    await vi.waitFor(() => expect(loop.state.size).toBe(1));
    applied.call.report('serviceChains/edge', failed('RESOURCE_EXHAUSTED', 'the pipeline is full'));
    const undo = await card.next();
    expect(told(undo)).toEqual([['serviceChains/edge', true, false]]);
    undo.answer();
    await expect(made).rejects.toEqual(rejected('RESOURCE_EXHAUSTED', /pipeline is full/));
    expect(loop.state.size).toBe(0);
  });

  test('at the deadline is said with its reason, and a repeat waits on', async () => {
    vi.useFakeTimers();
    try {
      const { card, loop } = testLoop();
      card.byItself = () => pending;
      const words = /not up after 60 s: the pipeline compiles/;
      const late = expect(up(loop)).rejects.toEqual(rejected('DEADLINE_EXCEEDED', words));
      await vi.advanceTimersByTimeAsync(60_000);
      await late;
      const again = up(loop);
      await vi.advanceTimersByTimeAsync(59_000);
      card.calls[0]?.call.report('serviceChains/edge', { state: 'up' });
      await again;
      expect(card.calls).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('the replay', () => {
  test('is not complete until the daemon says so; then all is given once', async () => {
    const { card, loop, createPort, createBridge, remove } = testLoop();
    card.byItself = () => ({});
    await createBridge('blue', 10);
    await createPort('port-0', ['blue']);
    await remove('bridgePorts/port-0');
    expect(card.calls.map(({ call }) => call.complete)).toEqual([false, false, false]);
    expect(card.calls.map(({ call }) => call.changed.length)).toEqual([1, 1, 1]);
    await Promise.all([loop.complete(), loop.complete()]);
    await loop.complete();
    expect(card.calls).toHaveLength(4);
    const [all] = card.calls.slice(3);
    expect(all?.call).toMatchObject({ complete: true, changed: [{ name: 'logicalBridges/blue' }] });
    await createPort('port-1');
    expect(card.calls.at(-1)?.call).toMatchObject({ complete: true, changed: [{ name: 'bridgePorts/port-1' }] });
  });

  test('before it is complete, what is deleted by name goes from the card, also where nobody asked for it since', async () => {
    const { card, loop, remove } = testLoop();
    card.byItself = () => ({});
    await remove('bridgePorts/port-9', true);
    await loop.request(loop.requests.deleteFunction(nf(1)));
    expect(card.calls.map(({ call }) => call.changed)).toEqual([
      [{ kind: 'bridgePort', name: 'bridgePorts/port-9', before: undefined, after: undefined }],
      [{ kind: 'networkFunction', name: networkFunctionName(nf(1)), before: nf(1), after: undefined }],
    ]);
    await loop.complete();
    await remove('bridgePorts/port-9', true);
    expect(card.calls).toHaveLength(3);
  });

  test('that the plugin could not take is not complete', async () => {
    const { card, loop, createPort } = testLoop();
    let works = false;
    card.byItself = ({ call }) => {
      if (call.complete && !works) throw new DpuError('UNAVAILABLE', 'the card is away');
      return {};
    };
    await createPort('port-0');
    await expect(loop.complete()).rejects.toEqual(rejected('UNAVAILABLE', /away/));
    await createPort('port-1');
    expect(card.calls.at(-1)?.call.complete).toBe(false);
    works = true;
    await loop.complete();
    expect(card.calls.at(-1)?.call.complete).toBe(true);
  });
});

describe('empty', () => {
  test('takes all away by apply, also what the host does not know of', async () => {
    const { card, loop, serial, createPort, createBridge } = testLoop();
    card.byItself = () => ({});
    await createBridge('blue', 10);
    await createPort('port-0', ['blue']);
    await serial.run(() => loop.empty());
    const last = card.calls.at(-1);
    expect(last && told(last)).toEqual([
      ['bridgePorts/port-0', true, false],
      ['logicalBridges/blue', true, false],
    ]);
    expect(last?.call.complete).toBe(true);
    expect(loop.state.size).toBe(0);
  });

  test('that fails leaves all as it was', async () => {
    const { card, loop, serial, createPort } = testLoop();
    card.byItself = () => ({});
    await createPort('port-0');
    card.byItself = ({ wanted }) =>
      wanted.bridgePorts.size > 0 ? {} : { 'bridgePorts/port-0': failed('NOT_FOUND', 'no') };
    await expect(serial.run(() => loop.empty())).rejects.toEqual(rejected('NOT_FOUND', /^no$/));
    expect(loop.state.size).toBe(1);
    expect(card.calls.at(-1)?.wanted.bridgePorts.size).toBe(1);
  });
});

test('reapply gives all, once for several', async () => {
  const { card, loop, createPort, serial } = testLoop();
  card.byItself = () => ({});
  await createPort('port-0');
  loop.reapply();
  loop.reapply();
  await serial.idle();
  expect(card.calls.slice(1).map(told)).toEqual([[['bridgePorts/port-0', true, true]]]);
});

test('a status tells what is down', async () => {
  const { card, createPort, status } = testLoop();
  card.byItself = () => ({});
  card.down.add('bridgePorts/port-0');
  await createPort('port-0');
  expect(await status('bridgePorts/port-0')).toEqual({ operStatus: 'DOWN' });
  card.down.clear();
  expect(await status('bridgePorts/port-0')).toEqual({ operStatus: 'UP' });
});

test('SIGTERM aborts the call that runs; what throws then is to be called again', async () => {
  const { card, createPort, stopping } = testLoop();
  const made = createPort('port-0');
  const { call, fail } = await card.next();
  expect(call.signal.aborted).toBe(false);
  stopping.abort();
  expect(call.signal.aborted).toBe(true);
  fail(call.signal.reason);
  await expect(made).rejects.toEqual(rejected('UNAVAILABLE', /shuts down; call again/));
  expect(card.calls).toHaveLength(1);
});

test('an apply that takes too long ends all, and is the last', async () => {
  const { card, createPort, onHung } = testLoop({ deadlineMs: 20 });
  const made = createPort('port-0');
  await expect(made).rejects.toEqual(
    rejected('DEADLINE_EXCEEDED', /has not answered apply \(objects: 1\) within 0.02 s/),
  );
  expect(onHung).toHaveBeenCalledTimes(1);
  await expect(createPort('port-1')).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(card.calls).toHaveLength(1);
  expect(card.calls[0]?.call.signal.aborted).toBe(true);
});

test('what no card is needed for is refused without one', async () => {
  const limits = { maxBridgePorts: 1, maxChains: 1, trunk: false, vxlan: false };
  const { card, loop, createPort, createBridge, createChain, remove } = testLoop({ limits });
  card.byItself = () => ({});
  await createBridge('blue', 10);
  await createPort('port-0', ['blue']);
  await createChain('edge', [1]);
  // Before, a deletion goes to the card though the host does not know the object.
  await loop.complete();
  const before = card.calls.length;
  const create = (name: string, entry: Entry) => loop.request(loop.requests.create(name, entry));
  const trunk = port('port-0', ['blue']);
  const refusals: [Promise<void>, string, RegExp][] = [
    [createPort('port-0', []), 'ALREADY_EXISTS', /other content/],
    [createPort('port-1'), 'RESOURCE_EXHAUSTED', /1 bridge ports at most/],
    [createChain('other', [2]), 'RESOURCE_EXHAUSTED', /1 chains at most/],
    [createBridge('green', 10), 'INVALID_ARGUMENT', /logicalBridges\/blue has VLAN 10/],
    [
      create('logicalBridges/green', {
        kind: 'logicalBridge',
        content: { name: 'logicalBridges/green', vlanId: 11, vni: 1 },
      }),
      'UNIMPLEMENTED',
      /spec.vni: .*no VXLAN/,
    ],
    [
      create('logicalBridges/green', {
        kind: 'logicalBridge',
        content: { name: 'logicalBridges/green', vlanId: 11, vtepIpPrefix: '10.0.0.1/24' },
      }),
      'UNIMPLEMENTED',
      /spec.vtep_ip_prefix: .*no VXLAN/,
    ],
    [remove('logicalBridges/blue'), 'FAILED_PRECONDITION', /bridgePorts\/port-0 on logical bridge blue/],
    [remove('bridgePorts/port-9'), 'NOT_FOUND', /does not exist/],
    [loop.request(loop.requests.createFunction(nf(1))), 'FAILED_PRECONDITION', /in use by serviceChains\/edge/],
    [loop.request(loop.requests.deleteFunction(nf(1))), 'FAILED_PRECONDITION', /is in serviceChains\/edge/],
    [loop.request(loop.requests.createFunction({ ...nf(2), output: nf(2).input })), 'INVALID_ARGUMENT', /twice/],
    [
      loop.request(
        loop.requests.update('bridgePort', 'bridgePorts/port-0', false, (current) => ({
          ...(current ?? (trunk.content as never)),
          type: 'TRUNK',
        })),
      ),
      'UNIMPLEMENTED',
      /no trunks/,
    ],
    [
      loop.request(
        loop.requests.update('bridgePort', 'bridgePorts/port-0', false, (current) => ({
          ...(current ?? (trunk.content as never)),
          logicalBridges: ['blue', '7'],
        })),
      ),
      'INVALID_ARGUMENT',
      /one at most, not 2/,
    ],
  ];
  for (const [refused, code, message] of refusals) await expect(refused).rejects.toEqual(rejected(code, message));
  expect(card.calls).toHaveLength(before);
});

test('a function that shares an interface with another takes its place', async () => {
  const { card, loop } = testLoop();
  card.byItself = () => ({});
  const [former, next] = [nf(1), { ...nf(2), input: nf(1).input }];
  await loop.request(loop.requests.createFunction(former));
  await loop.request(loop.requests.createFunction(next));
  const last = card.calls.at(-1);
  expect(last && told(last)).toEqual([
    [networkFunctionName(former), true, false],
    [networkFunctionName(next), false, true],
  ]);
  await loop.request(loop.requests.deleteFunction(former));
  await loop.request(loop.requests.deleteFunction(next));
  expect(loop.state.size).toBe(0);
});

test('ports on a bridge that changes are told of it', async () => {
  const { card, loop, createBridge, createPort } = testLoop();
  card.byItself = () => ({});
  await createBridge('blue', 10);
  await Promise.all([createPort('port-0', ['logicalBridges/blue']), createPort('port-1', ['12'])]);
  const update = loop.requests.update('logicalBridge', 'logicalBridges/blue', false, () => ({
    name: 'logicalBridges/blue',
    vlanId: 11,
  }));
  await loop.request(update);
  expect(card.calls.at(-1)?.call.changed.map(({ name }) => name)).toEqual([
    'logicalBridges/blue',
    'bridgePorts/port-0',
  ]);
});

describe('functions for one bridge', () => {
  const blue = { ...nf(1), bridgeId: 'blue' };
  const names = (applied: Applied | undefined) => applied?.call.changed.map(({ name }) => name);

  test('are told of it when that changes, as chains are', async () => {
    const { card, loop, createBridge } = testLoop({ limits: { perBridge: true } });
    card.byItself = () => ({});
    await createBridge('blue', 10);
    const content = { name: 'serviceChains/edge', networkFunctions: [{ ...nf(2), bridgeId: 'blue' }] };
    await loop.request(loop.requests.create('serviceChains/edge', { kind: 'serviceChain', content }));
    await Promise.all([blue, nf(3)].map((one) => loop.request(loop.requests.createFunction(one))));
    const update = loop.requests.update('logicalBridge', 'logicalBridges/blue', false, () => ({
      name: 'logicalBridges/blue',
      vlanId: 11,
    }));
    await loop.request(update);
    expect(names(card.calls.at(-1))).toEqual(['logicalBridges/blue', networkFunctionName(blue), 'serviceChains/edge']);
  });

  test('leave it before it goes', async () => {
    const { card, loop, createBridge, remove } = testLoop({ limits: { perBridge: true } });
    const made = createBridge('blue', 10);
    (await card.next()).answer();
    await made;
    const placed = loop.request(loop.requests.createFunction(blue));
    const busy = await card.next();
    const left = [loop.request(loop.requests.createFunction(nf(1))), remove('logicalBridges/blue')];
    busy.answer();
    const last = await card.next();
    last.answer();
    await Promise.all([placed, ...left]);
    expect(names(last)).toEqual([networkFunctionName(blue), 'logicalBridges/blue']);
  });

  test('are refused where it is not there, or chained with those of others, and keep it', async () => {
    const { card, loop, createBridge, remove } = testLoop({ limits: { perBridge: true } });
    card.byItself = () => ({});
    await createBridge('blue', 10);
    await loop.request(loop.requests.createFunction(blue));
    const green = loop.request(loop.requests.createFunction({ ...nf(2), bridgeId: 'green' }));
    await expect(green).rejects.toEqual(rejected('NOT_FOUND', /no logical bridge green/));
    const content = { name: 'serviceChains/edge', networkFunctions: [{ ...nf(2), bridgeId: 'blue' }, nf(3)] };
    const mixed = loop.request(loop.requests.create('serviceChains/edge', { kind: 'serviceChain', content }));
    await expect(mixed).rejects.toEqual(rejected('INVALID_ARGUMENT', /one bridge, or for all/));
    const removed = remove('logicalBridges/blue');
    await expect(removed).rejects.toEqual(
      rejected('FAILED_PRECONDITION', /networkFunctions\/.* on logical bridge blue/),
    );
  });
});

test('a plugin cannot change what is wanted', async () => {
  const { card, createPort, loop } = testLoop();
  card.byItself = ({ wanted }) => {
    for (const each of wanted.bridgePorts.values()) each.logicalBridges.push('mine');
    return {};
  };
  await expect(createPort('port-0')).rejects.toMatchObject({ code: 'INTERNAL' });
  expect(loop.state.size).toBe(0);
});

describe('what was found by trying to break it', () => {
  test('a create that comes after a deletion of the same name is done after it', async () => {
    const { loop, card, createPort, createBridge, remove } = testLoop();
    const slow = createBridge('blue', 10);
    const first = await card.next();
    card.byItself = () => ({});
    const all = [slow, createPort('port-0'), remove('bridgePorts/port-0', true), createPort('port-0')];
    first.answer();
    await Promise.all(all);
    expect([...loop.state.keys()]).toEqual(['logicalBridges/blue', 'bridgePorts/port-0']);
  });

  test.each(Array.from({ length: 16 }, (_, ticks) => ticks))(
    'a report counts %i ticks after the call',
    async (ticks) => {
      const { card, createPort, status } = testLoop();
      const reported = Promise.withResolvers<void>();
      const report = async (call: ApplyCall) => {
        for (let tick = 0; tick < ticks; tick++) await null;
        call.report('bridgePorts/port-0', { state: 'up' });
        reported.resolve();
      };
      card.byItself = ({ call }) => {
        void report(call);
        return { 'bridgePorts/port-0': { state: 'pending', reason: 'busy' } };
      };
      await createPort('port-0');
      await reported.promise;
      expect((await status('bridgePorts/port-0'))?.operStatus).toBe('UP');
    },
  );

  test.each(['throws', 'answers'])('a bridge update that fails (%s) is undone on the ports on it, too', async (how) => {
    const { loop, card, createPort, createBridge } = testLoop();
    card.byItself = () => ({});
    await createBridge('blue', 10);
    await createPort('port-0', ['blue']);
    const made = card.calls.length;
    card.byItself = () => {
      if (card.calls.length > made + 1) return {};
      if (how === 'throws') throw new DpuError('INTERNAL', 'no');
      return { 'logicalBridges/blue': failed('NOT_FOUND', 'no') };
    };
    const content = { name: 'logicalBridges/blue', vlanId: 20 };
    const update = loop.requests.update('logicalBridge', 'logicalBridges/blue', false, () => content);
    await expect(loop.request(update)).rejects.toThrow('no');
    expect(card.calls[made + 1]?.call.changed.map(({ name }) => name)).toContain('bridgePorts/port-0');
  });

  test('a deletion that could not be undone either goes to the card again', async () => {
    const { loop, card, createPort, remove } = testLoop();
    card.byItself = () => ({});
    await createPort('port-0');
    card.byItself = () => {
      throw new DpuError('UNAVAILABLE', 'firmware resets');
    };
    for (const _ of [1, 2]) await expect(remove('bridgePorts/port-0')).rejects.toThrow('firmware resets');
    card.byItself = () => ({});
    await remove('bridgePorts/port-0');
    const last = card.calls.at(-1);
    expect(last && told(last)).toEqual([['bridgePorts/port-0', true, false]]);
    loop.close();
  });

  test('before the replay is complete a deletion of what is not known goes to the card, and is answered as not found', async () => {
    const { card, remove } = testLoop();
    card.byItself = () => ({});
    await expect(remove('bridgePorts/old')).rejects.toEqual(rejected('NOT_FOUND', /does not exist/));
    expect(card.calls.map(told)).toEqual([[['bridgePorts/old', false, false]]]);
  });

  test.each(['reapply', 'complete'] as const)('what fails in %s is tried again', async (how) => {
    vi.useFakeTimers();
    try {
      const { loop, card, createPort, status } = testLoop();
      card.byItself = () => ({});
      await createPort('port-0');
      card.byItself = () => ({ 'bridgePorts/port-0': failed('NOT_FOUND', 'not yet') });
      await loop[how]();
      await vi.advanceTimersByTimeAsync(1);
      expect((await status('bridgePorts/port-0'))?.operStatus).toBe('DOWN');
      card.byItself = () => ({});
      await vi.advanceTimersByTimeAsync(2_000);
      expect((await status('bridgePorts/port-0'))?.operStatus).toBe('UP');
    } finally {
      vi.useRealTimers();
    }
  });

  test('a card that does not answer is not asked once for each request', async () => {
    const { loop, card, createPort, createBridge } = testLoop();
    const slow = createBridge('blue', 10);
    const first = await card.next();
    const ports = Array.from({ length: 100 }, (_, index) => createPort(`port-${index}`));
    card.byItself = () => {
      throw new DpuError('UNAVAILABLE', 'away');
    };
    first.answer();
    await slow;
    for (const { status } of await Promise.allSettled(ports)) expect(status).toBe('rejected');
    expect(card.calls.length).toBeLessThanOrEqual(3);
    loop.close();
  });

  test('a chain whose change fails after its first caller gave up is as it was before', async () => {
    const { loop, card, createChain } = testLoop({ deadlineMs: 50 });
    card.byItself = () => ({});
    await createChain('edge', [1]);
    card.byItself = () => ({ 'serviceChains/edge': { state: 'pending', reason: 'busy' } });
    const { kind, content } = chain('edge', [1, 2]);
    const update = () =>
      loop.requestUp(loop.requests.update(kind, 'serviceChains/edge', false, () => content as never));
    await expect(update()).rejects.toThrow('busy');
    const repeated = update();
    await vi.waitFor(() => expect(loop.state.get('serviceChains/edge')?.content).toEqual(content));
    const report = card.calls.at(-1)?.call.report;
    card.byItself = () => ({});
    report?.('serviceChains/edge', failed('NOT_FOUND', 'gone'));
    await expect(repeated).rejects.toThrow('gone');
    expect(loop.state.get('serviceChains/edge')).toEqual(chain('edge', [1]));
  });

  test('what is deleted while it is pending was not made', async () => {
    const { loop, card } = testLoop();
    card.byItself = ({ call }) =>
      Object.fromEntries(
        call.changed.filter(({ after }) => after).map(({ name }) => [name, { state: 'pending', reason: 'busy' }]),
      );
    const made = loop.requestUp(loop.requests.createFunction(nf(1)));
    await vi.waitFor(() => expect(loop.state.size).toBe(1));
    const refused = expect(made).rejects.toEqual(rejected('ABORTED', /deleted/));
    await loop.request(loop.requests.deleteFunction(nf(1)));
    await refused;
  });

  test('an outcome under a name that there is not is no success', async () => {
    const { loop, card, createPort } = testLoop();
    card.byItself = () => ({ 'port-0': failed('NOT_FOUND', 'no') });
    await expect(createPort('port-0')).rejects.toThrow('there is no object port-0');
    loop.close();
  });
});
