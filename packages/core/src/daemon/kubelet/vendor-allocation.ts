/**
 * What plugins add to the daemon's answer to Allocate, checked: a mistake of a plugin must not give a pod the node. The
 * rules are DV-16 of the contract.
 */
import { realpathSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { type AllocatedDeviceNode, type AllocatedMount, type DeviceAllocation, DpuError } from '@dpu-operator/sdk';
import type { ContainerAllocateResponse, DeviceSpec, Mount } from './device-plugin-api.ts';

export interface VendorAllocation {
  dpuName: string;
  allocation: DeviceAllocation;
}

/**
 * @throws DpuError FAILED_PRECONDITION naming the DPU whose plugin asks for what is not passed on, and the reason; or for
 * what is there already and is another thing.
 */
export function withVendorAllocations(
  own: ContainerAllocateResponse,
  vendors: readonly VendorAllocation[],
): ContainerAllocateResponse {
  const parts = new Parts(own);
  for (const { dpuName, allocation } of vendors) {
    const fault = parts.add(allocation);
    if (fault) throw new DpuError('FAILED_PRECONDITION', `the plugin of dpu ${dpuName} gives the container ${fault}`);
  }
  return parts.response();
}

class Parts {
  readonly #envs: Map<string, string>;
  /** Mounts and device nodes, by their path in the container. */
  readonly #places: Map<string, Mount | DeviceSpec>;
  readonly #cdi = new Set<string>();

  constructor({ envs, devices }: ContainerAllocateResponse) {
    this.#envs = new Map(Object.entries(envs));
    this.#places = new Map(devices.map((device) => [device.container_path, device]));
  }

  /** @returns what cannot be passed on, and why */
  add({ env = {}, mounts = [], deviceNodes = [], cdiDevices = [] }: DeviceAllocation): string | undefined {
    for (const [name, value] of Object.entries(env)) {
      const fault = envFault(name, value) ?? conflict(this.#envs, name, value);
      if (fault) return `the environment variable ${JSON.stringify(name)}, which ${fault}`;
    }
    for (const mount of mounts) {
      const spec = mountOf(mount);
      const fault = mountFault(spec) ?? conflict(this.#places, spec.container_path, spec);
      if (fault) return `the mount of ${JSON.stringify(mount.hostPath)}, which ${fault}`;
    }
    for (const node of deviceNodes) {
      const spec = deviceNodeOf(node);
      const fault = deviceNodeFault(spec) ?? conflict(this.#places, spec.container_path, spec);
      if (fault) return `the device node ${JSON.stringify(node.hostPath)}, which ${fault}`;
    }
    const cdi = cdiDevices.find((name) => !cdiName.test(name));
    if (cdi !== undefined) return `the CDI device ${JSON.stringify(cdi)}, which is not written vendor.com/class=name`;
    for (const name of cdiDevices) this.#cdi.add(name);
    return undefined;
  }

  response(): ContainerAllocateResponse {
    const places = [...this.#places.values()];
    return {
      envs: Object.fromEntries(this.#envs),
      mounts: places.filter((place) => 'read_only' in place),
      devices: places.filter((place) => 'permissions' in place),
      cdi_devices: [...this.#cdi].map((name) => ({ name })),
    };
  }
}

/** Puts a value in its place. What is there and the same is no conflict. @returns what another is there */
function conflict<Value>(among: Map<string, Value>, key: string, value: Value): string | undefined {
  const present = among.get(key);
  if (present === undefined) {
    among.set(key, value);
    return undefined;
  }
  if (JSON.stringify(present) === JSON.stringify(value)) return undefined;
  return `another has the place of: ${JSON.stringify(present)}`;
}

const envName = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Linux takes no more for one string of the environment (MAX_ARG_STRLEN is 32 pages). */
const longestEnv = 100_000;

function envFault(name: string, value: string): string | undefined {
  if (!envName.test(name)) return 'is no name of letters, digits and _';
  if (/^(DPU_DEVICES|DPU_DEVICE_INFO|PCIDEVICE_.*)$/.test(name)) return 'is set by the daemon';
  if (/^(PATH|LD_.*|KUBERNETES_.*)$/.test(name)) return 'decides about what the container runs or asks';
  if (Buffer.byteLength(value) > longestEnv || value.includes('\0')) {
    return `must have at most ${longestEnv} bytes, none of them NUL`;
  }
  return undefined;
}

const mountOf = ({ hostPath, containerPath = hostPath, readOnly = false }: AllocatedMount): Mount => ({
  container_path: containerPath,
  host_path: hostPath,
  read_only: readOnly,
});

const deviceNodeOf = ({ hostPath, containerPath = hostPath, permissions = 'rw' }: AllocatedDeviceNode): DeviceSpec => ({
  container_path: containerPath,
  host_path: hostPath,
  permissions,
});

function mountFault({ host_path: host, container_path: inside, read_only: readOnly }: Mount): string | undefined {
  if (!isBelow(host, '/dev') && !isBelow(host, '/sys')) return 'is not below /dev or /sys of the node';
  if (isBelow(host, '/sys') && !readOnly) return 'must be read-only, as all of /sys';
  return deviceFault(host) ?? placeFault(inside);
}

function deviceNodeFault({ host_path: host, container_path: inside, permissions }: DeviceSpec): string | undefined {
  if (!isBelow(host, '/dev')) return 'is not below /dev of the node';
  const fault = deviceFault(host);
  if (fault) return fault;
  if (!['r', 'w', 'rw'].includes(permissions))
    return `has the permissions ${JSON.stringify(permissions)}, not r, w or rw`;
  return placeFault(inside);
}

/** Where the container runtime has mounts of its own, with room below them. */
const taken = ['/', '/dev', '/sys'];
/** Where a container has its processes, programs, configuration and token: nothing is put there or below. */
const itsOwn = [
  '/proc',
  '/etc',
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  '/usr',
  '/run/secrets',
  '/var/run/secrets',
];

function placeFault(path: string): string | undefined {
  if (!isPlain(path)) return `is put at ${JSON.stringify(path)}, which is no absolute path without .. and colons`;
  const isOwn = taken.includes(path) || itsOwn.some((directory) => path === directory || isBelow(path, directory));
  if (isOwn) return `is put at ${path}, which is the container's own`;
  return undefined;
}

/** What gives the node away, though it is below /dev. Links are followed: /dev/core is one to the kernel's memory. */
function deviceFault(path: string): string | undefined {
  const real = realPath(path);
  if (!isBelow(real, '/dev') && !isBelow(real, '/sys')) return `is a link to ${real}, outside of /dev and /sys`;
  if (/^\/dev\/(k?mem|port|kmsg)$/.test(real)) return "is the machine's memory, ports or log";
  if (statSync(real, { throwIfNoEntry: false })?.isBlockDevice()) return 'is a disk of the node';
  return undefined;
}

/** Of what is not there it is the path itself: the kubelet refuses that. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

const isBelow = (path: string, directory: string): boolean => isPlain(path) && path.startsWith(`${directory}/`);
const isPlain = (path: string): boolean =>
  path.startsWith('/') &&
  posix.normalize(path) === path &&
  !/[:\0]/.test(path) &&
  (path === '/' || !path.endsWith('/'));

/** https://github.com/cncf-tags/container-device-interface/blob/main/SPEC.md#kind-requirements */
const cdiName =
  /^[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]\/[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?=[A-Za-z0-9]([A-Za-z0-9_.:-]*[A-Za-z0-9])?$/;
