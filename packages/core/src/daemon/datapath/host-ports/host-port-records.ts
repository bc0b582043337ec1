/**
 * The bridge ports that hosts have asked one DPU for, on disk. Each belongs to the host DPU that made it: two hosts may
 * have a port of one name each, which the VSP knows by two.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type BridgePort, DpuError } from '@dpu-operator/sdk';
import type { Logger } from 'pino';
import { z } from 'zod';
import { anonymousOwner, plainOwner } from '../../peer/owner.ts';
import { Records } from '../../state/records.ts';
import type { UnreadableRecord } from '../../state/set-aside.ts';
import { type BridgePortItem, bridgePortId, bridgePortKey, sameBridgePort } from '../items.ts';
import type { Wish } from '../plan.ts';

const bridgePortSchema = z.object({
  name: z.string().regex(/^(bridgePorts\/)?[a-z0-9-]{4,63}$/, 'must be 4 to 63 of a-z, 0-9 and -'),
  macAddress: z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/, 'must be 6 bytes'),
  type: z.enum(['ACCESS', 'TRUNK']),
  logicalBridges: z.array(z.string().min(1).max(64)).max(4094),
});

const recordSchema = z.object({
  version: z.literal(1),
  owner: z.string(),
  /** As its owner knows it. */
  port: bridgePortSchema,
  /** The VSP is to forget it. */
  deleting: z.boolean(),
});
export type HostPortRecord = z.infer<typeof recordSchema>;

/** A port as its owner knows it, and the id that the VSP knows it by. */
export interface HeldPort {
  vspId: string;
  record: HostPortRecord;
}

export interface HostPortRecordsOptions {
  /** The DPU's directory of records. */
  directory: string;
  logger: Logger;
  onUnreadable?: (() => void) | undefined;
}

const directoryIn = (directory: string): string => `${directory}/bridge-ports`;

export class HostPortRecords {
  /** By the id that the VSP knows. */
  readonly #records: Records<HostPortRecord>;

