/** What is wrong with bridge ports on the wire, and the checks that find it. */
import { test } from 'vitest';
import { DpuError } from '../../errors.ts';
import { findsFault, refusing, type WireFault } from '../testing/wire-faults.ts';

type Names = { name: string };
type Ports = { bridgePorts: Names[] };
type Spec = { macAddress: Buffer; ptype: string; logicalBridges: string[] };
type Paths = { paths: string[] };
type PortRequest = { bridgePort: { name: string; spec: Spec | null }; updateMask?: Paths | null };

function withBridges(request: PortRequest, logicalBridges: string[]): object {
  return { ...request, bridgePort: { ...request.bridgePort, spec: { ...request.bridgePort.spec, logicalBridges } } };
}

function unfinished(port: object, status: string, details: string): object {
  const components = [{ name: 'programming', status, details }];
  return { ...port, status: { operStatus: 'BP_OPER_STATUS_DOWN', components } };
}

const faults: WireFault[] = [
  [
    'answers bare names',
    { tampers: { GetBridgePort: async (_, forward) => ({ ...(await forward()), name: 'host0-0' }) } },
    [
      'bridge.port-create',
      'bridge.replay-complete',
      'bridge.port-full-name',
      'bridge.port-create-again',
      'bridge.port-create-other',
      'bridge.port-access-several',
      'bridge.port-trunk',
      'bridge.port-early',
      'bridge.unknown-fields',
    ],
  ],
  [
    'ignores allow_missing of Delete',
    { tampers: { DeleteBridgePort: async (request: object, forward) => forward({ ...request, allowMissing: false }) } },
    ['bridge.delete-allow-missing'],
  ],
  [
    'always allows what is missing',
    { tampers: { DeleteBridgePort: async (request: object, forward) => forward({ ...request, allowMissing: true }) } },
    ['bridge.delete-missing'],
  ],
  [
    'answers a repeated Create with what it was sent',
    () => {
      const made = new Set<string>();
      return {
        tampers: {
          CreateBridgePort: async (request: PortRequest, forward) => {
            const answer = await forward();
            if (made.has(request.bridgePort.name)) return request.bridgePort;
            made.add(request.bridgePort.name);
            return answer;
          },
        },
      };
    },
    'bridge.port-create-again',
  ],
  [
    'takes the id from the name only',
    {
      tampers: {
        CreateBridgePort: async (request: object, forward) => forward({ ...request, bridgePortId: '' }),
      },
    },
    'bridge.port-full-name',
  ],
  [
    'takes the id from its field only',
    {
      tampers: {
        CreateBridgePort: async (request: { bridgePortId: string }, forward) =>
          request.bridgePortId === '' ? refusing('INVALID_ARGUMENT', 'bridge_port_id: missing')() : forward(),
      },
    },
    'bridge.port-create-delete',
  ],
  [
    'reads a name that begins as a number for one',
    {
      tampers: {
        CreateBridgePort: async (request: PortRequest, forward) => {
          const names = request.bridgePort.spec?.logicalBridges ?? [];
          return forward(
            withBridges(
              request,
              names.map((name) => String(Number.parseInt(name, 10) || name)),
            ),
          );
        },
      },
    },
    'bridge.port-unknown-bridge',
  ],
  [
    'makes a port whose bridge is missing, and says that it is',
    {
      tampers: {
        CreateBridgePort: async (request: PortRequest, forward) => {
          await forward().catch(async (error) => {
            await forward(withBridges(request, []));
            throw error;
          });
          return forward();
        },
      },
    },
    'bridge.port-unknown-bridge',
  ],
  [
    'takes the first of several bridges for an ACCESS port',
    {
      tampers: {
        CreateBridgePort: async (request: PortRequest, forward) =>
          forward(withBridges(request, request.bridgePort.spec?.logicalBridges.slice(0, 1) ?? [])),
      },
    },
    'bridge.port-access-several',
  ],
  [
    'lets an update put an ACCESS port on several bridges',
    {
      tampers: {
        UpdateBridgePort: async (request: PortRequest, forward) =>
          forward(withBridges(request, request.bridgePort.spec?.logicalBridges.slice(0, 1) ?? [])),
      },
    },
    'bridge.port-access-several',
  ],
  [
    'refuses what it does not know',
    {
      reads: {
        CreateBridgePort: (bytes, decode) => {
          if (bytes.includes('future')) throw new Error('unknown field 1999');
          return decode(bytes);
        },
      },
    },
    'bridge.unknown-fields',
  ],
  [
    'reads no further than to what it does not know',
    {
      reads: {
        CreateBridgePort: (bytes, decode) => {
          const port = decode(bytes) as PortRequest;
          return bytes.includes('future') ? withBridges(port, []) : port;
        },
      },
    },
    'bridge.unknown-fields',
  ],
  [
    'takes all away with the second end of a replay',
    () => {
      let ends = 0;
      return {
        tampers: {
          CompleteReplay: async (_, forward) => {
            ends++;
            return forward();
          },
          GetBridgePort: async (_, forward) => (ends > 1 ? refusing('NOT_FOUND', 'no such port')() : forward()),
        },
      };
    },
    'bridge.replay-complete',
  ],
  [
    'says in words of its own what a port waits for',
    {
      tampers: {
        GetBridgePort: async (_, forward) => unfinished(await forward(), 'COMP_STATUS_PENDING', 'the firmware'),
      },
    },
    'bridge.port-components',
  ],
  [
    'fails without a code',
    {
      tampers: {
        GetBridgePort: async (_, forward) => unfinished(await forward(), 'COMP_STATUS_ERROR', '{"message":"lost"}'),
      },
    },
    'bridge.port-components',
  ],
];

