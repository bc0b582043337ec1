/** The plugin in memory with one thing wrong that shows in a process of its own only. */
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { chmod, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Change, definePlugin, type Plugin, type PluginContext } from '../../contract.ts';
import type { PluginService } from '../../plugin-service.ts';
import { heartbeatService } from '../../wire/definitions.ts';
import { memoryVsp } from './memory-vsp.ts';

const kept: unknown[] = [];
/** More than the 5 s that a Ping may take by as much as a busy machine may hold up the suite. */
const blockedMs = 12_000;
/** Longer than the host waits for what runs on SIGTERM. */
const longMs = 14_000;

/** @param created The change made an object, and did not remove or alter one. */
type Fault = (
  plugin: Plugin,
  onCreate: (react: (change: Change) => void | Promise<void>) => void,
  context: Pick<PluginContext<unknown>, 'stateDirectory' | 'signal' | 'metrics'>,
) => void | Promise<void>;

const keeps = (kind: Change['kind'], bytes: number): Fault => {
  return (_, onCreate) =>
    onCreate((change) => {
      if (change.kind === kind) kept.push(Buffer.alloc(bytes, 1));
    });
};

export const faults = {
  'blocks its process in apply': (_, onCreate) => {
    let calls = 0;
    onCreate(() => {
      calls++;
      if (calls === 1) block();
    });
  },
  'blocks its process in every tenth GetDevices': (plugin) => {
    const getDevices = plugin.getDevices.bind(plugin);
    let calls = 0;
    plugin.getDevices = async () => {
      calls++;
      if (calls % 10 === 0) block();
      return getDevices();
    };
  },
  'keeps 1 KB of each port': keeps('bridgePort', 1_024),
  'keeps 10 KB of each network function': keeps('networkFunction', 10_240),
  'keeps 100 KB of each chain': keeps('serviceChain', 102_400),
  'keeps a timer of each port': (_, onCreate) =>
    onCreate(({ kind }) => {
      if (kind === 'bridgePort') setInterval(() => {}, 3_600_000);
    }),
  'never ends a watch': (plugin) => {
    const watch = plugin.watchDevices?.bind(plugin);
    plugin.watchDevices = (onChange) => {
      watch?.(onChange);
      return () => {};
    };
  },
  'ends a deletion never': (plugin) => {
    const apply = plugin.dataPath?.apply.bind(plugin.dataPath);
    if (!plugin.dataPath || !apply) return;
    plugin.dataPath.apply = async (wanted, call) => {
      if (call.changed.some(({ after }) => !after)) await new Promise(() => {});
      return apply(wanted, call);
    };
  },
  'throws when its signal is aborted': (_, _onCreate, { signal }) => {
    signal.addEventListener('abort', () => {
      throw new Error('the card is away');
    });
  },
  'takes the SIGTERM of its host away': () => {
    process.removeAllListeners('SIGTERM');
  },
  'ends its process as if all were well': (_, onCreate) =>
    onCreate(() => void globalThis.setTimeout(() => process.exit(0), 20)),
  'has a metric with a name that is none': (_, _onCreate, { metrics }) => {
    metrics.counter({ name: 'acme-ports', help: 'Ports.' });
  },
  'has two services of one name': (plugin) => {
    const { Ping } = heartbeatService;
    const Read = { ...Ping, path: '/acme.card.v1.Counters/Read' };
    const service: PluginService = { definition: { Read }, handlers: { Read: async () => ({}) } };
    plugin.services = [service, service];
  },
  'throws from a timer after a call': (_, onCreate) => {
    let calls = 0;
    onCreate(() => {
      calls++;
      if (calls === 1) globalThis.setTimeout(throwLater, 1_500);
    });
  },
  'leaves a process behind': () => {
    spawn('sleep', ['60'], { detached: true, stdio: 'ignore' }).unref();
  },
  'goes on with apply after SIGTERM': (_, onCreate) => onCreate(() => setTimeout(longMs)),
  'goes on with create after SIGTERM': async (_plugin, _onCreate, { stateDirectory }) => {
    const marker = join(stateDirectory, 'created');
    if (existsSync(marker)) await setTimeout(longMs);
    writeFileSync(marker, '');
  },
  'lets others open its socket': (plugin, _, { stateDirectory }) => {
    const getDevices = plugin.getDevices.bind(plugin);
    plugin.getDevices = async () => {
      const directory = dirname(stateDirectory);
      const sockets = (await readdir(directory)).filter((name) => name === 'dpu.sock');
      for (const name of sockets) await chmod(join(directory, name), 0o777);
      return getDevices();
    };
  },
} satisfies Record<string, Fault>;

export type BrokenBy = keyof typeof faults;

export default definePlugin<{ fault: BrokenBy }>({
  create: async (context) => {
    const plugin = memoryVsp();
    const reactions: ((change: Change) => void | Promise<void>)[] = [];
    await faults[context.settings.fault](plugin, (react) => reactions.push(react), context);
    const apply = plugin.dataPath.apply.bind(plugin.dataPath);
    plugin.dataPath.apply = async (wanted, call) => {
      const created = call.changed.filter(({ before, after }) => after && !before);
      await Promise.all(created.flatMap((change) => reactions.map((react) => react(change))));
      return apply(wanted, call);
    };
    return plugin;
  },
});

/** As a long computation does, or a call that is not asynchronous. */
function block(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockedMs);
}

function throwLater(): void {
  throw new Error('nobody waits for this');
}
