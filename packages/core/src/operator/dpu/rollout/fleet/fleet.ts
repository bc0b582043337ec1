/**
 * All DPUs of a cluster, counted by what they are at. Knows no Kubernetes. A DPU that changes costs as much with ten DPUs as
 * with ten thousand: it is put into the groups that it belongs to now, and out of the others.
 */
import type { DpuSide } from '@dpu-operator/sdk/manifest';
import type { PluginRun, Rollout } from '../../../../api/fields/plugin-run.ts';
import { sides } from '../../../../trust/identity.ts';
import { Groups } from '../../../shared/groups.ts';
import { isSameRelease } from '../plugin-run.ts';
import { drainTimedOut, type RolloutStatus } from '../rollout-status.ts';
import { idsOf, idsOfChange, releaseKey } from './change.ts';

export interface FleetDpu {
  name: string;
  side: DpuSide;
  status: RolloutStatus;
  /** What it is to run; undefined where that cannot be had, or is not known yet. */
  wanted: PluginRun | undefined;
  /** `namespace/name` of the DataProcessingUnitConfig that holds for it. */
  config: string | undefined;
  /** Whether this operator has looked at it since it started: before that its config is not known. */
  isKnown: boolean;
  /** The cards that it is a side of: see cards.ts. */
  cards: readonly string[];
  /** Reason of its condition Configured. */
  configuredReason: string | undefined;
}

/** Some of the DPUs, of which a status tells. */
export type ReportedScope = `config ${string}` | `plugin ${string}`;
/** Some of the DPUs, for which a policy holds. */
export type Scope = `all` | `side ${DpuSide}` | ReportedScope;
type CardScope = `card ${string} ${DpuSide}`;

export const allDpus: Scope = 'all';
export const ofConfig = (key: string): ReportedScope => `config ${key}`;
export const ofPlugin = (name: string): ReportedScope => `plugin ${name}`;
export const ofSide = (side: DpuSide): Scope => `side ${side}`;
export const ofCard = (card: string, side: DpuSide): CardScope => `card ${card} ${side}`;

/**
 * `new` runs nothing yet; `waiting` is to change and has not been touched; `changing` does not serve pods as it should;
 * `failed` runs again what it ran before; `refused` cannot have what is asked for; `done` is as it is to be.
 */
export type DpuState = 'new' | 'waiting' | 'changing' | 'failed' | 'refused' | 'done';

function stateOf({ status: { plugin, rollout }, wanted }: FleetDpu): DpuState {
  if (!plugin) return 'new';
  if (isChanging({ plugin, rollout })) return 'changing';
  if (rollout) return rollout.phase === 'Failed' || isAsBroken(rollout) ? 'failed' : 'waiting';
  if (!wanted) return 'refused';
  return wanted.digest === plugin.digest ? 'done' : 'waiting';
}

/** Whether what serves pods is being touched. Where nothing ran before there is nothing to be touched. */
export function isChanging({ plugin, rollout }: RolloutStatus): boolean {
  if (!plugin || !rollout || isAsBroken(rollout)) return false;
  return !['Installing', 'Failed'].includes(rollout.phase);
}

/** As after its node died amid the change. */
export function isOverdue({ configuredReason, status }: FleetDpu): boolean {
  return configuredReason === 'Overdue' && isChanging(status);
}

/** It did not work before either, and has no other pod to go back to: it may stay so for ever, and others do not wait for it. */
function isAsBroken({ phase, reason, wasReady }: Rollout): boolean {
  return phase === 'Verifying' && reason !== undefined && !wasReady;
}

export class Fleet {
  readonly #dpus = new Map<string, FleetDpu>();
  readonly #groups = new Groups();
  readonly #groupsOf = new Map<string, readonly string[]>();
  /** The operator's release: it makes the pods. */
  readonly #operatorImage: string;
  /** Changes of pods alone that were seen to work: no status keeps them. */
  readonly #renewed = new Set<string>();

  constructor(operatorImage = '') {
    this.#operatorImage = operatorImage;
  }

  get(name: string): FleetDpu | undefined {
    return this.#dpus.get(name);
  }

  put(dpu: FleetDpu): void {
    this.#noteRenewed(dpu);
    this.#dpus.set(dpu.name, dpu);
    this.#regroup(dpu.name, this.#groupsFor(dpu));
  }

  remove(name: string): void {
    this.#dpus.delete(name);
    this.#regroup(name, []);
    this.#groupsOf.delete(name);
  }

  /** How many there are in a scope. Right once all are known, but for those of a card that change. */
  count(scope: Scope, state?: 'changing'): number;
  count(scope: CardScope, state: 'changing'): number;
  count(scope: ReportedScope, state: DpuState): number;
  count(scope: Scope | CardScope, state?: DpuState): number {
    return this.#size(state ? `${scope} is ${state}` : scope);
  }

  /** How many have a reason in their condition Configured, and one of them. */
  withReason(scope: ReportedScope, reason: string): { count: number; first: string | undefined } {
    const members = this.#groups.of(`${scope} has reason ${reason}`);
    return { count: members.size, first: members.values().next().value };
  }

