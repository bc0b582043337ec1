/**
 * A DPU's VSP: brought up and kept so, with who it is, how it is, what it says of its card, and how many virtual functions
 * it is to have. What it is told of the data path is for its {@link VspUser}.
 */
import { type Device, type DeviceAllocation, DpuError, type IpPort } from '@dpu-operator/sdk';
import { VspClient } from '@dpu-operator/sdk/client';
import type { DetectedDpu } from '@dpu-operator/sdk/manifest';
import type { Logger } from 'pino';
import { type ConditionInput, type VspIdentity, vspSocketName } from '../../../api/index.ts';
import type { Presence } from '../../presence.ts';
import type { UnreadableRecord } from '../../state/set-aside.ts';
import { InitAnswer } from './init-answer.ts';
import { NumVfs } from './num-vfs.ts';
import type { VfWish } from './vf-plan.ts';
import { clearVsp, configureAcceleration, giveDevicesToGoImage, identityOf } from './vsp-calls.ts';
import { VspCard } from './vsp-card.ts';
import { VspHealth } from './vsp-health.ts';
import { VspSession, type VspSessionState } from './vsp-session.ts';
import type { VspSocket } from './vsp-socket.ts';

/** Who works with a VSP. */
export interface VspUser {
  /** It has answered Init, and counts as ready when it was told all that it must know. */
  vspInitialised(client: VspClient, address: IpPort): Promise<void>;
  /** It has these devices now. */
  vspDevices(devices: Device[]): Promise<void>;
  /** It takes no calls: it is away, or fails. */
  vspLost(phase: 'absent' | 'failed'): void;
  /** It was initialised by another daemon, answers Init only once, and nobody knows what it answered. */
  vspUnusable(): Promise<void>;
  /** Whether it can be worked with may be answered otherwise. */
  serviceChanged(): void;
  /** Called when anything else that it says may have changed. */
  vspChanged(): void;
}

export interface DpuVspOptions {
  dpu: DetectedDpu;
  nodeName: string;
  /** The node's directory for its socket, and where records go. */
  directories: { vsp: string; state: string };
  /** `namespace/name` of the pods that have a device of the DPU. */
  pods: () => readonly string[];
  user: VspUser;
  onUnreadable?: (() => void) | undefined;
  logger: Logger;
  /** Milliseconds between heartbeats. */
  heartbeatMs: number;
  /** Milliseconds that an interruption may last until it counts. */
  graceMs: number;
}

/** Milliseconds that a pod's devices wait for a VSP that is away: one that restarts is back by then. */
const allocationWaitMs = 10_000;
/** Longer than a VSP takes for a bridge port, shorter than a host waits for it. */
const vspDeadlineMs = 8_000;
const firmwareDeadlineMs = 30_000;

export class DpuVsp {
  readonly health: VspHealth;
  readonly card: VspCard;
  readonly #options: DpuVspOptions;
  readonly #initAnswer: InitAnswer;
  readonly #numVfs: NumVfs;
  #session: VspSession | undefined;
  #state: VspSessionState = { phase: 'connecting' };
  #identity: VspIdentity | undefined;
  #isAccelerated = false;

  constructor(options: DpuVspOptions) {
    const { dpu, nodeName, directories, pods, user, onUnreadable, logger, heartbeatMs, graceMs } = options;
    this.#options = options;
    this.#initAnswer = new InitAnswer({ directory: `${directories.state}/init`, logger, onUnreadable });
    this.#numVfs = new NumVfs({ nodeName, pods, onChange: () => user.vspChanged() });
    this.health = new VspHealth({
      dpuName: dpu.name,
      senderId: nodeName,
      intervalMs: heartbeatMs,
      graceMs,
      onChange: () => user.serviceChanged(),
    });
    this.card = new VspCard({
      onChange: () => user.vspChanged(),
      onUnhealthy: (condition) => this.health.says(condition),
      logger,
    });
  }

