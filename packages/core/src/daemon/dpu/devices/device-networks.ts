/** The DpuNetworks that a DPU's devices belong to: as the operator wants it, as far as pods let go of them. */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { z } from 'zod';
import { type NetworkReport, type NetworkWish, vfRangesText } from '../../../api/index.ts';
import { firstTen } from '../../../first-ten.ts';
import { backoffDelay } from '../../../retry-backoff.ts';
import type { DeviceAllocations } from '../../attach/collaborators.ts';
import { type Presence, there } from '../../presence.ts';
import { Records } from '../../state/records.ts';
import {
  type DeviceHolder,
  isSame,
  type Membership,
  type Placing,
  placeDevice,
  wantedMemberships,
} from './device-placing.ts';

const recordSchema = z.object({
  version: z.literal(1),
  networks: z.array(
    z.object({
      name: z.string(),
      vfs: z.string(),
      logicalBridge: z.string().optional(),
      accelerated: z.boolean().optional(),
    }),
  ),
  /** Devices that are not where they are wanted, and where the kubelet knows them: a pod may have been given one there. */
  elsewhere: z
    .array(
      z.object({
        device: z.string(),
        vf: z.int(),
        network: z.object({ name: z.string(), logicalBridge: z.string().optional() }).optional(),
      }),
    )
    .optional(),
});
type NetworksRecord = z.infer<typeof recordSchema>;
type Elsewhere = NonNullable<NetworksRecord['elsewhere']>;

export interface DeviceNetworksOptions {
  /** The DPU's directory of records. */
  directory: string;
  /** By device: the pods that have one of the DPU. */
  holders: () => ReadonlyMap<string, DeviceHolder>;
  /** What the kubelet says; without it a device that no attachment has is free. */
  allocations?: Pick<DeviceAllocations, 'podOf'> | undefined;
  /** Called when {@link DeviceNetworks.place} may answer otherwise. */
  onChange: () => void;
  logger: Logger;
}

export interface PlacedDevice {
  id: string;
  vf: number;
}

const askAgain = { initialMs: 1_000, maxMs: 30_000 };

export class DeviceNetworks {
  readonly #options: DeviceNetworksOptions;
  readonly #record: Records<NetworksRecord>;
  #wanted = new Map<number, NonNullable<Membership>>();
  /** Where an earlier daemon had devices, by VF. */
  readonly #atStart: ReadonlyMap<number, NonNullable<Membership>>;
  readonly #current = new Map<string, { vf: number; network: Membership }>();
  /** By device: what the kubelet said last. Another map for each round: an answer to an earlier question counts no more. */
  #allocations = new Map<string, Presence<string>>();
  #placings = new Map<string, Placing & { vf: number }>();
  #areKnown = false;
  #rounds = 0;
  #timer: NodeJS.Timeout | undefined;
  #isAsking = false;
  #closed = false;

