/** What is wrong with network functions and the network's configuration on the wire, and the checks that find it. */
import { test } from 'vitest';
import { failsAs, findsFault, refusing, type WireFault } from '../testing/wire-faults.ts';

type NetworkFunction = { input: string; output: string };

const keyOf = ({ input, output }: NetworkFunction) => `${input} ${output}`;

const functions: WireFault[] = [
  [
    'makes INTERNAL of what is no address',
    {
      tampers: {
        CreateNetworkFunction: async (request: NetworkFunction, forward) =>
          /^[0-9a-f:]{17}$/i.test(request.input) ? forward() : refusing('INTERNAL', 'a bug')(),
      },
    },
    ['network-functions.bad-address'],
  ],
  [
    'wants a Delete for each Create of a function',
    () => {
      const creations = new Map<string, number>();
      return {
        tampers: {
          CreateNetworkFunction: async (request: NetworkFunction, forward) => {
            creations.set(keyOf(request), (creations.get(keyOf(request)) ?? 0) + 1);
            return forward();
          },
          DeleteNetworkFunction: async (request: NetworkFunction, forward) => {
            const left = (creations.get(keyOf(request)) ?? 1) - 1;
            creations.set(keyOf(request), left);
            return left > 0 ? {} : forward();
          },
        },
      };
    },
    'network-functions.create-again',
  ],
  [
    'keeps one of the interfaces of a function that is gone',
    () => {
      const held = new Set<string>();
      return {
        tampers: {
          CreateNetworkFunction: async ({ input, output }: NetworkFunction, forward) => {
            if (held.has(input)) return refusing('FAILED_PRECONDITION', `${input} is an output`)();
            held.add(output);
            return forward();
          },
        },
      };
    },
    'network-functions.create-delete',
  ],
  [
    'looks for the interfaces of a function that it is to delete',
    {
      tampers: {
        DeleteNetworkFunction: async ({ input }: NetworkFunction, forward) =>
          input.startsWith('02:c0') ? refusing('NOT_FOUND', `no interface has ${input}`)() : forward(),
      },
    },
    'network-functions.delete-missing',
  ],
  [
    'finds only what is written as it was created',
    () => {
      const upper = new Set<string>();
      return {
        tampers: {
          CreateNetworkFunction: async (request: NetworkFunction, forward) => {
            if (keyOf(request) !== keyOf(request).toLowerCase()) upper.add(keyOf(request).toLowerCase());
            return forward();
          },
          DeleteNetworkFunction: async (request: NetworkFunction, forward) =>
            upper.has(keyOf(request)) ? {} : forward(),
        },
      };
    },
    'network-functions.case',
  ],
  [
    'sees one interface as two where it is written otherwise',
    {
      tampers: {
        CreateNetworkFunction: async ({ input, output }: NetworkFunction, forward) =>
          input !== output && input.toLowerCase() === output.toLowerCase() ? {} : forward(),
      },
    },
    'network-functions.one-interface',
  ],
  [
    'takes one interface for both ends',
    { tampers: { CreateNetworkFunction: failsAs('NOT_FOUND', 'no path from an interface to itself') } },
    'network-functions.one-interface',
  ],
];

const configuration: WireFault[] = [
  [
    'takes a network configuration once',
    () => {
      let isSet = false;
      return {
        tampers: {
          SetDpuNetworkConfig: async ({ isAccelerated }: { isAccelerated: boolean }, forward) => {
            if (isAccelerated && isSet) return refusing('ALREADY_EXISTS', 'is set')();
            isSet ||= isAccelerated;
            return forward();
          },
        },
      };
    },
    ['network-config.set', 'network-config.again'],
  ],
  [
    'adds devices for a configuration that it has',
    () => {
      let settings = 0;
      return {
        tampers: {
          SetDpuNetworkConfig: async ({ isAccelerated }: { isAccelerated: boolean }, forward) => {
            if (isAccelerated) settings++;
            return forward();
          },
          GetDevices: async (_, forward) => {
            const answer = (await forward()) as { devices: object };
            const more = settings > 4 ? { extra: { ID: 'extra', health: 'Healthy' } } : {};
            return { devices: { ...answer.devices, ...more } };
          },
        },
      };
    },
    ['network-config.again'],
  ],
];

test.each([...functions, ...configuration])('a VSP that %s is found out', (_name, broken, expected) =>
  findsFault(broken, expected),
);