  /** From now on its user is told of it. */
  start(): void {
    const { dpu, directories, user, logger } = this.#options;
    this.#session = new VspSession({
      socket: { directory: directories.vsp, name: vspSocketName },
      init: { dpuMode: dpu.side === 'dpu', dpuIdentifier: dpu.identifier },
      dial: (socketPath) => this.#dial(socketPath),
      rememberedAddress: () => this.#initAnswer.address,
      onAnswerLost: () => void user.vspUnusable(),
      prepare: (client, address, socket) => this.#prepare(client, address, socket),
      onDevices: (devices) => user.vspDevices(devices),
      onState: (state) => this.#sessionChanged(state),
      logger,
    });
  }

  /** What has become of bringing it up; an attempt that has no answer yet says nothing new. */
  get state(): VspSessionState {
    return this.#state;
  }

  /** The one that answered Init last. */
  get identity(): VspIdentity | undefined {
    return this.#identity;
  }

  /** Whether it ever was, also by an earlier daemon. */
  get wasInitialised(): boolean {
    return this.#initAnswer.address !== undefined;
  }

  /** The VfCount condition, where a number of virtual functions is asked for. */
  get vfCount(): Presence<ConditionInput> {
    return this.#numVfs.condition;
  }

  /** How many virtual functions there should be; undefined leaves it to the VSP. */
  setNumVfs(wish: VfWish | undefined): void {
    if (this.#numVfs.want(wish)) this.#applyNumVfs();
  }

  /** Whether network functions are to work with devices of the card for them. Of meaning on the DPU side. */
  setAccelerated(isAccelerated: boolean): void {
    if (isAccelerated === this.#isAccelerated) return;
    this.#isAccelerated = isAccelerated;
    const client = this.#session?.client;
    if (client) void configureAcceleration(client, isAccelerated, this.#options.logger);
  }

  /** A pod has come or gone: a number of virtual functions that was refused may be possible now. */
  podsChanged(): void {
    if (this.#numVfs.isRefused) this.#applyNumVfs();
  }

  /**
   * What a container gets with some devices beside them, as the plugin says; undefined where it has no say.
   *
   * @throws DpuError UNAVAILABLE while the VSP is away, and what the plugin throws.
   */
  async allocateDevices(deviceIds: readonly string[]): Promise<DeviceAllocation | undefined> {
    if (!this.#identity?.capabilities?.includes('deviceAllocation')) return undefined;
    const client = await this.#session?.whenReady(allocationWaitMs);
    if (client) return client.allocateDevices(deviceIds);
    const { name } = this.#options.dpu;
    throw new DpuError('UNAVAILABLE', `the VSP of dpu ${name} is away: look at pod vsp-${name}`);
  }

  /** Has it take away what it made on the node. @returns whether it has said that it did */
  clear(): Promise<boolean> {
    return clearVsp(this.#session?.client, this.#options.logger);
  }

  /** As {@link clear}, before it goes for good: one that had been initialised and is away is waited for. */
  async clearForGood(waitMs: number): Promise<void> {
    const { logger } = this.#options;
    const { wasInitialised } = this;
    const client = wasInitialised ? await this.#session?.whenReady(waitMs) : this.#session?.client;
    await clearVsp(client, logger);
    if (wasInitialised && !client) logger.warn('the VSP is away: what it made on the node may be left there');
  }

  /** Records of its Init that cannot be read. */
  unreadable(): readonly UnreadableRecord[] {
    return this.#initAnswer.unreadable();
  }

  close(): void {
    this.#session?.close();
    this.health.close();
    this.card.close();
    this.#initAnswer.close();
  }

  #dial(socketPath: string): VspClient {
    const { logger } = this.#options;
    const client = new VspClient({ socketPath, logger, deadlineMs: vspDeadlineMs, firmwareDeadlineMs });
    this.card.follow(client);
    return client;
  }

  async #prepare(client: VspClient, address: IpPort, socket: VspSocket): Promise<void> {
    const { user, logger } = this.#options;
    this.#identity = await identityOf(client, await this.#initAnswer.remember(address, socket));
    if (this.#numVfs.wanted === undefined) await giveDevicesToGoImage(client, logger);
    await this.#numVfs.apply(client);
    const tellsOff = this.#identity.capabilities?.includes('networkConfig') ?? false;
    if (this.#options.dpu.side === 'dpu' && (this.#isAccelerated || tellsOff)) {
      await configureAcceleration(client, this.#isAccelerated, logger);
    }
    // Before it is told everything: one that hangs meanwhile is found by its heartbeat.
    this.health.ready(client);
    await user.vspInitialised(client, address);
  }

  #sessionChanged(state: VspSessionState): void {
    const { user, dpu } = this.#options;
    if (state.phase !== 'connecting') this.#state = state;
    if (state.phase === 'absent' || state.phase === 'failed') {
      user.vspLost(state.phase);
      this.health.lost({
        reason: state.phase === 'absent' ? 'VspNotRunning' : 'InitFailed',
        message: `${state.message}; look at pod vsp-${dpu.name}`,
      });
    }
    user.vspChanged();
  }

  #applyNumVfs(): void {
    const client = this.#session?.client;
    if (client) void this.#numVfs.apply(client);
  }
}
