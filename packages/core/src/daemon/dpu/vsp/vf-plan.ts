/** What to do about a number of virtual functions that is wanted. Pure. */
import type { PhysicalFunction, VirtualFunctions } from '@dpu-operator/sdk';
import { firstTen } from '../../../first-ten.ts';

/** Of the whole card, or of each physical function by its number. */
export type VfWish = number | readonly number[];

export interface VfState {
  /** What the VSP tells of them; undefined where it cannot. */
  functions: VirtualFunctions | undefined;
  /** How many devices there are. */
  devices: number;
  /** How many there can be, as its plugin announces; undefined where it does not, or tells of its functions. */
  maxVfs?: number | undefined;
  /** An image for the Go operator, which goes from one number to the next by way of none. */
  isGoImage: boolean;
  /** `namespace/name` of those that have one. */
  pods: readonly string[];
}

export type VfPlan =
  | { do: 'nothing' }
  /** The VSP was asked before; the node has to restart. */
  | { do: 'awaitRestart' }
  | { do: 'refuse'; message: string }
  | { do: 'ask'; calls: readonly VfCall[] };

/** SetNumVfs, or that of one physical function. */
export interface VfCall {
  count: number;
  pf?: number;
}

export function planVfs(wish: VfWish, state: VfState): VfPlan {
  const { functions } = state;
  if (typeof wish !== 'number' && !functions) return refusal(cannotTell);
  const beyond = beyondAnnounced(wish, state);
  if (beyond !== undefined) return refusal(beyond);
  if (isThere(wish, state)) return { do: 'nothing' };
  if (functions && comesWithRestart(wish, functions)) return { do: 'awaitRestart' };
  const reason = limit(wish, functions) ?? waitsForPods(wish, state);
  return reason === undefined ? { do: 'ask', calls: callsFor(wish, functions) } : refusal(reason);
}

/** Whether the card has another number only until the node restarts. */
export function comesWithRestart(wish: VfWish, { physicalFunctions }: VirtualFunctions): boolean {
  const after = ({ count, countAfterRestart = count }: PhysicalFunction) => countAfterRestart;
  return isMet(wish, physicalFunctions, after);
}

/** How many there are now. */
export function vfCount({ functions, devices }: Pick<VfState, 'functions' | 'devices'>): number {
  return functions ? sum(functions.physicalFunctions.map(({ count }) => count)) : devices;
}

/** `8`, or `8 and 4`. */
export const describeWish = (wish: VfWish): string => (typeof wish === 'number' ? `${wish}` : wish.join(' and '));

const cannotTell =
  'the VSP does not tell its physical functions apart: set numVfs, the number of the whole card, in place of numVfsPerPf';

/** What was asked for and waits for a restart is none: the wish that is met now takes it back. */
function isThere(wish: VfWish, state: VfState): boolean {
  return isThereNow(wish, state) && (!state.functions || comesWithRestart(wish, state.functions));
}

function isThereNow(wish: VfWish, { functions, devices }: VfState): boolean {
  if (!functions) return devices === wish;
  return isMet(wish, functions.physicalFunctions, ({ count }) => count);
}

function isMet(wish: VfWish, all: readonly PhysicalFunction[], numberOf: (f: PhysicalFunction) => number): boolean {
  if (typeof wish === 'number') return sum(all.map(numberOf)) === wish;
  return wish.every((count, pf) => all.some((f) => f.pf === pf && numberOf(f) === count));
}

function beyondAnnounced(wish: VfWish, { maxVfs }: VfState): string | undefined {
  if (maxVfs === undefined || typeof wish !== 'number' || wish <= maxVfs) return undefined;
  return `the card has ${maxVfs} virtual functions at most: set numVfs to ${maxVfs} or less`;
}

function limit(wish: VfWish, functions: VirtualFunctions | undefined): string | undefined {
  if (!functions) return undefined;
  const { resizing, physicalFunctions } = functions;
  const there = physicalFunctions.map(({ count }) => count);
  if (resizing === 'never') {
    return `the card always has ${describeWish(there)} virtual functions: set that, or no number`;
  }
  const most = physicalFunctions.map(({ maximum }) => maximum);
  if (typeof wish === 'number') {
    return wish > sum(most)
      ? `the card can have ${sum(most)} virtual functions at most: set numVfs otherwise`
      : undefined;
  }
  const missing = wish.findIndex((_, pf) => !physicalFunctions.some((f) => f.pf === pf));
  if (missing >= 0) {
    return `the card has no physical function ${missing}, only ${physicalFunctions.length}: set numVfsPerPf otherwise`;
  }
  const beyond = physicalFunctions.find(({ pf, maximum }) => (wish[pf] ?? 0) > maximum);
  return (
    beyond &&
    `physical function ${beyond.pf} can have ${beyond.maximum} virtual functions at most: set numVfsPerPf otherwise`
  );
}

/**
 * A VSP of the plugin contract refuses by itself a number that takes a device away from a pod (DV-9); without virtual
 * functions no pod has one, so there is nothing to ask.
 */
function waitsForPods(wish: VfWish, state: VfState): string | undefined {
  const { functions, isGoImage, pods } = state;
  const current = vfCount(state);
  const isNone = typeof wish === 'number' ? wish === 0 : sum(wish) === 0;
  const byWayOfNone = functions ? functions.resizing === 'whenUnused' : isGoImage;
  // Where there is none, none can be lost; some images make theirs only when they are told a number.
  if (pods.length === 0 || current === 0 || isThereNow(wish, state) || !(isNone || byWayOfNone)) return undefined;
  const why = isNone
    ? 'without virtual functions no pod has a device, and pods use some'
    : `the card may lose its virtual functions on the way from ${current} to ${describeWish(wish)}, and pods use some`;
  return `${why}: ${firstTen(pods)}; it is done when these have ended (kubectl drain moves them to other nodes)`;
}

/** Those that become fewer first: what they free may be what others get. */
function callsFor(wish: VfWish, functions: VirtualFunctions | undefined): VfCall[] {
  if (typeof wish === 'number') return [{ count: wish }];
  const growth = ({ pf, count }: PhysicalFunction) => (wish[pf] ?? count) - count;
  const changed = (functions?.physicalFunctions ?? []).filter(
    ({ pf, count, countAfterRestart = count }) =>
      wish[pf] !== undefined && (wish[pf] !== count || wish[pf] !== countAfterRestart),
  );
  return changed.toSorted((a, b) => growth(a) - growth(b)).map(({ pf }) => ({ pf, count: wish[pf] ?? 0 }));
}

const refusal = (message: string): VfPlan => ({ do: 'refuse', message });
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
