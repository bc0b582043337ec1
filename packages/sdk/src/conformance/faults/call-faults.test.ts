/** What is wrong with requests that are wrong, and with calls at the same time, and the checks that find it. */
import { test } from 'vitest';
import { DpuError } from '../../errors.ts';
import { findsFault, refusing, type WireFault } from '../testing/wire-faults.ts';

type Port = { name: string; spec: { macAddress: Buffer; ptype: string } | null };
type PortRequest = { bridgePort: Port | null; updateMask?: { paths: string[] } };
type BridgeRequest = { logicalBridge: { name: string } | null };

const bug = refusing('INTERNAL', 'Cannot read properties of null, of mac_address and others');

function renamed({ bridgePort, ...request }: PortRequest, rename: (name: string) => string): object {
  return { ...request, bridgePort: bridgePort && { ...bridgePort, name: rename(bridgePort.name) } };
}

/** Makes one type of those that there are not. */
function withType(from: unknown, to: string): WireFault[1] {
  return {
    tampers: {
      CreateBridgePort: async (request: PortRequest, forward) => {
        const { bridgePort } = request;
        if (!bridgePort?.spec || bridgePort.spec.ptype !== from) return forward();
        return forward({ ...request, bridgePort: { ...bridgePort, spec: { ...bridgePort.spec, ptype: to } } });
      },
    },
  };
}

const errors: WireFault[] = [
  [
    'makes a wrong error of a missing MAC address',
    {
      tampers: {
        CreateBridgePort: async ({ bridgePort }: PortRequest, forward) =>
          bridgePort?.spec?.macAddress.length === 6 || !bridgePort?.spec ? forward() : bug(),
      },
    },
    ['errors.port-address'],
  ],
  [
    'has only UNKNOWN where a bridge is missing',
    { tampers: { GetLogicalBridge: async (_, forward) => forward().catch(() => Promise.reject(new Error('none'))) } },
    ['bridge.bridge-vlan-range', 'bridge.bridge-delete', 'errors.get-missing'],
  ],
  [
    'moves a port before it finds that its bridge is missing',
    {
      tampers: {
        UpdateBridgePort: async (request: PortRequest, forward) => {
          if (request.updateMask?.paths.length === 2) {
            await forward({ ...request, updateMask: { paths: ['spec.mac_address'] } });
          }
          return forward(request);
        },
      },
    },
    ['errors.nothing-changes'],
  ],
  [
    'stumbles over a request without a port',
    { tampers: { CreateBridgePort: async ({ bridgePort }: PortRequest, forward) => (bridgePort ? forward() : bug()) } },
    'errors.port-message',
  ],
  [
    'makes a port of a name alone',
    {
      tampers: {
        CreateBridgePort: async ({ bridgePort }: PortRequest, forward) =>
          bridgePort && !bridgePort.spec ? bridgePort : forward(),
      },
    },
    'errors.port-message',
  ],
  [
    'takes a port without a type for an ACCESS port',
    withType('BRIDGE_PORT_TYPE_UNSPECIFIED', 'BRIDGE_PORT_TYPE_ACCESS'),
    'errors.port-type',
  ],
  ['takes a type that it does not know for an ACCESS port', withType(7, 'BRIDGE_PORT_TYPE_ACCESS'), 'errors.port-type'],
  [
    'takes the last part of a name for all of it',
    {
      tampers: {
        CreateBridgePort: async (request: PortRequest, forward) =>
          forward(renamed(request, (name) => name.split('/').at(-1) ?? '')),
      },
    },
    'errors.port-name',
  ],
  [
    'makes a name of what is none',
    {
      tampers: {
        CreateBridgePort: async (request: PortRequest, forward) =>
          forward(renamed(request, (name) => name.toLowerCase().replaceAll('_', '-'))),
      },
    },
    'errors.port-name',
  ],
  [
    'stumbles over a request without a logical bridge',
    {
      tampers: {
        CreateLogicalBridge: async ({ logicalBridge }: BridgeRequest, forward) => (logicalBridge ? forward() : bug()),
      },
    },
    'errors.bridge-message',
  ],
  [
    'makes a longer name of one that is too short',
    {
      tampers: {
        CreateLogicalBridge: async (request: BridgeRequest, forward) => {
          const { logicalBridge } = request;
          if (logicalBridge?.name !== 'A') return forward();
          return forward({ ...request, logicalBridgeId: '', logicalBridge: { ...logicalBridge, name: 'bridge-a' } });
        },
      },
    },
    'errors.bridge-message',
  ],
  [
    'takes what it cannot decode for an empty request',
    {
      reads: {
        Init: (bytes, decode) => {
          try {
            return decode(bytes);
          } catch {
            return decode(Buffer.alloc(0));
          }
        },
      },
    },
    'errors.malformed-message',
  ],
  [
    'serves no more after what it cannot decode',
    () => {
      let isOut = false;
      return {
        reads: {
          Init: (bytes, decode) => {
            try {
              return decode(bytes);
            } catch (error) {
              isOut = true;
              throw error;
            }
          },
        },
        tampers: { GetDevices: async (_, forward) => (isOut ? bug() : forward()) },
      };
    },
    'errors.malformed-message',
  ],
  [
    'passes methods that it does not know on to its card',
    { tampers: { '/conformance.None/None': refusing('UNAVAILABLE', 'the card has closed the connection') } },
    'errors.unknown-method',
  ],
];

const concurrency: WireFault[] = [
  [
    'loses one of two updates at once',
    () => {
      let updates = 0;
      let both = Promise.withResolvers<void>();
      return {
        tampers: {
          UpdateBridgePort: async (request: PortRequest, forward) => {
            updates++;
            if (updates === 2) both.resolve();
            // One that comes alone, as in the other checks, goes on after a while.
            await Promise.race([both.promise, new Promise((resolve) => setTimeout(resolve, 3_000).unref())]);
            const isLost = updates > 1 && request.updateMask?.paths[0] === 'spec.logical_bridges';
            const answer = isLost ? (request.bridgePort ?? {}) : await forward();
            updates = 0;
            both = Promise.withResolvers<void>();
            return answer;
          },
        },
      };
    },
    ['concurrency.updates'],
  ],
  [
    'finds a port that it makes just now for another call',
    () => {
      const making = new Set<string>();
      return {
        tampers: {
          CreateBridgePort: async ({ bridgePort }: PortRequest, forward) => {
            const { name = '' } = bridgePort ?? {};
            if (making.has(name)) throw new DpuError('ALREADY_EXISTS', `${name} is there`);
            making.add(name);
            return forward().finally(() => making.delete(name));
          },
        },
      };
    },
    ['concurrency.same-create'],
  ],
  [
    'gives ports that come at once the address of the first',
    () => {
      const coming: Port[] = [];
      return {
        tampers: {
          CreateBridgePort: async (request: PortRequest, forward) => {
            const { bridgePort } = request;
            if (!bridgePort) return forward();
            coming.push(bridgePort);
            const spec = coming[0]?.spec;
            return forward({ ...request, bridgePort: { ...bridgePort, spec } }).finally(() => coming.shift());
          },
        },
      };
    },
    ['concurrency.mixed'],
  ],
];

test.each([...errors, ...concurrency])('a VSP that %s is found out', (_name, broken, expected) =>
  findsFault(broken, expected),
);
