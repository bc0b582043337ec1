/**
 * Which DPUs may change what they run. waits-for.ts decides; here is what it decides by, the {@link Fleet} as this operator's
 * caches have it and its own writes make it, and who waits.
 *
 * For each DPU its controller calls, in this order: {@link Turns.asks} with what the DPU is to run, {@link Turns.waitsFor},
 * {@link Turns.writes} before it writes a new status ({@link Turns.forget} where that fails), {@link Turns.looked} at the
 * end. A DPU that was told to wait is called by the event `turn`, once, soon after there is room for it. No DPU changes until
 * all have been looked at since the operator's start.
 */
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DpuSide } from '@dpu-operator/sdk/manifest';
import { inject, injectable } from 'tsyringe';
import { findCondition } from '../../../../api/fields/conditions.ts';
import type { PluginRun } from '../../../../api/fields/plugin-run.ts';
import { type DataProcessingUnit, dpuConditions } from '../../../../api/kinds/data-processing-unit.ts';
import type { DataProcessingUnitConfig } from '../../../../api/kinds/data-processing-unit-config.ts';
import { daemonLeaseName } from '../../../../api/names/daemon-lease.ts';
import { configName } from '../../../../api/names/names.ts';
import { isBeingDeleted, keyOf } from '../../../../kube/index.ts';
import type { DaemonLeases } from '../../../daemons/daemon-leases.ts';
import type { Caches } from '../../../shared/caches.ts';
import type { Environment } from '../../../shared/environment.ts';
import { tokens } from '../../../shared/tokens.ts';
import type { RolloutStatus } from '../rollout-status.ts';
import { cardsOf } from './cards.ts';
import { DaemonRelease } from './daemon-release.ts';
import {
  Fleet,
  type FleetDpu,
  isChanging,
  isOverdue,
  ofCard,
  ofConfig,
  ofPlugin,
  type ReportedScope,
} from './fleet.ts';
import { deadlineMs, policiesOf } from './policy.ts';
import { type WaitingAlike, WaitingList } from './waiting-list.ts';
import {
  type Circumstances,
  likenessOf,
  otherSide,
  roomForAlike,
  roomToTry,
  type Wait,
  waitsFor,
} from './waits-for.ts';

/** Milliseconds in which events are gathered before those that wait are looked at. */
const gatherMs = 50;

/** What the controller of DPUs finds out about one. */
export interface Ask {
  wanted: PluginRun | undefined;
  config: DataProcessingUnitConfig | undefined;
}

/** For a DPU, and all that are to change like it. */
interface Answer {
  wait: Wait | undefined;
  dpu: FleetDpu;
  room: number;
}

interface TurnEvents {
  /** A DPU that has waited may go now, or waits for another thing. */
  turn: [dpuName: string];
  /** DPUs of this scope are at another step. */
  progress: [scope: ReportedScope];
}

@injectable()
export class Turns extends EventEmitter<TurnEvents> {
  readonly fleet: Fleet;
  readonly #caches: Pick<Caches, 'dpus' | 'dpusByLease' | 'configs'>;
  readonly #leases: Pick<DaemonLeases, 'seenState'>;
  readonly #daemons: DaemonRelease;
  readonly #asked = new Map<string, Ask>();
  /** What this operator has written, or is about to, until the cache has it. */
  readonly #written = new Map<string, RolloutStatus>();
  readonly #waiting = new WaitingList();
  /** Those that were called and have not been looked at since, with their change: the room that there is may be theirs. */
  readonly #called = new Map<string, string>();
  #isLookDue = false;
  #unplaced: readonly string[] = [];

