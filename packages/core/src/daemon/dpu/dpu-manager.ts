/**
 * One DPU of this node: its VSP, the data path that it makes, the devices that pods get.
 *
 * ```
 *  DpuVsp ── initialised ──> DpuSide: DpuDataPath, ChannelListener for hosts
 *    │                   └─> HostDataPath ──> the daemon on the DPU
 *    ├── devices ──> OfferedDevices ──> pool: of the DPU, or of the DpuNetwork that DeviceNetworks puts a device into
 *    └── health ──┐
 *  HostDataPath ──┴─> service: Ready condition, devices' health, CNI STATUS
 * ```
 *
 * It starts by itself and lasts until {@link DpuManager.close}, which leaves all as it is for the next daemon, or
 * {@link DpuManager.tearDown}, which takes it away for good. What is wished of it comes by the `set…` methods and may be
 * repeated.
 */
import { rmSync } from 'node:fs';
import type { Device, IpPort } from '@dpu-operator/sdk';
import type { VspClient } from '@dpu-operator/sdk/client';
import type { Sysfs } from '@dpu-operator/sdk/linux';
import type { DetectedDpu } from '@dpu-operator/sdk/manifest';
import type { Logger } from 'pino';
import { annotations, type ChannelSpec, type ConditionInput, type NetworkWish } from '../../api/index.ts';
import type { DataPath, DeviceAllocations } from '../attach/collaborators.ts';
import { HostDataPath } from '../datapath/host-ports/host-data-path.ts';
import type { DevicePool } from '../kubelet/pool.ts';
import type { Outage } from '../peer/availability.ts';
import { defaultGraceMs } from '../peer/availability-tracker.ts';
import { grpcAddress, parseEndpoint } from '../peer/endpoint.ts';
import { defaultIntervalMs } from '../peer/heartbeat.ts';
import { ownerOf } from '../peer/owner.ts';
import { gone, type Presence, there, unknown } from '../presence.ts';
import type { UnreadableRecord } from '../state/set-aside.ts';
import { ChannelEnd, type NodeTrust } from '../trust/channel-end.ts';
import type { AttachmentsView } from './attachments-view.ts';
import { DeviceNetworks } from './devices/device-networks.ts';
import { OfferedDevices } from './devices/offered-devices.ts';
import { DpuSide } from './dpu-side.ts';
import { PodDataPath } from './pod-data-path.ts';
import { type ChannelReport, dpuChannel, hostChannel } from './status/dpu-channel.ts';
import { hostsAway, readiness, type VspState } from './status/readiness.ts';
import { DpuVsp, type VspUser } from './vsp/dpu-vsp.ts';
import type { VfWish } from './vsp/vf-plan.ts';

export interface DpuManagerOptions {
  dpu: DetectedDpu;
  nodeName: string;
  /** The node's directory for the VSP's socket, and where this DPU's records go. */
  directories: { vsp: string; state: string };
  pool: DevicePool;
  attachments: AttachmentsView;
  sysfs: Pick<Sysfs, 'vfPosition'>;
  /** What the kubelet says of who was given which device. */
  allocations?: Pick<DeviceAllocations, 'podOf'> | undefined;
  /** Undefined where there is no operator: then only plain text is possible between host and DPU. */
  trust?: NodeTrust | undefined;
  /** Called when {@link DpuManager.ready}, or anything else that it says, may have changed. */
  onChange: () => void;
  /** Deletes the VSP's pod, so that another is made. */
  restartVsp?: (() => Promise<void>) | undefined;
  /** Called when {@link DpuManager.unreadable} has changed. */
  onUnreadable?: (() => void) | undefined;
  logger: Logger;
  /** Milliseconds between heartbeats, to the VSP and to the DPU side. Default: 2,000. */
  heartbeatMs?: number;
  /** Milliseconds that an interruption may last until it counts. Default: 15,000. */
  graceMs?: number;
}

/** Milliseconds that deleting a DPU waits for a VSP that is away. */
const tearDownWaitMs = 10_000;
/** Milliseconds that deleting a DPU waits for its other side to hear of deletions: a pod that crashes is back by then. */
const deletionsMs = 60_000;

export class DpuManager implements VspUser {
  readonly dpu: DetectedDpu;
  readonly vsp: DpuVsp;
  readonly devices: OfferedDevices;
  /** Of its devices. */
  readonly networks: DeviceNetworks;
  /** Of a host side: the way to the DPU side. */
  readonly hostDataPath: HostDataPath | undefined;
  /** Of a DPU side. */
  readonly dpuSide: DpuSide | undefined;
  /** What pods attach to. */
  readonly dataPath: DataPath;
  readonly #options: DpuManagerOptions;
  readonly #logger: Logger;
  readonly #end: ChannelEnd;

