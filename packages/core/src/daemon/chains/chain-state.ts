/** How the chains of a node stand with its DPUs' VSPs. */

export type ChainState =
  /** A DPU has not spoken with its VSP yet since this daemon started: what was said before still holds. */
  | { phase: 'unknown' }
  /** Pods run, but these of its functions have no interfaces on the DPU that has the others'. */
  | { phase: 'incomplete'; dpuName: string; missing: string[] }
  | { phase: 'ordered'; dpuName: string }
  /** Each function was given to the VSP by itself: it has no ordered chains. */
  | { phase: 'lowered'; dpuName: string }
  | { phase: 'refused'; dpuName: string; message: string };

/** What the chain reconciler asks of this node's DPUs. Chains go by `namespace/name`. */
export interface ChainDataPath {
  /**
   * Says which functions a chain has now, in order. Returns once the VSP knows; what the VSP says to it is in the state.
   * Nothing happens on a DPU that has none of them.
   */
  setOrder(chain: string, functions: readonly string[]): Promise<void>;
  /** undefined where no function of the chain was ever attached. */
  stateOf(chain: string): ChainState | undefined;
}

const byWeight = ['refused', 'ordered', 'lowered', 'unknown', 'incomplete'] as const;

/** Of what several DPUs say of one chain, that which counts. */
export function weightiest(states: readonly (ChainState | undefined)[]): ChainState | undefined {
  const known = states.flatMap((state) => state ?? []);
  return byWeight.flatMap((phase) => known.find((state) => state.phase === phase) ?? [])[0];
}
