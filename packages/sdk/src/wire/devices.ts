import type { Device } from '../contract.ts';
import { DpuError } from '../errors.ts';
import type {
  DeviceListResponse,
  DeviceListResponse__Output,
} from '../generated/opi_api/lifecycle/v1alpha1/DeviceListResponse.ts';

/** @throws DpuError INTERNAL for an id that two devices have: on the wire one of them would be gone. */
export function devicesToWire(devices: readonly Device[]): DeviceListResponse {
  const entries = devices.map(({ id, healthy, numaNode }) => {
    const topology = numaNode === undefined ? {} : { topology: { node: String(numaNode) } };
    return [id, { ID: id, health: healthy ? 'Healthy' : 'Unhealthy', ...topology }];
  });
  const byId = Object.fromEntries(entries);
  if (Object.keys(byId).length < devices.length) {
    const twice = devices.find(({ id }, index) => devices.findIndex((other) => other.id === id) < index);
    throw new DpuError(
      'INTERNAL',
      `the plugin's answer is wrong: two devices have the id ${JSON.stringify(twice?.id)}`,
    );
  }
  return { devices: byId };
}

/** `vf10` after `vf9`, whatever the language of the machine. */
const natural = new Intl.Collator('en', { numeric: true });

/**
 * In the order of their ids: a map has none, and Go answers another each time. Some vendors leave Device.ID out and rely
 * on the map's key. A topology that is no number says nothing.
 */
export function devicesFromWire(response: DeviceListResponse__Output): Device[] {
  const devices = Object.entries(response.devices).map(([key, { ID, health, topology }]) => {
    const device = { id: ID || key, healthy: health === 'Healthy' };
    return topology && /^\d+$/.test(topology.node) ? { ...device, numaNode: Number(topology.node) } : device;
  });
  return devices.sort((a, b) => natural.compare(a.id, b.id));
}
