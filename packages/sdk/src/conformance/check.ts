/** What a check is, and what it is given to work with. */
import type { Capability, InitRequest, NetworkFunction, VirtualFunctions } from '../contract/contract.ts';
import type { Group, Mode } from './groups.ts';
import type { Limits } from './options.ts';
import type { HealthHook } from './session/health-hook.ts';
import type { NodeDevices } from './target/node-devices.ts';
import type { VspProcess } from './target/vsp-process.ts';
import type { Vsp } from './vsp/vsp.ts';

/** Without one of these, a check is skipped; that of another side is not even that. */
export interface Needs {
  /** The VSP announces it. */
  capability?: Capability;
  mode?: Mode;
  /** Nobody has called Init yet. */
  fresh?: true;
  /** The VSP, which the suite started, does not run. */
  stopped?: true;
  /** The VSP serves PluginInfoService. */
  info?: true;
  /** The suite started the VSP. */
  process?: true;
  /** The suite started the VSP such that its memory can be weighed. */
  weighed?: true;
  /** How many network functions the DPU has interfaces for; with 0, those that there are. */
  functions?: number;
  /** It is known how many virtual functions the card can have. */
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
  /** How many virtual functions the card can have, where the caller or the VSP says so: no check asks for more to have them. */
  readonly maxVfs?: number;
  /** The same, where the VSP says so: one more is to be refused. */
  readonly announcedMaxVfs?: number;
  /** Whether their number can be changed, where the VSP says so. */
  readonly resizing?: VirtualFunctions['resizing'];
  /** How many bridge ports may be asked for, to have one refused where the VSP says how many there can be. */
  readonly portsToTry: number;
  readonly capabilities: ReadonlySet<Capability>;
  /** Of network functions that the DPU has interfaces for. */
  readonly functions: readonly NetworkFunction[];
  readonly node: NodeDevices;
  /** Makes a device fail and work again, for {@link Needs.health}. */
  readonly health: HealthHook;
  /** Takes the device of a bridge port away and brings it back, where the caller has a way. */
  readonly carrier?: HealthHook;
  /** For {@link Needs.process}. */
  readonly process: VspProcess;
  /** Starts the VSP, which the check has ended, and initialises it. */
  start(): Promise<void>;
  /** Starts it, and leaves Init out. */
  startOnly(): Promise<void>;
  /** Whether others use the VSP, and would be hurt by what concerns all of it. */
  inUse(): boolean;
  /** Bare ids of bridge ports that the VSP does not have; skips where there are not so many. */
  freePorts(count: number): string[];
  /** The machine cannot do what the check needs. */
  skip(reason: string): never;
  /** Run after the check, in reverse order. */
  defer(undo: () => Promise<void>): void;
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
