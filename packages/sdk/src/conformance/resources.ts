/** What a check may count on: what the VSP announces, what the caller has given, and what nobody else uses. */
import type { NetworkFunction } from '../contract/contract.ts';
import { Skip } from './breach.ts';
import type { Check } from './check.ts';
import type { Mode } from './groups.ts';
import type { Limits } from './options.ts';
import { readsOnly } from './result.ts';
import type { HealthHook } from './session/health-hook.ts';
import type { Announced } from './target/announced.ts';
import { type NodeDevices, pairs } from './target/node-devices.ts';
import type { VspProcess } from './target/vsp-process.ts';
import type { Vsp } from './vsp/vsp.ts';

/** What the caller has given. */
export interface GivenResources {
  mode: Mode;
  limits: Limits;
  process?: VspProcess;
  maxVfs?: number;
  nfMacs?: readonly string[];
  health?: HealthHook;
  freePorts?: readonly string[];
}

/** What is known of the VSP when a check begins. */
export interface KnownOfVsp {
  announced: Announced | undefined;
  isInitialised: boolean;
  /** It is somebody's, who has not said that it may be changed. */
  isReadOnly: boolean;
  /** undefined where the VSP cannot list them. */
  portsOfOthers: ReadonlySet<string> | undefined;
}

export class Resources {
  readonly #given: GivenResources;
  readonly #known: KnownOfVsp;

  constructor(given: GivenResources, known: KnownOfVsp) {
    this.#given = given;
    this.#known = known;
  }

  /** @throws Skip without what the check needs */
  require({ needs, reads }: Check): void {
    const { process, health } = this.#given;
    const { announced, isInitialised, isReadOnly } = this.#known;
    if (isReadOnly && !reads) throw new Skip(readsOnly);
    if (isReadOnly && !isInitialised && !needs.fresh) {
      throw new Skip('nobody has called Init of the VSP yet; the suite may do so with --disruptive');
    }
    if (needs.capability && !announced?.capabilities.has(needs.capability)) {
      throw new Skip(`not announced: ${needs.capability}`);
    }
    if (needs.info && !announced?.info) throw new Skip('legacy: older images do not tell who they are');
    if (needs.process && !process) throw new Skip('needs a VSP that the suite starts: --plugin');
    if (needs.fresh && isInitialised) throw new Skip('the VSP was initialised before the suite came');
    if (needs.maxVfs && this.maxVfs === undefined) throw new Skip('needs to know the card: --max-vfs');
    if (needs.health && !health) throw new Skip('needs a way to make a device fail: --health');
  }

  /** @throws Skip where there are fewer interfaces than the check needs */
  async functionsFor({ needs }: Check, node: NodeDevices, vsp: Vsp): Promise<readonly NetworkFunction[]> {
    if (needs.functions === undefined) return [];
    const { nfMacs } = this.#given;
    const functions = nfMacs ? pairs(nfMacs) : await node.functionsOf(await vsp.devices());
    if (functions.length >= needs.functions) return functions;
    const found = `needs ${2 * needs.functions} interfaces for network functions, found ${2 * functions.length}`;
    throw new Skip(`${found}: name them with --nf-macs`);
  }

  /** On the host side the sum over the physical functions, which the suite changes together. */
  get announcedMaxVfs(): number | undefined {
    const { limits, virtualFunctions } = this.#known.announced ?? {};
    const ofHost = this.#given.mode === 'host' ? virtualFunctions?.physicalFunctions : undefined;
    return least(
      limits?.maxVfs,
      ofHost?.reduce((sum, { maximum }) => sum + maximum, 0),
    );
  }

  get maxVfs(): number | undefined {
    return least(this.#given.maxVfs, this.announcedMaxVfs);
  }

  /** How many bridge ports may be made. */
  get ports(): number {
    return Math.min(this.#room, this.#cardPorts);
  }

  /** One more than the card has, where there is room for it. */
  get portsToTry(): number {
    return Math.min(this.#room, this.#cardPorts + 1);
  }

  /** Whether others use the VSP. */
  get inUse(): boolean {
    const { portsOfOthers } = this.#known;
    return portsOfOthers === undefined || portsOfOthers.size > 0;
  }

  /** @throws Skip where there are not so many */
  freePorts(count: number): string[] {
    if (count > this.#room) throw new Skip(`needs room for ${count} bridge ports: --ports, --free-ports`);
    const { freePorts } = this.#given;
    const { portsOfOthers } = this.#known;
    if (freePorts) return freePorts.slice(0, count);
    if (portsOfOthers) return unusedPorts(count, portsOfOthers);
    throw new Skip('the VSP cannot list its bridge ports: name those that nobody uses with --free-ports');
  }

  /** How many bridge ports the VSP says that there can be. */
  get #cardPorts(): number {
    return this.#known.announced?.limits.maxBridgePorts ?? Number.POSITIVE_INFINITY;
  }

  get #room(): number {
    const { limits, freePorts } = this.#given;
    return Math.min(limits.ports, freePorts?.length ?? limits.ports);
  }
}

function least(...numbers: (number | undefined)[]): number | undefined {
  const known = numbers.filter((number) => number !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}

/** As the host side's daemon names them. */
function unusedPorts(count: number, taken: ReadonlySet<string>): string[] {
  const free: string[] = [];
  for (let vf = 0; free.length < count; vf++) if (!taken.has(`host0-${vf}`)) free.push(`host0-${vf}`);
  return free;
}
