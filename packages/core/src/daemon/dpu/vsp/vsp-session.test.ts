import { mkdtempSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DpuError, definePlugin, type IpPort, type Plugin } from '@dpu-operator/sdk';
import { VspClient } from '@dpu-operator/sdk/client';
import { servePlugin } from '@dpu-operator/sdk/host';
import { parsePluginManifest } from '@dpu-operator/sdk/manifest';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { VspSession, type VspSessionState } from './vsp-session.ts';

const logger = pino({ level: 'silent' });
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const manifest = parsePluginManifest({
  dpu: {
    contract: '^1.0.0',
    products: [{ name: 'Test', host: { detect: { nodeLabel: { key: 'a', values: ['b'] } }, identifier: 'test' } }],
  },
});

async function serve(directory: string, init: () => Promise<IpPort>, parts: Partial<Plugin> = {}) {
  const create = async (): Promise<Plugin> => ({
    address: await init(),
    getDevices: async () => [],
    setNumVfs: async () => 0,
    ...parts,
  });
  const server = await servePlugin({
    plugin: definePlugin<unknown>({ create }),
    drainMs: 1,
    manifest,
    socketPath: join(directory, 'vsp.sock'),
    settings: {},
    node: { name: 'node-1', ip: '127.0.0.1' },
    logger,
  });
  cleanups.push(() => server.close());
}

function follow(directory: string, deadlineMs = 30_000, onDevices = async () => {}) {
  const states: VspSessionState[] = [];
  const lines: string[] = [];
  const session = new VspSession({
    socket: { directory, name: 'vsp.sock' },
    init: { dpuMode: true, dpuIdentifier: 'test' },
    dial: (socketPath) => new VspClient({ socketPath, logger, deadlineMs }),
    rememberedAddress: () => undefined,
    prepare: async () => {},
    onDevices,
    onState: (state) => states.push(state),
    logger: pino({ level: 'warn' }, { write: (line) => lines.push(line) }),
    longestRetryMs: 30,
    devicesDeadlineMs: deadlineMs,
  });
  cleanups.push(() => session.close());
  return { states, lines };
}

test('a VSP that says that it is not available yet is asked until it is, and complained about once', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'session-'));
  let inits = 0;
  await serve(directory, async () => {
    inits += 1;
    if (inits < 12) throw new DpuError('UNAVAILABLE', 'the switch does not run');
    return { ip: '127.0.0.1', port: 1 };
  });
  const { states, lines } = follow(directory);
  await vi.waitFor(() => expect(states.at(-1)).toEqual({ phase: 'ready' }));
  expect(states).toContainEqual({ phase: 'absent', message: 'the switch does not run' });
  expect(lines).toHaveLength(1);
});

test('a VSP whose socket takes the place of another’s is a new one, and the former counts as lost', async () => {
  const [directory, elsewhere] = [mkdtempSync(join(tmpdir(), 'session-')), mkdtempSync(join(tmpdir(), 'session-'))];
  const inits = { former: 0, next: 0 };
  const answer = (which: keyof typeof inits) => async () => {
    inits[which] += 1;
    return { ip: '127.0.0.1', port: 1 };
  };
  await serve(directory, answer('former'));
  await serve(elsewhere, answer('next'));
  const { states } = follow(directory);
  await vi.waitFor(() => expect(states.at(-1)).toEqual({ phase: 'ready' }));
  renameSync(join(elsewhere, 'vsp.sock'), join(directory, 'vsp.sock'));
  await vi.waitFor(() => expect(inits.next).toBe(1));
  await vi.waitFor(() => expect(states.at(-1)).toEqual({ phase: 'ready' }));
  expect(states).toContainEqual({ phase: 'absent', message: 'another VSP takes its place' });
  expect(inits.former).toBe(1);
});

test('only a socket is dialled: a link may lead anywhere', async () => {
  const [directory, elsewhere] = [mkdtempSync(join(tmpdir(), 'session-')), mkdtempSync(join(tmpdir(), 'session-'))];
  const address = { ip: '127.0.0.1', port: 1 };
  const init = vi.fn(async () => address);
  await serve(elsewhere, init);
  // There when it looks for the first time, which it does at once.
  symlinkSync(join(elsewhere, 'vsp.sock'), join(directory, 'vsp.sock'));
  const { states } = follow(directory);
  expect(states).toEqual([{ phase: 'absent', message: 'the VSP has no socket yet' }]);
  unlinkSync(join(directory, 'vsp.sock'));
  await serve(directory, async () => address);
  await vi.waitFor(() => expect(states.at(-1)).toEqual({ phase: 'ready' }));
  expect(init).not.toHaveBeenCalled();
});

test('a VSP is ready when its devices have been taken', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'session-'));
  await serve(directory, async () => ({ ip: '127.0.0.1', port: 1 }));
  const asked = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<void>();
  const { states } = follow(directory, 30_000, () => {
    asked.resolve();
    return taken.promise;
  });
  await asked.promise;
  await new Promise(setImmediate);
  expect(states).toEqual([{ phase: 'connecting' }]);
  taken.resolve();
  await vi.waitFor(() => expect(states.at(-1)).toEqual({ phase: 'ready' }));
});

test('a VSP that does not answer Init is said to, and works when it does', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'session-'));
  const answer = Promise.withResolvers<{ ip: string; port: number }>();
  await serve(directory, () => answer.promise);
  const { states } = follow(directory, 50);
  const message = `${join(directory, 'vsp.sock')} has not answered /opi_api.lifecycle.v1alpha1.LifeCycleService/Init within 0.05 s`;
  await vi.waitFor(() => expect(states).toContainEqual({ phase: 'failed', message }), 5_000);
  answer.resolve({ ip: '127.0.0.1', port: 1 });
  await vi.waitFor(() => expect(states.at(-1)).toEqual({ phase: 'ready' }), 5_000);
});

test.each([
  ['with a watch', { watchDevices: () => () => {} }],
  ['without one', {}],
])('a VSP %s that does not answer with its devices is said to', async (_, parts) => {
  const directory = mkdtempSync(join(tmpdir(), 'session-'));
  const init = async () => ({ ip: '127.0.0.1', port: 1 });
  const answer = Promise.withResolvers<[]>();
  await serve(directory, init, { ...parts, getDevices: () => answer.promise });
  const { states } = follow(directory, 50);
  const message = expect.stringMatching(/has not answered .*Devices within 0.05 s/);
  await vi.waitFor(() => expect(states).toContainEqual({ phase: 'failed', message }), 5_000);
  answer.resolve([]);
  await vi.waitFor(() => expect(states.at(-1)).toEqual({ phase: 'ready' }), 5_000);
});
