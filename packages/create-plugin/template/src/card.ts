/**
 * Everything that the plugin asks of the hardware: the one place to put calls of your card's SDK or firmware. One call at
 * a time comes from `apply`; what the calls are about has been checked, and kept, by the plugin host.
 *
 * A method that fails throws a DpuError with the code that the caller shall see. The others are called all the same.
 */
import type {
  // #region contract:bridge
  BridgePort,
  // #endregion
  Device,
  Limits,
  // #region contract:bridge
  LogicalBridge,
  // #endregion
  // #region contract:networkFunctions
  NetworkFunction,
  // #endregion
  // #region contract:bridge,networkFunctions,chains
  Outcome,
  // #endregion
  // #region contract:chains
  ServiceChain,
  // #endregion
  // #region contract:bridge,networkFunctions,chains
  Wanted,
  // #endregion
} from '@dpu-operator/sdk';
// #region contract:bridge,networkFunctions,chains

/**
 * For a card that goes on by itself when a `set…` has answered: that answers `pending('waits for the link')`, and calls this
 * when it knows more: with `up`, or with `failed(error)`. Whoever asked waits until then.
 */
export type Report = (outcome: Outcome) => void;
// #endregion

export interface Card {
  /** What it cannot pass, with the most virtual functions that it can have. Known when {@link Card.start} has ended. */
  readonly limits: Limits & { maxVfs: number };
  start(): Promise<void>;
  /** Ends what start began. Virtual functions stay: pods use them. */
  stop(): Promise<void>;
  devices(): Promise<Device[]>;
  /** Answers how many virtual functions there are then: one with a fixed number has those, whatever it is asked for. */
  setNumVfs(count: number): Promise<number>;
  /** Calls `onChange` whenever {@link Card.devices} would answer differently, until the returned function is. */
  watch(onChange: () => void): () => void;
  /** Whether packets pass. */
  healthy(): Promise<boolean>;
  // #region contract:bridge

  /** Makes a bridge, or gives one that is there another VLAN or tunnel. */
  setBridge(bridge: LogicalBridge): Promise<void>;
  removeBridge(name: string): Promise<void>;
  /**
   * Connects a virtual function to its bridges (none: to the default bridge), or changes how it is connected.
   *
   * @returns pending where that goes on; nothing when it is done
   */
  setPort(port: BridgePort, bridges: readonly LogicalBridge[], report: Report): Promise<Outcome | undefined>;
  removePort(name: string): Promise<void>;
  /** Ports that are set and pass no frames now: their virtual function is not there, or its link is down. */
  portsDown(): Promise<string[]>;
  // #endregion
  // #region contract:networkFunctions

  /** Puts a network function between the hosts and the outside. Throws NOT_FOUND for a MAC that no interface has. */
  setFunction(name: string, nf: NetworkFunction, report: Report): Promise<Outcome | undefined>;
  removeFunction(name: string): Promise<void>;
  // #endregion
  // #region contract:chains

  /** Puts a chain between the hosts and the outside, or changes one; all of it or nothing. */
  setChain(chain: ServiceChain, report: Report): Promise<Outcome | undefined>;
  removeChain(name: string): Promise<void>;
  // #endregion
  // #region contract:bridge,networkFunctions,chains

  /** Takes away what a former process of this plugin made on the card and nobody wants any more. */
  removeAllBut(wanted: Wanted): Promise<void>;
  // #endregion
  // #region contract:networkConfig

  setAccelerated(isAccelerated: boolean): Promise<void>;
  // #endregion
}