  constructor(options: DeviceNetworksOptions) {
    this.#options = options;
    const { directory, logger } = options;
    this.#record = new Records({
      directory: `${directory}/networks`,
      schema: recordSchema,
      what: 'networks of a DPU',
      logger,
    });
    this.#wanted = wantedMemberships(this.wishes);
    this.#atStart = this.#wanted;
    for (const { device, vf, network } of this.#record.get('networks')?.elsewhere ?? []) {
      this.#current.set(device, { vf, network });
    }
  }

  /** What the operator wants, or wanted last. */
  get wishes(): readonly NetworkWish[] {
    return this.#record.get('networks')?.networks ?? [];
  }

  /** @returns whether it has changed */
  async want(networks: readonly NetworkWish[]): Promise<boolean> {
    const before = JSON.stringify(this.wishes);
    if (before === JSON.stringify(networks)) return false;
    const wanted = wantedMemberships(networks);
    await this.#record.updateEventually('networks', () => recordOf(networks, this.#elsewhere(wanted)));
    this.#wanted = wanted;
    this.#forgetAnswers();
    return true;
  }

  /** Where devices are now. Moves those that may. */
  place(devices: readonly PlacedDevice[]): ReadonlyMap<string, Placing> {
    this.#areKnown = true;
    const holders = this.#options.holders();
    this.#placings = new Map(devices.map(({ id, vf }) => [id, { vf, ...this.#placeOne(id, vf, holders) }]));
    this.#rememberElsewhere();
    const asked = [...this.#placings].flatMap(([id, { asks }]) => (asks ? id : []));
    if (asked.length > 0) void this.#ask(asked);
    else if ([...this.#placings.values()].some(({ waitsFor }) => waitsFor !== undefined)) this.#askLater();
    return this.#placings;
  }

  of(deviceId: string): Membership {
    return this.#placings.get(deviceId)?.network;
  }

  /** Whether a pod that comes or goes changes where devices are. */
  get dependsOnPods(): boolean {
    return this.#wanted.size > 0 || [...this.#current.values()].some(({ network }) => network !== undefined);
  }

  /** A pod has let go of a device: the kubelet may say otherwise now. */
  podsChanged(): void {
    this.#forgetAnswers();
  }

  /** Of each network that has devices, or is to have some; undefined until the DPU's devices are known. */
  report(): NetworkReport[] | undefined {
    if (!this.#areKnown) return undefined;
    const placings = [...this.#placings.values()];
    const names = new Set([
      ...this.wishes.map(({ name }) => name),
      ...placings.flatMap(({ network }) => network?.name ?? []),
    ]);
    return [...names].map((name) => this.#reportOf(name, placings));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#record.close();
  }

  #reportOf(name: string, placings: readonly (Placing & { vf: number })[]): NetworkReport {
    const vfs = [...this.#wanted].flatMap(([vf, network]) => (network.name === name ? vf : []));
    const missing = vfs.filter((vf) => !placings.some((one) => one.vf === vf));
    const concerned = placings.filter(({ vf, network }) => network?.name === name || vfs.includes(vf));
    const waiting = concerned.flatMap(({ waitsFor }) => waitsFor ?? []);
    const { vfs: wished, logicalBridge, accelerated } = this.wishes.find((wish) => wish.name === name) ?? {};
    return {
      name,
      ...(wished !== undefined && { vfs: wished }),
      ...(logicalBridge !== undefined && { logicalBridge }),
      ...(accelerated !== undefined && { accelerated }),
      devices: placings.filter(({ network, isOpen }) => isOpen && network?.name === name).length,
      ...(missing.length > 0 && { missing: vfRangesText(missing) }),
      ...(waiting.length > 0 && { waiting: [...new Set(waiting)].sort().slice(0, 10) }),
    };
  }

  #placeOne(id: string, vf: number, holders: ReadonlyMap<string, DeviceHolder>): Placing {
    const known = this.#current.get(id);
    const placing = placeDevice({
      wanted: this.#wanted.get(vf),
      current: known ? known.network : this.#atStart.get(vf),
      holder: holders.get(id),
      allocation: this.#options.allocations ? this.#allocations.get(id) : { is: 'gone' },
    });
    this.#current.set(id, { vf, network: placing.network });
    return placing;
  }

  #elsewhere(wanted: ReadonlyMap<number, Membership>): Elsewhere {
    return [...this.#current].flatMap(([device, { vf, network }]) =>
      isSame(network, wanted.get(vf)) ? [] : { device, vf, ...(network && { network: { ...network } }) },
    );
  }

  /** The next daemon is to know it too: a pod that was given a device and has not attached it is in no record. */
  #rememberElsewhere(): void {
    const elsewhere = this.#elsewhere(this.#wanted);
    if (isDeepStrictEqual(elsewhere, this.#record.get('networks')?.elsewhere ?? [])) return;
    void this.#record.updateEventually('networks', (record) => recordOf(record?.networks ?? [], elsewhere));
  }

  async #ask(ids: readonly string[]): Promise<void> {
    const { allocations, onChange, logger } = this.#options;
    if (!allocations || this.#isAsking || this.#closed) return;
    this.#isAsking = true;
    const known = this.#allocations;
    const answers = await Promise.all(
      ids.map(async (id) => {
        const said = await allocations.podOf(id);
        return [id, said.is === 'there' ? there(`${said.value.namespace}/${said.value.name}`) : said] as const;
      }),
    );
    this.#isAsking = false;
    if (this.#closed) return;
    for (const [id, answer] of answers) known.set(id, answer);
    const busy = answers.filter(([, { is }]) => is !== 'gone').map(([id]) => id);
    if (busy.length > 0) logger.info({ devices: firstTen(busy) }, 'devices wait with the change of their network');
    onChange();
  }

  /** No event tells that the kubelet has taken a device back from a pod that never attached it. */
  #askLater(): void {
    if (this.#timer || this.#closed || !this.#options.allocations) return;
    this.#rounds += 1;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#allocations = new Map();
        this.#options.onChange();
      },
      backoffDelay(this.#rounds, askAgain),
    ).unref();
  }

  #forgetAnswers(): void {
    this.#allocations = new Map();
    this.#rounds = 0;
  }
}

function recordOf(networks: readonly NetworkWish[], elsewhere: Elsewhere): NetworksRecord | undefined {
  if (networks.length === 0 && elsewhere.length === 0) return undefined;
  return { version: 1, networks: [...networks], ...(elsewhere.length > 0 && { elsewhere }) };
}