  constructor({ directory, logger, onUnreadable }: HostPortRecordsOptions) {
    this.#records = new Records({
      directory: directoryIn(directory),
      schema: recordSchema,
      what: 'bridge port',
      logger,
      onUnreadable,
    });
  }

  unreadable(): readonly UnreadableRecord[] {
    return this.#records.unreadable();
  }

  close(): void {
    this.#records.close();
  }

  /** The port of that name that an owner has, also one that is being deleted. */
  find(owner: string, name: string): HeldPort | undefined {
    const id = bridgePortId(name);
    for (const [vspId, record] of this.#records.entries()) {
      if (record.owner === owner && bridgePortId(record.port.name) === id) return { vspId, record };
    }
    return undefined;
  }

  /** Those of an owner, without those that are being deleted. */
  of(owner: string): HeldPort[] {
    return this.#records
      .entries()
      .filter(([, record]) => record.owner === owner && !record.deleting)
      .map(([vspId, record]) => ({ vspId, record }));
  }

  owners(): string[] {
    const present = this.#records.values().filter(({ deleting }) => !deleting);
    return [...new Set(present.map(({ owner }) => owner))].sort();
  }

  /**
   * Writes a port down. One of the same name and MAC that nobody has proven to have made becomes this owner's: its host
   * made it before hosts said who they are, or before they proved it.
   *
   * @returns the key to wait for, and whether there was none before
   * @throws DpuError ALREADY_EXISTS for a port of that name with other content
   */
  async hold(owner: string, port: BridgePort): Promise<{ key: string; isNew: boolean }> {
    const known = this.find(owner, port.name) ?? this.#adoptable(owner, port);
    if (!known) return { key: bridgePortKey(await this.#add(owner, port)), isNew: true };
    const { vspId, record } = known;
    if (!sameBridgePort(record.port, port)) {
      const why = `bridge port ${bridgePortId(port.name)} exists with MAC ${record.port.macAddress}`;
      throw new DpuError('ALREADY_EXISTS', `${why} or other settings; delete it first`);
    }
    if (record.owner !== owner) await this.#records.update(vspId, (present) => present && { ...present, owner });
    return { key: bridgePortKey(vspId), isNew: false };
  }

  /** The VSP is to forget it. @returns the VSP's id for it; undefined where there is none */
  async drop(owner: string, name: string): Promise<string | undefined> {
    const known = this.find(owner, name);
    if (known) await this.#markDeleting(known.vspId);
    return known?.vspId;
  }

  /** @throws DpuError RESOURCE_EXHAUSTED where a restart of this daemon would undo what {@link drop} did */
  requireWritten(vspId: string): void {
    this.#records.requireWritten(vspId);
  }

  /** Every port of an owner. @returns how many */
  async dropAll(owner: string): Promise<number> {
    const dropped = this.#records.entries().filter(([, record]) => record.owner === owner && !record.deleting);
    for (const [vspId] of dropped) await this.#markDeleting(vspId);
    return dropped.length;
  }

  /** One host, two names: what it has under the former goes to the other, unless it has that already. @returns how many */
  async handOver(former: string, owner: string): Promise<number> {
    const moved = this.#records
      .entries()
      .filter(([, record]) => record.owner === former && !this.find(owner, record.port.name));
    for (const [vspId] of moved) {
      await this.#records.updateEventually(vspId, (record) => record && { ...record, owner });
    }
    return moved.length;
  }

  /** The VSP refused to make it. @param key as {@link HostPortRecords.hold} returned it */
  async forget(key: string): Promise<void> {
    const vspId = this.#records.keys().find((id) => bridgePortKey(id) === key);
    if (vspId !== undefined) await this.#records.delete(vspId);
  }

  /** The VSP has deleted it. One that was asked for again meanwhile stays. */
  async dropped(vspName: string): Promise<void> {
    await this.#records.updateEventually(bridgePortId(vspName), (record) => (record?.deleting ? undefined : record));
  }

  wishes(): Wish[] {
    return this.#records.entries().map(([vspId, { port, deleting }]) => ({
      order: deleting ? 'drop' : 'hold',
      item: itemAtVsp(vspId, port),
    }));
  }

  async #markDeleting(vspId: string): Promise<void> {
    await this.#records.updateEventually(vspId, (record) => record && { ...record, deleting: true });
  }

  #adoptable(owner: string, port: BridgePort): HeldPort | undefined {
    const formers = [plainOwner(owner), anonymousOwner].filter((former) => former !== owner);
    return formers
      .flatMap((former) => this.find(former, port.name) ?? [])
      .find(({ record }) => !record.deleting && record.port.macAddress === port.macAddress);
  }

  /** The first keeps the plain name: images for the Go operator know a VF by it. @returns the VSP's id */
  async #add(owner: string, port: BridgePort): Promise<string> {
    const id = bridgePortId(port.name);
    const mine: HostPortRecord = { version: 1, owner, port, deleting: false };
    const hash = createHash('sha256').update(owner).digest('hex').slice(0, 8);
    for (const vspId of [id, `${id.slice(0, 63 - hash.length - 1)}-${hash}`]) {
      const present = await this.#records.update(vspId, (taken) => taken ?? mine);
      if (present === mine) return vspId;
    }
    throw new DpuError('ALREADY_EXISTS', `bridge port ${id}: another host's port has that name, and ${id}-${hash} too`);
  }
}

/** A port as the VSP is asked for it. */
export const itemAtVsp = (vspId: string, port: BridgePort): BridgePortItem => ({
  kind: 'bridgePort',
  port: { ...port, name: `bridgePorts/${vspId}` },
});

/** Of a DPU that is not served now: hosts that have ports there, and records that may say so. */
export function recordedHosts(options: HostPortRecordsOptions): { owners: string[]; unreadable: UnreadableRecord[] } {
  if (!existsSync(directoryIn(options.directory))) return { owners: [], unreadable: [] };
  const records = new HostPortRecords(options);
  try {
    return { owners: records.owners(), unreadable: [...records.unreadable()] };
  } finally {
    records.close();
  }
}

/** @throws DpuError INVALID_ARGUMENT naming the wrong field */
export function parseBridgePort(port: BridgePort): BridgePort {
  const result = bridgePortSchema.safeParse(port);
  if (result.success) return { ...result.data, name: `bridgePorts/${bridgePortId(port.name)}` };
  const issue = result.error.issues[0];
  throw new DpuError('INVALID_ARGUMENT', `bridge port: ${issue?.path.join('.')} ${issue?.message}`);
}
