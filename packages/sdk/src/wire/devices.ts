import type { Device } from '../contract.ts';
import type {
  DeviceListResponse,
  DeviceListResponse__Output,
} from '../generated/opi_api/lifecycle/v1alpha1/DeviceListResponse.ts';

export function devicesToWire(devices: readonly Device[]): DeviceListResponse {
  const entries = devices.map(({ id, healthy, numaNode }) => {
    const topology = numaNode === undefined ? {} : { topology: { node: String(numaNode) } };
    return [id, { ID: id, health: healthy ? 'Healthy' : 'Unhealthy', ...topology }];
  });
  return { devices: Object.fromEntries(entries) };
}

/** Some vendors leave Device.ID out and rely on the map's key. A topology that is no number says nothing. */
export function devicesFromWire(response: DeviceListResponse__Output): Device[] {
  return Object.entries(response.devices).map(([key, { ID, health, topology }]) => {
    const device = { id: ID || key, healthy: health === 'Healthy' };
    return topology && /^\d+$/.test(topology.node) ? { ...device, numaNode: Number(topology.node) } : device;
  });
}
