/** The plugin in memory, with one thing wrong that shows in a process of its own only. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { chmod, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Change, type Device, definePlugin, type Plugin, type PluginContext } from '../../contract/contract.ts';
import type { PluginService } from '../../contract/plugin-service.ts';
import { DpuError, type ErrorCode } from '../../errors.ts';
import { deviceWatchService, heartbeatService } from '../../wire/grpc/definitions.ts';
import { toServiceError } from '../../wire/grpc/service-error.ts';
import { memoryVsp } from './memory-vsp.ts';

const kept: unknown[] = [];
let creations = 0;
/** More than the 5 s that a Ping may take by as much as a busy machine may hold up the suite. */
const blockedMs = 12_000;
/** At the same time, of those that the suite makes. */
const fewCalls = 10;
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

/** On each answer of GetDevices. */
const onDevices = (react: (devices: Device[]) => Device[]): Fault => {
  return (plugin) => {
    const getDevices = plugin.getDevices.bind(plugin);
    plugin.getDevices = async () => react(await getDevices());
  };
};

/** As one does that finds on the card what its predecessor made, and does not know it. */
const findsAgain = (kind: Change['kind'], code: ErrorCode): Fault => {
  return (_, onCreate, { stateDirectory }) => {
    const marker = join(stateDirectory, 'started');
    const isSuccessor = existsSync(marker);
    writeFileSync(marker, '');
    onCreate((change) => {
      if (isSuccessor && change.kind === kind) throw new DpuError(code, `${change.name} is on the card already`);
    });
  };
};

export const faults = {
  'does not start': () => {},
  'has firmware that is too old': () => {
    throw new DpuError('FAILED_PRECONDITION', 'its firmware is too old');
  },
  'has a card that boots': () => {
    creations++;
    if (creations <= 2) throw new DpuError('UNAVAILABLE', 'the card boots');
  },
  'fails to close': (plugin) => {
    plugin.close = async () => {
      throw new Error('cannot close');
    };
  },
  'closes without end': (plugin) => {
    plugin.close = () => new Promise(() => setInterval(() => {}, 1_000));
  },
  'has new ids after each start': (...given) => {
    const prefix = randomUUID().slice(0, 4);
    onDevices((devices) => devices.map((device) => ({ ...device, id: `${prefix}-${device.id}` })))(...given);
  },
  'keeps a file open of each call': onDevices((devices) => {
    kept.push(openSync('/dev/null', 'r'));
    return devices;
  }),
  'keeps 20 KB of each call': onDevices((devices) => {
    kept.push(Buffer.alloc(20_000, 1));
    return devices;
  }),
  'finds bridges again that it does not know': findsAgain('logicalBridge', 'ALREADY_EXISTS'),
  'finds chains again that it does not know': findsAgain('serviceChain', 'FAILED_PRECONDITION'),
  'finds functions again that it does not know': findsAgain('networkFunction', 'FAILED_PRECONDITION'),
  'leaves a port on the card that is deleted, and was not asked for since its start': (_, onCreate, context) => {
    const file = join(context.stateDirectory, 'ports');
    const found = new Map<string, string>(existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []);
    const made = new Map(found);
    onCreate(({ kind, name, after }) => {
      if (kind !== 'bridgePort' || !after) return;
      const there = found.get(name) ?? after.macAddress;
      if (there !== after.macAddress) throw new DpuError('ALREADY_EXISTS', `the card has ${name} with ${there}`);
      writeFileSync(file, JSON.stringify([...made.set(name, after.macAddress)]));
    });
  },
  'takes calls that its end meets for failures': (plugin, _, { signal }) => {
    const getDevices = plugin.getDevices.bind(plugin);
    let running = 0;
    plugin.getDevices = async () => {
      running++;
      try {
        await new Promise((resolve) => setImmediate(resolve));
        if (running <= fewCalls) return await getDevices();
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        throw new Error('the connection to the card is closed');
      } finally {
        running--;
      }
    };
  },
  // As a server that is forced down. The host of the SDK ends them itself, so that a plugin has to reach behind it.
  'cuts its watches off at its end': (_, _onCreate, { signal }) => {
    const { emit } = EventEmitter.prototype;
    const cut = toServiceError(new DpuError('CANCELLED', 'the server is forced down'));
    signal.addEventListener('abort', () => {
      EventEmitter.prototype.emit = function (this: EventEmitter & { path?: string }, event, ...args) {
        const isEnd = event === 'error' && this.path === deviceWatchService.WatchDevices.path;
        return emit.call(this, event, ...(isEnd ? [cut] : args));
      };
    });
  },
  'ends its process in a call': (_, onCreate) => onCreate(() => process.exit(3)),
  'ends its process after a call': (_, onCreate) =>
    onCreate(() => void globalThis.setTimeout(() => process.exit(4), 20)),
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

// Only a process of its own has settings in its environment.
if (process.env.DPU_SETTINGS?.includes('does not start' satisfies BrokenBy)) {
  throw new DpuError('FAILED_PRECONDITION', 'there is no card here');
}

export default definePlugin<{ fault?: BrokenBy }>({
  create: async (context) => {
    const plugin = memoryVsp();
    const { fault } = context.settings;
    if (fault === undefined) return plugin;
    const reactions: ((change: Change) => void | Promise<void>)[] = [];
    await faults[fault](plugin, (react) => reactions.push(react), context);
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
