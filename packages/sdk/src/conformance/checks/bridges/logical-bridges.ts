import type { LogicalBridge__Output } from '../../../generated/opi_api/network/evpn_gw/v1alpha1/LogicalBridge.ts';
import type {
  LogicalBridgeSpec,
  LogicalBridgeSpec__Output,
} from '../../../generated/opi_api/network/evpn_gw/v1alpha1/LogicalBridgeSpec.ts';
import { bridgePortService, logicalBridgeService } from '../../../wire/grpc/definitions.ts';
import { declareChecks } from '../../check.ts';
import { holds, refuses, same } from '../../expect.ts';
import {
  accessPort,
  bridges,
  createBridge,
  createPort,
  deleteBridge,
  deletePort,
  getBridge,
  getPort,
  listBridges,
  unlessUnimplemented,
} from '../messages.ts';
import { bridgeNeeds, createAndDeleteOnly } from './bridge-ports.ts';

const legacy = createAndDeleteOnly;
const [a, b] = bridges;
const nameOfA = `logicalBridges/${a.id}`;

/** Addresses of the documentation (RFC 5737). */
function vtep(host: number) {
  return { addr: { af: 'IP_AF_INET', v4Addr: 0xc0000200 + host }, len: 24 } as const;
}

type Vtep = ReturnType<typeof vtep>;

function contentOf({ name, spec }: LogicalBridge__Output) {
  return { name, spec };
}

interface Spec {
  vlanId: number;
  vni: number | undefined;
  vtepIpPrefix: Vtep;
}

function requireSpec(actual: LogicalBridgeSpec__Output | null | undefined, spec: Spec, where: string): void {
  same(actual?.vlanId, spec.vlanId, `spec.vlan_id in ${where}`);
  same(actual?.vni, spec.vni, `spec.vni in ${where}`);
  const { addr, len } = actual?.vtepIpPrefix ?? {};
  const text = { v4Addr: addr?.v4Addr, len };
  same(text, { v4Addr: spec.vtepIpPrefix.addr.v4Addr, len: spec.vtepIpPrefix.len }, `spec.vtep_ip_prefix in ${where}`);
}

