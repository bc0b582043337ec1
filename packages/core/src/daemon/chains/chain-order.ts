/** What the DPUs of a node are told of its chains. */

export interface ChainOrder {
  /** `namespace/name` of the ServiceFunctionChain. */
  chain: string;
  /** Names of its functions, in order. */
  functions: readonly string[];
  /** Id of the logical bridge whose frames alone pass it; undefined: those of all. */
  logicalBridge?: string | undefined;
  /** The generation of the ServiceFunctionChain that says so. */
  generation: number;
}

export interface ChainOrders {
  /**
   * Says which functions a chain has now. Returns once the VSP knows, or could not be told; what the VSP says to it is
   * reported. Nothing happens on a DPU that has none of them.
   */
  setOrder(order: ChainOrder): Promise<void>;
}