const updates: WireFault[] = [
  [
    'ignores masks',
    { tampers: { UpdateBridgePort: async (request: object, forward) => forward({ ...request, updateMask: null }) } },
    ['bridge.update-mask', 'bridge.update-mask-whole', 'bridge.update-clear', 'bridge.update-unknown-path'],
  ],
  [
    'ignores paths that it does not know',
    {
      tampers: {
        UpdateBridgePort: async (request: PortRequest, forward) => {
          const known = request.updateMask?.paths.filter((path) => !/colour|^name|status/.test(path));
          return forward({ ...request, updateMask: known ? { paths: known } : null });
        },
      },
    },
    ['bridge.update-unknown-path'],
  ],
  [
    'creates what it is to update',
    { tampers: { UpdateBridgePort: async (request: object, forward) => forward({ ...request, allowMissing: true }) } },
    ['bridge.update-missing'],
  ],
  [
    'never creates what it is to update',
    { tampers: { UpdateBridgePort: async (request: object, forward) => forward({ ...request, allowMissing: false }) } },
    ['bridge.update-allow-missing'],
  ],
  [
    'adds to a list that it is to replace',
    () => {
      const bridges = new Map<string, string[]>();
      const idOf = (name: string) => name.split('/').at(-1) ?? name;
      return {
        tampers: {
          CreateBridgePort: async (request: PortRequest, forward) => {
            bridges.set(idOf(request.bridgePort.name), request.bridgePort.spec?.logicalBridges ?? []);
            return forward();
          },
          UpdateBridgePort: async (request: PortRequest, forward) => {
            await forward();
            const { name } = request.bridgePort;
            const merged = [...(bridges.get(idOf(name)) ?? []), ...(request.bridgePort.spec?.logicalBridges ?? [])];
            bridges.set(idOf(name), merged);
            return forward();
          },
          GetBridgePort: async ({ name }: Names, forward) => {
            const port = (await forward()) as { spec: object };
            return { ...port, spec: { ...port.spec, logicalBridges: bridges.get(idOf(name)) } };
          },
        },
      };
    },
    'bridge.update-bridge-of-port',
  ],
  [
    'leaves what a whole spec does not have',
    {
      tampers: {
        UpdateBridgePort: async (request: PortRequest, forward) => {
          const isEmpty = request.bridgePort.spec?.logicalBridges.length === 0;
          return forward(isEmpty ? { ...request, updateMask: { paths: ['spec.mac_address', 'spec.ptype'] } } : request);
        },
      },
    },
    'bridge.update-mask-whole',
  ],
  [
    'takes a missing mask for an empty update',
    {
      tampers: {
        UpdateBridgePort: async (request: PortRequest, forward) =>
          forward(
            request.updateMask === null
              ? { ...request, bridgePort: { name: request.bridgePort.name, spec: {} } }
              : request,
          ),
      },
    },
    'bridge.update-no-mask',
  ],
  [
    'takes an empty mask for the whole spec',
    {
      tampers: {
        UpdateBridgePort: async (request: PortRequest, forward) =>
          forward(request.updateMask?.paths.length === 0 ? { ...request, updateMask: { paths: ['spec'] } } : request),
      },
    },
    'bridge.update-no-mask',
  ],
];

