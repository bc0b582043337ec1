import { logicalBridgeService } from '../../wire/definitions.ts';
import { declareChecks } from '../check.ts';
import { holds, refuses, same } from '../expect.ts';
import { bridgeNeeds, createAndDeleteOnly } from './bridge-ports.ts';
import {
  accessPort,
  bridges,
  createBridge,
  createPort,
  deleteBridge,
  deletePort,
  getBridge,
  listBridges,
} from './messages.ts';

const legacy = createAndDeleteOnly;
const [a, b] = bridges;
const nameOfA = `logicalBridges/${a.id}`;

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
      same((await getBridge(vsp, a.id)).spec, created.spec, 'spec that Get answers');
      await createBridge(vsp, b.id, b.spec);
      const names = (await listBridges(vsp, 1)).map(({ name }) => name);
      for (const { id } of bridges) {
        const times = names.filter((name) => name === `logicalBridges/${id}`).length;
        same(times, 1, `how often List has ${id}`);
      }
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
      same((await createBridge(vsp, a.id, a.spec)).spec, first.spec, 'spec in the second answer');
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
    demands: 'Delete of a bridge that a port names is FAILED_PRECONDITION, and nothing is changed.',
    rule: 'BR-16',
    legacy,
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      await createBridge(vsp, a.id, a.spec);
      await createPort(vsp, id, accessPort(0, { logicalBridges: [nameOfA] }));
      await refuses(deleteBridge(vsp, a.id), 'FAILED_PRECONDITION');
      same((await getBridge(vsp, a.id)).spec?.vlanId, a.spec.vlanId, 'spec.vlan_id afterwards');
      await deletePort(vsp, id);
      await deleteBridge(vsp, a.id);
    },
  },
  {
    name: 'bridge-update',
    title: 'a logical bridge can be changed',
    demands: 'Update changes the fields that its mask names; of what is not there it is NOT_FOUND.',
    rule: 'BR-18',
    legacy,
    run: async ({ vsp }) => {
      const logicalBridge = { name: nameOfA, spec: { vlanId: 3903, vni: 7 } };
      const update = (paths: string[], allowMissing = false) =>
        vsp.call(logicalBridgeService.UpdateLogicalBridge, { logicalBridge, updateMask: { paths }, allowMissing });
      await refuses(update([]), 'NOT_FOUND', [a.id]);
      await createBridge(vsp, a.id, a.spec);
      await refuses(update(['spec.colour']), 'INVALID_ARGUMENT', ['update_mask']);
      const answer = await update(['spec.vlan_id']);
      same(answer.spec?.vlanId, 3903, 'spec.vlan_id');
      same(answer.spec?.vni, undefined, 'spec.vni');
      same((await getBridge(vsp, a.id)).spec, answer.spec, 'spec afterwards');
      await deleteBridge(vsp, a.id);
      same((await update([], true)).spec?.vlanId, 3903, 'spec.vlan_id');
    },
  },
]);
