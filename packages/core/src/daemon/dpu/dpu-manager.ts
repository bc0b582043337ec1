/** One DPU of this node: its VSP, the channel to its other side, its devices, and what pods need of it. */
import { rmSync } from 'node:fs';
import { type BridgePort, type Device, DpuError, type IpPort, type NetworkFunction } from '@dpu-operator/sdk';
import { VspClient } from '@dpu-operator/sdk/client';
import type { Sysfs, VfPosition } from '@dpu-operator/sdk/linux';
import type { Logger } from 'pino';
import { z } from 'zod';
import { type ConditionInput, vspSocketName } from '../../api/index.ts';
import { BridgePortKeeper } from '../channel/bridge-port-keeper.ts';
import { grpcAddress, parseEndpoint } from '../channel/endpoint.ts';
import { Peer } from '../channel/peer.ts';
import { serveChannel } from '../channel/server.ts';
import type { DetectedDpu } from '../detect/rules.ts';
import type { DevicePool } from '../device-plugin/pool.ts';
import { JsonFiles } from '../state/json-files.ts';
import { devicePosition } from './device-position.ts';
import { NetworkFunctionKeeper } from './network-function-keeper.ts';
import { NumVfs } from './num-vfs.ts';
import { readiness, type VspState } from './readiness.ts';
import { VspSession, type VspSessionState } from './vsp-session.ts';

/** What the attachments on disk say of a DPU. */
export interface AttachmentsView {
  bridgePorts(dpuName: string): BridgePort[];
  networkFunctions(dpuName: string): NetworkFunction[];
}

export interface DpuManagerOptions {
  dpu: DetectedDpu;
  nodeName: string;
  /** The node's directory for the VSP's socket, and where this DPU's records go. */
  directories: { vsp: string; state: string };
  pool: DevicePool;
  attachments: AttachmentsView;
  sysfs: Pick<Sysfs, 'vfPosition'>;
  /** What {@link DpuManager.ready} answers may be another now. */
  onChange: () => void;
  logger: Logger;
  /** Milliseconds between heartbeats to the DPU side; 5,000 unless told. */
  heartbeatMs?: number;
}

/** Milliseconds that a VSP may take to come back until its devices count as unhealthy: a restart is no outage. */
const restartGraceMs = 15_000;
/** Milliseconds that deleting a DPU waits for a VSP that is away. */
const tearDownWaitMs = 10_000;
/** Longer than a VSP takes for a bridge port, shorter than the kubelet waits for a sandbox. */
const peerDeadlineMs = 10_000;

const addressSchema = z.object({ ip: z.string(), port: z.number() });

export class DpuManager {
  readonly dpu: DetectedDpu;
  readonly #options: DpuManagerOptions;
  readonly #logger: Logger;
  readonly #initAnswer: JsonFiles<IpPort>;
  readonly #bridgePorts: BridgePortKeeper;
  readonly #networkFunctions: NetworkFunctionKeeper;
  readonly #session: VspSession;
  readonly #positions = new Map<string, VfPosition>();
  readonly #numVfs = new NumVfs();
  #vsp: VspState = { phase: 'connecting' };
  #devices: Device[] = [];
  #peer: { peer: Peer; address: string } | undefined;
  #channel: { address: string; wanted: string; close(): void } | undefined;
  #listenProblem: string | undefined;
  #graceTimer: NodeJS.Timeout | undefined;
  #withdrawn = false;
  #closed = false;