  constructor(
    @inject(tokens.caches) caches: Caches,
    @inject(tokens.daemonLeases) leases: DaemonLeases,
    @inject(tokens.environment) { operatorImage }: Pick<Environment, 'operatorImage'>,
  ) {
    super();
    this.fleet = new Fleet(operatorImage);
    this.#caches = caches;
    this.#leases = leases;
    this.#daemons = new DaemonRelease(caches, leases, () => this.#lookSoon());
    caches.dpus.onChange((dpu, _, kind) => {
      if (kind === 'deleted' || isBeingDeleted(dpu)) this.#remove(dpu.metadata.name);
      else this.#see(dpu);
    });
    caches.configs.onChange(() => this.#lookSoon());
    leases.on('heard', (leaseName) => this.#heard(leaseName));
  }

  /** @param hash of the daemons' pods as this operator makes them. Before it is known no DPU changes. */
  daemonsAre(hash: string): void {
    this.#daemons.are(hash);
  }

  /** To be called before a DPU's status is planned. */
  asks(dpuName: string, ask: Ask): void {
    this.#asked.set(dpuName, ask);
    this.#seeAgain(dpuName);
  }

  /** To be called before the status is written, in the same breath as the answer of {@link waitsFor} is used. */
  writes(dpuName: string, status: RolloutStatus): void {
    this.#written.set(dpuName, status);
    this.#waiting.delete(dpuName);
    this.#seeAgain(dpuName);
  }

  /** To be called where the write has failed: the cache is right then, or soon will be. */
  forget(dpuName: string): void {
    this.#written.delete(dpuName);
    this.#seeAgain(dpuName);
  }

  /** Milliseconds that the DPU is waited for: see `deadlineMinutes`. */
  deadlineMs(dpuName: string): number {
    return deadlineMs(this.#policies(dpuName));
  }

  /** To be asked for a DPU that needs nothing else: one that has to wait is called when it is its turn. */
  waitsFor(dpuName: string, target: PluginRun): Wait | undefined {
    const dpu = this.fleet.get(dpuName);
    if (!dpu) return undefined;
    const circumstances = this.#circumstances(dpu);
    const wait = this.fleet.hasUnknown ? looking : waitsFor(dpu, target, circumstances);
    if (wait) this.#waiting.put(dpu, target, wait, likenessOf(dpu, target, this.fleet));
    else this.#waiting.delete(dpuName);
    return wait;
  }

  /** To be called when a DPU was looked at: where it made no use of its turn, another has it. */
  looked(dpuName: string): void {
    // One of which nothing could be found out is known all the same: it keeps nobody waiting.
    const isNew = this.fleet.get(dpuName)?.isKnown === false;
    if (isNew) this.asks(dpuName, { wanted: undefined, config: undefined });
    if (this.#called.delete(dpuName)) this.#lookSoon();
  }

  /** @param pods that find no place: no others are evicted meanwhile */
  unplacedAre(pods: readonly string[]): void {
    const hadSome = this.#unplaced.length > 0;
    this.#unplaced = pods;
    if (hadSome && pods.length === 0) this.#lookSoon();
  }

  #seeAgain(dpuName: string): void {
    const dpu = this.#caches.dpus.get(dpuName);
    if (dpu && !isBeingDeleted(dpu)) this.#see(dpu);
  }

  #see(dpu: DataProcessingUnit): void {
    const { name } = dpu.metadata;
    const before = this.fleet.get(name);
    const after = this.#fleetDpu(dpu);
    const hadUnknown = this.fleet.hasUnknown;
    this.fleet.put(after);
    this.#emitProgress(before, after);
    const isNews = stepOf(before) !== stepOf(after);
    if (isNews) this.#callOtherSides(before);
    if (isNews || (hadUnknown && !this.fleet.hasUnknown)) this.#lookSoon();
  }

  #fleetDpu(dpu: DataProcessingUnit): FleetDpu {
    const { name } = dpu.metadata;
    const { plugin, rollout, conditions } = dpu.status ?? {};
    const ask = this.#asked.get(name);
    const written = this.#written.get(name);
    if (written && written.plugin?.digest === plugin?.digest && isSameStep(written.rollout, rollout)) {
      this.#written.delete(name);
    }
    const side = dpu.spec.isDpuSide ? 'dpu' : 'host';
    const status = this.#written.get(name) ?? { plugin, rollout };
    return {
      name,
      side,
      status,
      wanted: ask?.wanted,
      config: ask?.config && keyOf(ask.config),
      isKnown: ask !== undefined,
      cards: this.#cards(dpu, side, status),
      configuredReason: findCondition(conditions, dpuConditions.configured)?.reason,
    };
  }

  /** A host whose channel is down says less than it did: while one of the two sides changes it stays a side of the card. */
  #cards(dpu: DataProcessingUnit, side: DpuSide, status: RolloutStatus): string[] {
    const cards = cardsOf(dpu);
    const before = this.fleet.get(dpu.metadata.name)?.cards ?? [];
    const kept = before.filter(
      (card) => isChanging(status) || this.fleet.count(ofCard(card, otherSide(side)), 'changing') > 0,
    );
    return [...new Set([...cards, ...kept])];
  }

