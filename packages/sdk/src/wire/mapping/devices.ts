/** Devices: wire <-> contract. */
import type { Device, DeviceKind } from '../../contract/contract.ts';
import { cutText } from '../../cut-text.ts';
import { DpuError } from '../../errors.ts';
import type {
  DeviceDetails__Output,
  DeviceDetails as WireDetails,
} from '../../generated/dpu_operator/v1/DeviceDetails.ts';
import type { Device as WireDevice } from '../../generated/opi_api/lifecycle/v1alpha1/Device.ts';
import type {
  DeviceListResponse,
  DeviceListResponse__Output,
} from '../../generated/opi_api/lifecycle/v1alpha1/DeviceListResponse.ts';
import { omitUndefined } from '../../omit-undefined.ts';
import { deviceFault, positionTaken } from './device-fault.ts';

const wireKinds = {
  netdev: 'DEVICE_KIND_NETDEV',
  vfio: 'DEVICE_KIND_VFIO',
  rdma: 'DEVICE_KIND_RDMA',
  auxiliary: 'DEVICE_KIND_AUXILIARY',
  vdpa: 'DEVICE_KIND_VDPA',
} as const satisfies Record<DeviceKind, string>;

const longestReason = 256;

/**
 * The daemon asks every few seconds for all of them: fields are set one by one, without a list of them for each device.
 *
 * @throws DpuError INTERNAL for what a device must not be, and for an id or position that two devices have.
 */
export function devicesToWire(devices: readonly Device[]): DeviceListResponse {
  // An id begins with a letter or digit, so it is no name that every object has.
  const byId: Record<string, WireDevice> = {};
  const positions = new Map<string, string>();
  if (!Array.isArray(devices)) throw wrong('there must be a list of devices');
  for (const device of devices) {
    const { id, healthy, numaNode } = device;
    const twice = Object.hasOwn(byId, id) ? `two devices have the id ${JSON.stringify(id)}` : undefined;
    const fault = twice ?? deviceFault(device) ?? positionTaken(device, positions);
    if (fault) throw wrong(fault);
    const wire: WireDevice = { ID: id, health: healthy ? 'Healthy' : 'Unhealthy' };
    if (numaNode !== undefined) wire.topology = { node: String(numaNode) };
    const details = detailsToWire(device);
    if (details) wire.details = details;
    byId[id] = wire;
  }
  return { devices: byId };
}

const wrong = (fault: string) => new DpuError('INTERNAL', `the plugin's answer is wrong: ${fault}`);

/** Nothing where the Go operator's message says it all. */
function detailsToWire({ pf, vf, kind, reason, healthy, attributes }: Device): WireDetails | undefined {
  const told = healthy ? undefined : reason;
  const isPlain = pf === undefined && vf === undefined && kind === undefined && !attributes && told === undefined;
  if (isPlain) return undefined;
  return omitUndefined({
    pf,
    vf,
    kind: kind && wireKinds[kind],
    reason: told && cutText(told, longestReason),
    attributes: attributes && { ...attributes },
  });
}

/** `vf10` after `vf9`, whatever the language of the machine. */
const natural = new Intl.Collator('en', { numeric: true });

/** One order for what is not the same: to {@link natural}, `vf1` and `vf01` are. */
function inOrder(a: string, b: string): number {
  return natural.compare(a, b) || (a < b ? -1 : 1);
}

/**
 * In the order of their ids, attributes in that of their names: a map has none, and Go answers another each time. Some vendors leave Device.ID out and rely
 * on the map's key. A topology that is no number says nothing, nor does a kind of a newer contract.
 */
export function devicesFromWire(response: DeviceListResponse__Output): Device[] {
  const devices = Object.entries(response.devices).map(([key, { ID, health, topology, details }]) => {
    const healthy = health === 'Healthy';
    const device: Device = { id: ID || key, healthy };
    if (topology && /^\d+$/.test(topology.node)) device.numaNode = Number(topology.node);
    return details ? Object.assign(device, detailsFromWire(details, healthy)) : device;
  });
  return devices.sort((a, b) => inOrder(a.id, b.id));
}

function detailsFromWire(details: DeviceDetails__Output, healthy: boolean): Partial<Device> {
  const isPlaced = details._pf === 'pf' && details._vf === 'vf';
  const attributes = Object.entries(details.attributes).sort(([a], [b]) => inOrder(a, b));
  return omitUndefined({
    reason: healthy ? undefined : details.reason || undefined,
    pf: isPlaced ? details.pf : undefined,
    vf: isPlaced ? details.vf : undefined,
    kind: kinds.find((kind) => wireKinds[kind] === details.kind),
    attributes: attributes.length > 0 ? Object.fromEntries(attributes) : undefined,
  });
}

const kinds = Object.keys(wireKinds) as DeviceKind[];
