/**
 * What the Go daemon writes on a host about an attachment, below the directory that it has as /var/lib/cni: the network
 * configuration in `dpusriov/<container>-<interface>`, and the path of the namespace in `dpusriov/pci/<device>`. On a DPU
 * it writes nothing: a network function's device has the name that it had on the node as its alias.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { unlessGone } from './unless-gone.ts';

const netConf = z.object({
  name: z.string().default('dpu-cni'),
  deviceID: z.string().min(1),
  Master: z.string().default(''),
  MAC: z.string().default(''),
  VFID: z.int().min(0).default(0),
  OrigVfState: z
    .object({ HostIFName: z.string().default(''), EffectiveMAC: z.string().default('') })
    .default({ HostIFName: '', EffectiveMAC: '' }),
});

export interface GoRecord {
  containerId: string;
  ifName: string;
  network: string;
  deviceId: string;
  /** Netdev of the physical function, and the number of the VF in it. */
  pf: string;
  vf: number;
  /** The MAC that the network asked for; empty where it asked for none. */
  askedMac: string;
  /** What the device is called on the node, and its MAC there; empty where it has no netdev. */
  hostName: string;
  hostMac: string;
  /** Empty where the device has a later record: the file with the path is of that one. */
  netns: string;
}

/** An id of a container has no dash, a name of an interface may have one. */
const fileName = /^([^-]+)-(.+)$/;

/** @throws Error that names what is wrong with the file */
export function parseGoRecord(name: string, text: string): Omit<GoRecord, 'netns'> {
  const [, containerId, ifName] = fileName.exec(name) ?? [];
  if (containerId === undefined || ifName === undefined) throw new Error(`${name}: is not <container>-<interface>`);
  const parsed = netConf.safeParse(parseJson(name, text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${name}: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { deviceID, Master, MAC, VFID, OrigVfState } = parsed.data;
  return {
    containerId,
    ifName,
    network: parsed.data.name,
    deviceId: deviceID,
    pf: Master,
    vf: VFID,
    askedMac: MAC.toLowerCase(),
    hostName: OrigVfState.HostIFName,
    hostMac: OrigVfState.EffectiveMAC.toLowerCase(),
  };
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${name}: ${(cause as Error).message}`, { cause });
  }
}

export interface GoRecords {
  records: GoRecord[];
  /** Files that hold none, with the reason. */
  unreadable: string[];
}

/** @param directory `dpusriov`; one that is not there holds nothing */
export function readGoRecords(directory: string): GoRecords {
  const found: GoRecords = { records: [], unreadable: [] };
  const read: { record: Omit<GoRecord, 'netns'>; writtenMs: number }[] = [];
  for (const entry of entriesOf(directory)) {
    if (!entry.isFile()) continue;
    try {
      const path = join(directory, entry.name);
      read.push({ record: parseGoRecord(entry.name, readFileSync(path, 'utf8')), writtenMs: statSync(path).mtimeMs });
    } catch (error) {
      found.unreadable.push((error as Error).message);
    }
  }
  // Later ones first.
  read.sort((a, b) => b.writtenMs - a.writtenMs);
  const devices = new Set<string>();
  for (const { record } of read) {
    const isLast = !devices.has(record.deviceId);
    devices.add(record.deviceId);
    found.records.push({ ...record, netns: isLast ? textOf(join(directory, 'pci', record.deviceId)) : '' });
  }
  return found;
}

function entriesOf(directory: string) {
  return unlessGone(() => readdirSync(directory, { withFileTypes: true })) ?? [];
}

function textOf(path: string): string {
  return unlessGone(() => readFileSync(path, 'utf8').trim()) ?? '';
}