  constructor(options: DpuManagerOptions) {
    const { dpu, directories, nodeName, pool, sysfs, attachments } = options;
    this.dpu = dpu;
    this.#options = options;
    const logger = options.logger.child({ dpu: dpu.name });
    this.#logger = logger;
    const { onUnreadable } = options;
    const heartbeatMs = options.heartbeatMs ?? defaultIntervalMs;
    const graceMs = options.graceMs ?? defaultGraceMs;
    this.networks = new DeviceNetworks({
      directory: directories.state,
      holders: () => attachments.devices?.(dpu.name) ?? new Map(),
      allocations: options.allocations,
      onChange: () => this.#networksChanged(),
      logger,
    });
    this.devices = new OfferedDevices({ dpuName: dpu.name, pool, sysfs, networks: this.networks });
    this.vsp = new DpuVsp({
      dpu,
      nodeName,
      directories,
      pods: () => attachments.pods(dpu.name),
      user: this,
      onUnreadable,
      logger,
      heartbeatMs,
      graceMs,
    });
    this.#end = new ChannelEnd({
      dpuName: dpu.name,
      nodeName,
      side: dpu.side,
      directory: directories.state,
      trust: options.trust,
      logger,
    });
    this.#end.on('change', () => options.onChange());
    if (dpu.side === 'dpu') {
      this.dpuSide = new DpuSide({
        dpuName: dpu.name,
        nodeName,
        directory: directories.state,
        attachments,
        vsp: this.vsp.health,
        end: this.#end,
        onHosts: () => options.onChange(),
        onCallers: () => options.onChange(),
        onChains: () => options.onChange(),
        onUnreadable,
        logger,
      });
    } else {
      this.hostDataPath = new HostDataPath({
        dpuName: dpu.name,
        end: this.#end,
        nodeName,
        directory: directories.state,
        attachments,
        onChange: () => this.serviceChanged(),
        onUnreadable,
        logger,
        heartbeatMs,
        graceMs,
        isKnownDpu: this.vsp.wasInitialised,
      });
    }
    this.dataPath = new PodDataPath(dpu.name, this.hostDataPath, this.dpuSide?.dataPath);
    this.#applyAccelerated();
    this.vsp.start();
  }

  /** The Ready condition; undefined while it is not known. */
  get ready(): ConditionInput | undefined {
    return readiness({
      dpuName: this.dpu.name,
      side: this.dpu.side,
      vsp: this.#vspState(),
      vspOutage: this.vsp.health.outage,
      peer: this.hostDataPath,
      listenProblem: this.dpuSide?.channel.problem,
    });
  }

  /** The HostPorts condition, where it is false: hosts that have ports here are away. */
  get hostPorts(): Presence<ConditionInput> {
    const hosts = this.dpuSide?.hosts;
    if (!hosts) return gone;
    if (hosts.away().length > 0) return there(hostsAway(this.dpu.name, hosts.away()));
    return hosts.unheard().length > 0 ? unknown('the daemon has just started') : gone;
  }

  /** How host and DPU speak with each other, and why they do not. */
  get channel(): ChannelReport {
    if (this.dpuSide) return dpuChannel(this.#end, this.dpuSide.channel);
    return this.hostDataPath ? hostChannel(this.#end, this.hostDataPath) : { condition: undefined, status: undefined };
  }

  /** Whether the DPU keeps no networks apart; undefined while it is not known. */
  get hasOneBridge(): boolean | undefined {
    return this.hostDataPath ? this.hostDataPath.hasOneBridge : this.dpuSide?.dataPath.hasOneBridge;
  }

  /** @param worked SPIFFE IDs of other ends that it worked with, as its object says */
  setChannel(spec: ChannelSpec | undefined, worked?: readonly string[]): void {
    this.#end.set(spec, worked);
  }

  /** Why pods cannot be served now, in words; undefined while they can, or may again within the grace period. */
  outOfService(): string | undefined {
    return this.devices.hardwareProblem ?? this.#outage?.message;
  }

  /** How many virtual functions there should be; undefined leaves it to the VSP. Of no meaning on the DPU side. */
  setNumVfs(wish: VfWish | undefined): void {
    if (this.dpu.side === 'host') this.vsp.setNumVfs(wish);
  }

  /** Which of its devices belong to which DpuNetwork. */
  async setNetworks(networks: readonly NetworkWish[]): Promise<void> {
    if (await this.networks.want(networks)) this.#networksChanged();
    this.#applyAccelerated();
  }

  /** Also what an earlier daemon was told. */
  #applyAccelerated(): void {
    if (this.dpu.side === 'dpu') this.vsp.setAccelerated(this.networks.wishes.some(({ accelerated }) => accelerated));
  }

  /** A pod has come or gone: what waited for it may happen now. */
  podsChanged(): void {
    this.vsp.podsChanged();
    if (!this.networks.dependsOnPods) return;
    this.networks.podsChanged();
    this.#networksChanged();
  }

  #networksChanged(): void {
    this.devices.networksChanged();
    this.#options.onChange();
  }

  /** Records that could not be read can be now, or the other way round: absence from them proves something else. */
  recordsChanged(): void {
    this.hostDataPath?.recordsChanged();
    this.dpuSide?.dataPath.recordsChanged();
  }

  /** Records of this DPU that cannot be read. While there are any, what is in none of them may still be in use. */
  unreadable(): UnreadableRecord[] {
    const dataPath = this.hostDataPath ?? this.dpuSide?.dataPath;
    return [...this.vsp.unreadable(), ...(dataPath?.unreadable() ?? [])];
  }

  /**
   * Takes everything away that the VSP made on the node, and what is known of the DPU. A VSP that had been initialised
   * and is away is waited for, but not for ever: a DPU that is broken can be deleted all the same.
   */
  async tearDown(): Promise<void> {
    this.devices.withdraw();
    await this.vsp.clearForGood(tearDownWaitMs);
    await this.#warnOfPortsLeft();
    this.close();
    for (const directory of Object.values(this.#options.directories))
      rmSync(directory, { recursive: true, force: true });
  }

  async #warnOfPortsLeft(): Promise<void> {
    const ports = (await this.hostDataPath?.deletionsHeard(deletionsMs)) ?? [];
    if (ports.length === 0) return;
    const order = `${annotations.forgetHost}=${ownerOf(this.#options.nodeName, this.dpu.name)}`;
    this.#logger.warn({ ports }, `the DPU side has not heard that these are gone; annotate its dpu object: ${order}`);
  }

  /** Lets go of it as it is: what pods use stays. */
  close(): void {
    this.vsp.close();
    this.networks.close();
    this.hostDataPath?.close();
    this.dpuSide?.close();
    this.#end.close();
  }

  /** Between Init and ready. */
  async vspInitialised(client: VspClient, address: IpPort): Promise<void> {
    this.hostDataPath?.connect(grpcAddress(parseEndpoint(address)));
    await this.dpuSide?.dataPath.vspStarted(client);
    await this.dpuSide?.channel.listen(address);
  }

  async vspDevices(devices: Device[]): Promise<void> {
    try {
      await this.devices.set(devices);
      this.#options.onChange();
    } catch (error) {
      this.#logger.error({ err: error }, 'the devices of the VSP are not offered: where they sit cannot be found out');
    }
  }

  vspLost(phase: 'absent' | 'failed'): void {
    this.dpuSide?.dataPath.vspLost();
    if (phase === 'absent') this.dpuSide?.channel.forgetProblem();
  }

  /**
   * A daemon that died after Init, before it wrote the answer down, leaves a VSP that nobody can work with. Where pods,
   * hosts or records that cannot be read may need it, a person decides.
   */
  async vspUnusable(): Promise<void> {
    const { attachments, restartVsp } = this.#options;
    const hosts = this.dpuSide?.dataPath.hostPorts.users() ?? [];
    const users = [...attachments.pods(this.dpu.name), ...hosts, ...(attachments.unreadable?.() ?? [])];
    if (!restartVsp || users.length > 0 || this.unreadable().length > 0) return;
    try {
      await restartVsp();
      this.#logger.warn(
        'the VSP was initialised by another daemon and nothing uses it: the operator is asked for another pod',
      );
    } catch (error) {
      this.#logger.warn({ err: error }, 'the operator cannot be asked for another VSP pod');
    }
  }

  serviceChanged(): void {
    // What is missing of the hardware is told apart, and ends apart.
    this.devices.setInService(this.#outage === undefined);
    this.#options.onChange();
  }

  vspChanged(): void {
    this.#options.onChange();
  }

  get #outage(): Outage | undefined {
    return this.vsp.health.outage ?? this.hostDataPath?.outage;
  }

  #vspState(): VspState {
    const { state } = this.vsp;
    if (state.phase !== 'ready') return state;
    const { count, unhealthy } = this.devices;
    return { phase: 'ready', devices: count, unhealthy };
  }
}
