/** One DPU of this node: its VSP, the channel to its other side, its devices, and what pods need of it. */
import { rmSync } from 'node:fs';
import { type BridgePort, type Device, DpuError, type IpPort, type NetworkFunction } from '@dpu-operator/sdk';
import { VspClient } from '@dpu-operator/sdk/client';
import type { Sysfs, VfPosition } from '@dpu-operator/sdk/linux';
import type { DetectedDpu } from '@dpu-operator/sdk/manifest';
import type { Logger } from 'pino';
import { z } from 'zod';
import { type ConditionInput, type VspIdentity, vspSocketName } from '../../api/index.ts';
import type { ChainPlace } from '../attach/ports.ts';
import type { ChainState } from '../chains/chain-state.ts';
import { BridgePortKeeper } from '../channel/bridge-port-keeper.ts';
import { grpcAddress, parseEndpoint } from '../channel/endpoint.ts';
import { Peer } from '../channel/peer.ts';
import type { DevicePool } from '../device-plugin/pool.ts';
import { JsonFiles } from '../state/json-files.ts';
import { devicePosition } from './device-position.ts';
import { DpuChannel } from './dpu-channel.ts';
import { type AttachedFunctions, DpuFunctions } from './dpu-functions.ts';
import { NumVfs } from './num-vfs.ts';
import { readiness, type VspState } from './readiness.ts';
import { clearVsp, identityOf, isHealthy } from './vsp-calls.ts';
import { VspSession, type VspSessionState } from './vsp-session.ts';

/** What the attachments on disk say of a DPU. */
export interface AttachmentsView extends AttachedFunctions {
  /** `namespace/name` of the pods that use a DPU, or a device of it on behalf of the DPU side of the same node. */
  pods(dpuName: string): string[];
  bridgePorts(dpuName: string): BridgePort[];
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
  /** What {@link DpuManager.chainState} answers may be another now. */
  onChains?: () => void;
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
  readonly #functions: DpuFunctions;
  readonly #session: VspSession;
  readonly #channel: DpuChannel;
  readonly #positions = new Map<string, VfPosition>();
  readonly #numVfs: NumVfs;
  #vsp: VspState = { phase: 'connecting' };
  #devices: Device[] = [];
  #peer: { peer: Peer; address: string } | undefined;
  #graceTimer: NodeJS.Timeout | undefined;
  #withdrawn = false;
  #identity: VspIdentity | undefined;
  #closed = false;

  constructor(options: DpuManagerOptions) {
    this.#options = options;
    this.dpu = options.dpu;
    this.#numVfs = new NumVfs(() => options.attachments.pods(options.dpu.name));
    const { directories, dpu } = options;
    this.#logger = options.logger.child({ dpu: dpu.name });
    this.#initAnswer = new JsonFiles(`${directories.state}/init`, addressSchema);
    const vsp = () => this.#session.client;
    this.#bridgePorts = new BridgePortKeeper({
      directory: `${directories.state}/bridge-ports`,
      vsp: () => (this.#functions.complete ? vsp() : undefined),
      logger: this.#logger,
    });
    this.#functions = new DpuFunctions({
      dpuName: dpu.name,
      directory: directories.state,
      attachments: options.attachments,
      vsp,
      onChains: () => options.onChains?.(),
      logger: this.#logger,
    });
    this.#channel = new DpuChannel({
      bridgePorts: this.#bridgePorts,
      healthy: () => isHealthy(vsp(), options.nodeName),
      responderId: options.nodeName,
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
      listenProblem: this.#channel.problem,
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

  /** The VSP that answered Init last. */
  get identity(): VspIdentity | undefined {
    return this.#identity;
  }

  /** How many virtual functions there should be; undefined leaves it to the VSP. Of no meaning on the DPU side. */
  setNumVfs(count: number | undefined): void {
    if (count === this.#numVfs.wanted || this.dpu.side === 'dpu') return;
    this.#numVfs.wanted = count;
    this.#applyNumVfs();
  }

  /** A pod came or left: a number of virtual functions that was refused is asked for again. */
  attachmentsChanged(): void {
    if (this.#numVfs.problem) this.#applyNumVfs();
  }

  #applyNumVfs(): void {
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

  createNetworkFunction(nf: NetworkFunction, place?: ChainPlace): Promise<void> {
    return this.#functions.create(nf, place);
  }

  deleteNetworkFunction(nf: NetworkFunction, chain?: string): Promise<void> {
    return this.#functions.delete(nf, chain);
  }

  setChainOrder(chain: string, functions: readonly string[]): Promise<void> {
    return this.#functions.setOrder(chain, functions);
  }

  /** undefined where no function of the chain is attached here. */
  chainState(chain: string): ChainState | undefined {
    return this.dpu.side === 'host' ? undefined : this.#functions.chainState(chain);
  }

  /** Offers no devices any more; pods that have some keep them. */
  withdraw(): void {
    this.#withdrawn = true;
    this.#options.pool.remove(this.dpu.name);
  }

  /** Offers devices again after {@link withdraw}. */
  offerAgain(): void {
    this.#withdrawn = false;
    if (this.#session.client) this.#offer(this.#devices);
  }

  /** Takes away what the VSP made on the node, before another plugin follows that knows nothing of it. */
  clear(): Promise<void> {
    return clearVsp(this.#session.client, this.#logger);
  }

  /**
   * Takes everything away that the VSP made on the node, and what is known of the DPU. A VSP that had been initialised
   * and is away is waited for, but not for ever: a DPU that is broken can be deleted all the same.
   */
  async tearDown(): Promise<void> {
    this.withdraw();
    const wasInitialised = this.#initAnswer.get('address') !== undefined;
    const client = wasInitialised ? await this.#session.whenReady(tearDownWaitMs) : this.#session.client;
    await clearVsp(client, this.#logger);
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
    this.#functions.close();
    this.#peer?.peer.close();
    this.#channel.close();
  }

  async #prepare(client: VspClient, address: IpPort): Promise<void> {
    this.#functions.forgetVsp();
    await this.#initAnswer.put('address', address);
    this.#identity = await identityOf(client);
    await this.#numVfs.apply(client);
    if (this.dpu.side === 'host') {
      this.#connectPeer(address);
      return;
    }
    // Hosts come last: no frame of theirs goes around a function that is not there yet.
    await this.#functions.replay(client);
    await this.#bridgePorts.replay(client);
    await this.#channel.listen(address);
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
      if (state.phase === 'absent') this.#channel.forgetProblem();
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
