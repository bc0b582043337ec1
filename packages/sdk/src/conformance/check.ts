/** What a check is, and what it is given to work with. */
import type { Capability, InitRequest, NetworkFunction } from '../contract.ts';
import type { Limits } from './options.ts';
import type { NodeDevices } from './target/node-devices.ts';
import type { VspProcess } from './target/vsp-process.ts';
import type { Vsp } from './vsp.ts';

/** In the order in which they run: what disturbs least comes first. */
export const groups = [
  'lifecycle',
  'devices',
  'bridge',
  'network-functions',
  'chains',
  'network-config',
  'errors',
  'concurrency',
  'leaks',
  'restart',
  'shutdown',
] as const;
export type Group = (typeof groups)[number];

export type Mode = 'host' | 'dpu';

/** Without one of these, a check is skipped; that of another side is not even that. */
export interface Needs {
  /** The VSP announces it. */
  capability?: Capability;
  mode?: Mode;
  /** Nobody has called Init yet. */
  fresh?: true;
  /** The VSP serves PluginInfoService. */
  info?: true;
  /** The suite started the VSP. */
  process?: true;
  /** How many network functions the DPU has interfaces for. */
  functions?: number;
  /** `maxVfs` is given. */
  maxVfs?: true;
  /** `health` is given. */
  health?: true;
}

/** A rule of the contract that a VSP can be checked against. */
export interface CheckDescription {
  /** `<group>.<name>`. */
  id: string;
  group: Group;
  title: string;
  /** What the contract demands, in a sentence. */
  demands: string;
  /** Where that is written: file and anchor under packages/sdk/docs. */
  document: string;
  needs: Needs;
  /** It changes nothing, so that a VSP in use can be asked. */
  reads?: true;
  /** What VSPs of the Go operator answer instead: when one of them fails, it is skipped and listed. */
  legacy?: string;
}

export interface Check extends CheckDescription {
  /** @throws Breach when the VSP breaks the rule, Skip when that cannot be told here. */
  run(context: CheckContext): Promise<void>;
}

/** A VSP that is initialised, unless the check needs a fresh one. What the check makes is removed after it. */
export interface CheckContext {
  readonly vsp: Vsp;
  readonly mode: Mode;
  /** The Init that this VSP is for. */
  readonly init: InitRequest;
  readonly limits: Limits;
  /** How many virtual functions the card has, where that is told; more are asked for only to be refused. */
  readonly maxVfs?: number;
  readonly capabilities: ReadonlySet<Capability>;
  /** Of network functions that the DPU has interfaces for. */
  readonly functions: readonly NetworkFunction[];
  readonly node: NodeDevices;
  /** Makes a device fail and work again, for {@link Needs.health}. */
  readonly health: HealthHook;
  /** For {@link Needs.process}. */
  readonly process: VspProcess;
  /** Starts the VSP, which the check has ended, and initialises it. */
  start(): Promise<void>;
  /** Whether others use the VSP, and would be hurt by what concerns all of it. */
  inUse(): boolean;
  /** Bare ids of bridge ports that the VSP does not have; skips where there are not so many. */
  freePorts(count: number): string[];
  /** The machine cannot do what the check needs. */
  skip(reason: string): never;
  /** Run after the check, in reverse order. */
  defer(undo: () => Promise<void>): void;
}

export interface HealthHook {
  fail(deviceId: string): Promise<void>;
  repair(deviceId: string): Promise<void>;
}

/** The VSP broke a rule. */
export class Breach extends Error {
  override readonly name = 'Breach';
}

export class Skip extends Error {
  override readonly name = 'Skip';
}

const documents: Record<string, string> = {
  GE: 'README',
  LC: 'lifecycle',
  DV: 'devices',
  BR: 'bridge',
  NF: 'network-functions',
  CH: 'chains',
  NC: 'network-config',
  ER: 'errors',
  ST: 'status',
};

type Declared = Omit<Check, 'id' | 'group' | 'document' | 'needs'> & { name: string; rule: string; needs?: Needs };

/** @param common What all of them need. */
export function declareChecks(group: Group, common: Needs, checks: readonly Declared[]): Check[] {
  return checks.map(({ name, rule, needs, ...check }) => ({
    ...check,
    id: `${group}.${name}`,
    group,
    document: `contract/v1/${documents[rule.slice(0, 2)]}.md#${rule.toLowerCase()}`,
    needs: { ...common, ...needs },
  }));
}
