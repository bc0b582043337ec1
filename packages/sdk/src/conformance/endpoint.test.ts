/** Against a VSP that runs, and may be in use. */
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DataPath, Plugin } from '../contract/contract.ts';
import { serve, temporaryDirectory, vspClient } from '../host/testing.ts';
import type { ConformanceOptions } from './options.ts';
import { conformanceSuite } from './suite.ts';
import { failedIds, known } from './testing/examine.ts';
import { type MemoryVsp, maxVfs, memoryVsp } from './testing/memory-vsp.ts';
import { olderImage } from './testing/older-image.ts';

const running = (plugin: Plugin) => serve(plugin, { logger: pino({ level: 'silent' }) });

function check(socketPath: string, options: ConformanceOptions = {}) {
  return conformanceSuite({ endpoint: `unix://${socketPath}`, modes: ['dpu'], ...known, ...options }).run();
}

describe('unless told otherwise it is only read', () => {
  test('and not one call of the suite reaches what changes it', async () => {
    const { plugin, calls } = recorded(memoryVsp());
    const { socketPath } = await running(plugin);
    await vspClient(socketPath).init({ dpuMode: true, dpuIdentifier: 'in-use' });
    calls.length = 0;
    const { results, conforms } = await check(socketPath);
    expect(conforms).toBe(true);
    expect(new Set(calls)).toEqual(new Set(['getDevices', 'watchDevices']));
    const passed = results.filter(({ status }) => status === 'passed').map(({ id }) => id);
    expect(passed).toEqual([
      'lifecycle.ping',
      'lifecycle.capabilities',
      'lifecycle.names',
      'lifecycle.status-first',
      'lifecycle.status-bounds',
      'lifecycle.progress-first',
      'lifecycle.status-health',
      'devices.shape',
      'devices.places',
      'devices.once',
      'devices.health-words',
      'devices.stable',
      'devices.watch-first',
      'bridge.list-bad-token',
      'bridge.list-bad-size',
      'errors.malformed-message',
      'errors.unknown-method',
      'concurrency.reads',
    ]);
    const others = new Set(results.filter(({ status }) => status !== 'passed').map(({ reason }) => reason));
    expect(others).toContain('it would change the VSP: --disruptive');
  });

  test('and has its first Init from whoever it is for', async () => {
    const { plugin, calls } = recorded(memoryVsp());
    const { socketPath } = await running(plugin);
    const { results } = await check(socketPath, { only: ['devices', 'lifecycle'] });
    expect(calls).toEqual([]);
    expect(results.find(({ id }) => id === 'devices.shape')?.reason).toContain('nobody has called Init');
  });
});

describe('where it may be changed', () => {
  test('no check makes other bridge ports, or more of them, than are free', async () => {
    const freePorts = ['host0-7', 'host1-0', 'host1-1'];
    const { plugin, most, seen } = counted(memoryVsp());
    const { socketPath } = await running(plugin);
    const report = await check(socketPath, { disruptive: true, freePorts, only: ['bridge', 'concurrency'] });
    expect(failedIds(report)).toEqual([]);
    expect([...seen].sort()).toEqual(freePorts.map((id) => `bridgePorts/${id}`));
    expect(most()).toBe(3);
    const pages = report.results.find(({ id }) => id === 'bridge.list-pages');
    expect(pages?.reason).toBe('needs room for 5 bridge ports: --ports, --free-ports');
  });

  test('a VSP that cannot list its ports is asked for none unless free ones are named', async () => {
    const socketPath = join(await temporaryDirectory(), 'vsp.sock');
    const image = await olderImage(socketPath);
    onTestFinished(() => image.close());
    const { results } = await check(socketPath, { disruptive: true, only: ['bridge.port-create-delete'] });
    expect(results).toMatchObject([{ status: 'skipped', reason: expect.stringContaining('--free-ports') }]);
  });

  test.each([1, 3])('of a card of %i, no more devices are asked for than are to be refused', async (most) => {
    const good = memoryVsp();
    const asked: number[] = [];
    const setNumVfs = (count: number) => {
      asked.push(count);
      return good.setNumVfs(count);
    };
    const { limits: _, ...unlimited } = good;
    const { socketPath } = await running({ ...unlimited, setNumVfs });
    await check(socketPath, { disruptive: true, maxVfs: most, only: ['devices'] });
    const beyond = asked.filter((count) => count > most && count !== 5);
    expect(beyond).toEqual([most + 1]);
    expect(most).toBeLessThan(maxVfs);
  });
});

test('the order of devices does not count', async () => {
  const good = memoryVsp();
  let calls = 0;
  const getDevices = async () => {
    const devices = await good.getDevices();
    calls += 1;
    return calls % 2 === 0 ? devices.reverse() : devices;
  };
  const { socketPath } = await running({ ...good, getDevices });
  const report = await check(socketPath, { disruptive: true, only: ['devices', 'concurrency.reads', 'lifecycle'] });
  expect(failedIds(report)).toEqual([]);
});

test('one that goes is told once, and not by every check after it', async () => {
  const good = memoryVsp();
  let calls = 0;
  const getDevices = async () => {
    calls += 1;
    if (calls === 5) void server.close();
    return good.getDevices();
  };
  const { server, socketPath } = await running({ ...good, getDevices });
  const report = await check(socketPath, { disruptive: true, only: ['devices', 'bridge'] });
  expect(failedIds(report)).toEqual(['lifecycle.alive']);
  expect(report.results.find(({ id }) => id === 'lifecycle.alive')?.failure?.message).toContain('since devices.');
  expect(report.conforms).toBe(false);
});

/** The plugin, and the names of its methods in the order in which they are called. */
function recorded(good: Plugin): { plugin: Plugin; calls: string[] } {
  const calls: string[] = [];
  const record = <T extends object>(object: T): T =>
    new Proxy(object, {
      get(target, name, receiver) {
        const value = Reflect.get(target, name, receiver);
        if (typeof value === 'object' && value !== null && !Array.isArray(value)) return record(value);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          calls.push(String(name));
          return value.apply(target, args);
        };
      },
    });
  return { plugin: record(good), calls };
}

/** The plugin, and which bridge ports it has been asked for. */
function counted(good: MemoryVsp) {
  const seen = new Set<string>();
  let most = 0;
  const dataPath: DataPath = {
    ...good.dataPath,
    apply: (wanted, call) => {
      for (const name of wanted.bridgePorts.keys()) seen.add(name);
      most = Math.max(most, wanted.bridgePorts.size);
      return good.dataPath.apply(wanted, call);
    },
  };
  const plugin: Plugin = { ...good, dataPath };
  return { plugin, seen, most: () => most };
}