export const logicalBridges = declareChecks('bridge', bridgeNeeds, [
  {
    name: 'bridge-create',
    title: 'a logical bridge that was created is there',
    demands: 'Create answers the bridge with its full name and spec; Get and List have it from then on.',
    rule: 'BR-13',
    legacy,
    run: async ({ vsp }) => {
      const created = await createBridge(vsp, a.id, a.spec);
      same(created.name, nameOfA, 'name');
      same(created.spec?.vlanId, a.spec.vlanId, 'spec.vlan_id');
      same(contentOf(await getBridge(vsp, a.id)), contentOf(created), 'what Get answers');
      const other = await createBridge(vsp, b.id, b.spec);
      const listed = (await listBridges(vsp, 1)).map(contentOf);
      for (const made of [created, other].map(contentOf)) {
        same(
          listed.filter(({ name }) => name === made.name),
          [made],
          `what List has of ${made.name}`,
        );
      }
    },
  },
  {
    name: 'bridge-vxlan',
    title: 'a logical bridge keeps its VXLAN',
    demands: 'Create answers the bridge with its whole spec; a card without VXLAN answers UNIMPLEMENTED.',
    rule: 'BR-13',
    legacy,
    run: async ({ vsp, skip }) => {
      const spec = { vlanId: a.spec.vlanId, vni: 5_003_901, vtepIpPrefix: vtep(1) };
      const created = await unlessUnimplemented(createBridge(vsp, a.id, spec), 'VXLAN', skip);
      requireSpec(created.spec, spec, 'what Create answers');
      requireSpec((await getBridge(vsp, a.id)).spec, spec, 'what Get answers');
      const listed = (await listBridges(vsp)).find(({ name }) => name === nameOfA);
      requireSpec(listed?.spec, spec, 'what List has');
      await refuses(createBridge(vsp, a.id, { ...spec, vni: spec.vni + 1 }), 'ALREADY_EXISTS', [a.id]);
      await refuses(createBridge(vsp, a.id, { ...spec, vtepIpPrefix: vtep(2) }), 'ALREADY_EXISTS', [a.id]);
    },
  },
  {
    name: 'bridge-update-vxlan',
    title: 'the VXLAN of a logical bridge can be changed',
    demands: 'Update changes spec.vni and spec.vtep_ip_prefix as its mask says, and leaves the other fields.',
    rule: 'BR-18',
    legacy,
    run: async ({ vsp, skip }) => {
      const spec = { vlanId: a.spec.vlanId, vni: 5_003_901, vtepIpPrefix: vtep(1) };
      await unlessUnimplemented(createBridge(vsp, a.id, spec), 'VXLAN', skip);
      const other = { vlanId: 3903, vni: 5_003_903, vtepIpPrefix: vtep(2) };
      const update = async (path: string, expected: Spec, sent: LogicalBridgeSpec = other) => {
        const logicalBridge = { name: nameOfA, spec: sent };
        const request = { logicalBridge, updateMask: { paths: [path] } };
        requireSpec(
          (await vsp.call(logicalBridgeService.UpdateLogicalBridge, request)).spec,
          expected,
          `after ${path}`,
        );
        requireSpec((await getBridge(vsp, a.id)).spec, expected, `what Get answers after ${path}`);
      };
      await update('spec.vtep_ip_prefix', { ...spec, vtepIpPrefix: other.vtepIpPrefix });
      await update('spec.vni', { ...spec, vtepIpPrefix: other.vtepIpPrefix, vni: other.vni });
      await update('spec', spec, spec);
      await update('spec.vni', { ...spec, vni: undefined }, { vlanId: a.spec.vlanId });
    },
  },
  {
    name: 'bridge-create-again',
    title: 'creating a logical bridge again answers the same',
    demands: 'Creating a bridge again with the same content answers the same; with other content it is ALREADY_EXISTS.',
    rule: 'BR-14',
    legacy,
    run: async ({ vsp }) => {
      const first = await createBridge(vsp, a.id, a.spec);
      same(contentOf(await createBridge(vsp, a.id, a.spec)), contentOf(first), 'the second answer');
      await refuses(createBridge(vsp, a.id, b.spec), 'ALREADY_EXISTS', [a.id]);
      same((await getBridge(vsp, a.id)).spec, first.spec, 'spec afterwards');
    },
  },
  {
    name: 'bridge-vlan-range',
    title: 'a VLAN outside 1 to 4094 is refused',
    demands: 'vlan_id outside 1 to 4094 is INVALID_ARGUMENT.',
    rule: 'BR-15',
    legacy,
    run: async ({ vsp }) => {
      for (const vlanId of [0, 4_095, 70_000]) {
        await refuses(createBridge(vsp, a.id, { vlanId }), 'INVALID_ARGUMENT', ['vlan_id']);
      }
      await refuses(getBridge(vsp, a.id), 'NOT_FOUND');
    },
  },
  {
    name: 'bridge-delete',
    title: 'a logical bridge that was deleted is gone',
    demands: 'Delete of what is not there is NOT_FOUND; with allow_missing it succeeds.',
    rule: 'BR-17',
    legacy,
    run: async ({ vsp }) => {
      await createBridge(vsp, a.id, a.spec);
      await deleteBridge(vsp, a.id);
      await refuses(getBridge(vsp, a.id), 'NOT_FOUND');
      await refuses(deleteBridge(vsp, a.id), 'NOT_FOUND', [a.id]);
      await deleteBridge(vsp, a.id, true);
      const names = (await listBridges(vsp)).map(({ name }) => name);
      holds(!names.includes(nameOfA), `List still has ${nameOfA}`);
    },
  },
  {
    name: 'bridge-delete-in-use',
    title: 'a logical bridge with ports stays',
    demands:
      'Delete of a bridge that a port names is FAILED_PRECONDITION, and nothing is changed. Once no port names it, it succeeds.',
    rule: 'BR-16',
    legacy,
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      await createBridge(vsp, a.id, a.spec);
      await createBridge(vsp, b.id, b.spec);
      await createPort(vsp, id, accessPort(0, { logicalBridges: [nameOfA] }));
      await refuses(deleteBridge(vsp, a.id), 'FAILED_PRECONDITION');
      same((await getBridge(vsp, a.id)).spec?.vlanId, a.spec.vlanId, 'spec.vlan_id afterwards');
      same((await getPort(vsp, id)).spec?.logicalBridges, [nameOfA], 'logical_bridges of the port afterwards');
      // The port moves, and is named otherwise.
      const bridgePort = { name: id, spec: { logicalBridges: [b.id] } };
      const updateMask = { paths: ['spec.logical_bridges'] };
      await vsp.call(bridgePortService.UpdateBridgePort, { bridgePort, updateMask });
      await deleteBridge(vsp, a.id);
      await refuses(deleteBridge(vsp, b.id), 'FAILED_PRECONDITION');
      await deletePort(vsp, id);
      await deleteBridge(vsp, b.id);
    },
  },
  {
    name: 'bridge-update',
    title: 'a logical bridge can be changed',
    demands:
      'Update changes the fields that its mask names, ports on the bridge or not; of what is not there it is NOT_FOUND.',
    rule: 'BR-18',
    legacy,
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      const logicalBridge = { name: nameOfA, spec: { vlanId: 3903, vni: 7 } };
      const update = (paths: string[]) =>
        vsp.call(logicalBridgeService.UpdateLogicalBridge, { logicalBridge, updateMask: { paths } });
      await refuses(update([]), 'NOT_FOUND', [a.id]);
      await createBridge(vsp, a.id, a.spec);
      await createPort(vsp, id, accessPort(0, { logicalBridges: [nameOfA] }));
      await refuses(update(['spec.colour']), 'INVALID_ARGUMENT', ['update_mask']);
      const answer = await update(['spec.vlan_id']);
      same(answer.spec?.vlanId, 3903, 'spec.vlan_id');
      same(answer.spec?.vni, undefined, 'spec.vni');
      same((await getBridge(vsp, a.id)).spec, answer.spec, 'spec afterwards');
      same((await getPort(vsp, id)).spec?.logicalBridges, [nameOfA], 'logical_bridges of its port');
      await deletePort(vsp, id);
      await deleteBridge(vsp, a.id);
      // Without a VNI, which not every card can have.
      const made = { logicalBridge: { name: nameOfA, spec: { vlanId: 3903 } }, allowMissing: true };
      same((await vsp.call(logicalBridgeService.UpdateLogicalBridge, made)).spec?.vlanId, 3903, 'spec.vlan_id');
    },
  },
]);
