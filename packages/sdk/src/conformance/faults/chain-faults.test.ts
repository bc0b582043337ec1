/** What is wrong with chains on the wire, and the checks that find it. */
import { test } from 'vitest';
import { DpuError } from '../../errors.ts';
import { findsFault, refusing, type WireFault } from '../testing/wire-faults.ts';

type NetworkFunction = { input: string; output: string };
type Chain = { name: string; networkFunctions: NetworkFunction[] };
type ChainRequest = { serviceChain: Chain };
type Name = { name: string };
type Page = { serviceChains: Chain[] };

const idOf = (name: string) => name.split('/').at(-1) ?? name;
const keyOf = ({ input, output }: NetworkFunction) => `${input} ${output}`;

/** With every interface but the first one of each kind left out. */
function once(functions: readonly NetworkFunction[]): NetworkFunction[] {
  return functions.filter((each, index) => functions.findIndex(({ input }) => input === each.input) === index);
}

const faults: WireFault[] = [
  [
    'has a chain in the order of its addresses',
    {
      tampers: {
        GetServiceChain: async (_, forward) => {
          const chain = (await forward()) as Chain;
          return {
            ...chain,
            networkFunctions: chain.networkFunctions.toSorted((a, b) => (a.input < b.input ? -1 : 1)),
          };
        },
      },
    },
    ['chains.create', 'chains.update'],
  ],
  [
    'has another code for a chain of what it lacks',
    {
      tampers: {
        CreateServiceChain: async (_, forward) =>
          forward().catch((error) => {
            const { code, message } = DpuError.from(error);
            throw new DpuError(code === 'NOT_FOUND' ? 'INTERNAL' : code, message);
          }),
      },
    },
    ['chains.partial-failure', 'chains.unknown-interface'],
  ],
  [
    'compares addresses as texts',
    () => {
      const made = new Map<string, string>();
      return {
        tampers: {
          CreateServiceChain: async ({ serviceChain: { name, networkFunctions } }: ChainRequest, forward) => {
            const text = networkFunctions.map(keyOf).join();
            if (made.has(name) && made.get(name) !== text) return refusing('ALREADY_EXISTS', `${name} is another`)();
            made.set(name, text);
            return forward();
          },
        },
      };
    },
    'chains.create-again',
  ],
  [
    'adds to a chain that is created again',
    () => {
      const creations = new Map<string, number>();
      return {
        tampers: {
          CreateServiceChain: async ({ serviceChain: { name } }: ChainRequest, forward) => {
            creations.set(name, (creations.get(name) ?? 0) + 1);
            return forward();
          },
          GetServiceChain: async ({ name }: Name, forward) => {
            const chain = (await forward()) as Chain;
            const times = creations.get(idOf(name)) ?? 1;
            return { ...chain, networkFunctions: Array.from({ length: times }, () => chain.networkFunctions).flat() };
          },
        },
      };
    },
    'chains.create-again',
  ],
  [
    'takes another order for the same chain',
    () => {
      const made = new Map<string, Chain>();
      return {
        tampers: {
          CreateServiceChain: async ({ serviceChain }: ChainRequest, forward) => {
            const before = made.get(serviceChain.name);
            if (before?.networkFunctions.length === serviceChain.networkFunctions.length) return before;
            const answer = (await forward()) as Chain;
            made.set(serviceChain.name, answer);
            return answer;
          },
          DeleteServiceChain: async ({ name }: Name, forward) => {
            made.delete(idOf(name));
            return forward();
          },
        },
      };
    },
    'chains.create-other',
  ],
  [
    'forgets the functions that a refused chain was to have again',
    () => {
      let isRefused = false;
      return {
        tampers: {
          CreateServiceChain: async (_, forward) =>
            forward().catch((error) => {
              isRefused = true;
              throw error;
            }),
          GetServiceChain: async (_, forward) => {
            const chain = (await forward()) as Chain;
            return isRefused ? { ...chain, networkFunctions: chain.networkFunctions.slice(0, 1) } : chain;
          },
        },
      };
    },
    'chains.create-other',
  ],
  [
    'leaves a repeated interface out',
    {
      tampers: {
        CreateServiceChain: async (request: ChainRequest, forward) => {
          const { serviceChain } = request;
          return forward({
            ...request,
            serviceChain: { ...serviceChain, networkFunctions: once(serviceChain.networkFunctions) },
          });
        },
      },
    },
    'chains.bad-functions',
  ],
  [
    'takes an update to no functions for none',
    {
      tampers: {
        UpdateServiceChain: async (request: ChainRequest & { updateMask: { paths: string[] } | null }, forward) =>
          forward(request.serviceChain.networkFunctions.length === 0 ? { ...request, updateMask: null } : request),
      },
    },
    'chains.bad-functions',
  ],
  [
    'looks for a function in use by both its interfaces',
    () => {
      const used = new Set<string>();
      return {
        tampers: {
          CreateServiceChain: async ({ serviceChain }: ChainRequest, forward) => {
            const isNew = serviceChain.networkFunctions.every((each) => !used.has(keyOf(each)));
            for (const each of serviceChain.networkFunctions) used.add(keyOf(each));
            return forward().catch((error) => {
              if (isNew && DpuError.from(error).code === 'FAILED_PRECONDITION') return { ...serviceChain };
              throw error;
            });
          },
        },
      };
    },
    'chains.in-use',
  ],
  [
    'lets an update take a function from another chain',
    {
      tampers: {
        UpdateServiceChain: async ({ serviceChain }: ChainRequest, forward) =>
          forward().catch((error) => {
            if (DpuError.from(error).code === 'FAILED_PRECONDITION') return serviceChain;
            throw error;
          }),
      },
    },
    'chains.in-use',
  ],
  [
    'deletes a function of a chain by itself',
    { tampers: { DeleteNetworkFunction: async (_, forward) => forward().catch(() => ({})) } },
    'chains.function-of-chain',
  ],
  [
    'takes a function for created that a chain has',
    { tampers: { CreateNetworkFunction: async (_, forward) => forward().catch(() => ({})) } },
    'chains.function-of-chain',
  ],
  [
    'keeps the interfaces of a chain that is gone',
    () => {
      const held = new Set<string>();
      return {
        tampers: {
          CreateServiceChain: async ({ serviceChain: { name, networkFunctions } }: ChainRequest, forward) => {
            const taken = networkFunctions.find(({ input }) => held.has(input));
            if (taken) return refusing('FAILED_PRECONDITION', `${taken.input} of ${name} is in use`)();
            for (const { input } of networkFunctions) held.add(input);
            return forward();
          },
        },
      };
    },
    'chains.delete',
  ],
  [
    'lists a chain that is gone',
    () => {
      let last: Chain[] = [];
      return {
        tampers: {
          CreateServiceChain: async (_, forward) => {
            const chain = (await forward()) as Chain;
            last = [chain];
            return chain;
          },
          ListServiceChains: async (_, forward) => {
            const { serviceChains } = (await forward()) as Page;
            return { serviceChains: serviceChains.length > 0 ? serviceChains : last };
          },
        },
      };
    },
    'chains.delete',
  ],
  [
    'deletes a chain that there is not',
    {
      tampers: { DeleteServiceChain: async (request: object, forward) => forward({ ...request, allowMissing: true }) },
    },
    'chains.delete-missing',
  ],
  [
    'does not read allow_missing of a chain',
    {
      tampers: { DeleteServiceChain: async (request: object, forward) => forward({ ...request, allowMissing: false }) },
    },
    'chains.delete-missing',
  ],
  [
    'begins a page of chains with the last one of the page before',
    () => {
      let last: Chain[] = [];
      return {
        tampers: {
          ListServiceChains: async ({ pageToken }: { pageToken: string }, forward) => {
            const page = (await forward()) as Page;
            const serviceChains = pageToken ? [...last, ...page.serviceChains] : page.serviceChains;
            last = page.serviceChains.slice(-1);
            return { ...page, serviceChains };
          },
        },
      };
    },
    'chains.list-pages',
  ],
  [
    'takes negative page sizes for chains',
    {
      tampers: {
        ListServiceChains: async (request: { pageSize: number }, forward) =>
          forward({ ...request, pageSize: Math.max(request.pageSize, 0) }),
      },
    },
    'chains.list-pages',
  ],
  [
    'takes a chain away before it finds that the new one cannot be',
    () => {
      let isGone = false;
      return {
        tampers: {
          UpdateServiceChain: async (_, forward) =>
            forward().catch((error) => {
              isGone = true;
              throw error;
            }),
          GetServiceChain: async (_, forward) => (isGone ? refusing('NOT_FOUND', 'conformance-1')() : forward()),
        },
      };
    },
    'chains.update-failure',
  ],
  [
    'holds the functions that an update was to bring in',
    () => {
      const held = new Set<string>();
      return {
        tampers: {
          UpdateServiceChain: async ({ serviceChain }: ChainRequest, forward) => {
            for (const { input } of serviceChain.networkFunctions) held.add(input);
            return forward();
          },
          CreateServiceChain: async ({ serviceChain }: ChainRequest, forward) =>
            serviceChain.networkFunctions.some(({ input }) => held.has(input))
              ? refusing('FAILED_PRECONDITION', 'network_functions: in use')()
              : forward(),
        },
      };
    },
    'chains.update-failure',
  ],
  [
    'makes the chain that an update is missing, and says that it is',
    {
      tampers: {
        UpdateServiceChain: async (request: object, forward) => {
          const answer = await forward().catch(async (error) => {
            await forward({ ...request, allowMissing: true });
            throw error;
          });
          return answer;
        },
      },
    },
    'chains.update-missing',
  ],
  [
    'never makes the chain that an update is missing',
    {
      tampers: { UpdateServiceChain: async (request: object, forward) => forward({ ...request, allowMissing: false }) },
    },
    'chains.update-missing',
  ],
];

test.each(faults)('a VSP that %s is found out', (_name, broken, expected) => findsFault(broken, expected));