const lists: WireFault[] = [
  [
    'ignores page tokens that it does not know',
    {
      tampers: {
        ListBridgePorts: async (request: { pageToken: string }, forward) =>
          forward(request.pageToken.startsWith('not') ? {} : request),
      },
    },
    ['bridge.list-bad-token'],
  ],
  [
    'takes negative page sizes',
    {
      tampers: {
        ListBridgePorts: async (request: { pageSize: number }, forward) =>
          forward({ ...request, pageSize: Math.max(request.pageSize, 0) }),
      },
    },
    ['bridge.list-bad-size'],
  ],
  [
    'sends more than a page',
    {
      tampers: {
        ListBridgePorts: async (request: { pageSize: number }, forward) =>
          forward({ ...request, pageSize: request.pageSize === 2 ? 5 : request.pageSize }),
      },
    },
    ['bridge.list-pages'],
  ],
  [
    'has only one page',
    { tampers: { ListBridgePorts: async (_, forward) => ({ ...(await forward()), nextPageToken: '' }) } },
    ['bridge.list-pages', 'bridge.list-while-changing'],
  ],
  [
    'loses ports of many',
    {
      tampers: {
        ListBridgePorts: async (_, forward) => {
          const page = (await forward()) as Ports;
          return { ...page, bridgePorts: page.bridgePorts.filter(({ name }) => !name.endsWith('-13')) };
        },
      },
    },
    ['bridge.many-ports'],
  ],
  [
    'has room for more ports than it says',
    {
      tampers: {
        GetPluginInfo: async (_, forward) => {
          const answer = (await forward()) as { features: { name: string }[] };
          const features = answer.features.map((feature) =>
            feature.name === 'opi.bridge' ? { ...feature, limits: { maxBridgePorts: { number: 9 } } } : feature,
          );
          return { ...answer, features };
        },
      },
    },
    'bridge.many-ports',
  ],
];

/** For these it is to have no more room. */
const full: WireFault[] = [
  [
    'lists what it had no room for',
    () => {
      let extra: Names | undefined;
      return {
        tampers: {
          CreateBridgePort: async ({ bridgePort }: PortRequest, forward) =>
            forward().catch((error) => {
              if (DpuError.from(error).code === 'RESOURCE_EXHAUSTED')
                extra = { ...bridgePort, name: `bridgePorts/${bridgePort.name}` };
              throw error;
            }),
          ListBridgePorts: async (_, forward) => {
            const page = (await forward()) as Ports;
            return { ...page, bridgePorts: extra ? [...page.bridgePorts, extra] : page.bridgePorts };
          },
        },
      };
    },
    'bridge.many-ports',
  ],
  [
    'keeps the room of a port that has gone',
    () => {
      let hasDeleted = false;
      return {
        tampers: {
          DeleteBridgePort: async (_, forward) => {
            hasDeleted = true;
            return forward();
          },
          CreateBridgePort: async (_, forward) =>
            hasDeleted ? refusing('RESOURCE_EXHAUSTED', 'no room in the table')() : forward(),
        },
      };
    },
    'bridge.many-ports',
  ],
];
const more = 200;

test.each([...faults, ...updates, ...lists])('a VSP that %s is found out', (_name, broken, expected) =>
  findsFault(broken, expected),
);

test.each(full)('a VSP that is full, and %s, is found out', (_name, broken, expected) =>
  findsFault(broken, expected, more),
);
