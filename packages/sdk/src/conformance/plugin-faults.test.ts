/** Each group of checks finds what is broken in a plugin, and nothing else. */
import { expect, test } from 'vitest';
import type { BridgeContract, ChainContract, NetworkFunctionContract, Plugin } from '../contract.ts';
import { DpuError } from '../errors.ts';
import { examine, failedIds, groupsOf } from './testing/examine.ts';
import { memoryVsp } from './testing/memory-vsp.ts';

type Memory = ReturnType<typeof memoryVsp>;
type Good = { bridge: BridgeContract; chains: ChainContract; networkFunctions: NetworkFunctionContract };

/** What is broken, and the checks that must find it: those and no others. */
const faults: [string, (good: Memory & Good) => Partial<Plugin>, string[]][] = [
  [
    'changes its ids',
    (good) => {
      let calls = 0;
      const getDevices = async () => {
        const devices = await good.getDevices();
        return ++calls > 8 ? devices.map(({ id, healthy }) => ({ id: `${id}x`, healthy })) : devices;
      };
      const setNumVfs = (count: number) => {
        calls = 0;
        return good.setNumVfs(count);
      };
      const watchDevices = (onChange: () => void) => {
        calls = 0;
        return good.watchDevices?.(onChange) ?? (() => {});
      };
      return { getDevices, setNumVfs, watchDevices };
    },
    ['devices.stable'],
  ],
  [
    'lists fewer devices than it says',
    (good) => ({ getDevices: async () => (await good.getDevices()).slice(0, 4) }),
    ['devices.count-max'],
  ],
  [
    'has more or less than it was asked for',
    (good) => ({ setNumVfs: async (count) => (await good.setNumVfs(count)) - (count === 3 ? 1 : 0) }),
    ['devices.count', 'devices.watch-change'],
  ],
  [
    'refuses the same number',
    (good) => ({
      setNumVfs: async (count) => {
        const same = (await good.getDevices()).length === count;
        if (same) throw new DpuError('ALREADY_EXISTS', `there are ${count}`);
        return good.setNumVfs(count);
      },
    }),
    ['devices.count-repeat'],
  ],
  [
    'disturbs devices when it makes more',
    (good) => ({
      setNumVfs: async (count) => {
        if (count === 4) good.break('mem0', true);
        return good.setNumVfs(count);
      },
    }),
    ['devices.count-grow'],
  ],
  [
    'leaves devices behind',
    (good) => ({ setNumVfs: async (count) => (count === 0 ? 0 : good.setNumVfs(count)) }),
    ['devices.count-zero', 'devices.zero-ports'],
  ],
  ['never tells of changes', () => ({ watchDevices: () => () => {} }), ['devices.watch-change', 'devices.health']],
  [
    'takes every content for the same',
    ({ bridge }) => ({
      bridge: {
        ...bridge,
        createBridgePort: async (port) => {
          const there = (await bridge.listBridgePorts()).find(({ name }) => name === port.name);
          return there ?? bridge.createBridgePort(port);
        },
      },
    }),
    ['bridge.port-create-other'],
  ],
  [
    'refuses to create again',
    ({ bridge }) => ({
      bridge: {
        ...bridge,
        createBridgePort: async (port) => {
          const there = (await bridge.listBridgePorts()).some(({ name }) => name === port.name);
          if (there) throw new DpuError('ALREADY_EXISTS', `${port.name} exists`);
          return bridge.createBridgePort(port);
        },
      },
    }),
    ['bridge.port-create-again'],
  ],
  [
    'wants every logical bridge to exist',
    ({ bridge }) => ({
      bridge: {
        ...bridge,
        createBridgePort: async (port) => {
          if (port.logicalBridges.includes('4095')) throw new DpuError('NOT_FOUND', 'no such logical bridge');
          return bridge.createBridgePort(port);
        },
      },
    }),
    ['bridge.port-placeholder'],
  ],
  [
    'takes any name of a logical bridge',
    ({ bridge }) => ({
      bridge: {
        ...bridge,
        createBridgePort: async (port) => {
          if (!port.logicalBridges.some((name) => name.endsWith('none'))) return bridge.createBridgePort(port);
          return bridge.createBridgePort({ ...port, logicalBridges: [] });
        },
      },
    }),
    ['bridge.port-unknown-bridge'],
  ],
  [
    'has another code for a full card',
    ({ bridge }) => ({
      bridge: {
        ...bridge,
        createBridgePort: (port) =>
          bridge.createBridgePort(port).catch((error) => {
            const { code, message } = DpuError.from(error);
            throw new DpuError(code === 'RESOURCE_EXHAUSTED' ? 'INTERNAL' : code, message);
          }),
      },
    }),
    ['bridge.many-ports'],
  ],
  [
    'deletes logical bridges in use',
    ({ bridge }) => ({
      bridge: {
        ...bridge,
        deleteLogicalBridge: async (name) => {
          const ports = await bridge.listBridgePorts();
          const users = ports.filter((port) => port.logicalBridges.some((each) => name.endsWith(each.slice(-13))));
          for (const user of users) await bridge.deleteBridgePort(user.name);
          await bridge.deleteLogicalBridge(name);
          for (const user of users) await bridge.createBridgePort({ ...user, logicalBridges: [] });
        },
      },
    }),
    ['bridge.bridge-delete-in-use'],
  ],
  [
    'knows network functions by their bytes only',
    ({ networkFunctions }) => ({
      networkFunctions: {
        ...networkFunctions,
        deleteNetworkFunction: async (nf) => {
          if (nf.input.startsWith('02:c0')) throw new DpuError('NOT_FOUND', 'no such function');
          await networkFunctions.deleteNetworkFunction(nf);
        },
      },
    }),
    ['network-functions.delete-missing'],
  ],
  [
    'takes interfaces that are not there',
    ({ networkFunctions }) => ({
      networkFunctions: {
        ...networkFunctions,
        createNetworkFunction: async (nf) => {
          if (!nf.output.startsWith('02:c0')) await networkFunctions.createNetworkFunction(nf);
        },
      },
    }),
    ['network-functions.unknown-interface'],
  ],
  [
    'has room for one network function',
    ({ networkFunctions }) => {
      let made = 0;
      return {
        networkFunctions: {
          createNetworkFunction: async (nf) => {
            await networkFunctions.createNetworkFunction(nf);
            if (nf.input.endsWith('03') && made > 0) throw new DpuError('RESOURCE_EXHAUSTED', 'there is one already');
            made++;
          },
          deleteNetworkFunction: async (nf) => {
            made = 0;
            await networkFunctions.deleteNetworkFunction(nf);
          },
        },
      };
    },
    ['network-functions.several'],
  ],
  [
    'puts in what it can of a chain',
    ({ chains }) => ({
      chains: {
        ...chains,
        createChain: async (chain) => {
          try {
            return await chains.createChain(chain);
          } catch (error) {
            const known = chain.networkFunctions.filter(({ input }) => !input.startsWith('02:c0'));
            if (known.length !== chain.networkFunctions.length) {
              await chains.createChain({ ...chain, networkFunctions: known });
            }
            throw error;
          }
        },
      },
    }),
    ['chains.partial-failure'],
  ],
  [
    'loses a chain when its update fails',
    ({ chains }) => ({
      chains: {
        ...chains,
        updateChain: async (chain) => {
          try {
            return await chains.updateChain(chain);
          } catch (error) {
            await chains.deleteChain(chain.name);
            throw error;
          }
        },
      },
    }),
    ['chains.update-failure'],
  ],
  [
    'forgets to free the functions of a chain',
    ({ chains }) => {
      const held = new Set<string>();
      return {
        chains: {
          ...chains,
          createChain: async (chain) => {
            if (chain.name.endsWith('1')) held.clear();
            const taken = chain.networkFunctions.find(({ input }) => chain.name.endsWith('2') && held.has(input));
            if (taken) throw new DpuError('FAILED_PRECONDITION', `${taken.input} is in a chain`);
            return chains.createChain(chain);
          },
          deleteChain: async (name) => {
            const chain = (await chains.listChains()).find((each) => each.name === name);
            for (const { input } of chain?.networkFunctions ?? []) held.add(input);
            await chains.deleteChain(name);
          },
        },
      };
    },
    ['chains.delete'],
  ],
  [
    'lets chains share a function',
    ({ chains }) => ({
      chains: {
        ...chains,
        createChain: async (chain) => {
          const others = (await chains.listChains()).filter(({ name }) => name !== chain.name);
          if (!chain.name.endsWith('2') || chain.networkFunctions.length < 2 || others.length === 0) {
            return chains.createChain(chain);
          }
          return chain;
        },
      },
    }),
    ['chains.in-use'],
  ],
  [
    'lets go of a function that a chain holds',
    ({ networkFunctions }) => ({
      networkFunctions: {
        ...networkFunctions,
        deleteNetworkFunction: (nf) => networkFunctions.deleteNetworkFunction(nf).catch(() => {}),
      },
    }),
    ['chains.function-of-chain'],
  ],
  [
    'mixes calls up',
    ({ bridge }) => {
      let running = 0;
      return {
        bridge: {
          ...bridge,
          createBridgePort: async (port) => {
            running++;
            await new Promise((resolve) => setImmediate(resolve));
            const isAlone = running === 1;
            running--;
            if (!isAlone) throw new DpuError('ABORTED', 'another call is running');
            return bridge.createBridgePort(port);
          },
        },
      };
    },
    ['concurrency.same-create', 'concurrency.mixed'],
  ],
  [
    'reads one at a time',
    (good) => {
      let running = 0;
      const getDevices = async () => {
        running++;
        await new Promise((resolve) => setImmediate(resolve));
        if (running-- > 40) throw new DpuError('RESOURCE_EXHAUSTED', 'too many calls');
        return good.getDevices();
      };
      return { getDevices };
    },
    ['concurrency.reads'],
  ],
];

/** Those that do not tell of a change, for which the suite waits as long as it may. */
const waitedFor = new Set(['never tells of changes', 'has more or less than it was asked for']);

test.each(faults)('a plugin that %s is found out', async (name, broken, expected) => {
  const good = memoryVsp() as Memory & Good;
  const limits = { timeoutMs: waitedFor.has(name) ? 3_000 : 30_000, ports: 160 };
  const report = await examine({ ...good, ...broken(good) }, { only: groupsOf(expected), limits });
  expect(failedIds(report)).toEqual(expected);
});