  constructor(options: DpuManagerOptions) {
    this.#options = options;
    this.dpu = options.dpu;
    const { directories, dpu } = options;
    this.#logger = options.logger.child({ dpu: dpu.name });
    this.#initAnswer = new JsonFiles(`${directories.state}/init`, addressSchema);
    const vsp = () => this.#session.client;
    this.#bridgePorts = new BridgePortKeeper({
      directory: `${directories.state}/bridge-ports`,
      vsp,
      logger: this.#logger,
    });
    this.#networkFunctions = new NetworkFunctionKeeper({
      directory: `${directories.state}/network-function-deletions`,
      vsp,
      logger: this.#logger,
    });
    this.#session = new VspSession({
      socket: { directory: directories.vsp, name: vspSocketName },
      init: { dpuMode: dpu.side === 'dpu', dpuIdentifier: dpu.identifier },
      dial: (socketPath) => new VspClient({ socketPath, logger: this.#logger }),
      rememberedAddress: () => this.#initAnswer.get('address'),
      prepare: (client, address) => this.#prepare(client, address),
      onDevices: (devices) => this.#takeDevices(devices),
      onState: (state) => this.#enter(state),
      logger: this.#logger,
    });
  }

  /** The Ready condition; undefined while it is not known. */
  get ready(): ConditionInput | undefined {
    return readiness({
      dpuName: this.dpu.name,
      side: this.dpu.side,
      vsp: this.#vsp,
      peer: this.#peer?.peer.state,
      listenProblem: this.#listenProblem,
    });
  }

  /** PF and VF of a device that this DPU offers. */
  position(deviceId: string): VfPosition | undefined {
    return this.#withdrawn ? undefined : this.#positions.get(deviceId);
  }

  /** Whether it offers devices no more, because it is to go. */
  get withdrawn(): boolean {
    return this.#withdrawn;
  }

  /** How many virtual functions there should be; undefined leaves it to the VSP. Of no meaning on the DPU side. */
  setNumVfs(count: number | undefined): void {
    if (count === this.#numVfs.wanted || this.dpu.side === 'dpu') return;
    this.#numVfs.wanted = count;
    const client = this.#session.client;
    if (client) void this.#numVfs.apply(client).then(() => this.#refresh());
  }

  async createBridgePort(port: BridgePort): Promise<void> {
    if (!this.#peer) throw new DpuError('UNAVAILABLE', `dpu ${this.dpu.name}: ${this.#whyNot()}`);
    await this.#peer.peer.createBridgePort(port);
  }

  /** Without a channel yet, its first act will be to delete what no attachment needs. */
  async deleteBridgePort(name: string): Promise<void> {
    await this.#peer?.peer.deleteBridgePort(name);
  }

  createNetworkFunction(nf: NetworkFunction): Promise<void> {
    return this.#networkFunctions.create(nf);
  }

  deleteNetworkFunction(nf: NetworkFunction): Promise<void> {
    return this.#networkFunctions.delete(nf);
  }

  /** Offers no devices any more; pods that have some keep them. */
  withdraw(): void {
    this.#withdrawn = true;
    this.#options.pool.remove(this.dpu.name);
  }

  /**
   * Takes everything away that the VSP made on the node, and what is known of the DPU. A VSP that had been initialised
   * and is away is waited for, but not for ever: a DPU that is broken can be deleted all the same.
   */
  async tearDown(): Promise<void> {
    this.withdraw();
    const wasInitialised = this.#initAnswer.get('address') !== undefined;
    const client = wasInitialised ? await this.#session.whenReady(tearDownWaitMs) : this.#session.client;
    try {
      await client?.setNumVfs(0);
    } catch (error) {
      this.#logger.warn({ err: error }, 'the VSP did not take its virtual functions away');
    }
    if (wasInitialised && !client) this.#logger.warn('the VSP is away: what it made on the node may be left there');
    this.close();
    for (const directory of Object.values(this.#options.directories))
      rmSync(directory, { recursive: true, force: true });
  }

  /** Lets go of it as it is: what pods use stays. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#graceTimer);
    this.#session.close();
    this.#peer?.peer.close();
    this.#channel?.close();
  }

  async #prepare(client: VspClient, address: IpPort): Promise<void> {
    await this.#initAnswer.put('address', address);
    await this.#numVfs.apply(client);
    if (this.dpu.side === 'host') {
      this.#connectPeer(address);
      return;
    }
    await this.#bridgePorts.replay(client);
    const wanted = () => this.#options.attachments.networkFunctions(this.dpu.name);
    await this.#networkFunctions.replay(client, wanted);
    await this.#listen(address);
  }

  #connectPeer(ipPort: IpPort): void {
    const address = grpcAddress(parseEndpoint(ipPort));
    if (this.#closed || this.#peer?.address === address) return;
    this.#peer?.peer.close();
    const peer = new Peer({
      client: new VspClient({ address, logger: this.#logger, deadlineMs: peerDeadlineMs }),
      address,
      senderId: this.#options.nodeName,
      wanted: () => this.#options.attachments.bridgePorts(this.dpu.name),
      onState: () => this.#options.onChange(),
      logger: this.#logger,
      intervalMs: this.#options.heartbeatMs ?? 5_000,
    });
    this.#peer = { peer, address };
  }

  async #listen(ipPort: IpPort): Promise<void> {
    const wanted = grpcAddress(parseEndpoint(ipPort));
    if (this.#closed || this.#channel?.wanted === wanted) return;
    this.#channel?.close();
    this.#channel = undefined;
    try {
      const served = await serveChannel(ipPort, {
        bridgePorts: this.#bridgePorts,
        healthy: () => this.#healthy(),
        responderId: this.#options.nodeName,
        logger: this.#logger,
      });
      this.#channel = { ...served, wanted };
      this.#listenProblem = undefined;
      if (this.#closed) served.close();
    } catch (error) {
      this.#listenProblem = DpuError.from(error).message;
      throw new DpuError('FAILED_PRECONDITION', this.#listenProblem, { cause: error });
    }
  }

  /** A VSP without a heartbeat is as healthy as it answers. */
  async #healthy(): Promise<boolean> {
    const client = this.#session.client;
    if (!client) return false;
    return await client.ping(this.#options.nodeName).then(
      ({ healthy }) => healthy,
      (error) => DpuError.from(error).code === 'UNIMPLEMENTED',
    );
  }

  #takeDevices(devices: Device[]): void {
    this.#devices = devices;
    const placed = devices.map(async ({ id }) => {
      if (!this.#positions.has(id)) this.#positions.set(id, await devicePosition(this.#options.sysfs, id));
    });
    void Promise.all(placed).then(() => {
      if (this.#devices === devices && this.#session.client) this.#offer(devices);
    });
    this.#refresh();
  }

  #enter(state: VspSessionState): void {
    if (state.phase === 'ready') {
      clearTimeout(this.#graceTimer);
      this.#graceTimer = undefined;
      this.#vsp = this.#whenReady();
    } else {
      // An attempt that has no answer yet says nothing new.
      if (state.phase !== 'connecting') this.#vsp = state;
      if (state.phase === 'absent') this.#listenProblem = undefined;
      this.#graceTimer ??= setTimeout(() => this.#distrustDevices(), restartGraceMs);
    }
    this.#options.onChange();
  }

  #whenReady(): VspState {
    const unhealthy = this.#devices.filter(({ healthy }) => !healthy).length;
    const { problem } = this.#numVfs;
    return { phase: 'ready', devices: this.#devices.length, unhealthy, ...(problem && { numVfsProblem: problem }) };
  }

  #refresh(): void {
    if (this.#vsp.phase !== 'ready') return;
    this.#vsp = this.#whenReady();
    this.#options.onChange();
  }

  #distrustDevices(): void {
    this.#devices = this.#devices.map((device) => ({ ...device, healthy: false }));
    this.#offer(this.#devices);
  }

  #offer(devices: Device[]): void {
    if (!this.#withdrawn) this.#options.pool.set(this.dpu.name, devices);
  }

  #whyNot(): string {
    return this.ready?.message ?? 'its VSP is starting';
  }
}
