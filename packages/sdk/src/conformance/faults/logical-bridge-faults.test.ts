/** What is wrong with logical bridges on the wire, and the checks that find it. */
import { test } from 'vitest';
import { findsFault, refusing, type WireFault } from '../testing/wire-faults.ts';

type Page = { logicalBridges: { name: string; spec: object }[] };
type Spec = { vlanId?: number; vni?: number };
type Request = { logicalBridge: { name: string; spec: Spec | null } | null; updateMask?: { paths: string[] } };
type PortRequest = { bridgePort: { name: string; spec: { logicalBridges: string[] } | null } };
type Forward = (request?: object) => Promise<object>;

function withSpec(request: Request, spec: object): object {
  return { ...request, logicalBridge: { ...request.logicalBridge, spec } };
}

/** As it was, which is what an Update without a change answers. */
function getBridge(request: Request, forward: Forward): Promise<object> {
  return forward({ ...request, updateMask: { paths: ['spec.vlan_id'] } });
}

const idOf = (name: string) => name.split('/').at(-1) ?? name;

const faults: WireFault[] = [
  [
    'drops the VNI on Create',
    {
      tampers: {
        CreateLogicalBridge: async (request: Request, forward) => {
          const { vni: _, ...spec } = request.logicalBridge?.spec ?? {};
          return forward(request.logicalBridge?.spec ? withSpec(request, spec) : request);
        },
      },
    },
    ['bridge.bridge-vxlan', 'bridge.bridge-update-vxlan'],
  ],
  [
    'drops the tunnel end point on Update',
    {
      tampers: {
        UpdateLogicalBridge: async (request: Request, forward) => {
          const isVtep = request.updateMask?.paths.includes('spec.vtep_ip_prefix');
          return isVtep ? getBridge(request, forward) : forward();
        },
      },
    },
    ['bridge.bridge-update-vxlan'],
  ],
  [
    'lists logical bridges with another VXLAN',
    {
      tampers: {
        ListLogicalBridges: async (_, forward) => {
          const page = (await forward()) as Page;
          const logicalBridges = page.logicalBridges.map((each) => ({ ...each, spec: { ...each.spec, vni: 7 } }));
          return { ...page, logicalBridges };
        },
      },
    },
    ['bridge.bridge-create', 'bridge.bridge-vxlan'],
  ],
  [
    'begins a page with the last one of the page before',
    () => {
      let last: Page['logicalBridges'] = [];
      return {
        tampers: {
          ListLogicalBridges: async ({ pageToken }: { pageToken: string }, forward) => {
            const page = (await forward()) as Page;
            const logicalBridges = pageToken ? [...last, ...page.logicalBridges] : page.logicalBridges;
            last = page.logicalBridges.slice(-1);
            return { ...page, logicalBridges };
          },
        },
      };
    },
    'bridge.bridge-create',
  ],
  [
    'lists logical bridges without what they are',
    {
      tampers: {
        ListLogicalBridges: async (_, forward) => {
          const page = (await forward()) as Page;
          return { ...page, logicalBridges: page.logicalBridges.map(({ name }) => ({ name })) };
        },
      },
    },
    'bridge.bridge-create',
  ],
  [
    'ignores page tokens of logical bridges that it does not know',
    {
      tampers: {
        ListLogicalBridges: async (request: { pageToken: string }, forward) =>
          forward(request.pageToken.startsWith('not') ? {} : request),
      },
    },
    'bridge.list-bad-token',
  ],
  [
    'takes negative page sizes for logical bridges',
    {
      tampers: {
        ListLogicalBridges: async (request: { pageSize: number }, forward) =>
          forward({ ...request, pageSize: Math.max(request.pageSize, 0) }),
      },
    },
    'bridge.list-bad-size',
  ],
  [
    'refuses other content, and takes it all the same',
    () => {
      let overwritten: object | undefined;
      return {
        tampers: {
          CreateLogicalBridge: async ({ logicalBridge }: Request, forward) =>
            forward().catch((error) => {
              overwritten = logicalBridge ?? undefined;
              throw error;
            }),
          GetLogicalBridge: async (_, forward) => ({ ...(await forward()), ...overwritten }),
        },
      };
    },
    'bridge.bridge-create-again',
  ],
  [
    'compares its state with what is asked for again',
    () => {
      const made = new Set<string>();
      return {
        tampers: {
          CreateLogicalBridge: async ({ logicalBridge }: Request, forward) => {
            const { name = '' } = logicalBridge ?? {};
            const answer = await forward();
            if (made.has(name)) throw await refusing('ALREADY_EXISTS', `${name}: its link is up meanwhile`)();
            made.add(name);
            return answer;
          },
        },
      };
    },
    'bridge.bridge-create-again',
  ],
  [
    'takes the ports off a bridge that it does not delete',
    () => {
      let isEmptied = false;
      return {
        tampers: {
          DeleteLogicalBridge: async (_, forward) =>
            forward().catch((error) => {
              isEmptied = true;
              throw error;
            }),
          GetBridgePort: async (_, forward) => {
            const port = (await forward()) as { spec: object };
            return isEmptied ? { ...port, spec: { ...port.spec, logicalBridges: [] } } : port;
          },
        },
      };
    },
    'bridge.bridge-delete-in-use',
  ],
  [
    'counts the ports of a bridge as they were made',
    () => {
      const bridgeOf = new Map<string, string>();
      return {
        tampers: {
          CreateBridgePort: async ({ bridgePort }: PortRequest, forward) => {
            bridgeOf.set(idOf(bridgePort.name), idOf(bridgePort.spec?.logicalBridges[0] ?? ''));
            return forward();
          },
          DeleteBridgePort: async ({ name }: { name: string }, forward) => {
            bridgeOf.delete(idOf(name));
            return forward();
          },
          DeleteLogicalBridge: async ({ name }: { name: string }, forward) =>
            [...bridgeOf.values()].includes(idOf(name))
              ? refusing('FAILED_PRECONDITION', `${name} has ports`)()
              : forward(),
        },
      };
    },
    'bridge.bridge-delete-in-use',
  ],
  [
    'does not see a port that names its bridge without the collection',
    () => {
      const moved = new Set<string>();
      return {
        tampers: {
          UpdateBridgePort: async ({ bridgePort }: PortRequest, forward) => {
            const answer = await forward();
            for (const name of bridgePort.spec?.logicalBridges ?? []) if (!name.includes('/')) moved.add(name);
            return answer;
          },
          DeleteLogicalBridge: async ({ name }: { name: string }, forward) => {
            if (!moved.delete(idOf(name))) return forward();
            return {};
          },
        },
      };
    },
    'bridge.bridge-delete-in-use',
  ],
  [
    'changes no bridge that has ports',
    () => {
      let hasPorts = false;
      return {
        tampers: {
          CreateBridgePort: async (_, forward) => {
            hasPorts = true;
            return forward();
          },
          DeleteBridgePort: async (_, forward) => {
            hasPorts = false;
            return forward();
          },
          UpdateLogicalBridge: async (_, forward) =>
            hasPorts ? refusing('FAILED_PRECONDITION', 'ports are on it')() : forward(),
        },
      };
    },
    'bridge.bridge-update',
  ],
  [
    'takes all of a bridge whatever the mask names',
    {
      tampers: {
        UpdateLogicalBridge: async (request: Request, forward) =>
          forward(
            request.updateMask?.paths[0] === 'spec.vlan_id' ? { ...request, updateMask: { paths: ['spec'] } } : request,
          ),
      },
    },
    'bridge.bridge-update',
  ],
];

test.each(faults)('a VSP that %s is found out', (_name, broken, expected) => findsFault(broken, expected));
