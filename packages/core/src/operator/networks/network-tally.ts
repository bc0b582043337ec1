/** What the DPUs of a fleet have of one DpuNetwork, and say of it: kept in step DPU by DPU. Pure. */
import type { NetworkReport, NetworkWish } from '../../api/kinds/data-processing-unit.ts';

/** Virtual functions that an older network has. */
export interface Overlap {
  vfs: string;
  by: string;
}

export interface NetworkOnDpu {
  dpu: string;
  node: string;
  /** What the DPU is to have of it; undefined where only pods still have something. */
  wish: NetworkWish | undefined;
  /** Undefined until the daemon has answered this wish: what it said to an earlier one is not counted. */
  report: NetworkReport | undefined;
  /** Whether it has something of it, or is to. */
  holds: boolean;
  overlaps: readonly Overlap[];
  /** On a DPU side: whether the plugin takes network functions for one network; undefined where it does not say. */
  takesFunctions: boolean | undefined;
}

export class NetworkTally {
  /** How many DPUs are to have devices of it. */
  dpus = 0;
  /** Of these: on how many the daemon has answered. */
  answered = 0;
  /** How many devices the daemons have put into it. */
  devices = 0;
  /** Of these: on how many the plugin takes network functions for one network. */
  takingFunctions = 0;
  /** By name: every DPU that has something of it, or is to. */
  readonly holders = new Map<string, NetworkOnDpu>();
  /** By name: the DPUs of which there is more to say than a number. */
  readonly notable = new Map<string, NetworkOnDpu>();

  get isEmpty(): boolean {
    return this.holders.size + this.notable.size === 0;
  }

  has(dpu: string): boolean {
    return this.holders.has(dpu) || this.notable.has(dpu);
  }

  /** One that is in it keeps its place: words that name the first of many stay. */
  put(one: NetworkOnDpu): void {
    const before = this.holders.get(one.dpu);
    if (before) this.#count(before, -1);
    if (one.holds) this.#count(one, 1);
    setOrDelete(this.holders, one, one.holds);
    setOrDelete(this.notable, one, isNotable(one));
  }

  delete(dpu: string): void {
    const held = this.holders.get(dpu);
    if (held) this.#count(held, -1);
    this.holders.delete(dpu);
    this.notable.delete(dpu);
  }

  #count({ wish, report, takesFunctions }: NetworkOnDpu, sign: 1 | -1): void {
    if (wish) this.dpus += sign;
    if (wish && report) this.answered += sign;
    if (wish && takesFunctions) this.takingFunctions += sign;
    this.devices += sign * (report?.devices ?? 0);
  }
}

function setOrDelete(all: Map<string, NetworkOnDpu>, one: NetworkOnDpu, isIn: boolean): void {
  if (isIn) all.set(one.dpu, one);
  else all.delete(one.dpu);
}

function isNotable({ wish, report, overlaps, takesFunctions }: NetworkOnDpu): boolean {
  const isSilent = wish !== undefined && report === undefined;
  const refusesFunctions = wish !== undefined && takesFunctions === false;
  const said = Boolean(report?.missing || report?.waiting?.length || report?.lacksBridge);
  return isSilent || refusesFunctions || overlaps.length > 0 || said;
}
