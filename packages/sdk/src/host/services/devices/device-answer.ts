/** The answer to GetDevices: made when the devices have changed, and kept as it goes over the wire. */
import type { Device } from '../../../contract/contract.ts';
import type { DeviceListResponse } from '../../../generated/opi_api/lifecycle/v1alpha1/DeviceListResponse.ts';
import { devicesToWire } from '../../../wire/mapping/devices.ts';

/**
 * The daemon asks for the devices every few seconds, and they are nearly always the same: to compare them takes a small
 * part of the time that it takes to check and to encode them.
 */
export class DeviceAnswer {
  readonly #encode: (response: DeviceListResponse) => Buffer;
  #kept: { devices: readonly Device[]; bytes: Buffer } | undefined;

  constructor(encode: (response: DeviceListResponse) => Buffer) {
    this.#encode = encode;
  }

  /** @throws DpuError INTERNAL for devices that are not as the contract has them */
  bytes(devices: readonly Device[]): Buffer {
    if (this.#kept && areSame(this.#kept.devices, devices)) return this.#kept.bytes;
    const bytes = this.#encode(devicesToWire(devices));
    // The plugin may change its own objects.
    this.#kept = { devices: Array.from(devices, copyOf), bytes };
    return bytes;
  }
}

/** Every field that a device may have: one that is new there has to be compared as well. */
function copyOf({ id, healthy, reason, numaNode, pf, vf, kind, attributes }: Device): Device {
  const copy = { id, healthy, reason, numaNode, pf, vf, kind, attributes: attributes && { ...attributes } };
  return copy satisfies Record<keyof Device, unknown> as Device;
}

function areSame(before: readonly Device[], now: readonly Device[]): boolean {
  // A plugin in plain JavaScript may answer anything.
  if (!Array.isArray(now) || now.length !== before.length) return false;
  for (let index = 0; index < before.length; index += 1) {
    const a = before[index];
    const b: Device | null | undefined = now[index];
    if (!a || !b || !isSame(a, b)) return false;
  }
  return true;
}

function isSame(a: Device, b: Device): boolean {
  return (
    a.id === b.id &&
    a.healthy === b.healthy &&
    a.reason === b.reason &&
    a.numaNode === b.numaNode &&
    a.pf === b.pf &&
    a.vf === b.vf &&
    a.kind === b.kind &&
    haveSameAttributes(a.attributes, b.attributes)
  );
}

function haveSameAttributes(a: Device['attributes'], b: Device['attributes']): boolean {
  if (!a || !b) return a === b;
  const names = Object.keys(b);
  return names.length === Object.keys(a).length && names.every((name) => Object.hasOwn(a, name) && a[name] === b[name]);
}