  /** Whether there are DPUs that this operator has not looked at yet. */
  get hasUnknown(): boolean {
    return this.#size('unknown') > 0;
  }

  /** The ids of what a DPU tries when it changes, the widest first: see change.ts. */
  idsOf(dpu: FleetDpu, target: PluginRun): [string, ...string[]] {
    return idsOfChange(dpu.status.plugin, target, this.#operatorImage);
  }

  /** Whether a change works on a DPU of this side. */
  isProven(id: string, side: DpuSide): boolean {
    return this.#size(`runs ${id} ${side}`) > 0 || this.#renewed.has(`${id} ${side}`);
  }

  /** Whether no DPU runs what has this id, changes to it or has failed with it. */
  isUntried(id: string): boolean {
    return this.#size(`tries ${id}`) === 0 && sides.every((side) => !this.#renewed.has(`${id} ${side}`));
  }

  /** How many DPUs of a side change to what has this id. */
  changingTo(id: string, side: DpuSide): number {
    return this.#size(`changes to ${id} ${side}`);
  }

  /** How many of these have taken longer than their deadline. */
  overdueWith(id: string, side: DpuSide): number {
    return this.#size(`overdue with ${id} ${side}`);
  }

  /** A DPU on which this release, or this release with these settings, has failed. */
  failedOn(name: string, target: PluginRun, ids: readonly string[]): string | undefined {
    for (const group of [`failed ${releaseKey(target)}`, ...ids.map((id) => `failed ${id}`)]) {
      for (const other of this.#groups.of(group)) if (other !== name) return other;
    }
    return undefined;
  }

  /** What somebody asks for, and no more: there are thousands of DPUs. */
  #groupsFor(dpu: FleetDpu): string[] {
    const { side, config, cards, status, wanted, configuredReason, isKnown } = dpu;
    const { plugin, rollout } = status;
    const changing = isChanging(status) ? cards.map((card) => `${ofCard(card, side)} is changing`) : [];
    // Nothing else is asked for before all are known.
    if (!isKnown) return ['unknown', ...changing];
    const state = stateOf(dpu);
    const groups: string[] = [allDpus, ofSide(side), ...changing];
    if (state === 'changing') groups.push(`${allDpus} is changing`, `${ofSide(side)} is changing`);
    const pluginName = (wanted ?? rollout?.target ?? plugin)?.name;
    const reported = [config !== undefined && ofConfig(config), pluginName !== undefined && ofPlugin(pluginName)];
    for (const scope of reported) {
      if (scope) groups.push(scope, `${scope} is ${state}`, `${scope} has reason ${configuredReason}`);
    }
    if (plugin && !rollout) {
      groups.push(...Object.values(idsOf(plugin)).flatMap((id) => [`runs ${id} ${side}`, `tries ${id}`]));
    }
    if (rollout && state === 'changing') {
      const ids = this.idsOf(dpu, rollout.target);
      groups.push(...ids.flatMap((id) => [`changes to ${id} ${side}`, `tries ${id}`]));
      if (isOverdue(dpu)) groups.push(...ids.map((id) => `overdue with ${id} ${side}`));
    }
    const failure = rollout && hasFailed(status);
    if (failure) {
      const isOfSettings =
        plugin?.digest !== rollout.target.digest && isSameRelease(plugin as PluginRun, rollout.target);
      const { withSettings } = idsOf(rollout.target);
      groups.push(`failed ${isOfSettings ? withSettings : releaseKey(rollout.target)}`, `tries ${withSettings}`);
    }
    return groups;
  }

  #noteRenewed({ name, side, status }: FleetDpu): void {
    const before = this.#dpus.get(name);
    const { plugin, rollout } = before?.status ?? {};
    if (!before || rollout?.phase !== 'Verifying' || plugin?.digest !== rollout.target.digest) return;
    const works = status.plugin?.digest === plugin.digest && !status.rollout;
    if (works) for (const id of this.idsOf(before, rollout.target)) this.#renewed.add(`${id} ${side}`);
  }

  #regroup(name: string, groups: readonly string[]): void {
    const before = this.#groupsOf.get(name) ?? [];
    for (const group of before) {
      if (!groups.includes(group)) this.#groups.delete(group, name);
    }
    for (const group of groups) {
      if (!before.includes(group)) this.#groups.add(group, name);
    }
    this.#groupsOf.set(name, groups);
  }

  #size(group: string): number {
    return this.#groups.of(group).size;
  }
}

/** Reasons of a rollout that ended for what is no fault of the release. */
const faultless: readonly string[] = [drainTimedOut];

/** A DPU that was broken before says nothing of what it was given. */
function hasFailed({ plugin, rollout }: RolloutStatus): boolean {
  if (!plugin || !rollout?.wasReady || faultless.includes(rollout.reason ?? '')) return false;
  // One that is tried again has failed until it works.
  return rollout.again === true || isOver(rollout);
}

function isOver({ phase, reason }: Rollout): boolean {
  return phase === 'Failed' || (reason !== undefined && (phase === 'RollingBack' || phase === 'Verifying'));
}