  #remove(name: string): void {
    const before = this.fleet.get(name);
    if (!before) return;
    this.fleet.remove(name);
    // Another DPU of that name starts from nothing.
    this.#asked.delete(name);
    this.#written.delete(name);
    this.#waiting.delete(name);
    this.#called.delete(name);
    this.#emitProgress(before, undefined);
    this.#callOtherSides(before);
    this.#lookSoon();
  }

  /** Before all others: until the other side of a card that has changed does too, pods may have no way through. */
  #callOtherSides(before: FleetDpu | undefined): void {
    if (!before || !isChanging(before.status)) return;
    for (const card of before.cards) {
      if (this.fleet.count(ofCard(card, before.side), 'changing') > 0) continue;
      this.#call(...this.#waiting.ofCard(card).filter((name) => this.fleet.get(name)?.side !== before.side));
    }
  }

  #heard(leaseName: string): void {
    for (const { metadata } of this.#caches.dpusByLease.get(leaseName)) {
      if (this.#waiting.isIndividual(metadata.name)) this.#call(metadata.name);
    }
  }

  #emitProgress(before: FleetDpu | undefined, after: FleetDpu | undefined): void {
    const seen = (dpu: FleetDpu | undefined) =>
      dpu && `${stepOf(dpu)} ${dpu.configuredReason} ${dpu.config} ${dpu.wanted?.digest}`;
    if (seen(before) === seen(after)) return;
    const scopes = new Set<ReportedScope>();
    for (const dpu of [before, after]) {
      if (dpu?.config !== undefined) scopes.add(ofConfig(dpu.config));
      for (const run of [dpu?.wanted, dpu?.status.plugin, dpu?.status.rollout?.target]) {
        if (run) scopes.add(ofPlugin(run.name));
      }
    }
    for (const scope of scopes) this.emit('progress', scope);
  }

  /** Has all those that wait looked at, a moment later: once for many events. */
  #lookSoon(): void {
    if (this.#isLookDue) return;
    this.#isLookDue = true;
    this.later(() => {
      this.#isLookDue = false;
      this.#lookAtWaiting();
    });
  }

  /** What `look` throws must not end the process: it becomes a rejection, which is logged. */
  protected later(look: () => void): void {
    void sleep(gatherMs, undefined, { ref: false }).then(look);
  }

  /** Calls as many of those that wait as there is room for, and all that wait for another thing now; each once. */
  #lookAtWaiting(): void {
    if (this.fleet.hasUnknown) return;
    const calledFor = new Set(this.#called.values());
    for (const changes of this.#waiting.groups()) {
      let forUntried: Answer | undefined;
      for (const waiting of changes) {
        const isUntried = this.fleet.isUntried(waiting.change);
        const answer = (isUntried ? forUntried : undefined) ?? this.#answerFor(waiting);
        if (!answer) continue;
        if (isUntried) forUntried = answer;
        const { wait, dpu, room } = answer;
        if (!wait) {
          // Of what has not worked anywhere yet one is tried at a time.
          const ownRoom = roomToTry(waiting.change, dpu, this.fleet) - (calledFor.has(waiting.change) ? 1 : 0);
          const names = waiting.names(Math.min(ownRoom, room - this.#called.size));
          if (names.length > 0) calledFor.add(waiting.change);
          this.#call(...names);
        }
        // A daemon that is away for a moment is not worth a write to every DPU that waits.
        else if (wait.reason !== 'WaitingForDaemons' && wait.message !== waiting.message) {
          this.#call(...waiting.names());
        }
      }
    }
  }

  /** By one of them. Those that wait for something of their own from now on are called. */
  #answerFor(waiting: WaitingAlike): Answer | undefined {
    for (const { name, target } of waiting.members()) {
      const dpu = this.fleet.get(name);
      if (!dpu) continue;
      const circumstances = this.#circumstances(dpu);
      const wait = waitsFor(dpu, target, circumstances);
      if (!wait?.isOwn) return { wait, dpu, room: wait ? 0 : roomForAlike(dpu, target, circumstances) };
      this.#call(name);
    }
    return undefined;
  }

  #call(...names: string[]): void {
    for (const name of names) {
      this.#called.set(name, this.#waiting.changeOf(name) ?? '');
      this.#waiting.delete(name);
      this.emit('turn', name);
    }
  }

  #circumstances(dpu: FleetDpu): Circumstances {
    const nodeName = this.#caches.dpus.get(dpu.name)?.spec.nodeName;
    return {
      fleet: this.fleet,
      policies: this.#policies(dpu.name),
      daemonsReady: this.#daemons.isEverywhere,
      isAway: nodeName !== undefined && this.#leases.seenState(daemonLeaseName(nodeName)) === 'silent',
      unplaced: this.#unplaced,
    };
  }

  #policies(dpuName: string) {
    return policiesOf(this.#caches.configs.getByKey(configName), this.#asked.get(dpuName)?.config);
  }
}

/** By the fleet's configs, which are not known of all DPUs yet, nobody can be counted. */
const looking: Wait = {
  reason: 'WaitingForTurn',
  message: 'it waits until the operator has looked at all DPUs',
  isBrief: true,
};

function stepOf(dpu: FleetDpu | undefined): string | undefined {
  if (!dpu) return undefined;
  const { plugin, rollout } = dpu.status;
  return `${plugin?.digest} ${rollout?.phase} ${rollout?.reason} ${isOverdue(dpu)}`;
}

function isSameStep(a: RolloutStatus['rollout'], b: RolloutStatus['rollout']): boolean {
  return a?.startedAt === b?.startedAt && a?.phase === b?.phase && a?.reason === b?.reason;
}
